"""What the poll asks the database for a topic, to find changes that no bell announced."""

from abc import ABC, abstractmethod
from collections.abc import Iterable

from django.db.models import Max, Model

from config.doorbell import Bell

# Transactions may commit in another order than they took their ids; so many ids back are looked at again.
OVERLAP = 100


class Look[Sight](ABC):
    """One question. What it saw is compared with what it sees the next time."""

    seen: Sight | None = None  # what the last look saw; None before the first one

    @abstractmethod
    def see(self) -> Sight:
        """Ask the database, in a thread."""

    @abstractmethod
    def news(self, now: Sight) -> Iterable[Bell]:
        """Return what to ring for, in the event loop. The first look only says after what the news begins."""


class NewRows[Row](Look[tuple[int, dict[int, Row]]]):
    """Rows that are only ever added."""

    model: type[Model]

    def __init__(self) -> None:
        self._told: set[int] = set()  # by bells that somebody rang

    @abstractmethod
    def read(self, after: int) -> dict[int, Row]:
        """Return the rows after that id, by id."""

    @abstractmethod
    def bell(self, row_id: int, row: Row) -> Bell:
        """Return what to ring for a new row."""

    def told(self, row_id: int) -> None:
        self._told.add(row_id)

    def see(self) -> tuple[int, dict[int, Row]]:
        """Return the greatest id so far, and the rows near it."""
        last = self.seen[0] if self.seen else self._greatest()
        rows = self.read(last - OVERLAP)
        return max([last, *rows]), rows

    def news(self, now: tuple[int, dict[int, Row]]) -> Iterable[Bell]:
        _last, rows = now
        new = sorted(rows.keys() - self.seen[1].keys() - self._told) if self.seen else []
        self._told -= rows.keys()
        return [self.bell(row_id, rows[row_id]) for row_id in new]

    def _greatest(self) -> int:
        newest: int = self.model._default_manager.aggregate(pk=Max("pk", default=0))["pk"]
        return newest
