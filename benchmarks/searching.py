"""Fill a database with messages, or measure searches in one that was filled.

Usage: python -m benchmarks.searching fill <number>
       python -m benchmarks.searching measure
with its DATA_DIR, or a DATABASE_URL.
"""

import json
import os
import statistics
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import django

from benchmarks import scale
from benchmarks.varied import Texts

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

TIMES = 9
# What is searched for, by what it stands for.
ASKED = {
    "a rare word": "lighthouse",
    "part of a word": "ghthou",
    "a phrase": '"the lighthouse"',
    "a phrase of common words": '"of the and"',
    "a phrase that is nowhere": '"on the board"',
    "a common word": "the",
    "a word that is nowhere": "qqxqq",
    "two characters, rare": "丙丠",
    "two characters that are nowhere": "zx",
    "two characters, common": "th",
    "one character": "q",
    "a common word of one person": "the from:me",
    "a common word with a link": "the has:link",
    "links": "has:link",
    "a common word, long ago": "the before:2000-01-01",
}


def fill(amount: int) -> None:
    """Have as many messages as `pages` has, by the same people in the same rooms, that say other things."""
    from rooms.demo import filling

    plain = filling.in_order

    def varied(*arguments: Any) -> Iterator[Any]:
        for message, text in zip(plain(*arguments), Texts(amount), strict=False):
            message.content = text
            yield message

    filling.in_order = varied
    scale.fill(amount)


def measure(asked: dict[str, str] = ASKED) -> dict[str, Any]:
    """Return what building the index took, how large it is, and what each search takes."""
    from accounts.models import User
    from rooms import search_index
    from rooms.models import ChatRoom

    began, lag = time.process_time(), search_index.lag()
    for _batch in search_index.following(uuid.uuid4()):
        pass
    building = time.process_time() - began
    _tidy()
    member = User.objects.get(username="ada")
    if not (stranger := User.objects.filter(username="newcomer").first()):
        stranger = User.objects.create_user("newcomer")
        ChatRoom.objects.create_group("Nothing was said here", stranger)
    return {
        "built": (lag, building),
        "sizes": sizes(),
        "searches": {name: _measured(member, text) for name, text in asked.items()},
        "of a newcomer": {name: _measured(stranger, text) for name, text in asked.items()},
    }


def _tidy() -> None:
    """Have PostgreSQL do what it otherwise does some minutes later."""
    from django.db import connection

    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")


def processor_time() -> float:
    """Return that of this process and of the one of PostgreSQL that serves it."""
    from django.db import connection

    spent = time.process_time()
    if connection.vendor == "postgresql":
        connection.ensure_connection()
        path = Path(f"/proc/{connection.connection.info.backend_pid}/schedstat")
        spent += int(path.read_text().split()[0]) / 1e9
    return spent


def _measured(user: Any, text: str) -> tuple[int, float, float, float]:
    """Return how many were found, and milliseconds: of the processor, by the clock, and of a plain search."""
    from rooms.search import find, understood

    count, here, whole = _timed(lambda: len(find(user, understood(user, text)).messages))
    _count, _here, plain = _timed(lambda: len(plainly(user, text)))
    return count, here, whole, plain


def plainly(user: Any, text: str) -> list[Any]:
    """Look for it as one would without an index: the words of a text in what was typed."""
    from django.db.models import Q

    from rooms.models import Message
    from rooms.search import PER_PAGE
    from rooms.search_words import fields_of

    wanted = Q()
    for word in fields_of(text).words:
        wanted &= Q(content__icontains=word.value)
    return list(Message.objects.listed_for(user).filter(wanted).order_by("-pk")[: PER_PAGE + 1])


def _timed(work: Callable[[], int]) -> tuple[int, float, float]:
    count = work()  # the first time reads from the disk
    here, whole = [], []
    for _turn in range(TIMES):
        began, clock = processor_time(), time.perf_counter()
        work()
        here.append(processor_time() - began)
        whole.append(time.perf_counter() - clock)
    return count, 1000 * statistics.median(here), 1000 * statistics.median(whole)


def sizes() -> dict[str, int]:
    """Return the bytes of messages, of their folded texts, and of the index of these."""
    from django.db import connection

    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT pg_total_relation_size('rooms_message'),"
                " pg_total_relation_size('rooms_searchtext') - size, size FROM (SELECT"
                " pg_relation_size('rooms_search') + pg_relation_size('rooms_search_parts_index'))"
                " AS index(size)"
            )
            return dict(zip(("messages", "texts", "index"), cursor.fetchone(), strict=True))
        cursor.execute("SELECT name, sum(pgsize) FROM dbstat GROUP BY name")
        found = dict(cursor.fetchall())
        cursor.execute("SELECT name, tbl_name FROM sqlite_master WHERE type = 'index'")
        tables = dict(cursor.fetchall())
    parts = dict.fromkeys(("messages", "texts", "index"), 0)
    names = {"rooms_message": "messages", "rooms_searchtext": "texts"}
    for name, size in found.items():
        table = tables.get(name, name)
        part = names.get(table) or ("index" if str(table).startswith("rooms_search_") else None)
        if part:
            parts[part] += size
    return parts


if __name__ == "__main__":
    django.setup()
    match sys.argv[1:]:
        case ["fill", amount]:
            fill(int(amount))
        case ["measure"]:
            print(json.dumps(measure()))
        case _:
            sys.exit(__doc__)
