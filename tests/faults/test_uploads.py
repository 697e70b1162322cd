"""A process is killed, or the disk is full, while files of a message are being kept."""

import asyncio
import os
import time

import pytest

from tests.faults.conftest import assert_no_complaint, installation
from tests.faults.test_sqlite import SmallDisk
from tests.support.files import Sending
from tests.support.wire import Wire

MIB = 2**20
SIZE = 2 * MIB
STEPS = ["spooled", "stored", "saved", "committed"]


def files_in(server):
    return [path for path in (server.folder / "files").rglob("*") if path.is_file()]


async def test_killed_anywhere_leaves_no_row_without_bytes(start, enter):
    """And whoever sends the form again gets one message."""
    server = start(fault="dies_while_it_keeps_a_file", STEP="")
    client = await enter(server, "kim")
    room_id = await client.create_room("Kitchen")
    tokens = []
    for step in STEPS:
        server.kill()
        server.environment["STEP"] = step
        server.start()
        sending = Sending(client, room_id, SIZE)
        tokens.append(sending.token)
        async with Wire(server) as wire:
            await sending.send(wire)
            assert await wire.rest() == b"", step
        assert server.process.wait(10) == -9
        server.process = None
        assert not list((server.folder / "incoming").iterdir()), step
    server.environment["STEP"] = ""
    server.start()
    with server.rows() as rows:
        assert rows.execute("SELECT count(*) FROM rooms_storedfile") == [(1,)], "the one that was committed"
    assert "Every file has its row" in server.manage("files", "--check")
    for token in tokens:
        assert await Sending(client, room_id, SIZE, token).answer(server) == 201
    with server.rows() as rows:
        assert rows.execute("SELECT count(*) FROM rooms_message") == [(len(STEPS),)]
    then = time.time() - 2 * 24 * 60 * 60
    for path in files_in(server):
        os.utime(path, (then, then))
    assert "Every file has its row" in server.manage("files", "--sweep")
    assert len(files_in(server)) == len(STEPS)


async def test_same_form_at_two_processes_is_one_message(start, enter):
    one, other = start(), start()
    client = await enter(one, "kim")
    room_id = await client.create_room("Kitchen")
    sending = Sending(client, room_id, SIZE)
    assert await asyncio.gather(sending.answer(one), sending.answer(other)) == [201, 201]
    with one.rows() as rows:
        assert rows.execute("SELECT count(*) FROM rooms_message") == [(1,)]
    assert len(files_in(one)) == 1
    assert_no_complaint(one)


@pytest.fixture
def small_disk(tmp_path):
    with SmallDisk(tmp_path / "small") as disk:
        yield disk


async def test_full_disk_is_said_and_leaves_nothing(small_disk, prepared_folder, enter):
    if not small_disk.is_real:
        pytest.fail("needs to mount a file system")
    with installation(prepared_folder, small_disk.folder / "data") as start:
        server = start()
        client = await enter(server, "kim")
        room_id = await client.create_room("Kitchen")
        assert await Sending(client, room_id, 60 * MIB).answer(server) == 507, "it is known before"
        sending = Sending(client, room_id, 10 * MIB)
        async with Wire(server) as wire:
            await sending.send(wire, upto=4 * MIB)
            with small_disk.full():
                await wire.send(b"x" * (6 * MIB) + sending.end)
                status, headers = await wire.answer()
                said = await wire.reader.readexactly(int(headers["content-length"]))
        assert (status, "film.bin" in said.decode()) == (422, True)
        assert b"there is no space left for it" in said
        assert files_in(server) == []
        assert list((server.folder / "incoming").iterdir()) == []
        assert await client.post(room_id, "Texts can be sent")
        assert await sending.answer(server) == 201
