"""People who may read no more get nothing more, in whatever process, and streams end within seconds."""

import asyncio
from contextlib import AsyncExitStack, suppress

import pytest

from tests.faults.conftest import assert_no_complaint
from tests.support.clients import ChatClient, Refused, eventually

NEVER = "3600"
# On a machine that has more to do; mostly it takes some hundredths of a second.
SECONDS = 10.0
PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def servers(start_for_all, redis_for_all):
    """By doorbell or not at all: nothing else looks in time."""
    quiet = {"POLL_INTERVAL": NEVER, "HEARTBEAT_INTERVAL": NEVER, "REDIS_URL": redis_for_all.url}
    servers = [start_for_all(program=program, **quiet) for program in ("daphne", "uvicorn")]
    yield servers
    for server in servers:
        assert_no_complaint(server)


@pytest.fixture(scope="module")
def servers_without_doorbells(start_for_all):
    servers = [start_for_all(program=program, HEARTBEAT_INTERVAL="0.5") for program in ("daphne", "uvicorn")]
    yield servers
    for server in servers:
        assert_no_complaint(server)


@pytest.fixture
async def reading(enter):
    """`await reading(servers)` has lou read a room of kim's, in pages and in documents of both processes."""
    async with AsyncExitStack() as stack:

        async def begin(servers):
            kim, lou = await enter(servers[0], "kim"), await enter(servers[0], "lou")
            name = f"Secrets of {kim.name}"
            room_id = await kim.create_room(name)
            await lou.room(room_id)
            # Everybody is told the last message of a room that is open.
            closed = await kim.send(
                f"/rooms/{room_id}/edit/", name=name, description="", is_by_invitation="on"
            )
            assert closed.status_code == 302
            streams = []
            for server in servers:
                lou.url = server.url
                for path in ("stream", "live"):
                    streams.append(await stack.enter_async_context(await lou.stream(room_id, path=path)))
            lou.url = servers[0].url
            await kim.post(room_id, "for everybody")
            await eventually(lambda: all(has(stream, "for everybody") for stream in streams))
            return Reading(servers[0], kim, lou, room_id, streams)

        yield begin


class Reading:
    def __init__(self, server, kim, lou, room_id, streams):
        self.server = server
        self.kim = kim
        self.lou = lou
        self.room_id = room_id
        self.streams = streams
        self.secret = f"only for {kim.name}"

    async def manage(self, person, what):
        """Do something to lou as a moderator."""
        answer = await self.kim.send(
            f"/rooms/{self.room_id}/members/{person}/{what}/", reason="", duration="hour"
        )
        assert answer.status_code == 302, answer.text

    async def post_secret(self):
        with suppress(Refused):
            await self.kim.post(self.room_id, self.secret)

    async def is_over(self):
        """Every stream ends as it should, and says nothing more of the room."""
        for stream in self.streams:
            await stream.wait_until_closed(SECONDS)
            assert stream.is_complete
            assert not has(stream, self.secret)


def has(stream, text):
    return stream.with_text(text) or text.encode() in stream.body


async def leave(reading):
    await reading.lou.leave(reading.room_id)


async def be_removed(reading):
    await reading.manage(await reading.kim.id_of(reading.lou.name), "remove")


async def be_banned(reading):
    await reading.manage(await reading.kim.id_of(reading.lou.name), "ban")


async def log_out(reading):
    await reading.lou.log_out()


async def get_a_password_elsewhere(reading):
    async with ChatClient(reading.lou.url, reading.lou.name) as elsewhere:
        answer = await elsewhere.send(
            "/settings/password/", new_password=PASSWORD, repeated_password=PASSWORD
        )
        assert answer.status_code == 302, answer.text


async def be_logged_out_elsewhere(reading):
    async with ChatClient(reading.lou.url, reading.lou.name) as elsewhere:
        assert (await elsewhere.send("/settings/sessions/end/")).status_code == 302


@pytest.mark.servers
@pytest.mark.parametrize(
    "how", [leave, be_removed, be_banned, log_out, get_a_password_elsewhere, be_logged_out_elsewhere]
)
async def test_streams_end_in_both_processes_and_nothing_more_comes(servers, redis_for_all, reading, how):
    await eventually(lambda: redis_for_all.listeners == 2)
    reading = await reading(servers)
    await how(reading)
    await reading.post_secret()
    await reading.is_over()


MEMBERSHIP = "Membership.objects.filter(room={room}, user__username='{name}').delete()"
ROOM = "ChatRoom.objects.get(pk={room}).delete()"
USER = "User.objects.get(username='{name}').delete()"
SESSION = "Session.objects.filter(login_session__user__username='{name}').delete()"
INACTIVE = "User.objects.filter(username='{name}').update(is_active=False)"


async def command(reading, code):
    """Do in a command what rings no doorbell."""
    imports = (
        "from accounts.models import User; from django.contrib.sessions.models import Session;"
        "from rooms.models import ChatRoom, Membership;"
    )
    code = code.format(room=reading.room_id, name=reading.lou.name)
    await asyncio.to_thread(reading.server.manage, "shell", "-c", imports + code)


@pytest.mark.parametrize("code", [MEMBERSHIP, ROOM, USER])
async def test_whose_membership_is_gone_gets_nothing_more_without_a_doorbell(
    servers_without_doorbells, reading, code
):
    reading = await reading(servers_without_doorbells)
    await command(reading, code)
    await reading.post_secret()
    await reading.is_over()


@pytest.mark.parametrize("code", [SESSION, INACTIVE])
async def test_whose_session_is_gone_is_found_without_a_doorbell(servers_without_doorbells, reading, code):
    reading = await reading(servers_without_doorbells)
    await command(reading, code)
    await reading.is_over()
    await reading.post_secret()
    await reading.is_over()
