"""The tests themselves are tested: with a safeguard taken out, they fail; with all of them in, they do not.

In other words: each safeguard is needed, and each of these scenarios would notice if it went.
"""

import asyncio
import uuid

import pytest

from tests.clients import ChatClient, LivePage, StreamReader, eventually
from tests.faults.crowd import rows_of

ENOUGH = 300  # messages of 24 KB, after which everything that the system itself takes in is full


async def one_token(one, other):
    async with ChatClient(one.url, "kim") as kim:
        room_id = await kim.create_room("Insisting")
        token = str(uuid.uuid4())
        for _ in range(3):
            await kim.post(room_id, "once", token)
        assert len(rows_of(one, room_id)[0]) == 1


async def page_that_missed_something(one, other):
    async with ChatClient(one.url, "kim") as kim:
        room_id = await kim.create_room("Away")
        page = await kim.room(room_id)
        sent = [(await kim.post(room_id, text), text) for text in ("one", "two")]
        async with LivePage(kim, room_id, page) as live:
            await live.wait_for_messages(sent, 5)


async def page_that_is_there(one, other):
    async with ChatClient(one.url, "kim") as kim:
        room_id = await kim.create_room("Here")
        async with await LivePage.open(kim, room_id) as live:
            await eventually(lambda: live.connections)
            sent = []
            for number in range(5):
                sent.append((await kim.post(room_id, str(number)), str(number)))
                await live.wait_for_messages(sent)
            assert live.posted == [key for key, _content in sent]


async def page_at_the_other_process(one, other):
    async with ChatClient(one.url, "kim") as kim, ChatClient(other.url, "lou") as lou:
        room_id = await kim.create_room("Far away")
        async with await LivePage.open(lou, room_id) as live:
            await eventually(lambda: live.connections)
            sent = [(await kim.post(room_id, "hello"), "hello")]
            await live.wait_for_messages(sent, 5)


async def reader_that_does_not_read(one, other):
    async with ChatClient(one.url, "kim") as kim:
        room_id = await kim.create_room("Fire hose")
        others = one.connections
        path = f"/rooms/{room_id}/stream"
        async with await StreamReader.open(one.url, path, session=kim.session, receive_buffer=4096):
            assert one.connections == others + 1
            for number in range(ENOUGH):
                await kim.post(room_id, f"{number}: " + "'" * 3900)
                if one.connections == others:
                    return
            raise AssertionError("It is not closed.")


async def session_that_ends(one, other):
    async with ChatClient(one.url, "kim") as kim, await kim.stream() as stream:
        await stream.wait_for_event("connected")
        await kim.log_out()
        await stream.wait_until_closed(5)


SCENARIOS = {
    "without_tokens": one_token,
    "without_cursor": page_that_missed_something,
    "without_positions": page_that_is_there,
    "without_poll": page_at_the_other_process,
    "without_bound": reader_that_does_not_read,
    "without_access_checks": session_that_ends,
}


@pytest.mark.parametrize(("safeguard", "scenario"), SCENARIOS.items())
async def test_nothing_passes_without_it(start, safeguard, scenario):
    one, other = await asyncio.gather(
        *(asyncio.to_thread(start, program=safeguard, LIMIT_POST_PER_USER="off") for _ in range(2))
    )
    with pytest.raises(AssertionError):
        await scenario(one, other)


async def test_all_passes_with_all_of_them(start):
    one, other = await asyncio.gather(
        *(asyncio.to_thread(start, LIMIT_POST_PER_USER="off") for _ in range(2))
    )
    for scenario in SCENARIOS.values():
        await scenario(one, other)
