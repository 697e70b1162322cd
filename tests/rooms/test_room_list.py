"""What pages cost however many rooms there are, and how many rooms one person may have."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from config.rates import Rate
from rooms.models import ChatRoom, Membership
from tests.support.factories import make_users

pytestmark = pytest.mark.django_db


def archive(room):
    with_time = {"archived_at": "2026-01-01T00:00Z"}
    ChatRoom.objects.filter(pk=room.pk).update(**with_time)


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
def test_pages_cost_the_same_with_three_thousand_rooms(clock, ada, ada_client, room, settings, address):
    settings.SMALL_HOUSE_PEOPLE = 15
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
