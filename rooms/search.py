"""Messages that somebody may read now, found by any part of their texts, in any script.

One function, `find`, for both databases. The index gives what may fit; the folded text itself is compared in
the same statement, which also asks whether its reader may see it. Messages that are not in the index yet are
looked through here, so results are complete however far behind the index is.
"""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Any

from django.db import connection, transaction
from django.db.models import BigIntegerField, ExpressionWrapper, F, Max, QuerySet, Value
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
from rooms.models.search_text import HasParts, parts_asked
from rooms.search_words import AFTER, BEFORE, FROM, HAS, IN, IS, day, terms, words

PER_PAGE = 20
# No more of what is not in the index yet is looked through.
UNINDEXED_AT_MOST = 1000
TRIGRAM = 3  # characters
# The index is asked for so many trigrams of a long text at most; what is compared in the end is the text.
TRIGRAMS = 16
# In how many of the newest messages trigrams are counted, to tell the rare ones.
COUNTED = 10_000
# If so many have it, looking through all is quicker than what the index of PostgreSQL gives.
COMMON = 100_000
# Comparing a text takes as long as reading so many entries of the index.
COMPARING = 10
# A short word that begins more trigrams than this is common: what is newest has it.
BEGINNINGS = 200
# If a condition, such as being in the reader's rooms, leaves no more messages, these are looked through.
FEW = 5_000
# The same, if the index would give more than these.
FEWER = 50_000
# How many ids are looked through before the index is asked: what is common is there already.
NEWEST = 2_000
# An order that no index has: otherwise all messages may be read in it, the newest first.
NO_INDEX = ExpressionWrapper(F("pk") + 0, BigIntegerField())
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
    ids, is_cut = _ids(user, query, min(below or ID_MAX, _last() + 1), PER_PAGE + 1)
    if not ids:
        return Page([], None, is_cut)
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
    parts = list(_parts(user, query, rooms))
    few = _at_most(FEW, parts)
    allowed, newer = _allowed(user, query, rooms), range(settled + 1, below)
    if few is not None:
        allowed = allowed.filter(pk__in=_read(few))
    if not (query.terms or query.has_link):
        if few is not None:
            return _newest_of_few(allowed, range(below), count), False
        ids = SearchDay.objects.ids(query.after, query.before, min(below, newer.start))
        return [*_newest(allowed, newer, count), *_newest(allowed, ids, count)][:count], False
    rest, is_cut = _look_through(allowed, newer, query, count)
    ids = SearchDay.objects.ids(query.after, query.before, below)
    indexed = _look_up(allowed, query, ids, count, parts, few is not None)
    return sorted({*rest, *indexed}, reverse=True)[:count], is_cut


def _parts(user: User, query: Query, rooms: QuerySet[Any, Any]) -> Iterator[QuerySet[Any, Any]]:
    """Return for each condition which messages meet it, as far as an index tells."""
    yield Message.objects.filter(room__in=rooms).values("pk")
    if query.senders is not None:
        yield Message.objects.filter(sender__in=query.senders).values("pk")
    if query.is_saved:
        yield SavedMessage.objects.filter(user=user).values("message")
    if query.is_pinned:
        yield Pin.objects.filter(room__in=rooms).values("message")
    if query.has_file:
        yield Attachment.objects.filter(room__in=rooms).values("message")


def _at_most(number: int, parts: Iterable[QuerySet[Any, Any]]) -> QuerySet[Any, Any] | None:
    """Return the first of them with no more messages than that."""
    return next((part for part in parts if part.order_by()[: number + 1].count() <= number), None)


def _read(few: QuerySet[Any, Any]) -> Any:
    """Return which these are: PostgreSQL cannot tell how few, and would look at all messages instead."""
    return few if connection.vendor == "sqlite" else {pk for row in few.order_by() for pk in row.values()}


def _look_up(
    allowed: QuerySet[Message],
    query: Query,
    ids: range,
    count: int,
    parts: list[QuerySet[Any, Any]],
    are_few: bool,
) -> list[int]:
    """Return what matches of what is in the index."""
    allowed = allowed.filter(SearchText.IS_TRUE)
    if query.has_link:
        links = SearchText.objects.filter(has_link=True).values("pk")
        allowed = allowed.filter(search_text__has_link=True)
        parts = [*parts, links]
        if not are_few and (few := _at_most(FEW, [links])) is not None:
            allowed, are_few = allowed.filter(pk__in=few), True
    if are_few:
        return _newest_of_few(_with(query.terms, allowed), ids, count)
    if not query.terms and connection.vendor == "sqlite":
        return _newest(allowed, ids, count)
    return ENGINES[connection.vendor](allowed, query.terms, ids, count, parts)


