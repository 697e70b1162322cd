"""The texts of messages, folded, in which messages are found, and how far they have been brought there.

They stand in a table of their own, so that a post costs no more and a page reads no more. The index of it
differs: with SQLite it is a table of trigrams (FTS5), from which triggers take what is changed or deleted;
with PostgreSQL they are ordinary indexes, which look after themselves: of words (pg_trgm), and of what is
shorter than its trigrams, or between two words.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Any, ClassVar, Self
from uuid import UUID

from django.db import connection, models, transaction
from django.db.models import F, Max, Min, Q, Value
from django.db.models.functions import Coalesce

_MAKE: dict[str, tuple[str, ...]] = {
    "sqlite": (
        # The text is not kept twice (content), and no places in it (detail). It has been folded already.
        "CREATE VIRTUAL TABLE rooms_search USING fts5("
        "folded, content='', detail=none, tokenize='trigram case_sensitive 1')",
        "CREATE VIRTUAL TABLE rooms_search_terms USING fts5vocab(rooms_search, row)",
        # Trigrams have three characters. With two more at its end, each character of a text begins one.
        # Only the very text that was indexed can be taken out.
        "CREATE TRIGGER rooms_search_deleted AFTER DELETE ON rooms_searchtext BEGIN "
        "INSERT INTO rooms_search(rooms_search, rowid, folded) "
        "VALUES ('delete', old.message_id, old.folded || char(1) || char(1)); END",
        "CREATE TRIGGER rooms_search_changed AFTER UPDATE OF folded ON rooms_searchtext BEGIN "
        "INSERT INTO rooms_search(rooms_search, rowid, folded) "
        "VALUES ('delete', old.message_id, old.folded || char(1) || char(1)); "
        "INSERT INTO rooms_search(rowid, folded) "
        "VALUES (new.message_id, new.folded || char(1) || char(1)); END",
    ),
    "postgresql": (
        "CREATE EXTENSION IF NOT EXISTS pg_trgm",
        "CREATE INDEX IF NOT EXISTS rooms_search ON rooms_searchtext USING gin (folded gin_trgm_ops)",
        # Python's `parts_asked` is the other half of this. It is dear: no text may be compared by it.
        """
        CREATE OR REPLACE FUNCTION rooms_search_parts(folded text) RETURNS text[]
        LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS $$
        DECLARE
            signs text[] := string_to_array(folded, NULL);
            parts text[] := signs;
            sign text;
            run text := '';
        BEGIN
            FOREACH sign IN ARRAY signs LOOP
                run := right(run || sign, 5);
                parts := parts || right(run, 2);
                IF run LIKE '__ __' THEN
                    parts := parts || run;
                END IF;
            END LOOP;
            RETURN parts;
        END
        $$
        """,
        "CREATE INDEX IF NOT EXISTS rooms_search_parts_index ON rooms_searchtext"
        ' USING gin (rooms_search_parts(folded) COLLATE "C")',
    ),
}
_REMOVE: dict[str, tuple[str, ...]] = {
    "sqlite": (
        "DROP TRIGGER rooms_search_deleted",
        "DROP TRIGGER rooms_search_changed",
        "DROP TABLE rooms_search_terms",
        "DROP TABLE rooms_search",
    ),
    "postgresql": ("DROP INDEX rooms_search", "DROP INDEX IF EXISTS rooms_search_parts_index"),
}


def make_index(using: Any) -> None:
    """Make the index, on a connection."""
    _execute(using, _MAKE)


def remove_index(using: Any) -> None:
    _execute(using, _REMOVE)


def _execute(using: Any, statements: dict[str, tuple[str, ...]]) -> None:
    with using.cursor() as cursor:
        for statement in statements[using.vendor]:
            cursor.execute(statement)


# Two characters, a space, and two characters: they lie across it, so a second one may begin in the first.
_ACROSS = re.compile("(?=(.. ..))", re.DOTALL)


def parts_asked(term: str) -> list[str]:
    """Return which of the parts that PostgreSQL has of a text are in all texts with `term`."""
    if len(term) <= 2:
        return [term]
    if any(map(str.isalnum, term)):
        return list(dict.fromkeys(_ACROSS.findall(term)))
    # pg_trgm knows letters and digits only.
    return list(dict.fromkeys(map("".join, pairwise(term))))


class HasParts(models.Func):
    """Whether PostgreSQL's index says that a text has all these parts. It was made with this collation."""

    template = "rooms_search_parts(%(expressions)s::text[]"
    arg_joiner = ') COLLATE "C" @> '
    output_field = models.BooleanField()

    def __init__(self, place: str, parts: list[str]) -> None:
        super().__init__(F(place), Value(parts))


