"""Tasks that must not die."""

import asyncio

import pytest

from rooms.live import supervision
from rooms.live.supervision import keep_running


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(supervision, "SHORTEST_WAIT", 0.001)
    monkeypatch.setattr(supervision, "LONGEST_WAIT", 0.002)


async def run(function, name="thing"):
    """Keep `function` running until it raises Enough's cancellation."""
    task = asyncio.create_task(keep_running(name, function))
    async with asyncio.timeout(5):
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_what_fails_runs_again_and_the_first_failure_is_logged(caplog):
    runs = []

    async def function():
        runs.append(1)
        if len(runs) == 5:
            raise asyncio.CancelledError
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
            raise asyncio.CancelledError
        raise ValueError("odd")

    await run(function)
    assert len(caplog.records) == 2


async def test_what_returns_runs_again_after_a_wait(caplog):
    runs = []

    async def function():
        runs.append(1)
        if len(runs) == 3:
            raise asyncio.CancelledError

    await run(function)
    assert len(runs) == 3
    assert not caplog.records
