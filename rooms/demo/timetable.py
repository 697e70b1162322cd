"""When the people of the demo write: mostly by day, more at the weekend, more from month to month."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.utils import timezone

DAY = timedelta(days=1)
DAYS = 365
# How likely somebody writes in each hour of the day, at most 1.
ACTIVITY = [
    0.04, 0.02, 0.01, 0.01, 0.01, 0.02, 0.10, 0.35, 0.60, 0.75, 0.80, 0.75,
    0.90, 0.80, 0.65, 0.65, 0.75, 0.85, 0.95, 1.00, 1.00, 0.85, 0.50, 0.15,
]  # fmt: skip


def days(rng: random.Random, now: datetime, count: int) -> Iterator[tuple[datetime, int]]:
    """Return when each day of the year begins, and how many of `count` messages there are when it ends."""
    begins = [now - DAY * ago for ago in range(DAYS, 0, -1)]
    weights = [_weight(rng, begin, index / DAYS) for index, begin in enumerate(begins)]
    total = sum(weights)
    said = 0.0
    for begin, weight in zip(begins, weights, strict=True):
        said += weight
        yield begin, round(count * said / total)


def _weight(rng: random.Random, begin: datetime, progress: float) -> float:
    weekend = 1.3 if timezone.localtime(begin + DAY / 2).weekday() >= 5 else 1
    return weekend * (1 + 3 * progress**2) * rng.uniform(0.4, 1.6)


def moment_in(rng: random.Random, begin: datetime) -> datetime:
    """Return a moment within a day of `begin`, when people are awake."""
    while True:
        moment = begin + rng.random() * DAY
        if rng.random() < ACTIVITY[timezone.localtime(moment).hour]:
            return moment


def pause(rng: random.Random, text: str, is_same_speaker: bool) -> timedelta:
    """Return the time until the next message, `text`: to think of it, to type it, now and then to be away."""
    thinking = rng.expovariate(1 / (8 if is_same_speaker else 40))
    typing = len(text) / 6
    away = rng.uniform(300, 1800) if not is_same_speaker and rng.random() < 0.08 else 0
    return timedelta(seconds=2 + thinking + typing + away)
