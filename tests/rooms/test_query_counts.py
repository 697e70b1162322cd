"""Pages take as many queries with much as with little."""

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from rooms.models import ChatRoom, Membership, Mention, Message
from rooms.models.stored_file import attach
from tests.support.factories import make_file, make_messages, make_users

pytestmark = pytest.mark.django_db

LITTLE, MUCH = 2, 120
# Rows of which it is noted that they were delivered are locked in order there (update_in_order).
LOCKS = 1 if connection.vendor == "postgresql" else 0

# How little of a message has come to others is one query more where they are not read one by one.
LARGE_ROOM = 1


def queries_of(client, address):
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return [query["sql"] for query in queries]


def fill(user, room, amount):
    """Make rooms, people with and without a chat, and messages in `room`: `amount` of each, in bulk."""
    people, others = make_users(amount), make_users(amount)
    for person in people:
        person.avatar_digest, person.display_name, person.status = f"{person.pk:032}", "Somebody", "busy"
    User.objects.bulk_update(people, ["avatar_digest", "display_name", "status"])
    rooms = ChatRoom.objects.bulk_create(
        [
            *(ChatRoom(type="private", low_user=user, high_user=person) for person in people),
            *(
                ChatRoom(type="group", name=name, canonical_name=name)
                for name in map("r{0.pk}".format, others)
            ),
        ]
    )
    Membership.objects.bulk_create(Membership(room=chat, user=user) for chat in rooms)
    Membership.objects.bulk_create(Membership(room=room, user=person) for person in people)
    said = Message.objects.bulk_create(
        Message(room=chat, sender=people[0], content="Hello", token=uuid.uuid4(), position=1, revision=1)
        for chat in rooms
    )
    for chat, message in zip(rooms, said, strict=True):
        chat.last_message = message
    ChatRoom.objects.bulk_update(rooms, ["last_message"])
    make_messages(room, people[0], amount)


@pytest.fixture(autouse=True)
def _noted(ada_client):
    """Let it be noted that the session is used, which happens once a minute."""
    ada_client.get("/settings/")


@pytest.fixture(params=[0, 10_000], ids=["large", "small"])
def house(request, settings):
    """Have a house that is large however few are in it, or small however many."""
    settings.SMALL_HOUSE_ROOMS = settings.SMALL_HOUSE_PEOPLE = request.param
    return request.param


@pytest.fixture
def filled(ada, room, house):
    """Return a function that measures an address with little, then with much."""

    def measure(client, address):
        fill(ada, room, LITTLE)
        before = queries_of(client, address())
        fill(ada, room, MUCH - LITTLE)
        assert ChatRoom.objects.count() > MUCH < User.objects.count()
        return before, queries_of(client, address())

    return measure


def test_lobby(ada_client, filled, house):
    little, much = filled(ada_client, lambda: "/")
    # Where there are older chats, the list does not say how much is unread in all of them.
    assert len(little) + 1 == len(much)
    # Session with its person, the house, chats and what they are, what is unread, and what is delivered with
    # the list.
    assert len(much) <= (16 if house else 12) + LOCKS


def test_room_page(ada_client, room, filled, house):
    little, much = filled(ada_client, lambda: f"/rooms/{room.pk}/")
    assert len(little) + LARGE_ROOM == len(much) <= (25 if house else 21) + LOCKS


def test_older_page(ada_client, room, filled, house):
    def newest():
        return room.messages.latest("pk").pk

    little, much = filled(ada_client, lambda: f"/rooms/{room.pk}/?before={newest()}")
    assert len(little) + LARGE_ROOM == len(much) <= (25 if house else 20) + LOCKS


def test_finding(ada, ada_client, room, house):
    addresses = ["/find/", "/find/?q=o", "/find/?q=o&kind=people"]
    fill(ada, room, LITTLE)
    little = {address: len(queries_of(ada_client, address)) for address in addresses}
    fill(ada, room, MUCH - LITTLE)
    # The session; of rooms and of people the unfolded ones, a page, and the number where that is not all; and
    # the members of the rooms.
    for address in addresses:
        assert little[address] <= len(queries_of(ada_client, address)) <= 8, address


def test_searching(ada_client, filled):
    little, much = filled(ada_client, lambda: "/search/?q=o")
    # What `/find/` asks; whether there are few messages, how far the index is, what is not in it, what of
    # short words it has, what is found, and these messages. Where enough of it is new, that is less.
    assert max(len(little), len(much)) <= 17


def test_mentions(ada_client, ada, ben, room):
    def address():
        for message in make_messages(room, ben, LITTLE, "@ada"):
            Mention.objects.create(message=message, user=ada)
        return "/mentions/"

    little = queries_of(ada_client, address())
    fill(ada, room, MUCH)
    # The session with its person, and the messages.
    assert len(queries_of(ada_client, address())) == len(little) <= 3


def test_files(ada_client, ada, room):
    file = make_file(ada)
    file.save()

    def fill_with(amount):
        for message in make_messages(room, ada, amount):
            attach(message, [file], [""])

    for address in (f"/rooms/{room.pk}/files/", "/settings/files/"):
        fill_with(LITTLE)
        little = queries_of(ada_client, address)
        fill_with(40)
        # The session with its person; the room, or how much it is; and the files with their messages.
        assert len(queries_of(ada_client, address)) == len(little) <= 4, address


def test_older_fragment(ada_client, ada, room):
    fill(ada, room, MUCH)
    make_messages(room, ada, 1)
    with CaptureQueriesContext(connection) as queries:
        ada_client.get(
            f"/rooms/{room.pk}/?before={room.messages.latest('pk').pk}", headers={"HX-Request": "true"}
        )
    assert len(queries) <= 9


def test_message_page(ada_client, ada, room):
    message = make_messages(room, ada, 1)[0]
    address = f"/messages/{message.pk}/"
    message.edit("Once")
    little = queries_of(ada_client, address)
    fill(ada, room, MUCH)
    for number in range(20):
        message.edit(f"Again {number}")
    assert len(queries_of(ada_client, address)) == len(little) + LARGE_ROOM <= 13


def test_post(ada_client, ada, room):
    counts = []
    for amount in (LITTLE, MUCH - LITTLE):
        fill(ada, room, amount)
        with CaptureQueriesContext(connection) as queries:
            ada_client.post(
                f"/rooms/{room.pk}/messages/", {"content": "Hello"}, headers={"HX-Request": "true"}
            )
        counts.append(len(queries))
    # Session with its person, room, allowance, BEGIN, number, member, message, last message, COMMIT.
    assert counts == [9, 9]
