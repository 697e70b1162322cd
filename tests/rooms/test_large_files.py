"""Large files over the wire, to and from both servers: neither memory nor anybody else notices them."""

import asyncio
import contextlib

import pytest

from tests.support.clients import eventually
from tests.support.files import Sending
from tests.support.server import Server
from tests.support.wire import Wire, head

pytestmark = pytest.mark.usefixtures("no_complaint")

MIB = 2**20
SIZE = 30 * MIB
LITTLE = 16 * MIB


@pytest.fixture(scope="module", params=["daphne", "uvicorn"])
def hearth(request, tmp_path_factory):
    options = {"FILE_MAX_MB": "40", "FILE_QUOTA_MB": "100"}
    with Server(tmp_path_factory.mktemp(request.param), program=request.param, **options) as server:
        yield server


def kept(hearth):
    """Return how many files are in the storage, and arriving."""
    return [
        sum(path.is_file() for path in (hearth.folder / name).rglob("*")) for name in ("files", "incoming")
    ]


def asked(client, file_id, **headers):
    return head(f"/files/{file_id}/", Cookie=f"hearth_session={client.session}", **headers)


async def test_large_file_costs_little_both_ways(hearth, rows, ann, bob, group_id):
    before = hearth.memory
    hearth.forget_peak_memory()
    piece = bytes(range(256)) * 256
    sending = Sending(ann, group_id, SIZE)
    async with Wire(hearth) as wire, await bob.stream(group_id) as stream:
        await sending.send(wire, piece, upto=SIZE // 2)
        await ann.post(group_id, "Meanwhile")
        await stream.wait_for_message("Meanwhile")
        await bob.lobby()  # nobody waits
        for _piece in range(SIZE // 2 // len(piece)):
            await wire.send(piece)
        await wire.send(sending.end)
        assert (await wire.answer(60))[0] == 201
    assert hearth.peak_memory - before < LITTLE
    [(file_id, size)] = rows.execute("SELECT id, size FROM rooms_storedfile ORDER BY id DESC LIMIT 1")
    assert size == SIZE
    hearth.forget_peak_memory()
    async with contextlib.AsyncExitStack() as stack:
        for _reader in range(8):
            wire = await stack.enter_async_context(Wire(hearth))
            wire.reader._limit = 1024  # takes no more than that, and then lets the sender wait
            await wire.send(asked(bob, file_id))
        await bob.lobby()
        async with Wire(hearth) as last:
            await last.send(asked(bob, file_id, Range=f"bytes={SIZE - 256}-", Connection="close"))
            answer = await last.rest()
        assert answer.startswith(b"HTTP/1.1 206 ")
        assert answer.endswith(bytes(range(256)))
        assert hearth.peak_memory - before < 2 * LITTLE
    async with bob.http.stream("GET", f"{hearth.url}/files/{file_id}/") as answer:
        got = 0
        async for part in answer.aiter_raw():
            got += len(part)
    assert (answer.status_code, got) == (200, SIZE)
    assert int(answer.headers["content-length"]) == SIZE
    assert "content-encoding" not in answer.headers


async def test_upload_that_is_cut_off_leaves_nothing(hearth, rows, ann, group_id):
    sending = Sending(ann, group_id, SIZE)
    before = kept(hearth)
    async with Wire(hearth) as wire:
        await sending.send(wire, upto=SIZE // 2)
        await eventually(lambda: hearth.unnamed_bytes)
    await eventually(lambda: not hearth.unnamed_bytes)
    assert kept(hearth) == before
    assert rows.execute("SELECT count(*) FROM rooms_message WHERE room_id = ?", [group_id]) == [(0,)]
    sending.size = 3 * MIB
    while (status := await sending.answer(hearth)) == 503:  # its place is free again in a moment
        await asyncio.sleep(0.05)
    assert status == 201
    assert await sending.answer(hearth) == 201, "the same one, sent again"
    assert rows.execute("SELECT count(*) FROM rooms_message WHERE room_id = ?", [group_id]) == [(1,)]
    assert kept(hearth) == [before[0] + 1, 0]


async def test_who_may_not_send_is_told_before_the_first_byte(hearth, rows, ann, eve, group_id):
    async def told(client, size=SIZE, reply_to=0):
        sending = Sending(client, group_id, size, reply_to=reply_to)
        async with Wire(hearth) as wire:
            await wire.send(sending.head(Expect="100-continue"))
            return (await wire.answer())[0]

    before = kept(hearth)
    assert await told(eve) == 404
    assert await told(ann) == 100
    assert await told(ann, 120 * MIB) == 507, "more than the quota"
    assert await told(ann, 500 * MIB) == 413
    await ann.post(group_id, "Shall we?")
    [(message_id,)] = rows.execute("SELECT max(id) FROM rooms_message")
    assert await told(eve, reply_to=message_id) == 404
    assert await told(ann, reply_to=message_id) == 100
    assert await told(ann, reply_to=message_id + 1) == 404
    rows.execute("UPDATE rooms_chatroom SET posting = 'nobody' WHERE id = ?", [group_id])
    assert await told(ann) == 403
    assert kept(hearth) == before


async def test_ten_at_once(hearth, rows, enter, ann, group_id):
    people = [await enter(f"p{number}") for number in range(10)]
    for person in people:
        await person.room(group_id)
    statuses = await asyncio.gather(*(Sending(person, group_id, MIB).answer(hearth) for person in people))
    assert set(statuses) == {201}
    found = rows.execute("SELECT count(*) FROM rooms_attachment WHERE room_id = ?", [group_id])
    assert found == [(10,)]


async def test_download_ends_with_the_membership_at_the_next_range(hearth, rows, ann, bob, group_id):
    assert await Sending(ann, group_id, 3 * MIB).answer(hearth) == 201
    [(file_id,)] = rows.execute("SELECT max(id) FROM rooms_storedfile")
    assert (await bob.get(f"/files/{file_id}/", range="bytes=0-9")).status_code == 206
    await bob.leave(group_id)
    assert (await bob.get(f"/files/{file_id}/", range="bytes=10-19")).status_code == 404
