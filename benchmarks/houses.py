"""Make a house of any size at once, or measure one.

Usage: python -m benchmarks.houses fill <people> <rooms> <messages>
       python -m benchmarks.houses measure
with its DATA_DIR. Of what one person is in there is as much in every house.
"""

import gzip
import json
import os
import sys
from datetime import timedelta
from typing import Any

import django

from benchmarks.scale import measured, unread

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

READER = "ada"
OWN_ROOMS, OWN_PEOPLE = 60, 60  # more than a page of chats
ONLINE = 50
FIRST, DAY = 1_000_000, "2026-01-01 12:00:00"
# No ORM makes a million rows in some seconds.
MESSAGES = """
    WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < %(amount)s)
    INSERT INTO rooms_message
        (room_id, sender_id, content, timestamp, deleted_by_moderator, token, position, revision, mentioned,
         continues)
    SELECT %(room)s, %(sender)s + n %% %(people)s, 'This is message ' || n, %(day)s, 0,
           printf('%%032x', %(room)s * 10000000 + n), %(position)s + n, %(position)s + n, '{}', 0
    FROM number
"""


def fill(people: int, rooms: int, messages: int) -> None:
    """Make the people, rooms with one message each, and one room of everybody with all other messages."""
    from django.db import transaction

    from accounts.models import User
    from rooms.models import ChatRoom, Membership

    with transaction.atomic():
        reader = User.objects.create_user(READER)
        names = [f"person{number:05}" for number in range(people - 1)]
        User.objects.bulk_create(
            User(pk=FIRST + number, username=name, canonical_name=name, skeleton=name, password="!")  # noqa: S106 (nobody's)
            for number, name in enumerate(names)
        )
        others = list(User.objects.filter(pk__gte=FIRST).order_by("pk"))
        titles = [f"room {number:05}" for number in range(rooms)]
        groups = ChatRoom.objects.bulk_create(
            ChatRoom(pk=FIRST + number, type="group", name=title, canonical_name=title)
            for number, title in enumerate(titles)
        )
        private = ChatRoom.objects.bulk_create(
            ChatRoom(pk=2 * FIRST + number, type="private", low_user=reader, high_user=other)
            for number, other in enumerate(others[:OWN_PEOPLE])
        )
        everybody = groups[-1]
        members = [(everybody, other) for other in others]
        members += [(room, reader) for room in (*groups[:OWN_ROOMS], everybody, *private)]
        members += [(room, others[number % len(others)]) for number, room in enumerate(groups[:-1])]
        members += [(room, room.high_user) for room in private]
        Membership.objects.bulk_create(Membership(room=room, user=user) for room, user in members)
        for room in (*groups[:-1], *private):
            say(room, 1, len(others))
        say(everybody, max(messages - rooms - OWN_PEOPLE, 60), len(others))


def say(room: Any, amount: int, people: int) -> None:
    from django.db import connection

    from rooms.models import ChatRoom, Message

    with connection.cursor() as cursor:
        numbers = {"room": room.pk, "sender": FIRST, "people": people, "amount": amount, "position": 0}
        cursor.execute(MESSAGES, {**numbers, "day": DAY})
    last = Message.objects.filter(room=room).latest("pk")
    ChatRoom.objects.filter(pk=room.pk).update(revision=amount, last_message=last)


def measure() -> dict[str, tuple[float, int, int]]:
    """Return by name the milliseconds of processor time that something takes, its queries, and its bytes."""
    from django.test import Client
    from django.utils import timezone

    from accounts.models import User
    from rooms.chats import chats_of
    from rooms.live.endpoints.access import Opening
    from rooms.live.endpoints.present_state import present_states
    from rooms.live.news.chat_list import ChatList, Gathered
    from rooms.live.news.presence import _exchange as exchange
    from rooms.live.watch.database import DatabaseThreads
    from rooms.live.wire.hub import Hub
    from rooms.models import ChatRoom, Membership
    from rooms.receipts import marks_for

    user = User.objects.get(username=READER)
    Membership.objects.mark_all_read(user)
    User.objects.filter(pk__in=range(FIRST, FIRST + ONLINE)).update(
        online_until=timezone.now() + timedelta(hours=1)
    )
    everybody = Membership.objects.filter(user=user).order_by("-room__last_message").first().room  # type: ignore[union-attr]  # she is in some
    private = ChatRoom.objects.filter(low_user=user).latest("last_message")
    client = Client(HTTP_HOST="localhost")
    client.force_login(user)
    page, htmx = f"/rooms/{everybody.pk}/", {"HX-Request": "true"}
    client.get(page)  # notes the session, reads the templates
    sizes = {
        name: len(gzip.compress(client.get(address).content, 6))
        for name, address in {
            "lobby": "/",
            "room page": page,
            "older chats": "/chats/?page=1",
            "find": "/find/",
        }.items()
    }
    opening = Opening(user, "", everybody.pk, set(), 0, None, timezone.now(), "UTC")
    chat_list, listening = ChatList(Hub(), DatabaseThreads()), set(User.objects.values_list("pk", flat=True))
    last = everybody.last_message_id
    shown = {chat.person.pk for chat in chats_of(user) if chat.person}
    found = {
        "lobby": measured(lambda: client.get("/")),
        "room page": measured(lambda: client.get(page)),
        "older chats": measured(lambda: client.get("/chats/?page=1")),
        "find": measured(lambda: client.get("/find/")),
        "stream that begins": measured(lambda: present_states([opening])),
        "post": measured(lambda: client.post(f"{page}messages/", {"content": "Hello"}, headers=htmx)),
        "mark read": measured(
            lambda: client.post(f"{page}read/", {"upto": last}, headers=htmx), unread(everybody, user, 1)
        ),
        "round of the chat list": measured(
            lambda: chat_list.read_news(Gathered(rooms={private.pk}), listening)
        ),
        "round of presence": measured(lambda: exchange({user.pk}, shown)),
        "round of ticks": measured(lambda: marks_for(private.pk, [user.pk])),
    }
    return {name: (*cost, sizes.get(name, 0)) for name, cost in found.items()}


if __name__ == "__main__":
    django.setup()
    match sys.argv[1:]:
        case ["fill", people, rooms, messages]:
            fill(int(people), int(rooms), int(messages))
        case ["measure"]:
            print(json.dumps(measure()))
        case _:
            sys.exit(__doc__)
