"""How far a message has come: ✓ sent, ✓✓ delivered, blue ✓✓ read."""

from collections.abc import Iterable
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
class Marks:
    """How far the others of a room have come, as one author may know it.

    In a large room there is one of each, the lowest. `read` leaves out who does not tell, and is empty for an
    author who does not tell either. ticks.js draws the same from them.
    """

    delivered: tuple[Mark, ...] = ()
    read: tuple[Mark, ...] = ()

    def tick(self, message_id: int) -> Tick:
        people, receivers = _count(self.delivered, message_id)
        tellers, readers = _count(self.read, message_id)
        is_delivered = people > 0 and receivers == people
        label: StrOrPromise = _("Read")
        if people > 1:
            label = _("Read by %(readers)d of %(others)d") % {"readers": readers, "others": tellers}
        if is_delivered and tellers and readers == tellers:
            return Tick("read", label)
        state, word = ("delivered", _("Delivered")) if is_delivered else ("sent", _("Sent"))
        return Tick(state, f"{word}, {label}" if readers else word)


def _count(marks: Iterable[Mark], message_id: int) -> tuple[int, int]:
    """Return how many of the others the message is for, and how many of these have come so far."""
    concerned = [mark for mark in marks if mark.since < message_id]
    return len(concerned), sum(mark.upto >= message_id for mark in concerned)
