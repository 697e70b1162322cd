"""A process is killed at any step of a job; the next one does it all the same."""

import io
import subprocess
import sys
from itertools import count
from zipfile import ZipFile

import pytest

from tests.faults.conftest import assert_no_complaint
from tests.support.files import Sending

SIZE = 10_000
ENOUGH = 20  # steps


def killed_at(server, step):
    """Work jobs off in a process that dies at that step; return whether there was one."""
    command = [sys.executable, "-m", "tests.faults.broken", "dies_at_a_step_of_a_job", "work", "--once"]
    environment = {**server.environment, "STEP": str(step)}
    done = subprocess.run(command, cwd=server.root, env=environment, check=False, capture_output=True)
    assert done.returncode in (0, -9), done.stderr
    return done.returncode == -9


def kill_at_each_step(server, after_each):
    for step in count():
        if not killed_at(server, step):
            return step
        after_each()
    raise AssertionError


def kill_at_first_step(server):
    """Kill each process at the first step it comes to; return how many there were until all was done."""
    for kills in range(ENOUGH):
        if not killed_at(server, 0):
            return kills
    raise AssertionError("The steps that are done leave no fewer.")


@pytest.fixture
async def kim(start, enter):
    server = start(JOBS_IN_SERVER="0")
    client = await enter(server, "kim")
    lou = await enter(server, "lou")
    client.server, client.rooms = server, [await client.create_room(name) for name in ("Kitchen",)]
    client.rooms.append(await client.private_chat(lou.name))
    for room_id in client.rooms:
        await client.post(room_id, f"What kim said in {room_id}")
        assert await Sending(client, room_id, SIZE).answer(server) == 201
    return client


async def test_download_is_whole_or_not_there(kim):
    answer = await kim.send("/settings/data/")
    assert answer.status_code == 302
    exports = kim.server.folder / "exports"

    def look():
        assert not list(exports.glob("*.zip")), "half of one"

    assert kill_at_each_step(kim.server, look) > len(kim.rooms)
    answer = await kim.get("/settings/data/download/")
    with ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        text = "".join(archive.read(name).decode() for name in archive.namelist() if name.endswith(".html"))
    assert all(f"What kim said in {room_id}" in text for room_id in kim.rooms)
    assert_no_complaint(kim.server)


async def test_words_are_erased_in_the_end(kim):
    answer = await kim.send("/settings/data/delete/", words="erase", is_certain="on")
    assert answer.headers["location"] == "/settings/data/deleted/"
    assert kill_at_first_step(kim.server) > len(kim.rooms)
    with kim.server.rows() as rows:
        assert rows.execute("SELECT count(*) FROM rooms_message WHERE deleted_at IS NULL") == [(0,)]
        assert rows.execute("SELECT count(*) FROM rooms_storedfile") == [(0,)]
        left = "SELECT room_id FROM rooms_membership JOIN accounts_user ON accounts_user.id = user_id"
        assert rows.execute(f"{left} WHERE NOT is_active") == [(kim.rooms[-1],)], "the direct message"
    assert "Every file has its row" in kim.server.manage("files", "--check")
    assert_no_complaint(kim.server)
