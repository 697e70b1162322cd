"""Lines of the list of chats that are kept look as if they were drawn anew."""

from datetime import timedelta

import pytest
from django.template.loader import render_to_string
from django.utils import timezone, translation

from rooms.chats import Chat
from rooms.templatetags import chats

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_is_kept():
    chats._lines.clear()


def drawn(person, shows_presence):
    context = {"chat": Chat(None, person), "room_id": None, "user": {"shows_presence": shows_presence}}
    return render_to_string("rooms/_chat.html", context)


def change_nothing(person):
    pass


def be_online(person):
    person.online_until = timezone.now() + timedelta(minutes=1)


def have_been_online(person):
    person.online_until = timezone.now() - timedelta(hours=30)


def rename(person):
    person.username = "somebody"


@pytest.mark.parametrize("shows_presence", [True, False])
@pytest.mark.parametrize("change", [change_nothing, be_online, have_been_online, rename])
def test_line_that_is_kept_follows_its_person(ada, change, shows_presence):
    for presence in (True, False):
        chats.chat_lines([Chat(None, ada)], None, presence)
    change(ada)
    assert chats.chat_lines([Chat(None, ada)], None, shows_presence) == drawn(ada, shows_presence)


def test_line_is_in_the_language_and_time_of_its_reader(ada):
    have_been_online(ada)
    chats.chat_lines([Chat(None, ada)], None, True)
    with translation.override("de"), timezone.override("Pacific/Kiritimati"):
        assert chats.chat_lines([Chat(None, ada)], None, True) == drawn(ada, True)


def test_line_is_drawn_once(ada, monkeypatch):
    first = chats.chat_lines([Chat(None, ada)], 7, True)
    monkeypatch.setattr(chats, "render_to_string", None)
    assert chats.chat_lines([Chat(None, ada)], 8, True) == first


def test_no_more_than_so_many_are_kept(ada, monkeypatch):
    monkeypatch.setattr(chats, "KEPT_LINES", 2)
    for name in ("a1", "a2", "a3", "a4", "a5"):
        ada.username = name
        assert name in chats.chat_lines([Chat(None, ada)], None, True)
    assert len(chats._lines) <= 2


def test_lines_of_rooms_are_not_kept(ada, room):
    chats.chat_lines([Chat(room, None)], room.pk, True)
    assert not chats._lines
