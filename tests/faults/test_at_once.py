"""The same thing is done at once, through two processes."""

import asyncio
import itertools
import uuid
from contextlib import AsyncExitStack

import pytest

from tests.clients import ChatClient
from tests.faults.conftest import assert_no_complaint
from tests.faults.crowd import rows_of

TIMES = 50


@pytest.fixture
def servers(start, database_url):
    servers = [start(DATABASE_URL=database_url) for _ in range(2)]
    yield servers
    for server in servers:
        assert_no_complaint(server)


@pytest.fixture
async def kim(servers):
    """One person, in a browser window at each of the servers."""
    async with AsyncExitStack() as stack:
        windows = [await stack.enter_async_context(ChatClient(server.url, "kim")) for server in servers]
        yield itertools.cycle(windows)


async def test_fifty_posts_with_one_token_are_one_message(servers, kim):
    room_id = await next(kim).create_room("Insisting")
    token = str(uuid.uuid4())
    ids = await asyncio.gather(*(next(kim).post(room_id, "once", token) for _ in range(TIMES)))
    assert len(set(ids)) == 1
    assert rows_of(servers[0], room_id) == ([1], [(ids[0], "once")])


async def test_pair_that_opens_its_private_chat_has_one(servers, kim):
    async with ChatClient(servers[0].url, "lou") as lou:
        openings = [
            (next(kim).private_chat("lou") if number % 2 else lou.private_chat("kim")) for number in range(20)
        ]
        assert len(set(await asyncio.gather(*openings))) == 1


async def test_room_that_is_made_twice_at_once_is_made_once(servers, kim):
    answers = await asyncio.gather(*(next(kim).send("/rooms/", name="Everybody's") for _ in range(10)))
    assert sorted(answer.status_code for answer in answers) == [302, *[422] * 9]


async def test_nobody_is_turned_away_while_many_write(servers):
    """On SQLite a transaction that reads before it writes fails at once if it began deferred."""
    async with AsyncExitStack() as stack:
        people = [
            await stack.enter_async_context(ChatClient(servers[number % 2].url, f"writer{number}"))
            for number in range(8)
        ]
        room_id = await people[0].create_room("Rush")
        for person in people:
            await person.room(room_id)

        async def write(person):
            for number in range(10):
                message = await person.post(room_id, f"{person.name} {number}")
                await person.mark_read(room_id, message)

        await asyncio.gather(*map(write, people))
        assert rows_of(servers[0], room_id)[0] == list(range(1, 81))
