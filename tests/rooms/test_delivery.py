"""What a page with the list of chats says of what its reader has."""

from rooms.chats import chats_of, newest_in, own_chats_of
from rooms.models import Membership
from tests.support.factories import make_message, make_room


def delivered(room, user):
    return Membership.objects.get(room=room, user=user).last_delivered


def show(chats):
    Membership.objects.mark_lists_delivered(chats.undelivered, newest_in(chats.mine))


def test_what_the_list_shows_is_delivered(ada, ben, room, private):
    message = make_message(room, ada)
    show(chats_of(ben))
    assert delivered(room, ben) == message.pk
    assert delivered(private, ben) == 0


def test_what_comes_after_the_list_was_read_is_not(ada, ben, room, private):
    message = make_message(room, ada)
    shown = chats_of(ben)
    make_message(room, ada)
    make_message(private, ada)
    show(shown)
    assert delivered(room, ben) == message.pk
    assert delivered(private, ben) == 0


def test_rooms_without_messages_are_no_news(ada, ben, room, private, rung, committed):
    """Whatever the database takes for the least of nothing and a number."""
    message = make_message(room, ada)
    show(chats_of(ben))
    memberships = set(ben.memberships.values_list("pk", flat=True))
    for _time in range(2):
        rung.clear()
        with committed():
            Membership.objects.mark_lists_delivered(memberships, message.pk)
    assert rung == []


def test_empty_list_delivers_nothing(ada, ben, room):
    show(chats_of(ben))
    assert delivered(room, ben) == 0


def test_what_is_not_on_the_page_is_not_delivered(ada, ben, room, monkeypatch):
    monkeypatch.setattr("rooms.chats.CHATS_PER_PAGE", 1)
    message = make_message(room, ada)
    make_message(make_room("Garden", [ada, ben]), ada)
    show(chats_of(ben))
    assert delivered(room, ben) == 0
    show(own_chats_of([ben], 1)[ben.pk])
    assert delivered(room, ben) == message.pk
