"""What docs/deploying.md says of keeping everything: a copy that is taken at any time is whole."""

import asyncio
import contextlib
import shutil
import sqlite3

from tests.support.clients import ChatClient
from tests.support.server import Server


def copy(source, target):
    with (
        contextlib.closing(sqlite3.connect(source)) as old,
        contextlib.closing(sqlite3.connect(target)) as new,
    ):
        old.backup(new)


async def test_copy_of_a_running_server_serves_everything_that_was_said_before(start, tmp_path):
    server = start()
    folder = tmp_path / "copy"
    folder.mkdir()
    async with ChatClient(server.url, "kim") as kim:
        room_id = await kim.create_room("Kept")
        before = [await kim.post(room_id, f"message {number}") for number in range(20)]
        copying = asyncio.create_task(
            asyncio.to_thread(copy, server.folder / "hearth.sqlite3", folder / "hearth.sqlite3")
        )
        meanwhile = [await kim.post(room_id, f"message {number}") for number in range(20, 30)]
        await copying
        cookies = dict(kim.http.cookies)
    server.stop()
    shutil.copy(server.folder / "secret_key", folder)
    with Server(folder, DATABASE_URL="") as restored, restored.rows() as rows:
        [(state,)] = rows.execute("PRAGMA integrity_check")
        found = [key for (key,) in rows.execute("SELECT id FROM rooms_message ORDER BY id")]
        assert state == "ok"
        assert found == [*before, *meanwhile][: len(found)]
        assert len(found) >= len(before)
        async with ChatClient(restored.url, "lou") as lou:
            assert [key for key, _text in (await lou.room(room_id)).messages] == found
            lou.http.cookies = cookies
            assert (await lou.get("/settings/sessions/")).status_code == 200  # kim is logged in still
