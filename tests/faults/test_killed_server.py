"""The server is killed, again and again, while people talk."""

import asyncio
import contextlib

from tests.faults.conftest import assert_no_complaint
from tests.faults.crowd import Crowd
from tests.support.clients import ChatClient, LivePage, eventually

KILLS = 3


def kill_after_a_commit(server, room_id):
    """Kill the server the moment a message is saved: whoever sent it mostly never hears of it."""
    with server.rows() as rows:

        def newest():
            return rows.execute("SELECT MAX(id) FROM rooms_message WHERE room_id = ?", [room_id])

        before = newest()
        while newest() == before:
            pass
    server.kill()


async def test_every_message_that_was_acknowledged_is_in_every_page_once_in_order(start, database_url):
    server = start(DATABASE_URL=database_url)
    saved_unheard = set()  # messages that were saved when their senders had no answer
    async with Crowd(server) as crowd:
        for _kill in range(KILLS):
            await crowd.more_messages()
            await asyncio.to_thread(kill_after_a_commit, server, crowd.room_id)
            saved_unheard |= {content for _id, content in crowd.messages} - crowd.acknowledged.keys()
            await asyncio.to_thread(server.start)
        await crowd.check()
        assert saved_unheard
        assert all(page.connections > 1 for page in crowd.pages)
    assert_no_complaint(server)


async def test_page_whose_first_connection_fails_recovers(start):
    """It was loaded, the server went, and it had not connected yet."""
    server = start()
    async with ChatClient(server.url, "kim") as kim, ChatClient(server.url, "lou") as lou:
        room_id = await kim.private_chat("lou")
        page = await lou.room(room_id)
        message = await kim.post(room_id, "while you load")
        server.kill()
        async with LivePage(lou, room_id, page) as live:
            await eventually(lambda: live.failures)
            await asyncio.to_thread(server.start)
            await live.wait_for_messages([(message, "while you load")])


async def test_process_that_dies_before_it_rings_is_made_up_for(start):
    """The message is saved, and nobody hears of it: not its sender, nor the readers of the other process."""
    mortal, other = start(fault="dies_before_it_rings"), start()
    deaths = []

    async def revive():
        while True:
            while mortal.process.poll() is None:
                await asyncio.sleep(0.02)
            deaths.append(1)
            with contextlib.suppress(RuntimeError):  # it died again at once
                await asyncio.to_thread(mortal.start)

    reviving = asyncio.create_task(revive())
    async with Crowd(mortal, other) as crowd:
        while len(deaths) < 3:
            await crowd.more_messages(2)
        await crowd.check()
        assert crowd.unheard >= len(deaths)
    reviving.cancel()
    for server in (mortal, other):
        assert_no_complaint(server)
