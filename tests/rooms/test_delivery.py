"""What a page with the list of chats says of what its reader has."""

from rooms.chats import chats_of, newest_in
from rooms.models import Membership
from tests.support.factories import make_message


def delivered(room, user):
    return Membership.objects.get(room=room, user=user).last_delivered


def test_what_the_list_shows_is_delivered(ada, ben, room, private):
    message = make_message(room, ada)
    Membership.objects.mark_lists_delivered([ben], newest_in(chats_of(ben)))
    assert delivered(room, ben) == message.pk
    assert delivered(private, ben) == 0


def test_what_comes_after_the_list_was_read_is_not(ada, ben, room, private):
    message = make_message(room, ada)
    shown = newest_in(chats_of(ben))
    make_message(room, ada)
    make_message(private, ada)
    Membership.objects.mark_lists_delivered([ben], shown)
    assert delivered(room, ben) == message.pk
    assert delivered(private, ben) == 0


def test_rooms_without_messages_are_no_news(ada, ben, room, private, rung, committed):
    """Whatever the database takes for the least of nothing and a number."""
    message = make_message(room, ada)
    for _time in range(2):
        rung.clear()
        with committed():
            Membership.objects.mark_lists_delivered([ben], message.pk)
    assert rung == []


def test_empty_list_delivers_nothing(ada, ben, room):
    Membership.objects.mark_lists_delivered([ben], 0)
    assert delivered(room, ben) == 0
