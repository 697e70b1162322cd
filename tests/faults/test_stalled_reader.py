"""Readers stop reading, and keep their connections, while messages flow."""

import statistics
import time
from contextlib import AsyncExitStack

import pytest

from tests.clients import ChatClient, LivePage, StreamReader, eventually
from tests.faults.conftest import assert_no_complaint

STALLED = 40
MOST = 500  # the system itself takes in some megabytes for a reader that does not read
CONTENT = "'" * 3900  # six times as long in HTML
BACKLOG = 256 * 1024


@pytest.mark.parametrize("program", ["daphne", "uvicorn"])
async def test_stalled_readers_are_closed_and_cost_nobody_anything(start, program):
    server = start(program=program)
    async with AsyncExitStack() as stack:
        kim = await stack.enter_async_context(ChatClient(server.url, "kim"))
        lou = await stack.enter_async_context(ChatClient(server.url, "lou"))
        room_id = await kim.private_chat("lou")
        healthy = await stack.enter_async_context(
            await lou.stream(room_id, query={"lastEventId": f"room-{room_id}:0"})
        )
        await healthy.wait_for_event("connected")
        others = server.connections
        for number in range(STALLED):
            path = f"/rooms/{room_id}/{'live' if number % 2 else 'stream'}"
            stalled = await StreamReader.open(server.url, path, session=lou.session, receive_buffer=4096)
            await stack.enter_async_context(stalled)
        assert server.connections == others + STALLED
        before = server.memory

        delays = []
        while server.connections > others:
            assert len(delays) < MOST, "stalled readers are not closed"
            number = len(delays)
            await kim.post(room_id, f"{number}: {CONTENT}")
            sent = time.monotonic()
            await healthy.wait_for_message(f">{number}: ")
            delays.append(time.monotonic() - sent)
        assert server.peak_memory - before < STALLED * 2 * BACKLOG
        assert statistics.quantiles(delays, n=20)[-1] < 1.0

        page = await stack.enter_async_context(await LivePage.open(lou, room_id))
        last = await kim.post(room_id, "still there?")
        await eventually(lambda: page.page.messages[-1] == (last, "still there?"))
    assert_no_complaint(server)
