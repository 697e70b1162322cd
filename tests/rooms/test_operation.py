"""/healthz, /readyz and /metrics, which watch a process from outside."""

import asyncio
import re
import sys
from collections import namedtuple
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from django.db import OperationalError
from django.utils import timezone

from config.text import one_line
from rooms import search_index
from rooms.live.news.part import Worker
from rooms.live.news.tail import Tail
from rooms.live.news.tails import Tails
from rooms.live.process import backups, relay
from rooms.live.process.live import Live
from rooms.live.watch import health, metrics, supervision
from rooms.live.watch.operation import Operation
from rooms.live.watch.supervision import Watch
from tests.rooms.conftest import METRICS_TOKEN
from tests.support.clients import eventually

TOKEN = "a token of some length"
OPERATING = Path(__file__).resolve().parent.parent.parent / "docs" / "operating.md"


@pytest.fixture
async def live(transactional_db):
    live = Live()
    live.start()
    await eventually(lambda: live.poll.has_looked.is_set() and relay.outage.heard_at > 0)
    yield live
    await live.stop()


@pytest.fixture
def ask(live, monkeypatch):
    """`await ask("readyz")` returns status and text."""
    monkeypatch.setattr(health, "KEPT_SECONDS", 0)
    operation = Operation(live)

    async def ask(name, token="", method="GET"):
        sent = []

        async def send(message):
            sent.append(message)

        headers = [(b"authorization", f"Bearer {token}".encode())] if token else []
        await getattr(operation, name)({"method": method, "headers": headers}, None, send)
        return sent[0]["status"], sent[1]["body"].decode()

    return ask


async def test_process_that_works_says_ok_and_no_more(ask):
    assert await ask("healthz") == (200, "ok")
    assert await ask("readyz") == (200, "ok")


async def test_head_has_no_body_and_nothing_can_be_posted(ask):
    assert await ask("healthz", method="HEAD") == (200, "")
    assert await ask("readyz", method="POST") == (405, "not allowed")


def not_to_be_had():
    raise OperationalError("database is locked, and this is a secret")


DiskUsage = namedtuple("DiskUsage", "total used free")


@pytest.mark.parametrize(
    ("part", "place", "name", "value"),
    [
        ("database", health, "try_to_write", not_to_be_had),
        ("migrations", health, "is_migrated", lambda: False),
        ("disk", health.shutil, "disk_usage", lambda _path: DiskUsage(100, 99, 1)),
        ("backup", health.nightly, "has_failed", lambda: True),
        ("doorbell", relay.outage, "is_on", True),
        ("doorbell", relay.outage, "heard_at", -1e9),
    ],
)
async def test_part_that_fails_is_named_and_nothing_else(ask, monkeypatch, part, place, name, value):
    monkeypatch.setattr(place, name, value)
    assert await ask("readyz") == (503, part)
    assert await ask("healthz") == (200, "ok")
    monkeypatch.undo()
    monkeypatch.setattr(health, "KEPT_SECONDS", 0)
    assert await ask("readyz") == (200, "ok")


@pytest.mark.parametrize(
    "part",
    [
        "chat list",
        "ticks",
        "typing indicators",
        "presence",
        "profiles",
        "reports",
        "poll",
        "heartbeat",
        "search",
        "access check",
    ],
)
async def test_part_that_does_not_come_to_its_work_is_named(live, ask, monkeypatch, part):
    watches = {worker.name: worker.watch for worker in live.parts if isinstance(worker, Worker)}
    assert f"`{part}`" in OPERATING.read_text()
    monkeypatch.setattr(watches[part], "_due_since", -1e9)
    monkeypatch.setattr(watches[part], "done", lambda: None)
    assert await ask("readyz") == (503, part)


def part_of(live, name):
    return next(part for part in live.parts if part.name == name)


@pytest.fixture
def in_a_hurry(settings, monkeypatch):
    settings.HEARTBEAT_INTERVAL = settings.POLL_INTERVAL = timedelta(seconds=0.02)
    monkeypatch.setattr(supervision, "SHORTEST_WAIT", 0.001)


