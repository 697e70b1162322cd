"""What a process counts, for Prometheus."""

import asyncio
from collections.abc import Iterable
from datetime import datetime

from django.utils import timezone
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
LAG_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

registry = CollectorRegistry()
ProcessCollector(registry=registry)


def _counter(name: str, what: str) -> Counter:
    return Counter(f"hearth_{name}", what, registry=registry)


def _gauge(name: str, what: str) -> Gauge:
    return Gauge(f"hearth_{name}", what, registry=registry)


open_streams = _gauge("open_streams", "Streams that are open in this process")
open_streams_in_all = _gauge("open_streams_in_all", "Streams that are open in all processes")
subscriptions = _gauge("subscriptions", "Channels that streams of this process listen to, for each stream")
people_here = _gauge("people_here", "People with a stream that is open in this process")
people_online = _gauge("people_online", "People online in all processes, of those who show it")
search_lag = _gauge("search_lag", "Messages, at most, that are not in the index of searches yet")
tasks = _gauge("tasks", "Tasks of the event loop, of which each stream has one")
messages_posted = _counter("messages_posted", "Messages posted through this process")
deliveries = _counter("deliveries", "Messages written to streams, counted for each stream")
replays = _counter("replays", "Streams that began with what their pages had missed")
slow_readers_closed = _counter("slow_readers_closed", "Streams closed because their readers did not read")
doorbell_failures = _counter("doorbell_failures", "Doorbells that the channel layer did not take or bring")
poll_finds = _counter("poll_finds", "Rooms whose change the poll found before a doorbell told of it")
delivery_lag = Histogram(
    "hearth_delivery_lag_seconds",
    "From saving a message to writing it to the streams of this process",
    buckets=LAG_BUCKETS,
    registry=registry,
)


def note_lag(moments: Iterable[datetime]) -> None:
    """Count messages saved at these moments as written now. A clock that was set back counts as no lag."""
    now = timezone.now()
    for moment in moments:
        delivery_lag.observe(max(0.0, (now - moment).total_seconds()))


def as_text() -> bytes:
    tasks.set(len(asyncio.all_tasks()))
    return generate_latest(registry)
