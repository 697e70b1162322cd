"""Two processes with Redis between them, and what becomes of people's talk when it fails."""

import asyncio
import itertools
import re
import signal
import time
from contextlib import AsyncExitStack

import pytest
from redis import Redis as Client
from redis.exceptions import NoPermissionError

from tests.browser.proxy import Proxy
from tests.faults.conftest import assert_no_complaint, readiness_of
from tests.support.clients import ChatClient, LivePage, eventually
from tests.support.server import free_port
from tests.support.services import ROOT, Redis

pytestmark = pytest.mark.servers

# The poll comes about once a second, on a machine that may have more to do.
POLL_SECONDS = 3.0
RECOVERY_SECONDS = 15.0
NEVER = "3600"


@pytest.fixture(scope="module")
def pair(start_for_all, redis_for_all):
    """One process on Daphne, one on uvicorn."""
    return [start_for_all(program=program, REDIS_URL=redis_for_all.url) for program in ("daphne", "uvicorn")]


@pytest.fixture(scope="module")
def link(redis_for_all):
    """The way of the second of those to Redis who do not poll."""
    with Proxy(redis_for_all.port) as link:
        yield link


@pytest.fixture(scope="module")
def deaf_pair(start_for_all, redis_for_all, link):
    """They hear nothing of each other but doorbells."""
    url = redis_for_all.url
    other = url.replace(str(redis_for_all.port), str(link.port))
    return [
        start_for_all(program=program, REDIS_URL=url, POLL_INTERVAL=NEVER)
        for program, url in (("daphne", url), ("uvicorn", other))
    ]


@pytest.fixture
async def talk(enter):
    """`await talk(servers)` puts kim on the one and lou on the other, both in a room."""
    async with AsyncExitStack() as stack:

        async def begin(servers, is_redis_there=True):
            talk = Talk(servers, *[await enter(*one) for one in zip(servers, ("kim", "lou"), strict=True)])
            if is_redis_there:
                await talk.readiness("ok")
            talk.beginnings = [len(server.log) for server in servers]
            return await stack.enter_async_context(talk)

        yield begin


class Talk:
    def __init__(self, servers, kim, lou):
        self.servers = servers
        self.kim = kim
        self.lou = lou
        self.pages = []
        self.sent = []

    async def __aenter__(self):
        self.room_id = await self.kim.private_chat(self.lou.name)
        for client in (self.kim, self.lou):
            self.pages.append(page := await LivePage.open(client, self.room_id))
            await eventually(lambda page=page: page.connections)
        return self

    async def __aexit__(self, *exception):
        for page in self.pages:
            await page.close()
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
        logs = [server.log[begin:] for server, begin in zip(self.servers, self.beginnings, strict=True)]
        return [re.findall(r"WARNING rooms\.live\.process\.relay: (.{21})", log) for log in logs]

    async def readiness(self, expected):
        for client in (self.kim, self.lou):
            await readiness_of(client, expected)

    async def outages(self, count):
        await eventually(
            lambda: self.said() == [["Channel layer failing", "Channel layer works a"] * count] * 2,
            RECOVERY_SECONDS,
            f"{count} outages and as many ends of them in the log",
        )


async def test_doorbells_alone_bring_everything_to_the_other_process(deaf_pair, talk):
    talk = await talk(deaf_pair)
    await talk.say(10, 10)
    hers, his = (page.page for page in talk.pages)

    await talk.lou.send(f"/rooms/{talk.room_id}/typing/")
    await eventually(lambda: f"{talk.lou.name} is typing…" in hers.text("typing"))
    await talk.lou.send(f"/rooms/{talk.room_id}/typing/", stop="1")
    await eventually(lambda: not hers.text("typing"))

    last = talk.sent[-2][0]  # kim's
    assert not hers["ticks"]["data-read"].endswith(f":{last}")
    await talk.lou.mark_read(talk.room_id, last)
    await eventually(lambda: hers["ticks"]["data-read"].endswith(f":{last}"))

    await talk.lou.log_out()
    await eventually(lambda: not his.connects)
    assert talk.said() == [[], []]


def crash(redis):
    redis.stop(signal.SIGKILL)
    return redis.start


def end(redis):
    redis.stop()
    return redis.start


def hang(redis):
    redis.send(signal.SIGSTOP)
    return lambda: redis.send(signal.SIGCONT)


def pause(redis):
    """It takes what it is sent, and answers nothing."""
    redis.say("CLIENT", "PAUSE", "60000", "ALL")
    return redis.restart  # it does not even take it back


@pytest.mark.parametrize("trouble", [crash, end, hang, pause])
async def test_outage_costs_a_second_and_two_lines(redis_for_all, pair, talk, trouble):
    talk = await talk(pair)
    mend = trouble(redis_for_all)
    try:
        began = time.monotonic()
        await talk.say(6, POLL_SECONDS)
        assert time.monotonic() - began < 6 * POLL_SECONDS  # nobody waited for Redis to post
        await eventually(lambda: [len(said) for said in talk.said()] == [1, 1])
        await talk.say(6, POLL_SECONDS)
        await talk.readiness("doorbell")
        assert (await talk.kim.get("/healthz")).text == "ok"
        # Who comes while it lasts is served like everybody else.
        async with await LivePage.open(talk.lou, talk.room_id) as late:
            await talk.say(2, POLL_SECONDS)
            await late.wait_for_messages(talk.sent)
    finally:
        mend()
    await talk.outages(1)
    await talk.readiness("ok")
    await talk.say(6, POLL_SECONDS)
    assert [page.connections for page in talk.pages] == [1, 1]  # no page noticed


