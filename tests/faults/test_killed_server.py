"""The server is killed, again and again, while people talk."""

import asyncio
from contextlib import AsyncExitStack

from tests.clients import ChatClient, LivePage, eventually
from tests.faults.conftest import assert_no_complaint

KILLS = 5
WRITERS = ("kim", "lou", "max", "nic")


def rows_of(server, room_id):
    """Return what the database has: positions, and ids with contents, in the order of the room."""
    with server.rows() as rows:
        found = rows.execute(
            "SELECT position, id, content FROM rooms_message WHERE room_id = ? ORDER BY position", [room_id]
        )
    return [position for position, _id, _content in found], [row[1:] for row in found]


def kill_after_a_commit(server, room_id):
    """Kill the server the moment a message is saved: whoever sent it mostly never hears of it."""
    with server.rows() as rows:

        def newest():
            return rows.execute("SELECT MAX(id) FROM rooms_message WHERE room_id = ?", [room_id])

        before = newest()
        while newest() == before:
            pass
    server.kill()


async def test_every_message_that_was_acknowledged_is_in_every_page_once_in_order(start):
    server = start()
    acknowledged = {}  # content → id
    is_over = asyncio.Event()
    saved_unheard = set()  # messages that were saved when their senders had no answer

    async def write(client):
        number = 0
        while not is_over.is_set():
            number += 1
            content = f"{client.name} {number}"
            acknowledged[content] = await client.post_at_last(room_id, content)

    async def more_messages():
        enough = len(acknowledged) + 10
        await eventually(lambda: len(acknowledged) >= enough, 30, "messages go on")

    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(ChatClient(server.url, name)) for name in WRITERS]
        room_id = await clients[0].create_room("Fortress")
        pages = [
            await stack.enter_async_context(await LivePage.open(client, room_id))
            for client in clients
            for _tab in range(2)
        ]
        writing = [asyncio.create_task(write(client)) for client in clients]
        for _kill in range(KILLS):
            await more_messages()
            await asyncio.to_thread(kill_after_a_commit, server, room_id)
            saved_unheard |= {content for _id, content in rows_of(server, room_id)[1]} - acknowledged.keys()
            await asyncio.to_thread(server.start)
        await more_messages()
        is_over.set()
        await asyncio.gather(*writing)

        positions, messages = rows_of(server, room_id)
        assert positions == list(range(1, len(positions) + 1))
        assert saved_unheard
        assert {content: key for key, content in messages} == acknowledged
        assert len(messages) == len(acknowledged)
        for client in clients:
            mine = [content for _id, content in messages if content.startswith(f"{client.name} ")]
            assert mine == [f"{client.name} {number}" for number in range(1, len(mine) + 1)]
        for page in pages:
            await page.wait_for_messages(messages)
            assert page.posted == [key for key, _content in messages]
            assert page.connections > KILLS
        assert await clients[0].history(room_id) == messages
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
