"""The database file is locked by somebody else, cannot grow or cannot be written to."""

import asyncio
import contextlib
import os
import re
import resource
import sqlite3
import subprocess
import uuid

import pytest

from tests.faults.conftest import assert_says_so, installation, readiness_of
from tests.faults.crowd import rows_of
from tests.support.clients import ChatClient, LivePage, eventually

LINE = re.compile(r"\d{4}-\d\d-\d\d [\d:,]+ (WARNING|ERROR|INFO) |Hearth is at")
TRIES = 500
CONTENT = "it is dear to me " * 200


class SmallDisk:
    """A file system of its own where one may be mounted; else SQLite behaves as if its disk was small."""

    SIZE = 96 * 1024**2  # Hearth says when 64 MiB are left

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={self.SIZE}", "tmpfs", str(folder)]
        self.is_real = subprocess.run(command, capture_output=True, check=False).returncode == 0

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        if self.is_real:
            subprocess.run(["umount", "--lazy", str(self.folder)], check=True)

    @contextlib.contextmanager
    def full(self):
        """Something else takes up all that is left."""
        filler = self.folder / "filler"
        with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
            while file.write(b"x" * 2**16):
                pass
        assert not os.statvfs(self.folder).f_bavail
        yield
        filler.unlink()


@pytest.fixture(scope="module")
def disk(tmp_path_factory):
    with SmallDisk(tmp_path_factory.mktemp("disk") / "small") as disk:
        yield disk


@pytest.fixture(scope="module")
def switch(tmp_path_factory):
    """What the server's own disk is said to be, in a file."""
    file = tmp_path_factory.mktemp("switch") / "disk"
    file.write_text("")
    return file


@pytest.fixture(scope="module")
def server(prepared_folder, disk, switch):
    """Its log has lines, and no stack traces."""
    with installation(prepared_folder, disk.folder / "data") as start:
        fault, log = "has_a_disk_of_its_own", switch.parent / "log"
        server = start(fault=fault, DISK=str(switch), log=log, DATABASE_TIMEOUT="0.5")
        yield server
        assert [line for line in server.log.splitlines() if not LINE.match(line)] == []


@contextlib.contextmanager
def locked(server):
    """Somebody else writes, for longer than anybody waits."""
    path = server.folder / "hearth.sqlite3"
    with contextlib.closing(sqlite3.connect(path, autocommit=True)) as database:
        database.execute("BEGIN EXCLUSIVE")
        yield
        database.execute("ROLLBACK")


@contextlib.contextmanager
def unable_to_grow(server):
    """No file of the server may grow."""
    _soft, hard = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (4096, hard))
    yield
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (hard, hard))


@pytest.fixture
def trouble(request, server, disk, switch):
    """Return a context in which the database is in trouble, and what /readyz says of it."""

    @contextlib.contextmanager
    def switched(state):
        switch.write_text(state)
        yield
        switch.write_text("")

    return {
        "locked": (locked(server), "database"),
        "full": (disk.full(), "disk") if disk.is_real else (switched("full"), "ok"),
        "unable to grow": (unable_to_grow(server), "ok"),
        "read-only": (switched("read-only"), "database"),
    }[request.param]


@pytest.mark.parametrize("trouble", ["locked", "full", "unable to grow", "read-only"], indirect=True)
async def test_sender_is_told_and_keeps_the_text_and_nothing_is_half_written(server, enter, trouble):
    kim, lou = await enter(server, "kim"), await enter(server, "lou")
    room_id = await kim.private_chat(lou.name)
    before = server.log.count("Service Unavailable: /rooms/")
    async with await LivePage.open(kim, room_id) as page, await LivePage.open(lou, room_id) as other:
        sent = [(await kim.post(room_id, "before"), "before")]
        await page.wait_for_messages(sent)
        context, readiness = trouble
        with context:
            fragment, form = await post_until_it_fails(kim, room_id, sent)
            kim.http.headers["HX-Request"] = "false"
            whole = await kim.send(f"/rooms/{room_id}/messages/", **form)
            kim.http.headers["HX-Request"] = "true"
            assert_says_so(fragment)
            assert_says_so(whole)
            assert '<hx-partial hx-target="#notice"' in fragment.text
            assert "it is dear to me" in whole.text.split("<textarea")[1].split("</textarea>")[0]
            assert form["token"] in whole.text
            assert rows_of(server, room_id) == (list(range(1, len(sent) + 1)), sent)
            await readiness_of(kim, readiness)
            # Reading goes on, of pages that are open and of new ones.
            for live in (page, other):
                await live.wait_for_messages(sent)
            assert (await lou.room(room_id)).messages == sent[-50:]
            async with await LivePage.open(lou, room_id) as late:
                await eventually(lambda: late.connections)
                await late.wait_for_messages(sent[-50:])

        sent.append((await kim.post(room_id, **form), form["content"]))
        for live in (page, other):
            await live.wait_for_messages(sent)
            assert live.connections == 1
        await readiness_of(kim, "ok")
    assert rows_of(server, room_id) == (list(range(1, len(sent) + 1)), sent)
    assert server.log.count("Service Unavailable: /rooms/") == before + 2


async def post_until_it_fails(client, room_id, sent):
    """There may be room for some more. Return the answer, and the form that it is an answer to."""
    for number in range(TRIES):
        form = {"content": f"{number} {CONTENT}".strip(), "token": str(uuid.uuid4())}
        answer = await client.send(f"/rooms/{room_id}/messages/", **form)
        if answer.status_code != 201:
            return answer, form
        found = re.search(r'id="message-(\d+)"', answer.text)
        sent.append((int(found[1]), form["content"]))
    raise AssertionError("It does not fail.")


async def test_lock_that_is_held_for_less_than_anybody_waits_costs_nobody_anything(start):
    server = start(DATABASE_TIMEOUT="30")
    async with ChatClient(server.url, "kim") as kim:
        room_id = await kim.create_room("Patience")
        with locked(server):
            posting = [asyncio.create_task(kim.post(room_id, f"{number}")) for number in range(3)]
            await asyncio.wait(posting, timeout=0.5)
            assert not any(task.done() for task in posting)
        await asyncio.gather(*posting)
