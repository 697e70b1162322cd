"""The list of chats, as it changes on open pages."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from tests.support.clients import LivePage, eventually

pytestmark = pytest.mark.usefixtures("no_complaint")


def line_of(lobby, client):
    """Return the id of the line that names `client`."""
    for name in lobby.root.all(css_class="chat-name"):
        if name.text.strip() == client.name:
            return name.parent.parent["id"]
    return None


@pytest.fixture
async def lobby(bob):
    """bob's lobby, connected."""
    async with await LivePage.open(bob, None) as live:
        await eventually(lambda: live.connections)
        yield live
        assert not live.errors


async def test_last_message_and_unread_badge_change(ann, bob, group_id, lobby):
    first = await ann.post(group_id, "Hello lobby")
    await eventually(lambda: "Hello lobby" in lobby.page.text(f"room-{group_id}-preview"))
    await eventually(lambda: lobby.page.text(f"room-{group_id}-badge") == "1, 1 unread message")
    await ann.post(group_id, "Hello again")
    await eventually(lambda: lobby.page.text(f"room-{group_id}-badge") == "2, 2 unread messages")
    await bob.mark_read(group_id, first)
    await eventually(lambda: lobby.page.text(f"room-{group_id}-badge") == "1, 1 unread message")


async def test_private_chat_reaches_the_two_and_nobody_else(ann, eve, enter, private_id, lobby, number):
    async with await eve.stream() as hers, await (await enter("mia")).stream() as as_well:
        for stream in (hers, as_well):
            await stream.wait_for_event("heartbeat")
        await ann.post(private_id, f"Secret {number}")
        line = line_of(lobby.page, ann)
        await eventually(lambda: f"Secret {number}" in lobby.page.text(f"{line}-preview"))
        await eventually(lambda: lobby.page.text(f"{line}-badge") == "1, 1 unread message")
        # They do listen: what is for everybody comes.
        await ann.create_room(f"Public {number}")
        for stream in (hers, as_well):
            await stream.wait_for_text(f"Public {number}")
            assert not stream.with_text(f"Secret {number}")
            assert not stream.with_text(f"/rooms/{private_id}/")


async def test_new_person_and_new_room_appear(enter, lobby, number):
    new = await enter("newcomer")
    await eventually(lambda: line_of(lobby.page, new))
    room_id = await new.create_room(f"Brand new {number}")
    await eventually(lambda: f"room-{room_id}" in lobby.page)


async def test_new_room_appears_though_somebody_writes_there_at_once(ann, lobby, number):
    # After a first change the list of chats pauses; the room and its messages then come as one.
    await ann.create_room(f"Distraction {number}")
    room_id = await ann.create_room(f"Sudden {number}")
    await ann.post(room_id, "first")
    await ann.post(room_id, "second")
    await eventually(lambda: f"room-{room_id}" in lobby.page)
    await eventually(lambda: "second" in lobby.page.text(f"room-{room_id}-preview"))


async def test_what_a_new_person_says_at_once_stays(bob, enter, lobby):
    new = await enter("quick")
    await new.post(await new.private_chat(bob.name), "I am new here")
    line = await eventually(lambda: line_of(lobby.page, new))
    await eventually(lambda: "I am new here" in lobby.page.text(f"{line}-preview"))
    # Longer than the poll takes to find the person too.
    async with await bob.stream() as clock:
        await clock.wait_for(lambda: len(clock.named("heartbeat")) >= 4)
    assert "I am new here" in lobby.page.text(f"{line}-preview")
    assert lobby.page.text(f"{line}-badge") == "1, 1 unread message"


async def test_pages_that_open_while_people_talk_end_up_as_a_fresh_one(ann, bob, number):
    """What changes between the reading of the list and the first event for it is not missed."""
    rooms = [await ann.create_room(f"Busy {number} {which}") for which in range(3)]
    for room_id in rooms:
        await bob.room(room_id)
    parts = [f"room-{room_id}-{part}" for room_id in rooms for part in ("preview", "badge")]
    async with AsyncExitStack() as stack:
        lobbies = []
        for news in range(25):
            writing = asyncio.create_task(ann.post(rooms[news % 3], f"news {news}"))
            lobbies.append(await stack.enter_async_context(await LivePage.open(bob, None)))
            await writing
        fresh = await bob.lobby()
        expected = [fresh.text(part) for part in parts]
        for live in lobbies:
            await eventually(lambda live=live: [live.page.text(part) for part in parts] == expected)
            assert not live.errors
