"""How often something may be done: `settings.LIMITS`, counted where all processes see it.

What is counted in the database is rare. What is frequent is counted by what it leaves behind (messages), or,
where it leaves nothing, in the memory of each process.
"""

import math
import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from threading import Lock

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, FloatField, Value
from django.db.models.functions import Greatest
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Allowance
from config.addresses import counted_as
from config.rates import Rate

_FORGET_FROM = 10_000  # entries in memory


class LimitReached(Exception):
    """Not now. `seconds` says when it may be tried again."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = max(1, math.ceil(seconds))

    def __str__(self) -> str:
        return _("You have done this too often. Wait %(time)s, then try again.") % {
            "time": in_words(self.seconds)
        }

    def mark(self, response: HttpResponse) -> HttpResponse:
        """Add the status and header for programs to an answer that says it in words."""
        response.status_code = 429
        response["Retry-After"] = str(self.seconds)
        return response


def in_words(seconds: int) -> str:
    """Return a duration in words, rounded up."""
    if seconds < 120:
        return ngettext("%(count)d second", "%(count)d seconds", seconds) % {"count": seconds}
    minutes = math.ceil(seconds / 60)
    if minutes < 120:
        return ngettext("%(count)d minute", "%(count)d minutes", minutes) % {"count": minutes}
    hours = math.ceil(minutes / 60)
    return ngettext("%(count)d hour", "%(count)d hours", hours) % {"count": hours}


def take(limit: str, who: object) -> None:
    """Count one more for `who`. Raises LimitReached.

    An allowance is a moment: the moment at which all of it will be available again. Each use moves it ahead
    by an interval. One conditional UPDATE checks and counts, so it is right in any number of processes.
    """
    if rate := settings.LIMITS[limit]:
        take_at(rate, limit, who)


def take_at(rate: Rate, limit: str, who: object) -> None:
    """Count one more for `who` at a rate that is no setting. Raises LimitReached."""
    key, now = _key(limit, who), time.time()
    if _use(key, now, rate) or _begin(key, now, rate) or _use(key, now, rate):
        return
    whole_at = Allowance.objects.values_list("whole_at", flat=True).get(key=key)
    if whole_at > now + rate.period + rate.interval:  # the clock was set back
        Allowance.objects.filter(key=key).update(whole_at=now + rate.interval)
        return
    raise LimitReached(whole_at + rate.interval - rate.period - now)


def give_back(limit: str, who: object) -> None:
    """Undo one `take`."""
    if rate := settings.LIMITS[limit]:
        Allowance.objects.filter(key=_key(limit, who)).update(whole_at=F("whole_at") - rate.interval)


def _use(key: str, now: float, rate: Rate) -> bool:
    row = Allowance.objects.filter(key=key, whole_at__lte=now + rate.period - rate.interval * 0.999)
    then = Greatest(F("whole_at"), Value(now, output_field=FloatField())) + rate.interval
    return bool(row.update(whole_at=then))


def _begin(key: str, now: float, rate: Rate) -> bool:
    """Return False where the key is there already."""
    try:
        with transaction.atomic():
            Allowance.objects.create(key=key, whole_at=now + rate.interval)
    except IntegrityError:
        return False
    return True


def _key(limit: str, who: object) -> str:
    """Return a key that does not reveal whose it is: attempted names are not kept in readable form."""
    return f"{limit}:{salted_hmac('accounts.limits', str(who), algorithm='sha256').hexdigest()[:32]}"


def check(limit: str, moment_at: "Callable[[int], Iterable[datetime]]") -> None:
    """Count what was done: `moment_at(600)` gives when the 600th last was, if any. Raises LimitReached."""
    if not (rate := settings.LIMITS[limit]):
        return
    now = timezone.now()
    for moment in moment_at(rate.amount):
        seconds = (moment + timedelta(seconds=rate.period) - now).total_seconds()
        if 0 < seconds <= rate.period:  # more where the clock was set back
            raise LimitReached(seconds)


class Memory:
    """Allowances of one process."""

    def __init__(self) -> None:
        self._whole_at: dict[tuple[str, object], float] = {}
        self._lock = Lock()

    def take(self, limit: str, who: object) -> None:
        """Count one more for `who`. Raises LimitReached."""
        if not (rate := settings.LIMITS[limit]):
            return
        now = time.monotonic()
        with self._lock:
            whole_at = max(self._whole_at.get((limit, who), now), now) + rate.interval
            if whole_at > now + rate.period * 1.000001:
                raise LimitReached(whole_at - rate.period - now)
            self._whole_at[limit, who] = whole_at
            if len(self._whole_at) > _FORGET_FROM:
                self._whole_at = {key: moment for key, moment in self._whole_at.items() if moment > now}

    def __len__(self) -> int:
        return len(self._whole_at)


memory = Memory()


def address_of(request: HttpRequest) -> str | None:
    """Return the address to count for; None if it is not limited."""
    return counted_as(request.META.get("REMOTE_ADDR", ""))
