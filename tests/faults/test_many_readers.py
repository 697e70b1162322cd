"""Many readers: all of them come back after a restart, and none of them leaves anything behind.

`make readers` has very many of them.
"""

import asyncio
import itertools
import os
import re
from contextlib import AsyncExitStack
from urllib.parse import urlencode

import httpx

from tests.faults.conftest import assert_no_complaint
from tests.faults.crowd import rows_of
from tests.support.clients import ChatClient, Follower, LivePage, StreamReader, eventually

READERS = int(os.environ.get("READERS", "200"))
PEOPLE = 10
BURST = 500
# Streams that one after another are opened and closed in each of two processes, so many of them at a time.
OPENINGS = int(os.environ.get("OPENINGS", "1000"))
AT_A_TIME = 50
WARM = 500  # of them, before it is looked what a process has
POOL = 8  # threads that all pools together may begin later
PATIENCE = 150.0
TOKEN = "who has it may look"


async def test_many_readers_are_back_after_a_crash_and_have_everything(start):
    server = start(STREAMS_PER_USER=str(READERS), HEARTBEAT_INTERVAL="5")
    async with AsyncExitStack() as stack:
        people = [
            await stack.enter_async_context(ChatClient(server.url, f"kim{number}"))
            for number in range(PEOPLE)
        ]
        kim = people[0]
        room_id = await kim.create_room("Arena")
        pages = [await person.room(room_id) for person in people]
        readers = []
        for _number, person, page in zip(range(READERS), itertools.cycle(people), itertools.cycle(pages)):
            # They come back when their pages would, not all in one moment.
            reader = Follower(person, room_id, page.cursors, hurry=1.2)
            readers.append(await stack.enter_async_context(reader))
        await all_are_connected(readers)
        sent = [await kim.post(room_id, "before")]
        await all_have(readers, sent)
        # None of them keeps a thread, or more than its socket open.
        assert server.threads < 40
        assert server.open_files < READERS + 100

        server.kill()
        await asyncio.to_thread(server.start)
        sent += [await kim.post_at_last(room_id, f"meanwhile {number}") for number in range(20)]
        await all_are_connected(readers)
        sent.append(await kim.post(room_id, "after"))
        await all_have(readers, sent)
        assert {reader.connections for reader in readers} == {2}
        assert [key for key, _text in rows_of(server, room_id)[1]] == sent
    assert_no_complaint(server)


async def all_are_connected(readers):
    await eventually(lambda: all(reader.is_connected for reader in readers), PATIENCE, "all are connected")


async def all_have(readers, sent):
    await eventually(lambda: all(reader.posted == sent for reader in readers), PATIENCE, "all have all")


async def test_burst_reaches_everybody_in_order_also_who_comes_in_the_middle(start, enter):
    server = start()
    kim, lou = await enter(server, "kim"), await enter(server, "lou")
    room_id = await kim.private_chat(lou.name)
    page = await lou.room(room_id)
    async with AsyncExitStack() as stack:
        readers = [Follower(lou, room_id, page.cursors) for _number in range(20)]
        for reader in readers:
            await stack.enter_async_context(reader)
        await all_are_connected(readers)
        numbers = iter(range(BURST))
        half = asyncio.Event()

        async def write():
            for number in numbers:
                await kim.post(room_id, f"message {number}")
                if number > BURST // 2:
                    half.set()

        writing = [asyncio.create_task(write()) for _writer in range(8)]
        await half.wait()
        late = await stack.enter_async_context(await LivePage.open(lou, room_id))
        await asyncio.gather(*writing)
        positions, messages = rows_of(server, room_id)
        assert positions == list(range(1, BURST + 1))
        ids = [key for key, _content in messages]
        await eventually(lambda: late.page.messages[-1:] == messages[-1:], PATIENCE)
        assert late.page.messages == messages[-len(late.page.messages) :]
        for reader in readers:
            await eventually(lambda reader=reader: reader.posted[-1:] == ids[-1:], PATIENCE)
            assert reader.connections == 1
            # A machine that has much else to do may let somebody fall behind by a page.
            assert reader.posted == ids or reader.newest_pages
    assert_no_complaint(server)


async def test_streams_that_are_opened_and_closed_again_and_again_leave_nothing_behind(start):
    """Half of them in each of two processes, some closed before they have begun."""
    limits = {"STREAMS_PER_USER": str(READERS), "METRICS_TOKEN": TOKEN}
    servers = [start(program=program, **limits) for program in ("daphne", "uvicorn")]
    async with ChatClient(servers[0].url, "kim") as kim, ChatClient(servers[0].url, "lou") as lou:
        room_id = await kim.private_chat("lou")
        cursors = (await lou.room(room_id)).cursors
        await asyncio.gather(*(open_and_close(server, lou, room_id, cursors) for server in servers))
    for server in servers:
        assert_no_complaint(server)


async def open_and_close(server, client, room_id, cursors):
    path = f"/rooms/{room_id}/stream"

    async def once(number):
        if number % 2:
            _reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            cookie = f"hearth_session={client.session}"
            target = f"{path}?{urlencode(cursors)}"
            writer.write(f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookie}\r\n\r\n".encode())
            await writer.drain()
            writer.transport.abort()
            return
        stream = await StreamReader.open(server.url, path, session=client.session, query=cursors)
        assert stream.status == 200
        if number % 4:
            await stream.wait_for_event("level", PATIENCE)
        await stream.close()

    async def many(count):
        for _batch in range(count // AT_A_TIME):
            await asyncio.gather(*map(once, range(AT_A_TIME)))
        await eventually(lambda: server.connections == 0, PATIENCE, "all are gone")

    await many(WARM)
    before = await what_it_has(server)
    memory = server.memory
    await many(OPENINGS - WARM)
    after = await what_it_has(server)
    # One task that comes and goes by itself, and threads that were not needed before, each with a connection
    # to the database, which is two files: nothing is left of the streams.
    threads = after["threads"] - before["threads"]
    assert after["tasks"] <= before["tasks"] + 1
    assert threads <= POOL
    assert after["files"] <= before["files"] + 2 * max(0, threads)
    assert after["streams"] == after["subscriptions"] == 0
    assert server.memory < 1.1 * memory


async def what_it_has(server):
    async with httpx.AsyncClient(verify=False) as http:  # noqa: S501
        headers = {"Authorization": f"Bearer {TOKEN}"}
        numbers = {}

        async def is_at_rest():
            text = (await http.get(f"{server.url}/metrics", headers=headers)).text
            for name, metric in (
                ("streams", "open_streams"),
                ("subscriptions", "subscriptions"),
                ("tasks", "tasks"),
            ):
                numbers[name] = float(re.search(rf"^hearth_{metric} (\S+)$", text, re.MULTILINE)[1])
            return not numbers["streams"] and server.connections == 1

        async with asyncio.timeout(PATIENCE):
            while not await is_at_rest():
                await asyncio.sleep(0.1)
        return numbers | {"files": server.open_files, "threads": server.threads}