def _with(terms: Sequence[str], found: QuerySet[Any]) -> QuerySet[Any]:
    """Have them compared, and no index of texts asked."""
    place = "folded" if found.model is SearchText else "search_text__folded"
    for term in terms:
        found = found.filter(GreaterThan(StrIndex(place, Value(term)), 0))
    return found


def _allowed(user: User, query: Query, rooms: QuerySet[Any, Any]) -> QuerySet[Message]:
    """Return what `listed_for` does, under the conditions, asked so that no message costs much."""
    found = Message.objects.filter(deleted_at=None)
    found = found.exclude(sender__in=Block.objects.filter(blocker=user).values("blocked"))
    # No column: there is an index of each room's messages, and sorting all of them would take a second.
    found = found.alias(place=ExpressionWrapper(F("room") + 0, BigIntegerField())).filter(place__in=rooms)
    conditions = {
        "sender__in": query.senders,
        "timestamp__lt": query.before,
        "timestamp__gte": query.after,
        "pk__in": SavedMessage.objects.filter(user=user).values("message") if query.is_saved else None,
        "pin__in": Pin.objects.filter(room__in=rooms).values("pk") if query.is_pinned else None,
    }
    if query.has_file:
        found = found.filter(pk__in=Attachment.objects.filter(room__in=rooms).values("message"))
    return found.filter(**{name: value for name, value in conditions.items() if value is not None})


def _look_through(allowed: QuerySet[Message], ids: range, query: Query, count: int) -> tuple[list[int], bool]:
    """Return what matches of what is not in the index yet, and whether there was too much of it."""
    if not ids:
        return [], False
    rows = _within(allowed, ids).exclude(SearchText.IS_TRUE)
    rows = rows.only("content", "format", "attached", "deleted_at").order_by("-pk")
    found = list(rows[: UNINDEXED_AT_MOST + 1])
    matching = (message.pk for message in found[:UNINDEXED_AT_MOST] if query.matches(message))
    return list(islice(matching, count)), len(found) > UNINDEXED_AT_MOST


def _newest(found: QuerySet[Message], ids: range, count: int) -> list[int]:
    return list(_within(found, ids).order_by("-pk").values_list("pk", flat=True)[:count])


def _newest_of_few(found: QuerySet[Message], ids: range, count: int) -> list[int]:
    """Look at all of them, not at all messages in the order of their ids."""
    return list(_within(found, ids).order_by(NO_INDEX.desc()).values_list("pk", flat=True)[:count])


def _within(found: QuerySet[Message], ids: range) -> QuerySet[Message]:
    """Say it once: of two bounds on one side SQLite uses the first."""
    return found.filter(pk__gte=ids.start, pk__lt=ids.stop)


# What the index of each database is asked


def _in_sqlite(
    allowed: QuerySet[Message], terms: Sequence[str], ids: range, count: int, parts: list[QuerySet[Any, Any]]
) -> list[int]:
    allowed = _with(terms, allowed)
    trigrams = [trigram for term in terms for trigram in _trigrams(term)]
    if not trigrams:
        newest = _newest(allowed, _end_of(ids, NEWEST), count)
        if len(newest) == count:
            return newest
        wanted = _beginnings(terms)
        return _newest(allowed, ids, count) if wanted is None else _given(allowed, wanted, ids, count)
    rare, given = _rarest(trigrams, ids)
    if given > FEWER:
        newest = _given(allowed, rare, _end_of(ids, COUNTED), count)
        if len(newest) == count:
            return newest
        if (few := _at_most(FEWER, parts)) is not None:
            return _newest_of_few(allowed.filter(pk__in=few), ids, count)
    return _given(allowed, rare, ids, count)


def _given(allowed: QuerySet[Message], wanted: str, ids: range, count: int) -> list[int]:
    """Return what is allowed of what the index gives, the latest first."""
    there = allowed.filter(pk=RawSQL("found.rowid", ())).order_by().values("pk")
    sql, parameters = there.query.sql_with_params()
    # In this order, and joined: a query inside it would be begun anew for each.
    sql = sql.replace(' FROM "rooms_message"', ' FROM rooms_search AS found CROSS JOIN "rooms_message"', 1)
    statement = f"""
        {sql} AND found.rooms_search MATCH %s AND found.rowid >= %s AND found.rowid < %s
        ORDER BY found.rowid DESC LIMIT %s
    """
    with connection.cursor() as cursor:
        cursor.execute(statement, [*parameters, wanted, ids.start, ids.stop, count])
        return [row[0] for row in cursor.fetchall()]


