"""Removes expired rows, what is left of deleted rooms, and files without a row; follows an earlier release.

It does so in batches that are each a transaction.
"""

from collections.abc import Callable, Iterator
from typing import Any

from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import Allowance, Claim, EntryLink, UsedAddress, User
from config.folding import fold_some
from rooms import batches, departures, exports, leaving, removal, search_index, sweeping
from rooms.models import Ban, ChatRoom, Job, RoomInvitation

BATCH = 500  # rows
ROOMS_AT_ONCE = 20


def expired_sessions() -> QuerySet[Session]:
    """Return expired sessions; their `LoginSession` goes with them."""
    return Session.objects.filter(expire_date__lte=timezone.now())


# Rows that mean nothing any more.
OVER: tuple[Callable[[], QuerySet[Any]], ...] = (
    expired_sessions,
    EntryLink.objects.over,
    RoomInvitation.objects.over,
    Claim.objects.over,
    Ban.objects.over,
    UsedAddress.objects.over,
    Allowance.objects.over,
    Job.objects.over,
)


def tidy(seconds: float) -> bool:
    """Remove expired rows for about that long; return whether that was all."""
    return batches.run(_batches(), seconds)


def _batches() -> Iterator[None]:
    for over in OVER:
        while ids := list(over().values_list("pk", flat=True)[:BATCH]):
            over().filter(pk__in=ids).delete()  # but not rows that have just been renewed
            yield
    while departures.keep_all_owned(ROOMS_AT_ONCE):
        yield
    for found in (User.objects.all(), ChatRoom.objects.groups()):
        while fold_some(found, BATCH):
            yield
    search_index.mend_newest()
    yield
    yield from removal.unfinished()
    sweeping.sweep_some()
    yield
    exports.tidy()
    yield
    leaving.free_names()
    yield