async def test_restarts_in_a_row_lose_nothing(redis_for_all, pair, talk):
    talk = await talk(pair)
    for _restart in range(5):
        redis_for_all.restart()
        await talk.say(2, POLL_SECONDS)
    await talk.readiness("ok")
    await talk.say(2, POLL_SECONDS)
    assert all(said[::2] == said[:1] * (len(said) // 2) for said in talk.said())
    assert [page.connections for page in talk.pages] == [1, 1]


async def test_doorbells_ring_again_after_an_outage(redis_for_all, deaf_pair, talk):
    talk = await talk(deaf_pair)
    redis_for_all.stop(signal.SIGKILL)
    await eventually(lambda: all(talk.said()))
    redis_for_all.start()
    await talk.outages(1)
    await talk.say(4, 10)


async def test_gap_that_nobody_noticed_is_filled(redis_for_all, deaf_pair, link, talk):
    """One process heard nothing of some messages. The next one brings them too, and in order."""
    talk = await talk(deaf_pair)
    await talk.say(2, 10)
    _hers, his = talk.pages
    listeners = redis_for_all.listeners
    await asyncio.to_thread(link.cut)
    for number in range(3, 8):
        talk.sent.append((await talk.kim.post(talk.room_id, f"message {number}"), f"message {number}"))
    assert his.posted == [key for key, _content in talk.sent[:2]]
    link.mend()
    await eventually(lambda: redis_for_all.listeners == listeners)
    assert his.posted == [key for key, _content in talk.sent[:2]]
    talk.sent.append((await talk.kim.post(talk.room_id, "message 8"), "message 8"))
    await his.wait_for_messages(talk.sent)
    assert his.posted == [key for key, _content in talk.sent]
    assert his.connections == 1


@pytest.mark.parametrize(
    ("begin", "end"),
    [
        ("FLUSHALL", ""),
        ("CONFIG SET maxmemory 1mb", "CONFIG SET maxmemory 0"),
        ("REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE"),  # so that nothing can be written to it
    ],
)
async def test_what_becomes_of_its_contents_does_not_matter(redis_for_all, deaf_pair, talk, begin, end):
    talk = await talk(deaf_pair)
    redis_for_all.say(*begin.split())
    await talk.say(4, 10)
    if end:
        redis_for_all.say(*end.split())
    await talk.say(2, 10)
    assert talk.said() == [[], []]


async def test_cut_connections_are_made_anew(redis_for_all, pair, talk):
    """Redis itself is well; a firewall, say, has forgotten the connections."""
    talk = await talk(pair)
    for kind in ("pubsub", "normal"):
        redis_for_all.say("CLIENT", "KILL", "TYPE", kind)
        await talk.say(4, POLL_SECONDS)
    await talk.readiness("ok")
    await eventually(lambda: all(len(said) % 2 == 0 for said in talk.said()), RECOVERY_SECONDS)


async def test_doorbells_ring_again_when_connections_were_cut(redis_for_all, deaf_pair, talk):
    talk = await talk(deaf_pair)
    listeners = redis_for_all.listeners
    redis_for_all.say("CLIENT", "KILL", "TYPE", "pubsub")
    await eventually(lambda: redis_for_all.listeners == listeners)
    await talk.say(4, 10)


async def test_redis_that_is_not_there_at_the_start_is_found_later(start, talk):
    redis = Redis(free_port())
    servers = [start(REDIS_URL=redis.url) for _ in range(2)]
    talk = await talk(servers, is_redis_there=False)
    talk.beginnings = [0, 0]
    await talk.say(4, POLL_SECONDS)
    await eventually(lambda: all(talk.said()))
    with redis:
        await talk.outages(1)
        await eventually(lambda: redis.listeners == 2)
        await talk.say(4, POLL_SECONDS)


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


async def test_rights_that_are_shown_are_enough_and_no_more(redis, start, talk):
    [shown] = re.findall(r"^ACL (SETUSER .*)$", (ROOT / "docs" / "operating.md").read_text(), re.MULTILINE)
    redis.say("ACL", *shown.replace("a-long-secret", "secret").split())
    url = redis.url.replace("redis://", "redis://hearth:secret@")
    for command in ("EVAL x 0", "FLUSHALL", "CONFIG GET *", "GET x", "KEYS *"):
        with Client.from_url(url) as client, pytest.raises(NoPermissionError):
            client.execute_command(*command.split())
    talk = await talk([start(REDIS_URL=url, POLL_INTERVAL=NEVER) for _ in range(2)])
    await talk.say(4, 10)
    assert talk.said() == [[], []]
