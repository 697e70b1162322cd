"""The database file is locked by somebody else, or there is no room for it to grow."""

import contextlib
import re
import resource
import sqlite3
import uuid

import httpx
import pytest

from tests.clients import ChatClient, LivePage
from tests.faults.crowd import rows_of

LINE = re.compile(r"\d{4}-\d\d-\d\d [\d:,]+ (WARNING|ERROR|INFO) |Hearth is at")


@contextlib.contextmanager
def locked(server):
    """Somebody else writes, for longer than anybody waits."""
    path = server.folder / "hearth.sqlite3"
    with contextlib.closing(sqlite3.connect(path, autocommit=True)) as database:
        database.execute("BEGIN IMMEDIATE")
        yield
        database.execute("ROLLBACK")


@contextlib.contextmanager
def full(server):
    """No file of the server may grow."""
    _soft, hard = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (4096, hard))
    yield
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (hard, hard))


@pytest.mark.parametrize("trouble", [locked, full])
async def test_sender_is_told_and_keeps_the_text_and_nothing_is_half_written(start, trouble):
    server = start(DATABASE_TIMEOUT="0.1")
    async with ChatClient(server.url, "kim") as kim:
        room_id = await kim.create_room("Trouble")
        async with await LivePage.open(kim, room_id) as page:
            first = await kim.post(room_id, "before")
            await page.wait_for_messages([(first, "before")])
            form = {"content": "it is dear to me", "token": str(uuid.uuid4())}
            with trouble(server):
                fragment = await kim.send(f"/rooms/{room_id}/messages/", **form)
                kim.http.headers["HX-Request"] = "false"
                whole = await kim.send(f"/rooms/{room_id}/messages/", **form)
                kim.http.headers["HX-Request"] = "true"
                assert (await kim.get("/readyz")).text == ("database" if trouble is locked else "ok")
                reading = await kim.get(f"/rooms/{room_id}/")
            for answer in (fragment, whole):
                assert_says_so(answer)
            assert (
                fragment.text.startswith("<hx-partial") or '<hx-partial hx-target="#notice"' in fragment.text
            )
            assert "it is dear to me</textarea>" in whole.text
            assert form["token"] in whole.text
            assert reading.status_code == 200  # reading goes on
            assert rows_of(server, room_id) == ([1], [(first, "before")])

            second = await kim.post(room_id, **form)
            await page.wait_for_messages([(first, "before"), (second, "it is dear to me")])
            assert page.connections == 1
    assert rows_of(server, room_id)[0] == [1, 2]
    assert [line for line in server.log.splitlines() if not LINE.match(line)] == []
    assert server.log.count("Service Unavailable: /rooms/") == 2


def assert_says_so(answer: httpx.Response) -> None:
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "2"
    assert "The database does not answer. Try again in a moment." in answer.text