@pytest.mark.parametrize("error", [ValueError("odd"), asyncio.CancelledError()], ids=repr)
@pytest.mark.parametrize(
    ("part", "owner", "work"),
    [
        ("poll", "poll", "look"),
        ("heartbeat", "presence", "ring"),
        ("search", "search", "go_on"),
        ("access check", "access check", "end_forbidden"),
        ("chat list", "chat list", "round"),
        ("ticks", "ticks", "round"),
        ("typing indicators", "typing indicators", "round"),
        ("presence", "presence", "round"),
        ("profiles", "profiles", "round"),
        ("reports", "reports", "round"),
    ],
)
async def test_part_that_dies_is_started_again_and_logged(
    in_a_hurry, live, monkeypatch, caplog, part, owner, work, error
):
    owner = part_of(live, owner)
    do, attempts, done = getattr(owner, work), [], []

    def dies_at_first(*arguments):
        attempts.append(1)
        if len(attempts) == 1:
            raise error
        done.append(1)
        return do(*arguments)

    monkeypatch.setattr(owner, work, dies_at_first)
    if work == "round":
        owner.ring()
    await eventually(lambda: done)
    said = [record.message for record in caplog.records if record.name == supervision.logger.name]
    assert said == [f"Restarting the {part}: {one_line(error)}"]


@pytest.mark.parametrize("error", [ValueError("odd"), asyncio.CancelledError()], ids=repr)
async def test_tail_that_dies_is_started_again_and_logged(in_a_hurry, live, monkeypatch, caplog, error):
    attempts = []

    async def dies_at_first(tail):
        attempts.append(tail)
        if len(attempts) == 1:
            raise error
        return 0

    monkeypatch.setattr(Tail, "_round", dies_at_first)
    tail = Tail(7, live.database)
    tail.ring()
    await eventually(lambda: len(attempts) == 2)
    tail.stop()
    [said] = [record.message for record in caplog.records if record.name == supervision.logger.name]
    assert said == f"Restarting the tail of room-7: {one_line(error)}"


@pytest.mark.parametrize("error", [ValueError("odd"), asyncio.CancelledError()], ids=repr)
async def test_listener_that_dies_listens_again_and_is_logged(live, monkeypatch, caplog, error):
    """Whether it hears anything is seen from the echoes, whatever became of it."""
    monkeypatch.setattr(relay, "RETRY_SECONDS", 0.01)
    monkeypatch.setattr(supervision, "SHORTEST_WAIT", 0.001)
    hear, heard = relay._hear, []

    def dies_at_first(*arguments):
        heard.append(1)
        if len(heard) == 1:
            raise error
        hear(*arguments)

    monkeypatch.setattr(relay, "_hear", dies_at_first)
    await eventually(lambda: len(heard) > 1)
    await eventually(lambda: not relay.outage.is_on)
    assert any(one_line(error) in record.message for record in caplog.records)


async def test_round_that_fails_again_and_again_is_noticed(live, ask, monkeypatch):
    async def fail():
        raise OperationalError("no")

    monkeypatch.setattr(supervision, "LATE_SECONDS", 0.05)
    monkeypatch.setattr(part_of(live, "ticks"), "round", fail)
    part_of(live, "ticks").ring()
    await eventually(lambda: live.late_part() == "ticks")
    assert await ask("readyz") == (503, "ticks")


async def test_tail_that_hangs_is_noticed(live, ask, monkeypatch):
    class Hanging:
        watch = Watch()

        def stop(self):
            pass

    Hanging.watch._due_since = -1e9
    live.part(Tails).of_rooms[7] = Hanging()
    assert await ask("readyz") == (503, "tail")


async def test_process_that_stops_is_not_ready(live, ask):
    live.is_stopping = True
    assert await ask("readyz") == (503, "stopping")
    live.is_stopping = False


async def test_many_questions_are_one_look(live, ask, monkeypatch):
    looks = []
    monkeypatch.setattr(health, "KEPT_SECONDS", 60)
    monkeypatch.setattr(health, "try_to_write", lambda: looks.append(1))
    await asyncio.gather(*(ask("readyz") for _ in range(20)))
    assert len(looks) <= 1


