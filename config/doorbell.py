"""ring(): something changed, look at the database.

Code that changes something rings; the part that shows it is attached and hears. A bell carries ids only. A
lost bell costs about a second, until the poll, and never a message. A bell that fails never fails the request
that rang it: the change is already committed.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from django.db import transaction


@dataclass(frozen=True, slots=True)
class Kind:
    """What a bell of one kind says, and the ids that it carries: `ids` always, `extra` in some cases."""

    meaning: str
    ids: tuple[str, ...]
    extra: tuple[str, ...] = ()


# All kinds of bell. An id says which row to look at; 0 stands for nobody.
KINDS = {
    "room": Kind("a room is new or its revision has grown; `sender` has posted", ("room",), ("sender",)),
    "read": Kind("`user` has read, muted or marked as unread", ("room", "user")),
    "receipt": Kind("ticks in the room may have changed", ("room",)),
    "act": Kind("a moderator did something to a room, or to `person` there", ("act", "room", "person")),
    "listing": Kind("the list of `user` may have gained or lost the room", ("room", "user")),
    "typing": Kind(
        "`user` types, or with `is_typing` 0 does not; `low` and `high` are the people of a direct message",
        ("room", "user", "is_typing"),
        ("low", "high"),
    ),
    "person": Kind("`user` is new", ("user",)),
    "profile": Kind("others are shown `user` in another way", ("user",)),
    "reaction": Kind("somebody has reacted to a message by `person`", ("reaction", "person")),
    "report": Kind("a message by `person` was reported, or that was decided", ("room", "person")),
    "access": Kind("streams of `user` may not go on: a session or membership has ended", ("user",)),
    "settings": Kind("`user` is to see something else, or others something else of them", ("user",)),
}


@dataclass(frozen=True, slots=True)
class Bell:
    kind: str
    ids: Mapping[str, int]


type Answer = Callable[[Bell], None]

_house: tuple[asyncio.AbstractEventLoop, Answer] | None = None


def attach(loop: asyncio.AbstractEventLoop, answer: Answer) -> None:
    """Let bells rung in this process call `answer` in `loop`."""
    global _house
    _house = loop, answer


def detach(answer: Answer) -> None:
    global _house
    if _house and _house[1] == answer:
        _house = None


def ring(kind: str, **ids: int) -> None:
    """Say that something of `kind`, one of KINDS, has changed and is committed. It returns at once.

    In a process that serves no pages, such as a command, nothing hears it: the poll of others finds it.
    """
    if _house is None:
        return
    loop, answer = _house
    # After the server has ended, the loop is closed; pages come back to the next server.
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(answer, Bell(kind, ids))


def ring_after_commit(kind: str, **ids: int) -> None:
    """Ring once the transaction is committed; outside of one, now."""
    transaction.on_commit(lambda: ring(kind, **ids), robust=True)


def bell_from(payload: object) -> Bell | None:
    """Return the bell that another process rang; None if it is no bell, or of a kind that is unknown here."""
    match payload:
        case {"kind": str(name), **rest} if kind := KINDS.get(name):
            ids = {
                key: number for key in (*kind.ids, *kind.extra) if isinstance(number := rest.get(key), int)
            }
            return Bell(name, ids) if ids.keys() >= set(kind.ids) else None
    return None
