"""Readers stop reading, and keep their connections, while messages flow."""

import asyncio
import statistics
import time
from contextlib import AsyncExitStack

import pytest

from tests.faults.conftest import assert_no_complaint
from tests.faults.crowd import rows_of
from tests.support.clients import ChatClient, LivePage, StreamReader, eventually

STALLED = 200
MOST = 100  # messages
LEAST = 10  # of those that a page has, however long they are
CONTENT = "'" * 3900  # six times as long in HTML
BACKLOG = 256 * 1024
# What a process takes besides while it writes: the readers' threads, what is rendered, what is sent.
BESIDES = 16 * 1024**2


@pytest.mark.parametrize("program", ["daphne", "uvicorn"])
async def test_stalled_readers_are_closed_and_cost_nobody_anything(start, program):
    server = start(program=program, fault="has_small_buffers", STREAMS_PER_USER=str(STALLED + 10))
    async with AsyncExitStack() as stack:
        kim = await stack.enter_async_context(ChatClient(server.url, "kim"))
        lou = await stack.enter_async_context(ChatClient(server.url, "lou"))
        room_id = await kim.private_chat("lou")
        page = await lou.room(room_id)
        healthy = await stack.enter_async_context(await lou.stream(room_id, query=page.cursors))
        await healthy.wait_for_event("connected")
        others = server.connections

        async def stall(number):
            path = f"/rooms/{room_id}/{'live' if number % 2 else 'stream'}"
            stalled = await StreamReader.open(server.url, path, session=lou.session, receive_buffer=4096)
            await stack.enter_async_context(stalled)

        await asyncio.gather(*map(stall, range(STALLED)))
        await eventually(lambda: server.connections == others + STALLED)
        before = server.memory

        delays = []
        while server.connections > others:
            assert len(delays) < MOST, "stalled readers are not closed"
            number = len(delays)
            await kim.post(room_id, f"{number}: {CONTENT}")
            sent = time.monotonic()
            await healthy.wait_for_message(f">{number}: ")
            delays.append(time.monotonic() - sent)
        growth = server.peak_memory - before
        print(
            f"{program}: {growth // STALLED // 1024} KiB for each of {STALLED} stalled readers"
        )  # with pytest -s
        assert growth < STALLED * BACKLOG + BESIDES
        # What waits for a reader who reads no more waits for ever; on a busy machine a second is soon over.
        assert statistics.median(delays) < 5.0

        # Whoever reads again comes back with what its page had, and gets what is missing, or the newest page
        # where that is more than a page has bytes.
        async with LivePage(lou, room_id, page) as live:
            await kim.post(room_id, "still there?")
            rows = rows_of(server, room_id)[1][-len(delays) - 1 :]
            await eventually(lambda: live.page.messages[-LEAST:] == rows[-LEAST:], 15)
            assert live.page.messages == rows[-len(live.page.messages) :]
    assert_no_complaint(server)
