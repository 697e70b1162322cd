"""Two processes with one SQLite file and no Redis: only the poll tells one of them what the other did."""

import asyncio
import itertools

import pytest

from tests.faults.conftest import assert_no_complaint
from tests.support.clients import ChatClient, LivePage, eventually

# The poll comes about once a second, also where there is much more to do. Other looks take ten seconds.
SECONDS = 8.0


@pytest.fixture(scope="module")
def servers(start_for_all):
    servers = [start_for_all() for _ in range(2)]
    yield servers
    for server in servers:
        assert_no_complaint(server)


@pytest.fixture
async def kim(servers, enter):
    return await enter(servers[0], "kim")


@pytest.fixture
async def lou(servers, enter):
    return await enter(servers[1], "lou")


@pytest.fixture
async def room_id(kim, lou):
    room_id = await kim.create_room(f"Both sides of {kim.name}")
    await lou.room(room_id)
    return room_id


async def test_every_message_is_in_every_page_once_in_order(kim, lou, room_id):
    async with (
        await LivePage.open(kim, room_id) as hers,
        await LivePage.open(lou, room_id) as his,
    ):
        sent = []
        for number, client in zip(range(20), itertools.cycle([kim, lou])):
            sent.append((await client.post(room_id, f"message {number}"), f"message {number}"))
        for page in (hers, his):
            await page.wait_for_messages(sent, SECONDS)
            assert page.posted == [key for key, _content in sent]
        assert await kim.history(room_id) == sent


async def test_both_write_at_once(kim, lou, room_id):
    async with (
        await LivePage.open(kim, room_id) as hers,
        await LivePage.open(lou, room_id) as his,
    ):
        await asyncio.gather(
            *(client.post_at_last(room_id, f"{client.name} {n}") for client in (kim, lou) for n in range(30))
        )
        messages = await lou.history(room_id)
        assert len(messages) == 60
        for page in (hers, his):
            await page.wait_for_messages(messages, SECONDS)


async def test_last_message_and_badge_come_into_the_lobby_of_the_other(kim, lou, room_id):
    async with await LivePage.open(lou, None) as lobby:
        await eventually(lambda: lobby.connections)
        await kim.post(room_id, "Hello over there")
        preview = f"room-{room_id}-preview"
        await eventually(lambda: "Hello over there" in lobby.page.text(preview), SECONDS)
        await eventually(lambda: lobby.page.text(f"room-{room_id}-badge") == "1, 1 unread message", SECONDS)
        assert not lobby.errors


async def test_new_person_and_new_room_come_into_the_lobby_of_the_other(servers, enter, lou):
    async with await LivePage.open(lou, None) as lobby:
        await eventually(lambda: lobby.connections)
        newcomer = await enter(servers[0], "newcomer")
        await eventually(lambda: newcomer.name in lobby.page["chats"].text, SECONDS)
        quiet = await newcomer.create_room("Quiet")
        busy = await newcomer.create_room("Busy at once")
        await newcomer.post(busy, "one")
        await newcomer.post(busy, "two")
        private = await newcomer.private_chat(lou.name)
        await newcomer.post(private, "just for you")
        await eventually(lambda: f"room-{quiet}" in lobby.page, SECONDS)
        await eventually(lambda: "two" in lobby.page.text(f"room-{busy}-preview"), SECONDS)
        await eventually(lambda: "just for you" in lobby.page["chats"].text, SECONDS)
        assert not lobby.errors


async def test_nothing_of_a_room_reaches_who_left_it_elsewhere(servers, kim, lou, room_id):
    async with ChatClient(servers[0].url, lou.name) as elsewhere, await lou.stream(room_id) as stream:
        await stream.wait_for_event("heartbeat")
        await elsewhere.leave(room_id)
        await kim.post(room_id, "between us")
        await stream.wait_until_closed(SECONDS)
        assert stream.is_complete
        assert not [event for event in stream.events if event.id and "between us" in event.data]


async def test_removal_elsewhere_ends_the_stream_and_empties_the_line(servers, enter, kim, lou, room_id):
    eve = await enter(servers[1], "eve")
    async with (
        await lou.stream(room_id) as stream,
        await LivePage.open(lou, None) as lobby,
        await eve.stream() as hers,
    ):
        await stream.wait_for_event("heartbeat")
        await hers.wait_for_event("heartbeat")
        await eventually(lambda: lobby.connections and f"room-{room_id}" in lobby.page)
        fields = {"name": f"Both sides of {kim.name}", "is_by_invitation": "on"}
        assert (await kim.send(f"/rooms/{room_id}/edit/", **fields)).status_code == 302
        await hers.wait_for_text(f'hx-target="#room-{room_id}" hx-swap="delete"', SECONDS)
        told = len(hers.events)
        person = await kim.id_of(lou.name)
        answer = await kim.send(f"/rooms/{room_id}/members/{person}/remove/", reason="")
        assert answer.status_code == 302
        await kim.post(room_id, "among ourselves")
        await stream.wait_until_closed(SECONDS)
        assert not [event for event in stream.events if event.id and "among ourselves" in event.data]
        await eventually(lambda: f"room-{room_id}" not in lobby.page, SECONDS)
        await kim.create_room("Later than that")
        await hers.wait_for_text("Later than that", SECONDS)
        assert not [event for event in hers.events[told:] if f"room-{room_id}" in event.data]
        assert not hers.with_text("among ourselves")
        assert not lobby.errors


async def test_logout_elsewhere_ends_streams(servers, lou):
    async with await lou.stream() as stream:
        await stream.wait_for_event("connected")
        lou.url = servers[0].url
        await lou.log_out()
        await stream.wait_until_closed(SECONDS)
        assert "session has ended" in stream.events[-1].data


async def test_message_of_a_command_is_seen(servers, kim, room_id):
    async with await LivePage.open(kim, room_id) as page:
        await eventually(lambda: page.connections)
        code = (
            "import uuid; from accounts.models import User; from rooms.models import ChatRoom;"
            f"room = ChatRoom.objects.get(pk={room_id});"
            f"room.post_message(User.objects.get(username='{kim.name}'), 'hi', uuid.uuid4())"
        )
        await asyncio.to_thread(servers[0].manage, "shell", "-c", code)
        await eventually(lambda: [content for _id, content in page.page.messages] == ["hi"], SECONDS)
