"""What lies between the pages and a process breaks as networks and proxies do."""

import asyncio
import functools
import re

import pytest

from tests.browser.proxy import Proxy
from tests.faults.conftest import assert_no_complaint
from tests.faults.crowd import Crowd
from tests.faults.nemesis import Front
from tests.support.clients import ChatClient, LivePage, StreamReader, eventually
from tests.support.server import free_port
from tests.support.services import Nginx


@pytest.fixture(scope="module", params=["daphne", "uvicorn"])
def server(start_for_all, request):
    server = start_for_all(program=request.param, HEARTBEAT_INTERVAL="1")
    yield server
    assert_no_complaint(server)
    server.kill()


async def test_cut_connections_lose_nothing(server):
    """Those of posts, too, whose answers nobody gets; each is sent again with its token."""
    with Proxy(server.port) as proxy:
        async with Crowd(Front(server, proxy), name=f"Cut {server.program}") as crowd:
            for _cut in range(5):
                await crowd.more_messages(5)
                await asyncio.to_thread(proxy.cut)
                proxy.mend()
            await crowd.check()
            assert all(page.connections > 1 for page in crowd.pages)


async def test_answers_that_get_lost_double_nothing(server):
    """The posts themselves got through: who asks again gets the message that is there."""
    with Proxy(server.port) as proxy:
        async with Crowd(Front(server, proxy), name=f"Lost {server.program}") as crowd:
            proxy.loses = 0.3
            while crowd.unheard < 20:
                await crowd.more_messages(5)
            proxy.loses = 0.0
            await crowd.check()
            assert all(page.connections == 1 for page in crowd.pages)


async def test_page_whose_stream_is_half_open_has_everything_when_it_comes_back(server, enter):
    """The way to a reader is gone, and neither side is told. It is bounded as any other."""
    kim = await enter(server, "kim")
    with Proxy(server.port) as proxy:
        lou = await enter(proxy, "lou")
        room_id = await kim.private_chat(lou.name)
        page = await lou.room(room_id)
        query = {"lastEventId": f"room-{room_id}:0"}
        async with await lou.stream(room_id, query=query) as stream:
            await stream.wait_for_event("level")
            proxy.is_silent = True
            heard = len(stream.log)
            sent = [(await kim.post(room_id, text), text) for text in ("one", "two")]
            # Packets for it are dropped: from here on nothing came.
            assert len(stream.log) == heard
            proxy.is_silent = False
            async with LivePage(lou, room_id, page) as live:
                await live.wait_for_messages(sent)
                assert live.posted == [key for key, _text in sent]


@pytest.mark.parametrize(("seconds", "is_kept"), [(4, True), (1, False)])
async def test_time_out_of_a_proxy(start, seconds, is_kept):
    """Heartbeats keep a stream open past the proxy's patience, and one that it ends comes back complete."""
    server = start(HEARTBEAT_INTERVAL="1" if is_kept else "20")
    change = functools.partial(re.sub, r"proxy_read_timeout .*;", f"proxy_read_timeout {seconds}s;")
    with Nginx(free_port(), [server.port], change) as site:
        async with ChatClient(site.url, "kim") as kim:
            room_id = await kim.create_room("Patience")
            async with await LivePage.open(kim, room_id) as live:
                await eventually(lambda: live.connections)
                async with await kim.stream(room_id) as stream:
                    if is_kept:
                        await stream.wait_for(lambda: len(stream.named("heartbeat")) > seconds + 2, 30)
                    else:
                        await stream.wait_until_closed(20)
                        await eventually(lambda: live.connections > 1)
                sent = [(await kim.post(room_id, "still here"), "still here")]
                await live.wait_for_messages(sent)
                assert live.posted == [sent[0][0]]
                assert (live.connections == 1) == is_kept
    assert_no_complaint(server)


async def test_senders_who_are_slow_hold_up_nobody(server, enter):
    """200 who never end the head of their request, and more than there are threads with half a form."""
    head = b"POST /login/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n"
    form = b"Content-Type: application/x-www-form-urlencoded\r\n\r\nname="
    slow = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(212)]
    try:
        for number, (_reader, writer) in enumerate(slow):
            writer.write(head if number < 200 else head + form)
            await writer.drain()
        async with asyncio.timeout(30):
            kim = await enter(server, "kim")
            await kim.post(await kim.create_room(f"Quick {kim.name}"), "first")
    finally:
        for _reader, writer in slow:
            writer.transport.abort()


async def test_readers_who_are_slow_hold_up_no_pages(server, enter):
    """More of them than there are threads, who ask for a script and do not take it."""
    kim = await enter(server, "kim")
    script = re.search(r'src="(/static/js/[^"]+)"', (await kim.get("/")).text)[1]
    slow = [await StreamReader.open(server.url, script, receive_buffer=4096) for _ in range(12)]
    async with asyncio.timeout(30):
        await kim.post(await kim.create_room(f"Quick too {kim.name}"), "first")
    for one in slow:
        await one.close()
