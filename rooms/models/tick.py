"""How far a message has come: ✓ sent, ✓✓ delivered, blue ✓✓ read."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


@dataclass(frozen=True, slots=True)
class Tick:
    """`state` is sent, delivered or read; `label` says it in words."""

    state: str
    label: "StrOrPromise"


class Mark(NamedTuple):
    """One of the others has the messages after `since`, when they joined, up to `upto`; both are ids."""

    since: int
    upto: int

    def __str__(self) -> str:
        return f"{self.since}:{self.upto}"


@dataclass(frozen=True, slots=True)
class Span:
    """The messages after one and up to another; both are ids."""

    after: int
    upto: int

    def __contains__(self, message_id: int) -> bool:
        return self.after < message_id <= self.upto


@dataclass(frozen=True, slots=True)
class Marks:
    """How far the others of a room have come, as one author may know it.

    In a large room there is one of each, the lowest. `read` leaves out people who send no read receipts, and
    is empty for an author who sends none. ticks.js draws the same from them.
    """

    delivered: tuple[Mark, ...] = ()
    read: tuple[Mark, ...] = ()

    @property
    def delivered_to_all(self) -> Span:
        """Messages that have reached all people they are for."""
        return _common(self.delivered)

    @property
    def read_by_all(self) -> Span:
        """Messages that all who send receipts have read, as far as they were delivered to all."""
        read = _common(self.read)
        return Span(read.after, min(read.upto, self.delivered_to_all.upto))

    def tick(self, message_id: int) -> Tick:
        people, _receivers = _count(self.delivered, message_id)
        tellers, readers = _count(self.read, message_id)
        label: StrOrPromise = _("Read")
        if people > 1:
            label = _("Read by %(readers)d of %(others)d") % {"readers": readers, "others": tellers}
        if message_id in self.read_by_all:
            return Tick("read", label)
        is_delivered = message_id in self.delivered_to_all
        state, word = ("delivered", _("Delivered")) if is_delivered else ("sent", _("Sent"))
        return Tick(state, f"{word}, {label}" if readers else word)


def _common(marks: Collection[Mark]) -> Span:
    """Return the messages that all have whom they are for. No mark is below its own `since`."""
    return Span(min((mark.since for mark in marks), default=0), min((mark.upto for mark in marks), default=0))


def _count(marks: Iterable[Mark], message_id: int) -> tuple[int, int]:
    """Return how many of the others the message is for, and how many of these have come so far."""
    concerned = [mark for mark in marks if mark.since < message_id]
    return len(concerned), sum(mark.upto >= message_id for mark in concerned)
