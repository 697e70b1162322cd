"""What the live part costs does not grow with the people who look on."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from rooms.live.news.chat_list import ChatList, Gathered, mark_delivered
from rooms.live.news.part import PresentState
from rooms.live.news.ticks import Ticks
from rooms.live.watch.database import DatabaseThreads
from rooms.live.wire.connection import Connection
from rooms.live.wire.hub import Hub
from rooms.models import Membership
from rooms.receipts import marks_for
from tests.support.factories import make_membership, make_message, make_room, make_user, make_users


async def send_nothing(message):
    """Stand for a server that takes everything."""


def open_page(hub, user, room):
    channels = {f"room-{room.pk}", f"user-{user.pk}", "lobby"}
    page = Connection(
        send_nothing, user_id=user.pk, session_key="", password="", room_id=room.pk, channels=channels
    )
    hub.join(page)
    return page


def state_for(user, room):
    return PresentState(b"", marks_for(room.pk, [user.pk])[user.pk], {})


def statements_for_one_message(readers):
    room, sender, hub = make_room(), make_user(), Hub()
    people = [sender, *make_users(readers)]
    Membership.objects.bulk_create(Membership(room=room, user=person) for person in people)
    for person in people:
        open_page(hub, person, room)
    chat_list = ChatList(hub, DatabaseThreads())
    with CaptureQueriesContext(connection) as captured:
        make_message(room, sender)
        news = chat_list.read_news(Gathered(rooms={room.pk}), hub.listening_users())
        mark_delivered(news.delivered, {room.pk: hub.listening_users()})
        marks_for(room.pk, [sender.pk])
    assert len(news.letters) > readers
    assert Membership.objects.filter(room=room, last_delivered__gt=0).count() == len(people)
    return len(captured)


@pytest.mark.django_db
def test_a_message_costs_as_many_statements_for_forty_readers_as_for_a_thousand(settings):
    settings.SMALL_HOUSE_PEOPLE = 0
    assert statements_for_one_message(40) == statements_for_one_message(1000)
    assert statements_for_one_message(3) <= statements_for_one_message(40)


@pytest.mark.django_db
def test_a_reader_whose_mark_changes_no_tick_causes_no_event():
    """In a large room only the lowest mark shows: whoever is not the last to read changes nothing."""
    room, author, hub = make_room(), make_user(), Hub()
    readers = [make_user() for _reader in range(40)]
    memberships = [make_membership(room, person) for person in [author, *readers]]
    message = make_message(room, author)
    page = open_page(hub, author, room)
    ticks = Ticks(hub, DatabaseThreads())
    ticks.began(page, state_for(author, room))
    for membership in memberships[1:-1]:
        membership.mark_read(message.pk)
        assert ticks.news(room.pk) == {}
    memberships[-1].mark_read(message.pk)
    news = ticks.news(room.pk)
    assert news[author.pk].marks.tick(message.pk).state == "read"


@pytest.mark.django_db
def test_only_authors_whose_messages_were_passed_are_told():
    room, author, other, reader = make_room(), make_user(), make_user(), make_user()
    hub = Hub()
    for person in (author, other, reader):
        make_membership(room, person)
    ticks = Ticks(hub, DatabaseThreads())
    for person in (author, other):
        ticks.began(
            open_page(hub, person, room), PresentState(b"", marks_for(room.pk, [person.pk])[person.pk], {})
        )
    message = make_message(room, author)
    Membership.objects.get(room=room, user=reader).mark_read(message.pk)
    told = {user_id for user_id, news in ticks.news(room.pk).items() if news.is_told}
    assert told == {author.pk}


@pytest.mark.django_db
def test_ten_thousand_unread_messages_are_one_event_and_a_fixed_number_of_statements():
    from tests.support.factories import make_messages

    def read_all(amount):
        room, author, reader, hub = make_room(), make_user(), make_user(), Hub()
        for person in (author, reader):
            make_membership(room, person)
        ticks = Ticks(hub, DatabaseThreads())
        ticks.began(
            open_page(hub, author, room), PresentState(b"", marks_for(room.pk, [author.pk])[author.pk], {})
        )
        messages = make_messages(room, author, amount)
        with CaptureQueriesContext(connection) as captured:
            Membership.objects.get(room=room, user=reader).mark_read(messages[-1].pk)
        news = ticks.news(room.pk)
        assert news.keys() == {author.pk}
        assert news[author.pk].is_told
        assert news[author.pk].marks.tick(messages[0].pk).state == "read"
        return len(captured)

    assert read_all(10) == read_all(10_000)
