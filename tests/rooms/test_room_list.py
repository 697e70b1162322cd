"""Which rooms are in the list of chats, which has a bound."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from config.rates import Rate
from rooms.chats import chats_of
from rooms.models import Ban, ChatRoom, Membership
from tests.support.factories import make_message, make_room, make_users

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def three_rooms(settings):
    """Let the list have three open rooms besides one's own."""
    settings.ROOMS_IN_LIST = 3


def talked_in(*names, by):
    """Make a room of each name, in which `by` says something, one after the other."""
    rooms = [make_room(name, [by]) for name in names]
    for room in rooms:
        make_message(room, by)
    return rooms


def names_for(user):
    return [chat.name for chat in chats_of(user) if chat.room]


def archive(room):
    with_time = {"archived_at": "2026-01-01T00:00Z"}
    ChatRoom.objects.filter(pk=room.pk).update(**with_time)


# The list


def test_list_has_the_open_rooms_used_last(ada, mallory):
    talked_in("A", "B", "C", "D", by=ada)
    assert names_for(mallory) == ["D", "C", "B"]


def test_own_rooms_are_there_however_long_ago_they_were_used(ada, mallory):
    old, *_others = talked_in("Old", "B", "C", "D", by=ada)
    old.join(mallory)
    assert names_for(mallory) == ["D", "C", "B", "Old"]


def test_newest_rooms_fill_what_is_left(ada, mallory):
    talked_in("A", by=ada)
    for name in ("New 1", "New 2", "New 3"):
        make_room(name)
    assert names_for(mallory) == ["A", "New 2", "New 3"]


def test_archived_rooms_of_others_are_left_out(ada, mallory):
    gone, _stays = talked_in("Gone", "Stays", by=ada)
    archive(gone)
    assert names_for(mallory) == ["Stays"]
    assert names_for(ada) == ["Stays", "Gone"]


def test_room_that_one_is_banned_from_is_left_out(ada, mallory):
    banned, _other = talked_in("Banned", "Other", by=ada)
    Ban.objects.create(room=banned, user=mallory)
    assert names_for(mallory) == ["Other"]


def fill(amount):
    """Make so many rooms, as as many strangers would."""
    people = make_users(amount)
    names = [f"room {person.pk:08}" for person in people]
    rooms = ChatRoom.objects.bulk_create(
        ChatRoom(pk=10_000 + person.pk, type="group", name=name, canonical_name=name)
        for person, name in zip(people, names, strict=True)
    )
    Membership.objects.bulk_create(
        Membership(room=room, user=person, role="owner") for room, person in zip(rooms, people, strict=True)
    )


@pytest.mark.parametrize("address", ["/", "room"])
def test_pages_cost_the_same_with_three_thousand_rooms(ada, ada_client, room, settings, monkeypatch, address):
    settings.ROOMS_IN_LIST = 15
    monkeypatch.setattr("rooms.chats.PEOPLE_LIMIT", 0)
    address = room.get_absolute_url() if address == "room" else address
    ada_client.get("/settings/")  # the first visit of a day notes the session

    def cost():
        with CaptureQueriesContext(connection) as queries:
            content = ada_client.get(address).content.decode()
        return len(queries), content.count("<li"), len(content)

    fill(20)
    little = cost()
    fill(2_980)
    assert ChatRoom.objects.groups().count() == 3_001
    assert cost() == little


# How many one person may have


def test_so_many_rooms_belong_to_one_person_until_one_is_archived(ada, ada_client, settings):
    settings.ROOMS_PER_OWNER = 2
    for name in ("One", "Two"):
        assert ada_client.post("/rooms/", {"name": name}).status_code == 302
    refused = ada_client.post("/rooms/", {"name": "Three"})
    assert refused.status_code == 422
    assert "You own 2 rooms" in refused.content.decode()
    assert "Three" in refused.content.decode()
    assert not ChatRoom.objects.filter(name="Three").exists()
    archive(ChatRoom.objects.get(name="One"))
    assert ada_client.post("/rooms/", {"name": "Three"}).status_code == 302


def test_refused_rooms_are_not_counted_as_made(ada_client, settings, limit):
    settings.ROOMS_PER_OWNER = 1
    limit(room_per_user=Rate(2, 86400))
    assert ada_client.post("/rooms/", {"name": "One"}).status_code == 302
    assert [ada_client.post("/rooms/", {"name": "Two"}).status_code for _time in range(3)] == [422] * 3


def test_room_says_who_made_it_and_when(ada, ada_client):
    ada_client.post("/rooms/", {"name": "One"})
    room = ChatRoom.objects.get(name="One")
    assert room.made_by == ada
    assert room.made_at
