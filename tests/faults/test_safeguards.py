"""The tests themselves are tested: with a safeguard taken out, they fail; with all of them in, they do not.

In other words: each safeguard is needed, and each of these scenarios would notice if it went.
"""

import asyncio
import uuid
from contextlib import AsyncExitStack, nullcontext

import pytest

from tests.faults import harm
from tests.faults.crowd import rows_of
from tests.support.clients import ChatClient, LivePage, StreamReader, eventually

NEVER = "3600"
QUIET = {"POLL_INTERVAL": NEVER, "HEARTBEAT_INTERVAL": NEVER}
ENOUGH = 60  # messages of 24 KB, after which everything that the system itself takes in is full


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
    """Three times: on a busy machine, what a page looks for as it opens may be late enough to find it."""
    async with ChatClient(one.url, "kim") as kim, ChatClient(other.url, "lou") as lou:
        for number in range(3):
            room_id = await kim.create_room(f"Far away {number}")
            async with await LivePage.open(lou, room_id) as live:
                await eventually(lambda live=live: live.connections)
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


async def member_who_is_one_no_more(one, other):
    async with ChatClient(one.url, "kim") as kim, ChatClient(one.url, "lou") as lou:
        room_id = await kim.create_room("Members only")
        await lou.room(room_id)
        async with await lou.stream(room_id) as stream:
            await stream.wait_for_event("level")
            with one.rows() as rows:
                rows.execute(
                    "DELETE FROM rooms_membership WHERE user_id ="
                    " (SELECT id FROM accounts_user WHERE username = 'lou')"
                )
            await kim.post(room_id, "a secret")
            await stream.wait_until_closed(5)
            # The list of chats may tell the last message: the room is open to everybody.
            assert not [event for event in stream.events if event.id and "a secret" in event.data]


async def many_who_come_and_go(one, other):
    """They read before they write, in two processes."""
    async with AsyncExitStack() as stack:
        people = [
            await stack.enter_async_context(ChatClient(server.url, f"guest{number}"))
            for number, server in enumerate([one, other] * 2)
        ]
        room_id = await people[0].create_room("Open house")

        async def come_and_go(person):
            for _visit in range(15):
                assert (await person.get(f"/rooms/{room_id}/")).status_code == 200
                await person.leave(room_id)

        await asyncio.gather(*map(come_and_go, people))


async def message_that_is_slow_to_be_committed(one, other):
    with one.rows() as rows:
        rows.execute(
            "CREATE FUNCTION hesitate() RETURNS trigger LANGUAGE plpgsql"
            " AS $$ BEGIN PERFORM pg_sleep(2); RETURN NEW; END $$"
        )
        rows.execute(
            "CREATE TRIGGER hesitates AFTER INSERT ON rooms_message FOR EACH ROW"
            " WHEN (NEW.content = 'slow') EXECUTE FUNCTION hesitate()"
        )

        def hesitates():
            return rows.execute("SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep'")

        async with ChatClient(one.url, "kim") as kim, ChatClient(one.url, "lou") as lou:
            room_id = await kim.create_room("Hesitation")
            await lou.room(room_id)
            async with await LivePage.open(kim, room_id) as live:
                await eventually(lambda: live.connections)
                slow = asyncio.create_task(kim.post(room_id, "slow"))
                await eventually(hesitates)
                quick = await lou.post(room_id, "quick")
                await live.wait_for_messages([(await slow, "slow"), (quick, "quick")], 5)


# What is taken out, what notices, and how many processes and with what settings that takes.
SCENARIOS = [
    ("without_unique_tokens", one_token, 1, {}),
    ("without_cursor", page_that_missed_something, 1, {}),
    ("without_positions", page_that_is_there, 1, {}),
    ("without_poll", page_at_the_other_process, 2, {}),
    ("without_bound", reader_that_does_not_read, 1, {}),
    ("without_access_checks", session_that_ends, 1, {}),
    ("without_membership_checks", member_who_is_one_no_more, 1, QUIET),
    ("without_immediate_transactions", many_who_come_and_go, 2, {}),
]


@pytest.mark.parametrize(("safeguard", "scenario", "processes", "options"), SCENARIOS)
async def test_nothing_passes_without_it(start, safeguard, scenario, processes, options):
    servers = [start(fault=safeguard, **options) for _ in range(processes)]
    with pytest.raises(AssertionError):
        await scenario(servers[0], servers[-1])


async def test_all_passes_with_all_of_them(start):
    servers = [start(fault="has_small_buffers") for _ in range(2)]
    for _safeguard, scenario, *_how in SCENARIOS:
        await scenario(*servers)


# What is taken out, the attack that harms others then, and a server on which it does.
HARMFUL = [
    ("without_bound_of_names", harm.TEXT, "uvicorn"),
    ("without_deaf_twisted", harm.PARTS, "daphne"),
    ("without_bound_of_decoders", harm.PICTURE, "uvicorn"),
    ("without_bound_of_messages", harm.MESSAGE, "daphne"),
    ("without_bound_of_lists", harm.ROOM, "uvicorn"),
    ("without_asking_who_uploads", harm.BODIES, "uvicorn"),
    ("without_asking_who_uploads", harm.BODIES, "daphne"),
    ("without_end_of_patience", harm.SLOWNESS, "uvicorn"),
    ("without_end_of_patience", harm.SLOWNESS, "daphne"),
]


@pytest.mark.parametrize(("safeguard", "attack", "program"), HARMFUL)
async def test_an_attack_does_harm_without_it(start, safeguard, attack, program):
    """With all of them it does none: test_harm.py."""
    server = start(fault=safeguard, program=program, **harm.OPTIONS)
    with pytest.raises(AssertionError):
        await run_three_times(attack, server)


async def run_three_times(attack, server):
    """A machine that has nothing else to do may bear one of them."""
    for _attempt in range(3):
        await attack.run(server, attempts=1)


@pytest.mark.servers
@pytest.mark.parametrize("fault", ["", "without_room_lock"])
async def test_reader_passes_over_no_number_that_is_committed_late(start, postgresql_url, fault):
    """On SQLite there is one transaction at a time."""
    server = start(fault=fault, DATABASE_URL=postgresql_url)
    with nullcontext() if not fault else pytest.raises(AssertionError):
        await message_that_is_slow_to_be_committed(server, server)
