"""(a) One room with many readers; (b) few readers, and people who post without a pause."""

import contextlib
import os
import socket
import time
from collections.abc import Iterator

from benchmarks.load import NUMBER, Load, Result
from benchmarks.report import Report
from benchmarks.servers import (
    HTML,
    LIKE_HEARTH,
    LOAD_PROCESSOR,
    SERVER_PROCESSOR,
    Nchan,
    Site,
    consumer,
    hearth,
    nchan,
    pinned,
)
from tests.support.server import free_port

READERS = 1000
WRITERS = 16
SECONDS = 10.0
# When the server uses less of a processor than this, nothing of the opening is left to do.
REST = 0.15
REST_SECONDS = 30.0
COLUMNS = (
    "asked/s", "posted/s", "delivered/s", "p50 ms", "p95 ms", "p99 ms", "lost", "twice", "in order",
    "CPU ms/post", "delivered/CPU s",
)  # fmt: skip


def fanout(report: Report, rates: tuple[int, ...] = (100, 20)) -> None:
    report.heading(f"(a) {READERS} streams in one room, {WRITERS} people post, {SECONDS:g} s")
    report.columns("", *COLUMNS)
    _own_limit(report)
    at_most: dict[str, float] = {}
    for_a_second: dict[str, float] = {}  # of the processor's time
    for rate in rates:
        for site in _sites(READERS):
            with site as opened:
                result = _run(opened, rate)
            _print(report, opened.name, rate, result)
            if rate == max(rates):
                at_most[opened.name] = result.per_second
                for_a_second[opened.name] = result.delivered / max(result.processor_seconds, 0.01)
    _ratios(report, "delivered/s", at_most)
    _ratios(report, "delivered/CPU s", for_a_second)


def _sites(readers: int) -> Iterator[contextlib.AbstractContextManager[Site]]:
    yield hearth("daphne", readers, readers)
    yield hearth("uvicorn", readers, readers)
    if Nchan.MODULE.exists():
        yield nchan(readers)
    yield consumer(readers)


def _run(site: Site, rate: int | None, writers: int = WRITERS, seconds: float = SECONDS) -> Result:
    with pinned(LOAD_PROCESSOR), Load(site.port, site.pattern) as load:
        load.open(site.streams, site.ready)
        site.add_writers(load, writers)
        _wait_for_rest(site, load)
        before = site.server.processor_seconds if site.server else 0.0
        result = load.post(rate, seconds)
        result.processor_seconds = site.server.processor_seconds - before if site.server else 0.0
        return result


def _wait_for_rest(site: Site, load: Load) -> None:
    """Take what opening so many streams brings with it, such as who has come online."""
    deadline = time.monotonic() + REST_SECONDS
    while site.server and time.monotonic() < deadline:
        before, began = site.server.processor_seconds, time.monotonic()
        while time.monotonic() < began + 1:
            load.turn(0.1)
        if (site.server.processor_seconds - before) / (time.monotonic() - began) < REST:
            break


def _print(report: Report, name: str, rate: int | str, result: Result) -> None:
    report.row(
        name,
        rate,
        f"{result.posted / max(result.posting_seconds, 0.001):.0f}",
        f"{result.per_second:,.0f}",
        *(f"{1000 * result.latency(share):.0f}" for share in (0.5, 0.95, 0.99)),
        f"{result.lost:,}",
        f"{result.doubled:,}",
        "yes" if result.is_in_order else "NO",
        f"{1000 * result.processor_seconds / max(result.posted, 1):.1f}",
        f"{result.delivered / max(result.processor_seconds, 0.01):,.0f}",
    )


def _ratios(report: Report, what: str, per_second: dict[str, float]) -> None:
    ours = {name: value for name, value in per_second.items() if name.startswith("Hearth")}
    for other in per_second.keys() - ours.keys():
        for name, value in ours.items():
            report.ratio(f"{what}, {name} : {other}", value / max(per_second[other], 1))


def _own_limit(report: Report) -> None:
    """Let a process that does nothing else write to the readers: more than this cannot be measured."""
    port = free_port()
    child = os.fork()
    if child == 0:
        try:
            os.sched_setaffinity(0, {SERVER_PROCESSOR})
            _blast(port)
        finally:
            os._exit(0)
    try:
        with pinned(LOAD_PROCESSOR), Load(port, HTML) as load:
            load.due = [time.monotonic()] * 500
            _wait_for(port)
            load.open([b"go"] * READERS, b"ready")
            load.result.posted = 500
            for reader in load.readers:
                reader.seen = bytearray(500)
            began = time.monotonic()
            while load.result.delivered < 500 * READERS and time.monotonic() < began + 30:
                load.turn(0.01)
            result = load.sum_up(began, began)
    finally:
        os.waitpid(child, 0)
    report.row("load generator alone", "-", "-", f"{result.per_second:,.0f}", *"-" * 8)


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)


def _blast(port: int) -> None:
    """Write 500 messages to each of the readers, five at a time, as the tail does under load."""
    with socket.create_server(("127.0.0.1", port), backlog=2048) as listening:
        listening.accept()[0].close()  # somebody looked whether we listen
        streams = []
        for _ in range(READERS):
            streams.append(listening.accept()[0])
            streams[-1].sendall(b"ready")
        for stream in streams:
            stream.recv(10)
        for first in range(0, 500, 5):
            numbers = range(first, first + 5)
            frame = b"".join((LIKE_HEARTH % (NUMBER % number).decode()).encode() for number in numbers)
            for stream in streams:
                stream.sendall(frame)
        for stream in streams:
            stream.recv(10)  # until the reader has gone


def senders(report: Report) -> None:
    report.heading("(b) 8 people post without a pause, 2 read, 8 s")
    report.columns("", *COLUMNS)
    found: dict[str, float] = {}
    for site in (hearth("daphne", 16, 2), hearth("uvicorn", 16, 2), consumer(2)):
        with site as opened:
            result = _run(opened, None, writers=8, seconds=8)
        found[opened.name] = result.posted / max(result.posting_seconds, 0.001)
        _print(report, opened.name, "all", result)
    for name in [name for name in found if name.startswith("Hearth")]:
        report.ratio(
            f"posted/s, {name} : Channels consumer", found[name] / max(found["Channels consumer"], 1)
        )
