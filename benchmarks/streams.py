"""(c) What an open stream costs while nothing happens, and how soon all are back after a restart."""

import random
import time

from benchmarks.load import Failed, Load
from benchmarks.report import Report
from benchmarks.servers import LOAD_PROCESSOR, SERVER_PROCESSOR, Site, hearth, pinned

IDLE = 5000
RETURNING = 1000
PROGRAMS = ("daphne", "uvicorn")


def streams(report: Report) -> None:
    report.heading(f"(c) {IDLE} open streams; {RETURNING} that come back after a restart")
    report.columns("", "KB/stream", "opened/s", "stop s", "start s", "back s")
    for program in PROGRAMS:
        with hearth(program, 1000, IDLE, STREAMS_PER_USER="1000") as site:
            size, opening_seconds = _memory(site)
            site.server.stop()
            with pinned(SERVER_PROCESSOR):
                site.server.start()
            stop, start, back = _restart(site)
        report.row(
            site.name,
            f"{size / IDLE / 1000:.1f}",
            f"{IDLE / opening_seconds:.0f}",
            f"{stop:.1f}",
            f"{start:.1f}",
            f"{back:.1f}",
        )


def _memory(site: Site) -> tuple[int, float]:
    """Return how much the process grows by the streams, and in how many seconds they open."""
    with pinned(LOAD_PROCESSOR), Load(site.port, site.pattern) as load:
        load.open(site.streams[:200], site.ready)  # what is made once, by whatever stream comes first
    with pinned(LOAD_PROCESSOR), Load(site.port, site.pattern) as load:
        before = site.server.memory
        seconds = load.open(site.streams, site.ready, seconds=300)
        return site.server.memory - before, seconds


def _restart(site: Site) -> tuple[float, float, float]:
    """Return the seconds until the server ended, until it served again, and until all were back from then.

    Each comes back as pages do: after 0.5 to 2 seconds, which begin when its stream ended.
    """
    with pinned(LOAD_PROCESSOR), Load(site.port, site.pattern) as load:
        load.open(site.streams[:RETURNING], site.ready)
        began = time.monotonic()
        site.server.stop()
        stopped = time.monotonic()
    with pinned(SERVER_PROCESSOR):
        site.server.start()
    started = time.monotonic()
    with pinned(LOAD_PROCESSOR), Load(site.port, site.pattern) as load:
        # Those whose time came while nobody listened try again as soon as somebody does.
        due = sorted(max(started, began + random.uniform(0.5, 2)) for _ in range(RETURNING))  # noqa: S311
        for request, moment in zip(site.streams[:RETURNING], due, strict=True):
            while (wait := moment - time.monotonic()) > 0:
                load.turn(wait)
            load.begin(request, site.ready)
        while not all(reader.is_ready for reader in load.readers):
            load.turn(0.2)
            if any(reader.is_closed for reader in load.readers) or time.monotonic() > started + 120:
                raise Failed("Some streams do not come back.")
        return stopped - began, started - stopped, time.monotonic() - started