class SearchTextQuerySet(models.QuerySet["SearchText"]):
    def add(self, messages: list[Any]) -> None:
        """Make messages, which are not there yet, findable."""
        texts = self.bulk_create([SearchText.of(message) for message in messages])
        if connection.vendor == "sqlite":
            with connection.cursor() as cursor:
                cursor.executemany(
                    "INSERT INTO rooms_search(rowid, folded) VALUES (%s, %s || char(1) || char(1))",
                    [(text.message_id, text.folded) for text in texts],
                )

    def follow(self, message: Any) -> None:
        """Have a message found by what it says now. One that is not there yet will be: it costs no more."""
        now = SearchText.of(message)
        self.filter(message=message).update(
            folded=now.folded, has_link=now.has_link, written_at=now.written_at
        )

    def remove_all(self) -> None:
        """Forget all texts, and make the index anew, so that nothing is left of what was deleted."""
        with transaction.atomic():
            remove_index(connection)
            self._raw_delete(self.db)
            make_index(connection)
            SearchDay.objects.all().delete()
            SearchProgress.objects.update(reached=0, settled=0, noted=0, noted_before=0)


class SearchText(models.Model):
    """What a message is found by. It goes with the message's text.

    `written_at` tells of which text: one whose message says something else by now is no longer true.
    """

    # Without a constraint: the release before, 0.2.0, deletes messages and knows no such table.
    message = models.OneToOneField(
        "Message", models.CASCADE, primary_key=True, related_name="search_text", db_constraint=False
    )
    folded = models.TextField()
    has_link = models.BooleanField()
    written_at = models.DateTimeField()

    objects = SearchTextQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(name="text_with_link", fields=["message"], condition=Q(has_link=True))]

    # For messages, whether it is true of them.
    IS_TRUE: ClassVar[Q] = Q(search_text__written_at=Coalesce(F("edited_at"), F("timestamp")))

    def __str__(self) -> str:
        return f"text of message {self.message_id}"

    @classmethod
    def of(cls, message: Any) -> Self:
        values = {"folded": message.searched, "has_link": message.has_link}
        return cls(message=message, written_at=message.written_at, **values)


class SearchDayQuerySet(models.QuerySet["SearchDay"]):
    def note(self, moments: Iterable[tuple[int, datetime]]) -> None:
        """Note when messages were posted, by their ids."""
        found: defaultdict[date, list[int]] = defaultdict(list)
        for pk, moment in moments:
            found[moment.astimezone(UTC).date()].append(pk)
        for day, known in self.in_bulk(list(found)).items():
            found[day] += [known.first, known.last]
        self.bulk_create(
            [SearchDay(day=day, first=min(ids), last=max(ids)) for day, ids in found.items()],
            update_conflicts=True,
            unique_fields=["day"],
            update_fields=["first", "last"],
        )

    def ids(self, since: datetime | None, until: datetime | None, below: int) -> range:
        """Return the ids among which is everything below an id that the index has of this time."""
        low = 0
        if since:
            later = self.filter(day__gte=since.astimezone(UTC).date())
            low = later.aggregate(first=Min("first"))["first"] or below
        if until:
            earlier = self.filter(day__lte=until.astimezone(UTC).date())
            below = min(below, (earlier.aggregate(last=Max("last"))["last"] or 0) + 1)
        return range(low, below)


class SearchDay(models.Model):
    """A day, in UTC, and the first and the last message of it that the index has.

    Ids grow with time, but for clocks that are set back: so a search in a span of time looks at few others.
    """

    day = models.DateField(primary_key=True)
    first = models.PositiveBigIntegerField()
    last = models.PositiveBigIntegerField()

    objects = SearchDayQuerySet.as_manager()

    def __str__(self) -> str:
        return f"messages of {self.day}"


class SearchProgressManager(models.Manager["SearchProgress"]):
    def current(self) -> "SearchProgress":
        return self.get_or_create(pk=1)[0]


class SearchProgress(models.Model):
    """How far the index of messages has come: one row. All numbers are ids of messages.

    Up to `reached` each message has been looked at. With PostgreSQL messages may become visible later than
    those with higher ids, and edits may pass by what reads them: so up to `settled` all has been looked at
    once more, when everything had ended that was going on when `noted` had been reached. `noted_before` is
    the id of the first transaction that had not begun then.
    """

    reached = models.PositiveBigIntegerField(default=0)
    settled = models.PositiveBigIntegerField(default=0)
    noted = models.PositiveBigIntegerField(default=0)
    noted_before = models.PositiveBigIntegerField(default=0)
    # The process that does it, until when no other one does.
    leased_by = models.UUIDField(null=True)
    leased_until = models.DateTimeField(null=True)

    objects = SearchProgressManager()

    def __str__(self) -> str:
        return f"search reaches message {self.reached}"

    @property
    def place(self) -> tuple[int, int, int]:
        return self.reached, self.noted, self.settled

    def lease(self, key: UUID, now: Any, until: Any) -> bool:
        """Let one process go on; return whether that is `key`."""
        is_free = Q(leased_by=None) | Q(leased_by=key) | Q(leased_until__lt=now)
        is_free |= Q(leased_until__gt=until + (until - now))  # the clock was set back
        mine = SearchProgress.objects.filter(is_free, pk=self.pk)
        return bool(mine.update(leased_by=key, leased_until=until))