def _trigrams(term: str) -> list[str]:
    found = [term[place : place + TRIGRAM] for place in range(len(term) - TRIGRAM + 1)]
    return found[:: 1 + len(found) // TRIGRAMS]


def _rarest(trigrams: list[str], ids: range) -> tuple[str, float]:
    """Return what to ask the index for, and how many messages that gives at most, about.

    More trigrams are asked for where that takes less time than comparing the texts that have not got them.
    """
    among = _end_of(ids, COUNTED)
    trigrams = list(dict.fromkeys(map(_quoted, trigrams)))[: 2 * TRIGRAMS]
    (left, rare), *others = sorted(zip(_counts(trigrams, among), trigrams, strict=True))
    given = len(ids) * (left + 1) / COUNTED
    for count, trigram in others:
        if (left + 1) * COMPARING < count:
            break
        [both] = _counts([f"{rare} AND {trigram}"], among)
        if (left + 1 - both) * COMPARING >= count:
            rare, left = f"{rare} AND {trigram}", both
    return rare, given


def _counts(wanted: Sequence[str], ids: range) -> list[int]:
    """Return how many messages the index gives for each, among these."""
    counted = "SELECT count(*) FROM rooms_search WHERE rooms_search MATCH %s AND rowid >= %s AND rowid < %s"
    with connection.cursor() as cursor:
        cursor.execute(
            " UNION ALL ".join([counted] * len(wanted)),
            [value for one in wanted for value in (one, ids.start, ids.stop)],
        )
        return [row[0] for row in cursor.fetchall()]


def _beginnings(terms: Sequence[str]) -> str | None:
    """Return what to ask the index for short terms; None where that is hardly a condition."""
    # A term that is nowhere is asked for as it is: nothing has it.
    beginnings = [_beginning_with(term) or [term] for term in terms]
    if max(map(len, beginnings)) > BEGINNINGS:
        return None
    return " AND ".join(f"({' OR '.join(map(_quoted, one))})" for one in beginnings)


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


def _in_postgresql(
    allowed: QuerySet[Message], terms: Sequence[str], ids: range, count: int, parts: list[QuerySet[Any, Any]]
) -> list[int]:
    given = len(ids) * _share(terms, ids)
    compared = _with(terms, allowed)
    if given:
        newest = _newest_in(compared, _end_of(ids, NEWEST), count)
        if newest and len(newest) < count:
            # As many as these will have enough, if there are as many everywhere.
            newest = _newest_in(compared, _end_of(ids, min(2 * count * NEWEST // len(newest), FEWER)), count)
        if len(newest) == count:
            return newest
        if given > FEWER and (few := _at_most(FEWER, parts)) is not None:
            return _newest_of_few(compared.filter(pk__in=few), ids, count)
    if given < COMMON:
        compared = _given_by_postgresql(allowed, terms)
    with transaction.atomic(), connection.cursor() as cursor:
        # Both take longer than the search, which one processor does in less time than several.
        cursor.execute("SET LOCAL jit = off; SET LOCAL max_parallel_workers_per_gather = 0")
        return _newest_of_few(compared, ids, count)


def _given_by_postgresql(allowed: QuerySet[Message], terms: Sequence[str]) -> QuerySet[Message]:
    """Return what its indexes give. A term whose parts one of them has is compared."""
    parts: list[str] = []
    for term in terms:
        parts += (own := parts_asked(term))
        allowed = _with([term], allowed) if own else allowed.filter(search_text__folded__contains=term)
    return allowed.filter(HasParts("search_text__folded", parts)) if parts else allowed


def _newest_in(found: QuerySet[Message], ids: range, count: int) -> list[int]:
    """Say of the texts, too, which are asked for: otherwise each is looked up."""
    texts = {"search_text__message_id__gte": ids.start, "search_text__message_id__lt": ids.stop}
    return _newest(found.filter(**texts), ids, count)


def _share(terms: Sequence[str], ids: range) -> float:
    """Return which share of the texts has all terms, by the newest."""
    among = _end_of(ids, NEWEST)
    texts = SearchText.objects.filter(message_id__gte=among.start, message_id__lt=among.stop)
    return _with(terms, texts).count() / NEWEST


def _end_of(ids: range, length: int) -> range:
    return range(max(ids.start, ids.stop - length), ids.stop)


def _last() -> int:
    return Message.objects.aggregate(last=Max("pk"))["last"] or 0


ENGINES = {"sqlite": _in_sqlite, "postgresql": _in_postgresql}
