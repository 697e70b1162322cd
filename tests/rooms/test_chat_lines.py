"""Lines of the list of chats that are kept look as if they were drawn anew."""

from datetime import timedelta

import pytest
from django.utils import timezone, translation

from accounts.models import User
from config.drawn import drawings
from rooms.chats import chats_digest, chats_of
from rooms.models import Membership
from rooms.templatetags import chats
from tests.support.factories import avatar_of, make_message

pytestmark = pytest.mark.django_db


def lines(user, open_chat=None, shows_presence=True):
    """Return the lines of the list of `user`."""
    return [chats.chat_lines([chat], open_chat, shows_presence) for chat in chats_of(user)]


def anew(*arguments):
    drawings.forget()
    return lines(*arguments)


def be_online(ben, room):
    User.objects.filter(pk=ben.pk).update(online_until=timezone.now() + timedelta(minutes=1))


def have_been_online(ben, room):
    User.objects.filter(pk=ben.pk).update(online_until=timezone.now() - timedelta(hours=30))


def hide(ben, room):
    have_been_online(ben, room)
    ben.change_settings(shows_presence=False)


def take_a_name(ben, room):
    ben.change_profile(display_name="Benjamin")


def take_a_status(ben, room):
    ben.change_profile(status="busy")


def take_an_avatar(ben, room):
    avatar_of(ben)


def write(ben, room):
    make_message(room, ben, "Something else @ada")


def edit(ben, room):
    room.messages.latest("pk").edit("Something better")


def delete(ben, room):
    room.messages.latest("pk").erase()


def delete_as_moderator(ben, room):
    room.messages.latest("pk").erase(moderator=ben)


def rename_room(ben, room):
    room.name = "Cellar"
    room.save()


def archive(ben, room):
    room.archived_at = timezone.now()
    room.save()


def mute(ben, room):
    room.memberships.exclude(user=ben).update(muted_until=timezone.now() + timedelta(hours=1))


def read(ben, room):
    Membership.objects.mark_all_read(room.memberships.exclude(user=ben).get().user)


SEEN_BY_NOBODY_ELSE = [be_online, have_been_online, hide]
SEEN = [take_a_name, take_a_status, take_an_avatar]
SEEN += [write, edit, delete, delete_as_moderator, rename_room, archive, mute, read]


@pytest.mark.parametrize("begun", [True, False])
@pytest.mark.parametrize("change", [*SEEN, *SEEN_BY_NOBODY_ELSE])
def test_lines_that_are_kept_follow_what_they_show(ada, ben, room, change, begun, request, clock):
    make_message(room, ben)
    if begun:
        make_message(request.getfixturevalue("private"), ben)
    before = [lines(ada, None, presence) for presence in (True, False)]
    digests = chats_digest(chats_of(ada), ada)
    change(ben, room)
    after = [lines(ada, None, presence) for presence in (True, False)]
    assert after == [anew(ada, None, presence) for presence in (True, False)]
    # A list that looks different has another digest, and only that one.
    assert (before[0] == after[0]) == (digests == chats_digest(chats_of(ada), ada))
    assert (before[1] != after[1]) == (change in SEEN)


def test_line_of_the_room_that_the_page_shows_says_so(ada, room):
    assert ['aria-current="page"' in line for line in lines(ada, f"room-{room.pk}")] == [True, False]
    assert "aria-current" not in lines(ada, f"room-{room.pk + 1}")[0]


def test_line_is_in_the_language_and_time_of_its_reader(ada, ben, room, clock):
    make_message(room, ben)
    have_been_online(ben, room)
    lines(ada)
    with translation.override("de"), timezone.override("Pacific/Kiritimati"):
        assert lines(ada) == anew(ada)
    clock.shift(timedelta(days=1))
    assert lines(ada) == anew(ada)


def test_lines_are_drawn_once(ada, ben, room, private, monkeypatch):
    make_message(room, ben)
    first = anew(ada, room.pk)
    monkeypatch.setattr(chats, "render_to_string", None)
    assert lines(ada, room.pk) == first
