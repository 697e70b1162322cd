"""Messages that somebody may read now, found by any part of their texts, in any script.

One function, `find`, for both databases. The index gives what may fit; the folded text itself is compared in
the same statement, which also asks whether its reader may see it. Messages that are not in the index yet are
looked through here, so results are complete however far behind the index is.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Any

from django.db import connection, transaction
from django.db.models import BigIntegerField, ExpressionWrapper, F, Max, Q, QuerySet, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import StrIndex
from django.db.models.lookups import GreaterThan
from django.utils import timezone
from django.utils.translation import gettext_lazy

from accounts.models import Block, User
from config.converters import ID_MAX
from rooms import search_words
from rooms.models import (
    Attachment,
    ChatRoom,
    Membership,
    Message,
    Pin,
    SavedMessage,
    SearchDay,
    SearchProgress,
    SearchText,
)
from rooms.models.chat_room import canonical_room_name
from rooms.models.message import oldest_that_fit, with_all_drawn
from rooms.search_words import AFTER, BEFORE, FROM, HAS, IN, IS, day, terms, words

PER_PAGE = 20
# No more of what is not in the index yet is looked through.
UNINDEXED_AT_MOST = 1000
TRIGRAM = 3  # characters
# The index is asked for so many trigrams of a word at most; what is compared in the end is the text.
TRIGRAMS = 16
# A short word that begins more trigrams than this is common: what is newest has it.
BEGINNINGS = 200
# If the reader's rooms, or those asked for, have no more messages than this, all of them are looked through.
FEW = 5_000
# How many ids are looked through before the index is asked: what is common is there already.
NEWEST = {"sqlite": 2_000, "postgresql": 20_000}
# How a direct message is named in `in:`.
PERSON = "@"


@dataclass(frozen=True, slots=True)
class Query:
    """What somebody searches for: texts that all are in it, and conditions. None is no condition."""

    terms: tuple[str, ...] = ()
    senders: frozenset[int] | None = None
    rooms: frozenset[int] | None = None
    before: datetime | None = None
    after: datetime | None = None
    has_file: bool = False
    has_link: bool = False
    is_pinned: bool = False
    is_saved: bool = False
    notes: tuple[str, ...] = ()  # sentences about what was not understood

    @property
    def is_empty(self) -> bool:
        return replace(self, notes=()) == Query()

    def matches(self, message: Message) -> bool:
        if self.has_link and not message.has_link:
            return False
        text = message.searched
        return all(term in text for term in self.terms)


@dataclass(frozen=True, slots=True)
class Page:
    """Messages, the newest first; `below` is the id below which the next page begins, or None.

    It `is_cut` where so much is not in the index yet that not all of it was looked through.
    """

    messages: list[Message]
    below: int | None
    is_cut: bool


# What is meant

NOTES = {
    FROM: gettext_lazy("“%(text)s” was searched for as text: no one has this name."),
    IN: gettext_lazy("“%(text)s” was searched for as text: you are in no room with this name."),
    BEFORE: gettext_lazy("“%(text)s” was searched for as text: write the day like 2026-03-31."),
    AFTER: gettext_lazy("“%(text)s” was searched for as text: write the day like 2026-03-31."),
    HAS: gettext_lazy("“%(text)s” was searched for as text: there are has:file and has:link."),
    IS: gettext_lazy("“%(text)s” was searched for as text: there are is:pinned and is:saved."),
}


def understood(user: User, text: str) -> Query:
    """Return what `user` means by `text`. What is not understood is text, and a note says so."""
    query, plain = Query(), []
    for word in words(text):
        if not word.name:
            plain.append(word)
        elif (narrower := CONDITIONS[word.name](user, query, word.value)) is not None:
            query = narrower
        else:
            plain.append(word)
            query = replace(query, notes=(*query.notes, NOTES[word.name] % {"text": word.typed}))
    return replace(query, terms=terms(plain))


def name_of(room: ChatRoom, user: User) -> str:
    """Return what `user` writes behind `in:` for this room."""
    other = room.other_person(user)
    return f"{PERSON}{other.username}" if other else str(room)


def _from(user: User, query: Query, value: str) -> Query | None:
    if not (person := _person_called(user, value)):
        return None
    return replace(query, senders=(query.senders or frozenset()) | {person.pk})


def _in(user: User, query: Query, value: str) -> Query | None:
    mine = ChatRoom.objects.joined_by(user)
    room = mine.filter(canonical_name=canonical_room_name(value)).first()
    if room is None and (other := _person_called(user, value.removeprefix(PERSON))):
        room = ChatRoom.objects.between(user, other)
    if room is None:
        return None
    return replace(query, rooms=(query.rooms or frozenset()) | {room.pk})


def _person_called(user: User, name: str) -> User | None:
    if name.casefold() == "me":
        return user
    name = name.removeprefix(PERSON)
    return User.objects.named(name) or User.objects.shown_as(name)


def _before(user: User, query: Query, value: str) -> Query | None:
    if not (found := day(value)):
        return None
    return replace(query, before=min(filter(None, [query.before, midnight(found)])))


def _after(user: User, query: Query, value: str) -> Query | None:
    if not (found := day(value)):
        return None
    end = midnight(found + timedelta(days=1))
    return replace(query, after=max(filter(None, [query.after, end])))


def _has(user: User, query: Query, value: str) -> Query | None:
    match value.lower():
        case search_words.HAS_FILE:
            return replace(query, has_file=True)
        case search_words.HAS_LINK:
            return replace(query, has_link=True)
    return None


def _is(user: User, query: Query, value: str) -> Query | None:
    match value.lower():
        case search_words.IS_PINNED:
            return replace(query, is_pinned=True)
        case search_words.IS_SAVED:
            return replace(query, is_saved=True)
    return None


CONDITIONS: dict[str, Callable[[User, Query, str], Query | None]] = {
    FROM: _from,
    IN: _in,
    BEFORE: _before,
    AFTER: _after,
    HAS: _has,
    IS: _is,
}


def midnight(day: date) -> datetime:
    """Return when a day begins for its reader."""
    return datetime.combine(day, time.min, timezone.get_current_timezone())


# What is found


def find(user: User, query: Query, below: int | None = None) -> Page:
    """Return what `user` may read now and searches for, the newest first: what has an id below `below`."""
    ids, is_cut = _ids(user, query, below or ID_MAX, PER_PAGE + 1)
    shown = Message.objects.listed_for(user).filter(pk__in=ids[:PER_PAGE]).with_looks()
    messages = list(shown.select_related("room__low_user", "room__high_user").order_by("-pk"))
    fitting = with_all_drawn(oldest_that_fit(messages))
    has_more = len(ids) > PER_PAGE or len(fitting) < len(messages)
    return Page(fitting, fitting[-1].pk if has_more and fitting else None, is_cut)


def _ids(user: User, query: Query, below: int, count: int) -> tuple[list[int], bool]:
    if query.is_empty:
        return [], False
    # In this order what comes into the index meanwhile may be found twice, but is never missed.
    settled = SearchProgress.objects.current().settled
    rooms = Membership.objects.filter(user=user).values("room")
    if query.rooms is not None:
        rooms = rooms.filter(room__in=query.rooms)
    are_few = Message.objects.filter(room__in=rooms)[: FEW + 1].count() <= FEW
    allowed, newer = _allowed(user, query, rooms, are_few), range(settled + 1, below)
    if not (query.terms or query.has_link):
        ids = SearchDay.objects.ids(query.after, query.before, min(below, newer.start))
        return [*_newest(allowed, newer, count), *_newest(allowed, ids, count)][:count], False
    rest, is_cut = _look_through(allowed, newer, query, count)
    ids = SearchDay.objects.ids(query.after, query.before, below)
    indexed = _look_up(allowed.filter(SearchText.IS_TRUE), query, ids, count, are_few)
    return sorted({*rest, *indexed}, reverse=True)[:count], is_cut


def _look_up(allowed: QuerySet[Message], query: Query, ids: range, count: int, are_few: bool) -> list[int]:
    """Return what matches of what is in the index."""
    if query.has_link:
        allowed = allowed.filter(pk__in=SearchText.objects.filter(has_link=True).values("pk"))
    for term in query.terms:
        allowed = allowed.filter(CONTAINS[connection.vendor](term))
    if are_few or not query.terms:
        return _newest(allowed, ids, count)
    return ENGINES[connection.vendor](allowed, query.terms, ids, count)


def _allowed(user: User, query: Query, rooms: QuerySet[Any, Any], are_few: bool) -> QuerySet[Message]:
    """Return what `listed_for` does, under the conditions, asked so that no message costs much."""
    found = Message.objects.filter(deleted_at=None)
    found = found.exclude(sender__in=Block.objects.filter(blocker=user).values("blocked"))
    if are_few:
        found = found.filter(room__in=rooms)
    else:
        # No column: there is an index of each room's messages, and sorting all of them would take a second.
        found = found.alias(place=ExpressionWrapper(F("room") + 0, BigIntegerField())).filter(place__in=rooms)
    conditions = {
        "sender__in": query.senders,
        "timestamp__lt": query.before,
        "timestamp__gte": query.after,
        # Both are few, and looked up in the first place.
        "pk__in": SavedMessage.objects.filter(user=user).values("message") if query.is_saved else None,
        "pin__in": Pin.objects.values("pk") if query.is_pinned else None,
    }
    if query.has_file:
        found = found.filter(pk__in=Attachment.objects.filter(room__in=rooms).values("message"))
    found = found.filter(**{name: value for name, value in conditions.items() if value is not None})
    return found


def _look_through(allowed: QuerySet[Message], ids: range, query: Query, count: int) -> tuple[list[int], bool]:
    """Return what matches of what is not in the index yet, and whether there was too much of it."""
    rows = _within(allowed, ids).exclude(SearchText.IS_TRUE)
    rows = rows.only("content", "format", "attached", "deleted_at").order_by("-pk")
    found = list(rows[: UNINDEXED_AT_MOST + 1])
    matching = (message.pk for message in found[:UNINDEXED_AT_MOST] if query.matches(message))
    return list(islice(matching, count)), len(found) > UNINDEXED_AT_MOST


def _newest(found: QuerySet[Message], ids: range, count: int) -> list[int]:
    return list(_within(found, ids).order_by("-pk").values_list("pk", flat=True)[:count])


def _within(found: QuerySet[Message], ids: range) -> QuerySet[Message]:
    """Say it once: of two bounds on one side SQLite uses the first."""
    return found.filter(pk__gte=ids.start, pk__lt=ids.stop)


# What the index of each database is asked


def _in_sqlite(allowed: QuerySet[Message], terms: Sequence[str], ids: range, count: int) -> list[int]:
    if all(len(term) < TRIGRAM for term in terms):
        newest = _newest(allowed, _end_of(ids, NEWEST["sqlite"]), count)
        if len(newest) == count:
            return newest
    wanted = _expression(terms)
    if wanted is None:
        return _newest(allowed, ids, count)
    there = allowed.filter(pk=RawSQL("found.rowid", ())).values("pk")
    sql, parameters = there.query.sql_with_params()
    # In this order: for each that the index gives, the latest first, whether it is allowed.
    statement = f"""
        SELECT found.rowid FROM rooms_search AS found
        WHERE found.rooms_search MATCH %s AND found.rowid >= %s AND found.rowid < %s AND EXISTS ({sql})
        ORDER BY found.rowid DESC LIMIT %s
    """  # noqa: S608 (it is what Django wrote)
    with connection.cursor() as cursor:
        cursor.execute(statement, [wanted, ids.start, ids.stop, *parameters, count])
        return [row[0] for row in cursor.fetchall()]


def _expression(terms: Sequence[str]) -> str | None:
    """Return which trigrams a text has that has all terms; None where that is hardly a condition.

    What short terms begin is asked only where there are no longer ones: the text itself is compared as well.
    """
    parts = [_quoted(trigram) for term in terms for trigram in _trigrams(term)]
    if parts:
        return " AND ".join(parts)
    # A term that is nowhere is asked for as it is: nothing has it.
    beginnings = [_beginning_with(term) or [term] for term in terms]
    if max(map(len, beginnings)) > BEGINNINGS:
        return None
    return " AND ".join(f"({' OR '.join(map(_quoted, one))})" for one in beginnings)


def _trigrams(term: str) -> list[str]:
    return [term[place : place + TRIGRAM] for place in range(len(term) - TRIGRAM + 1)][:TRIGRAMS]


def _quoted(trigram: str) -> str:
    return '"{}"'.format(trigram.replace('"', '""'))


def _beginning_with(term: str) -> list[str]:
    """Return the trigrams that begin with a shorter term; of too many, some."""
    last = term + chr(sys.maxunicode) * (TRIGRAM - len(term))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT term FROM rooms_search_terms WHERE term >= %s AND term <= %s LIMIT %s",
            [term, last, BEGINNINGS + 1],
        )
        return [row[0] for row in cursor.fetchall()]


def _in_postgresql(allowed: QuerySet[Message], terms: Sequence[str], ids: range, count: int) -> list[int]:
    newest = _newest(allowed, _end_of(ids, NEWEST["postgresql"]), count)
    if len(newest) == count:
        return newest
    # An order that no index has: otherwise all messages would be read in it, the newest first.
    place = ExpressionWrapper(F("pk") + 0, BigIntegerField())
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL jit = off")  # it takes longer than the search
        return list(_within(allowed, ids).order_by(place.desc()).values_list("pk", flat=True)[:count])


def _end_of(ids: range, length: int) -> range:
    """Return the last of these ids, as far as there are messages."""
    last = Message.objects.aggregate(last=Max("pk"))["last"] or 0
    return range(max(ids.start, min(ids.stop, last + 1) - length), ids.stop)


ENGINES = {"sqlite": _in_sqlite, "postgresql": _in_postgresql}
# Whether a term is in the folded text: as the index can answer it, or as it is quickest.
CONTAINS: dict[str, Callable[[str], Any]] = {
    "sqlite": lambda term: GreaterThan(StrIndex("search_text__folded", Value(term)), 0),
    "postgresql": lambda term: Q(search_text__folded__contains=term),
}