@pytest.mark.parametrize(("configured", "given"), [("", ""), ("", TOKEN), (TOKEN, ""), (TOKEN, "another")])
async def test_metrics_do_not_exist_without_the_token(ask, settings, configured, given):
    settings.METRICS_TOKEN = configured
    assert await ask("metrics", given) == (404, "not found")


async def test_metrics_are_for_prometheus(live, ask, settings, monkeypatch):
    settings.METRICS_TOKEN = TOKEN
    monkeypatch.setattr(search_index, "lag", lambda: 7)
    await live.indexing.go_on()
    status, text = await ask("metrics", TOKEN)
    assert status == 200
    assert "hearth_search_lag 7.0" in text
    gauges = [
        "open_streams",
        "open_streams_in_all",
        "subscriptions",
        "people_here",
        "people_online",
        "tasks",
        "delivery_lag_seconds_bucket",
    ]
    counters = [
        "messages_posted", "deliveries", "replays", "slow_readers_closed", "doorbell_failures", "poll_finds"
    ]  # fmt: skip
    for name in [*gauges, *(f"{counter}_total" for counter in counters)]:
        assert f"\nhearth_{name}" in text


def test_moment_in_the_future_counts_as_no_lag():
    before = metrics.registry.get_sample_value("hearth_delivery_lag_seconds_sum")
    metrics.note_lag([timezone.now() + timedelta(hours=1)])
    assert metrics.registry.get_sample_value("hearth_delivery_lag_seconds_sum") == before


def numbers(text):
    return {name: float(value) for name, value in re.findall(r"^(\w+) (\S+)$", text, re.MULTILINE)}


async def test_what_happens_is_counted(ann, bob, private_id, hearth):
    headers = {"Authorization": f"Bearer {METRICS_TOKEN}"}

    async def counted():
        return numbers((await ann.get("/metrics", **headers)).text)

    await ann.post(private_id, "before")
    before = await counted()
    query = {"lastEventId": f"room-{private_id}:0"}
    async with (
        await bob.stream(private_id, query=query) as his,
        await ann.stream(private_id, query=query) as hers,
    ):
        for stream in (his, hers):
            await stream.wait_for_message("before")
        await ann.post(private_id, "now")
        for stream in (his, hers):
            await stream.wait_for_message("now")
        now = await counted()
    rise = {name: now[name] - before[name] for name in now}
    assert now["hearth_open_streams"] >= 2
    assert rise["hearth_messages_posted_total"] == 1
    assert rise["hearth_replays_total"] == 2
    assert rise["hearth_deliveries_total"] == 4
    assert rise["hearth_delivery_lag_seconds_count"] == 1


@pytest.mark.parametrize("address", ["/healthz", "/readyz"])
async def test_server_says_that_it_is_well_to_anybody(hearth, address):
    async with httpx.AsyncClient(verify=False) as http:  # noqa: S501
        answer = await http.get(f"{hearth.url}{address}")
    assert (answer.status_code, answer.text) == (200, "ok")
    assert answer.headers["cache-control"] == "no-store"
    assert "set-cookie" not in answer.headers


async def test_nightly_backup_that_fails_is_told_and_one_that_works_is_made(
    settings, tmp_path, monkeypatch, caplog
):
    settings.DATA_DIR, settings.BACKUP_DAYS = tmp_path, 1
    monkeypatch.setattr(backups, "LOOK", 0.01)
    worker = backups.Backups()
    fails = 'print("Some lines"); raise SystemExit("CommandError: the disk is full")'
    monkeypatch.setattr(backups, "COMMAND", [sys.executable, "-c", fails])
    await worker.make()
    assert backups.nightly.has_failed()
    assert "The nightly backup failed: CommandError: the disk is full" in caplog.text
    # The end of the process does not wait for it.
    monkeypatch.setattr(backups, "COMMAND", [sys.executable, "-c", "import time; time.sleep(60)"])
    making = asyncio.create_task(worker.make())
    await eventually(lambda: worker._program and worker._program.poll() is None)
    worker.stop()
    await making
