"""Tasks that must not die."""

import asyncio

import pytest

from rooms.live.watch import supervision
from rooms.live.watch.supervision import keep_running


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(supervision, "SHORTEST_WAIT", 0.001)
    monkeypatch.setattr(supervision, "LONGEST_WAIT", 0.002)


async def run(function, name="thing"):
    """Keep `function` running until it calls `enough`."""
    task = asyncio.create_task(keep_running(name, function))
    async with asyncio.timeout(5):
        with pytest.raises(asyncio.CancelledError):
            await task


async def enough():
    asyncio.current_task().cancel()
    await asyncio.sleep(0)


async def test_what_fails_runs_again_and_the_first_failure_is_logged(caplog):
    runs = []

    async def function():
        runs.append(1)
        if len(runs) == 5:
            await enough()
        raise ValueError("odd")

    await run(function)
    assert len(runs) == 5
    assert [record.message for record in caplog.records] == ["Restarting the thing: ValueError: odd"]
    assert caplog.records[0].exc_info is None


async def test_failure_after_long_work_is_logged_anew(caplog, monkeypatch):
    monkeypatch.setattr(supervision, "WORKED_SECONDS", 0.0)
    runs = []

    async def function():
        runs.append(1)
        await asyncio.sleep(0.001)
        if len(runs) == 3:
            await enough()
        raise ValueError("odd")

    await run(function)
    assert len(caplog.records) == 2


async def test_what_returns_runs_again_after_a_wait(caplog):
    runs = []

    async def function():
        runs.append(1)
        if len(runs) == 3:
            await enough()

    await run(function)
    assert len(runs) == 3
    assert not caplog.records


async def test_what_waits_for_something_that_is_cancelled_runs_again(caplog):
    """It was not meant: nothing must end without a word because something else did."""
    runs = []

    async def function():
        runs.append(1)
        if len(runs) == 3:
            await enough()
        waiting = asyncio.get_running_loop().create_future()
        waiting.cancel()
        await waiting

    await run(function)
    assert len(runs) == 3
    assert [record.message for record in caplog.records] == ["Restarting the thing: CancelledError"]


def test_work_that_is_done_less_often_is_due_later(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(supervision.time, "monotonic", lambda: now[0])
    watch = supervision.Watch(period=1)
    now[0] = 100
    assert watch.is_late
    watch.done(50)
    now[0] = 100 + 50 + supervision.LATE_SECONDS
    assert not watch.is_late
    now[0] += 1
    assert watch.is_late
    watch.done()
    now[0] += 2 + supervision.LATE_SECONDS
    assert watch.is_late
