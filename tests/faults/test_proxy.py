"""Behind nginx, with the file that `deploy/` has, two processes and Redis between them."""

import asyncio
import io
import itertools
from contextlib import AsyncExitStack

import httpx
import pytest
from PIL import Image

from tests.faults.conftest import assert_no_complaint
from tests.faults.crowd import Crowd
from tests.faults.nemesis import Front
from tests.support.clients import Follower, LivePage, eventually

pytestmark = pytest.mark.servers

READERS = 300


@pytest.fixture(scope="module")
def servers(start_for_all, redis_for_all):
    options = {"REDIS_URL": redis_for_all.url, "HEARTBEAT_INTERVAL": "1", "STREAMS_PER_USER": "400"}
    servers = [start_for_all(program=program, **options) for program in ("daphne", "uvicorn")]
    yield servers
    for server in servers:
        assert_no_complaint(server)


@pytest.fixture(scope="module")
def site(servers, proxy):
    return proxy(*servers)


async def test_any_page_on_any_process_has_every_message_once(servers, redis_for_all, site, enter):
    await eventually(lambda: redis_for_all.listeners == 2)
    async with AsyncExitStack() as stack:
        people = [await enter(site, name) for name in ("kim", "lou", "max")]
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

        servers[0].start()


async def test_restarting_one_after_the_other_loses_nothing(servers, site):
    """And then both crash at once, under people who talk and 300 more who read."""
    crowd = Crowd(Front(servers[0], site), name="Under construction", patience=60, pause=0.2)
    async with crowd, AsyncExitStack() as stack:
        kim = crowd.clients[0]
        page = await kim.room(crowd.room_id)
        readers = [Follower(kim, crowd.room_id, page.cursors, hurry=1.2) for _ in range(READERS)]
        for reader in readers:
            await stack.enter_async_context(reader)
        await eventually(lambda: all(reader.is_connected for reader in readers), 60)
        for server in servers:
            await crowd.more_messages()
            assert await asyncio.to_thread(server.stop) == 0
            await asyncio.to_thread(server.start)
        for server in servers:
            server.kill()
        await asyncio.gather(*(asyncio.to_thread(server.start) for server in servers))
        await eventually(lambda: all(reader.is_connected for reader in readers), 60)
        await crowd.check()
        position = int(page.cursor.split(":")[1])
        missed = [key for key, _content in crowd.messages][position:]
        for reader in readers:
            await eventually(
                lambda reader=reader: reader.posted == missed or reader.newest_pages, 60, "all have all"
            )
            assert reader.connections > 1


async def test_stream_comes_through_as_it_is_written(site, enter):
    kim = await enter(site, "kim")
    async with await kim.stream() as stream:
        assert stream.header("content-type") == "text/event-stream; charset=utf-8"
        await stream.wait_for_event("connected")
        await stream.wait_for(lambda: len(stream.named("heartbeat")) > 2)


async def test_pictures_come_through(site, enter):
    """As large as pictures may be; to a stranger it is said at once that they are not wanted."""
    kim = await enter(site, "kim")
    file = io.BytesIO()
    Image.effect_noise((1200, 1200), 90).save(file, "PNG")
    files = {"picture": ("me.png", file.getvalue(), "image/png")}
    assert len(file.getvalue()) > 1_000_000
    form = {"csrfmiddlewaretoken": kim.csrf_token}
    address = f"{site.url}/settings/avatar/"
    assert (await kim.http.post(address, data=form, files=files)).status_code == 302
    files["picture"] = ("me.png", file.getvalue().ljust(8_000_000, b"\0"), "image/png")
    assert (await kim.http.post(address, data=form, files=files)).status_code == 302
    async with httpx.AsyncClient() as stranger:
        assert (await stranger.post(address, data=form, files=files)).status_code == 401


async def test_body_that_is_too_large_is_refused(site, enter):
    kim = await enter(site, "kim")
    answer = await kim.send("/rooms/", name="x" * 300_000)
    assert answer.status_code == 413
