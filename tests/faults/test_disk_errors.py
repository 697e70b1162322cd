"""Each of the writes of a post fails once, in each of the ways in which a disk or a process fails."""

import collections
import shutil
import subprocess
import sys
import uuid

import pytest

from tests.faults.sweep import LAST
from tests.support.server import ROOT, Server
from tests.support.services import program

pytestmark = pytest.mark.servers

# More than a post makes of each.
CALLS = {"pwrite64": 15, "fdatasync": 4}


@pytest.mark.parametrize("how", ["error=ENOSPC", "signal=KILL"])
def test_write_that_fails_loses_and_doubles_nothing(prepared_folder, tmp_path, how):
    folder = tmp_path / "data"
    shutil.copytree(prepared_folder, folder)
    server = Server(folder, DATABASE_URL="", LIMIT_POST_PER_USER="off")
    room_id, session = sweep(server).split()
    outcomes = {}
    for call, count in CALLS.items():
        tokens = [str(uuid.uuid4()) for _ in range(count)]
        injected = [program("strace"), "-f", "-qq", "-o", str(tmp_path / call)]
        injected += ["-e", f"trace={call}", "-e", f"inject={call}:{how}:when={LAST}"]
        answers = sweep(server, room_id, session, call, *tokens, under=injected)
        outcomes |= dict.fromkeys(tokens) | dict(line.split() for line in answers.splitlines())
        assert (tmp_path / call).read_text().count("INJECTED") > 1 or how == "signal=KILL"
    statuses = collections.Counter(outcomes.values())
    assert statuses.keys() <= {"302", "503", None}, statuses
    assert statuses["302"]
    assert statuses["503"] or statuses[None]
    with server.rows() as rows:
        assert rows.execute("PRAGMA integrity_check") == [("ok",)]
        found = collections.Counter(tokens_in(rows))
    for token, status in outcomes.items():
        assert found[token] == 1 if status == "302" else found[token] <= 1

    # Whoever was not told asks again.
    answers = sweep(server, room_id, session, "fdatasync", *outcomes)
    assert {line.split()[1] for line in answers.splitlines()} == {"302"}
    with server.rows() as rows:
        assert sorted(tokens_in(rows)) == sorted(outcomes)
        positions = [number for (number,) in rows.execute("SELECT position FROM rooms_message ORDER BY id")]
    assert positions == list(range(1, len(outcomes) + 1))


def sweep(server, *arguments, under=()):
    return subprocess.run(
        [*under, sys.executable, "-m", "tests.faults.sweep", *arguments],
        cwd=ROOT, env=server.environment, check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip


def tokens_in(rows):
    return [str(uuid.UUID(token)) for (token,) in rows.execute("SELECT token FROM rooms_message")]
