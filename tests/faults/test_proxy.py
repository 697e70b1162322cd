"""Behind nginx, with the settings that docs/deploying.md shows, two processes and Redis between them."""

import asyncio
import itertools
from contextlib import AsyncExitStack

import pytest

from tests.clients import ChatClient, LivePage, eventually
from tests.faults.conftest import assert_no_complaint

pytestmark = pytest.mark.servers

NEVER = "3600"


@pytest.fixture
def servers(start, redis):
    servers = [start(REDIS_URL=redis.url, POLL_INTERVAL=NEVER, HEARTBEAT_INTERVAL="1") for _ in range(2)]
    yield servers
    for server in servers:
        assert_no_complaint(server)


async def test_any_page_on_any_process_has_every_message_once(servers, redis, proxy):
    await eventually(lambda: redis.listeners == 2)
    site = proxy(*servers)
    async with AsyncExitStack() as stack:
        people = [
            await stack.enter_async_context(ChatClient(site.url, name)) for name in ("kim", "lou", "max")
        ]
        room_id = await people[0].create_room("Behind the wall")
        pages = [await stack.enter_async_context(await LivePage.open(one, room_id)) for one in people * 2]
        for page in pages:
            await eventually(lambda page=page: page.connections)
        sent = []
        for number, person in zip(range(20), itertools.cycle(people)):
            sent.append((await person.post(room_id, f"message {number}"), f"message {number}"))
        for page in pages:
            await page.wait_for_messages(sent)
            assert page.posted == [key for key, _content in sent]
            assert page.connections == 1
        assert all(server.connections > 2 for server in servers)  # both have some of the streams

        # One process ends: its pages go on at the other one.
        assert await asyncio.to_thread(servers[0].stop) == 0
        sent.append((await people[0].post_at_last(room_id, "still here"), "still here"))
        for page in pages:
            await page.wait_for_messages(sent)
            assert page.posted == [key for key, _content in sent]


async def test_stream_comes_through_as_it_is_written(servers, proxy):
    site = proxy(servers[0])
    async with ChatClient(site.url, "kim") as kim, await kim.stream() as stream:
        assert stream.header("content-type") == "text/event-stream; charset=utf-8"
        await stream.wait_for_event("connected")
        await stream.wait_for(lambda: len(stream.named("heartbeat")) > 2)


async def test_body_that_is_too_large_is_refused(servers, proxy):
    site = proxy(servers[0])
    async with ChatClient(site.url, "kim") as kim:
        answer = await kim.send("/rooms/", name="x" * 300_000)
        assert answer.status_code == 413
