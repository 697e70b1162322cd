"""Two processes with Redis between them, and what becomes of people's talk when it fails."""

import asyncio
import itertools
import re
import signal
import time

import pytest
from redis import Redis as Client
from redis.exceptions import NoPermissionError

from tests.clients import ChatClient, LivePage, eventually
from tests.faults.conftest import assert_no_complaint
from tests.server import free_port
from tests.services import ROOT, Redis

pytestmark = pytest.mark.servers

# The poll comes about once a second, on a machine that may have more to do.
POLL_SECONDS = 3.0
RECOVERY_SECONDS = 15.0
NEVER = "3600"


@pytest.fixture
async def talk(start):
    """`await talk(url)` starts two processes and puts kim on the one and lou on the other, both in a room."""
    talks = []

    async def begin(url, other="daphne", **environment):
        servers = [start(REDIS_URL=url, program=program, **environment) for program in ("daphne", other)]
        talks.append(talk := Talk(servers))
        return await talk.__aenter__()

    yield begin
    for talk in talks:
        await talk.__aexit__(None, None, None)


class Talk:
    def __init__(self, servers):
        self.servers = servers
        self.kim = ChatClient(servers[0].url, "kim")
        self.lou = ChatClient(servers[1].url, "lou")
        self.pages = []
        self.sent = []

    async def __aenter__(self):
        await self.kim.__aenter__()
        await self.lou.__aenter__()
        self.room_id = await self.kim.create_room("Both sides")
        self.pages = [
            await LivePage.open(self.kim, self.room_id),
            await LivePage.open(self.lou, self.room_id),
        ]
        for page in self.pages:
            await eventually(lambda page=page: page.connections)
        return self

    async def __aexit__(self, *exception):
        for page in self.pages:
            await page.__aexit__(*exception)
        await self.lou.__aexit__(*exception)
        await self.kim.__aexit__(*exception)
        for server in self.servers:
            assert_no_complaint(server)

    async def say(self, count, seconds):
        """Post by turns; both pages have everything within `seconds` of the last message."""
        for client in itertools.islice(itertools.cycle([self.kim, self.lou]), count):
            content = f"message {len(self.sent)}"
            self.sent.append((await client.post(self.room_id, content), content))
        for page in self.pages:
            await page.wait_for_messages(self.sent, seconds)
            assert page.posted == [key for key, _content in self.sent]

    def said(self):
        """What the log of each process says of the channel layer."""
        return [re.findall(r"WARNING rooms\.live\.doorbell: (.{21})", server.log) for server in self.servers]

    async def readiness(self, expected):
        """Wait until /readyz says so; its answers are kept for a second."""
        async with asyncio.timeout(RECOVERY_SECONDS):
            while (await self.kim.get("/readyz")).text != expected:
                await asyncio.sleep(0.05)

    async def outages(self, count):
        await eventually(
            lambda: self.said() == [["Channel layer failing", "Channel layer works a"] * count] * 2,
            RECOVERY_SECONDS,
            f"{count} outages and as many ends of them in the log",
        )


@pytest.mark.parametrize("other", ["daphne", "uvicorn"])
async def test_doorbells_alone_bring_everything_to_the_other_process(redis, talk, other):
    talk = await talk(redis.url, other, POLL_INTERVAL=NEVER)
    await eventually(lambda: redis.listeners == 2)
    await talk.say(10, 10)
    hers, his = (page.page for page in talk.pages)

    await talk.lou.send(f"/rooms/{talk.room_id}/typing/")
    await eventually(lambda: "lou is typing…" in hers.text("typing"))
    await talk.lou.send(f"/rooms/{talk.room_id}/typing/", stop="1")
    await eventually(lambda: not hers.text("typing"))

    last = talk.sent[-2][0]  # kim's
    assert not hers["ticks"]["data-read"].endswith(f":{last}")
    await talk.lou.mark_read(talk.room_id, last)
    await eventually(lambda: hers["ticks"]["data-read"].endswith(f":{last}"))

    await talk.lou.leave(talk.room_id)
    await eventually(lambda: not his.connects)
    assert talk.said() == [[], []]


