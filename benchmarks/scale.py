"""Fill a database with messages, or measure pages of one that was filled.

Usage: python -m benchmarks.scale fill <number>
       python -m benchmarks.scale measure
with its DATA_DIR. However many messages there are, they are those of the same number of people and rooms.
"""

import json
import os
import statistics
import sys
import time
import uuid
from collections.abc import Callable
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

PEOPLE = 200
TIMES = 45


def fill(amount: int) -> None:
    from django.core.management import call_command

    from rooms.demo import filling

    filling.LARGE = 0
    filling.MESSAGES_PER_PERSON = amount // PEOPLE
    call_command("demo", messages=amount, verbosity=0)


def measure() -> dict[str, tuple[float, int]]:
    """Return by name the milliseconds of processor time that something takes, and its queries."""
    from django.db.models import Count
    from django.test import Client

    from accounts.models import User
    from rooms.models import ChatRoom, Membership

    user = User.objects.get(username="ada")
    Membership.objects.mark_all_read(user)  # else a page has as many messages as are unread
    room = ChatRoom.objects.groups().annotate(size=Count("messages")).order_by("-size")[0]
    client = Client(HTTP_HOST="localhost")
    client.force_login(user)
    page = f"/rooms/{room.pk}/"
    client.get(page)  # notes the session, reads the templates
    ids = room.messages.order_by("pk").values_list("pk", flat=True)
    htmx = {"HX-Request": "true"}
    middle, last = ids[ids.count() // 2], room.last_message_id
    found = {
        "lobby": measured(lambda: client.get("/")),
        "room": measured(lambda: client.get(page)),
        "older page": measured(lambda: client.get(f"{page}?before={middle}", headers=htmx)),
        "mark read, 1 message": measured(
            lambda: client.post(f"{page}read/", {"upto": last}, headers=htmx), unread(room, user, 1)
        ),
        "mark read, 1,000 messages": measured(
            lambda: client.post(f"{page}read/", {"upto": last}, headers=htmx), unread(room, user, 1000)
        ),
        "post": measured(lambda: room.post_message(user, "Hello", uuid.uuid4())),
    }
    return found


def unread(room: Any, user: Any, count: int) -> Callable[[], object]:
    """Return what makes the last `count` messages of the room unread again."""
    from rooms.models import Membership, ReadReceipt

    ids = list(room.messages.order_by("-pk").values_list("pk", flat=True)[: count + 1])
    before = ids[-1]

    def change() -> None:
        ReadReceipt.objects.filter(user=user, message__in=ids[:-1]).delete()
        Membership.objects.filter(room=room, user=user).update(
            last_read=before, read_marker=before, last_delivered=before
        )

    return change


def measured(work: Callable[[], object], prepare: Callable[[], object] = lambda: None) -> tuple[float, int]:
    """Do it in transactions that are rolled back."""
    from django.db import connection, transaction
    from django.test.utils import CaptureQueriesContext

    times = []
    for turn in range(TIMES + 1):
        with transaction.atomic():
            prepare()
            if turn == 0:
                with CaptureQueriesContext(connection) as queries:
                    check(work())
                asked = len(queries)  # the next request forgets them
            else:
                began = time.process_time()
                check(work())
                times.append(time.process_time() - began)
            transaction.set_rollback(True)
    return 1000 * statistics.median(times), asked


def check(answer: Any) -> None:
    status = getattr(answer, "status_code", 200)
    if status not in (200, 201, 204):
        sys.exit(f"Answered with {status}.")


if __name__ == "__main__":
    django.setup()
    match sys.argv[1:]:
        case ["fill", amount]:
            fill(int(amount))
        case ["measure"]:
            print(json.dumps(measure()))
        case _:
            sys.exit(__doc__)
