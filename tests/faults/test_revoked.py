"""Who may read no more gets nothing more, in whatever process, and streams end within seconds."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from tests.clients import ChatClient, eventually
from tests.faults.conftest import assert_no_complaint

pytestmark = pytest.mark.servers

NEVER = "3600"
# By doorbell; nothing else looks in time.
SECONDS = 2.0
SECRET = "only for those who are still here"


@pytest.fixture
async def servers(start, redis):
    quiet = {"POLL_INTERVAL": NEVER, "HEARTBEAT_INTERVAL": NEVER}
    servers = [start(REDIS_URL=redis.url, **quiet) for _ in range(2)]
    await eventually(lambda: redis.listeners == 2)
    yield servers
    for server in servers:
        assert_no_complaint(server)


def shell(server, code):
    """Do in a command what no page does; it rings no doorbell."""
    imports = "from accounts.models import User; from rooms.models import ChatRoom;"
    return asyncio.to_thread(server.manage, "shell", "-c", imports + code)


async def leave(servers, lou, room_id):
    await lou.leave(room_id)


async def log_out(servers, lou, room_id):
    await lou.log_out()


@pytest.mark.parametrize("how", [leave, log_out])
async def test_streams_end_in_both_processes_and_nothing_more_comes(servers, how):
    async with AsyncExitStack() as stack:
        kim = await stack.enter_async_context(ChatClient(servers[0].url, "kim"))
        lou = await stack.enter_async_context(ChatClient(servers[0].url, "lou"))
        room_id = await kim.create_room("Secrets")
        await lou.room(room_id)
        streams = []
        for server in servers:
            lou.url = server.url
            streams.append(await stack.enter_async_context(await lou.stream(room_id)))
        for stream in streams:
            await stream.wait_for_event("level")
        await kim.post(room_id, "for everybody")
        for stream in streams:
            await stream.wait_for_message("for everybody")
        lou.url = servers[0].url
        await how(servers, lou, room_id)
        await kim.post(room_id, SECRET)
        for stream in streams:
            await stream.wait_until_closed(SECONDS + 8)  # on a machine that has more to do
            assert stream.is_complete
            assert not stream.with_text(SECRET)


@pytest.mark.parametrize(
    "code",
    ["User.objects.filter(username='lou').update(is_active=False)", "ChatRoom.objects.get(pk={}).delete()"],
)
async def test_what_a_command_takes_away_is_noticed_without_a_doorbell(start, code):
    servers = [start(HEARTBEAT_INTERVAL="0.5") for _ in range(2)]
    async with AsyncExitStack() as stack:
        kim = await stack.enter_async_context(ChatClient(servers[0].url, "kim"))
        lou = await stack.enter_async_context(ChatClient(servers[1].url, "lou"))
        room_id = await kim.create_room("Secrets")
        await lou.room(room_id)
        stream = await stack.enter_async_context(await lou.stream(room_id))
        await stream.wait_for_event("level")
        await shell(servers[0], code.format(room_id))
        await kim.send(f"/rooms/{room_id}/messages/", content=SECRET, token="")
        await stream.wait_until_closed()
        assert stream.is_complete
        assert not stream.with_text(SECRET)
    for server in servers:
        assert_no_complaint(server)