@pytest.mark.parametrize(("how", "times"), [("killed", 1), ("stopped for a while", 1), ("restarted", 2)])
async def test_outage_costs_a_second_and_two_lines(redis, talk, how, times):
    talk = await talk(redis.url)
    await eventually(lambda: redis.listeners == 2)
    for count in range(1, times + 1):
        if how == "stopped for a while":
            redis.send(signal.SIGSTOP)
        else:
            redis.stop(signal.SIGKILL if how == "killed" else signal.SIGTERM)
        began = time.monotonic()
        await talk.say(6, POLL_SECONDS)
        assert time.monotonic() - began < 6 * POLL_SECONDS  # nobody waited for Redis to post
        if how != "restarted":
            await eventually(lambda count=count: [len(said) for said in talk.said()] == [2 * count - 1] * 2)
            await talk.say(6, POLL_SECONDS)
            await talk.readiness("doorbell")
            assert (await talk.kim.get("/healthz")).text == "ok"
        if how == "stopped for a while":
            redis.send(signal.SIGCONT)
        else:
            redis.start()
        await talk.outages(count)
        await eventually(lambda: redis.listeners == 2, RECOVERY_SECONDS)
        await talk.say(6, POLL_SECONDS)
        await talk.readiness("ok")
    assert len(talk.pages[0].posted) == len(talk.sent)
    assert [page.connections for page in talk.pages] == [1, 1]  # no page noticed


async def test_doorbells_ring_again_after_an_outage(redis, talk):
    talk = await talk(redis.url, POLL_INTERVAL=NEVER)
    await eventually(lambda: redis.listeners == 2)
    redis.stop(signal.SIGKILL)
    await eventually(lambda: all(talk.said()))
    redis.start()
    await talk.outages(1)
    await talk.say(4, 10)


async def test_redis_that_is_not_there_at_the_start_is_found_later(talk):
    redis = Redis(free_port())
    talk = await talk(redis.url)
    await talk.say(4, POLL_SECONDS)
    await eventually(lambda: all(talk.said()))
    with redis:
        await talk.outages(1)
        await eventually(lambda: redis.listeners == 2)
        await talk.say(4, POLL_SECONDS)


async def test_flushed_redis_loses_nothing(redis, talk):
    talk = await talk(redis.url, POLL_INTERVAL=NEVER)
    await eventually(lambda: redis.listeners == 2)
    redis.say("FLUSHALL")
    await talk.say(4, 10)
    assert talk.said() == [[], []]


async def test_cut_connections_are_made_anew(redis, talk):
    """Redis itself is well; a firewall, say, has forgotten the connections."""
    talk = await talk(redis.url)
    await eventually(lambda: redis.listeners == 2)
    for kind in ("pubsub", "normal"):
        redis.say("CLIENT", "KILL", "TYPE", kind)
        await talk.say(4, POLL_SECONDS)
    await eventually(lambda: redis.listeners == 2, RECOVERY_SECONDS)
    await eventually(lambda: all(len(said) % 2 == 0 for said in talk.said()), RECOVERY_SECONDS)


@pytest.mark.parametrize("is_there", [True, False])
async def test_outage_does_not_keep_a_process_from_ending(redis, start, is_there):
    server = start(REDIS_URL=redis.url)
    async with ChatClient(server.url, "kim") as kim, await kim.stream() as stream:
        await eventually(lambda: redis.listeners == 1)
        if is_there:
            redis.send(signal.SIGSTOP)
        else:
            redis.stop(signal.SIGKILL)
        await eventually(lambda: "Channel layer failing" in server.log)
        server.process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(server.process.wait, 10) == 0
        await stream.wait_until_closed()
        assert stream.is_complete
    assert_no_complaint(server)


async def test_rights_that_are_shown_are_enough_and_no_more(redis, talk):
    [shown] = re.findall(r"^ACL (SETUSER .*)$", (ROOT / "docs" / "deploying.md").read_text(), re.MULTILINE)
    redis.say("ACL", *shown.replace("a-long-secret", "secret").split())
    url = redis.url.replace("redis://", "redis://hearth:secret@")
    for command in ("EVAL x 0", "FLUSHALL", "CONFIG GET *", "GET x", "KEYS *"):
        with Client.from_url(url) as client, pytest.raises(NoPermissionError):
            client.execute_command(*command.split())
    talk = await talk(url, POLL_INTERVAL=NEVER)
    await eventually(lambda: redis.listeners == 2)
    await talk.say(4, 10)
    assert talk.said() == [[], []]
