"""Where a stream begins: exactly where the page stopped."""

import asyncio
import random
from contextlib import AsyncExitStack

import pytest

from tests.support.htmx import posted_in

pytestmark = pytest.mark.usefixtures("no_complaint")

NEWEST_PAGE = 'hx-target="#conversation"'


def ids_by_position(rows, room_id):
    return dict(rows.execute("SELECT position, id FROM rooms_message WHERE room_id = ?", [room_id]))


async def post_many(client, room_id, count):
    return [await client.post(room_id, f"message {number}") for number in range(count)]


def posted(stream):
    return [key for event in stream.unnamed for key in posted_in(event.data)]


def cursor_in(where, text):
    """Return the options of a stream that resumes from `text`, told in a header or in the address."""
    if where == "header":
        return {"headers": {"Last-Event-ID": text.encode().decode("latin-1")}}
    return {"query": {"lastEventId": text}}


WHERE = ["header", "query"]


@pytest.fixture(params=WHERE)
def where(request):
    return request.param


@pytest.mark.parametrize(
    "cursor",
    [
        "garbage",
        "error",
        ":",
        "room-{room}",
        "room-{room}:",
        "room-{room}:x",
        "room-{room}:-1",
        "room-{room}:1e3",
        "room-{room}:999999",
        "room-{room}:1000000000000000000",
        f"room-{{room}}:{10**40}",
        "room-{room}:1:2",
        "room-{room}:1,x",
        "room-{other}:1",
        "room-{room}:٣",
        "lobby:1",
        "\xff",
        "x" * 4000,
    ],
)
async def test_cursor_that_means_nothing_brings_the_newest_page(ann, bob, private_id, group_id, cursor):
    ids = await post_many(bob, private_id, 2)
    text = cursor.format(room=private_id, other=group_id)
    for where in WHERE:
        async with await ann.stream(private_id, **cursor_in(where, text)) as stream:
            event = await stream.wait_for_message("message 1")
            page = await ann.room(private_id)
            page["history"].nodes.clear()
            page.apply(event.data)
            assert [key for key, _text in page.messages] == ids
            assert page.cursor == event.id == f"room-{private_id}:2"
            assert not posted_in(event.data)


async def test_no_cursor_brings_the_newest_page(ann, bob, private_id):
    await post_many(bob, private_id, 2)
    async with await ann.stream(private_id) as stream:
        assert NEWEST_PAGE in (await stream.wait_for_message("message 1")).data


async def test_resuming_brings_what_was_missed_in_order_once(ann, bob, private_id, rows, where):
    await post_many(bob, private_id, 7)
    ids = ids_by_position(rows, private_id)
    async with await ann.stream(private_id, **cursor_in(where, f"room-{private_id}:4")) as stream:
        await stream.wait_for_message("message 6")
        await stream.wait_for_event("heartbeat")
        assert posted(stream) == [ids[5], ids[6], ids[7]]
        assert [event.id for event in stream.events if event.id] == [f"room-{private_id}:7"]


async def test_page_that_missed_nothing_gets_nothing(ann, bob, private_id):
    # Without "shows_presence": others come and go.
    usual = {"theme": "system", "contrast": "system", "text_size": "normal"}
    await ann.send("/settings/", **usual, notify="all", announcements="all")
    await post_many(bob, private_id, 2)
    page = await ann.room(private_id)
    async with await ann.stream(private_id, query=page.cursors) as stream:
        await stream.wait_for_event("heartbeat")
        assert posted(stream) == []
        assert not stream.with_text(f'id="room-{private_id}"')  # of others there may be news


async def test_last_event_id_wins_over_the_parameter(ann, bob, private_id, rows):
    await post_many(bob, private_id, 5)
    ids = ids_by_position(rows, private_id)
    cursors = {**cursor_in("header", f"room-{private_id}:4"), **cursor_in("query", f"room-{private_id}:1")}
    async with await ann.stream(private_id, **cursors) as stream:
        assert posted_in((await stream.wait_for_message("message 4")).data) == [ids[5]]


async def test_empty_room_is_resumed_from_zero(ann, bob, private_id):
    async with await ann.stream(private_id, **cursor_in("query", f"room-{private_id}:0")) as stream:
        await stream.wait_for_event("heartbeat")
        assert not [event for event in stream.events if event.id]
        message = await bob.post(private_id, "the first one")
        assert posted_in((await stream.wait_for_message("the first one")).data) == [message]


async def test_page_far_behind_gets_the_newest_page_as_a_whole(ann, bob, private_id):
    page = await ann.room(private_id)
    ids = await post_many(bob, private_id, 101)
    async with await ann.stream(private_id, query=page.cursors) as stream:
        event = await stream.wait_for_message("message 100")
        page.apply(event.data)
        assert [key for key, _text in page.messages] == ids[-50:]
        assert page.cursor == event.id == f"room-{private_id}:101"
        await stream.wait_for_event("heartbeat")
        assert [event.id for event in stream.events if event.id] == [event.id]


async def test_large_messages_that_were_missed_all_come(ann, bob, private_id):
    """What a page begins with may be more than its reader may be behind later; it would never come back."""
    page = await ann.room(private_id)
    ids = [await bob.post(private_id, f"{number}: " + "'" * 3900) for number in range(15)]
    async with await ann.stream(private_id, query=page.cursors) as stream:
        event = await stream.wait_for_message("14: ", seconds=20)
        assert len(event.data) > 1.3 * 256 * 1024
        assert posted_in(event.data) == ids
        await bob.post(private_id, "and on it goes")
        await stream.wait_for_message("and on it goes")


async def test_every_reader_gets_every_message_once_in_order_whenever_it_connects(enter, rows, number):
    """Fifty pages are loaded and connected at random moments while four people post without a pause."""
    writers = [await enter(name) for name in ("kim", "lou", "max", "nic")]
    reader = await enter("reader")
    room_id = await reader.create_room(f"Hammer {number}")
    for writer in writers:
        await writer.room(room_id)
    is_over = asyncio.Event()
    moments = random.Random(7)

    async def write(client):
        number = 0
        while number < 15 or not is_over.is_set():
            number += 1
            await client.post(room_id, f"{client.name} {number}")

    async def read():
        await asyncio.sleep(moments.uniform(0, 3))
        page = await reader.room(room_id)
        await asyncio.sleep(moments.uniform(0, 0.2))
        return int(page.cursor.split(":")[1]), await reader.stream(room_id, query=page.cursors)

    writing = [asyncio.create_task(write(writer)) for writer in writers]
    async with AsyncExitStack() as stack:
        opened = await asyncio.gather(*(read() for _ in range(50)))
        for _position, stream in opened:
            await stack.enter_async_context(stream)
        is_over.set()
        await asyncio.gather(*writing)
        await reader.post(room_id, "The end")
        for _position, stream in opened:
            await stream.wait_for_message("The end")
        ids = ids_by_position(rows, room_id)
        assert len(ids) > 50
        for position, stream in opened:
            missed = [ids[number] for number in sorted(ids) if number > position]
            if stream.with_text(NEWEST_PAGE):  # it took long to connect
                missed = missed[len(missed) - len(posted(stream)) :]
            assert posted(stream) == missed
