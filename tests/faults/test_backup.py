"""A backup that is made while people write brings everything back, in any folder and with either database."""

import asyncio
import shutil
import subprocess

import pytest

from config.backup.archive import TABLES, Reader
from tests.faults.conftest import assert_no_complaint
from tests.support.clients import ChatClient
from tests.support.server import Server


def tables_of(path):
    """Return the rows that each table has in a backup, and the highest id that one ever had."""
    with Reader(path) as archive:
        found = {name: list(archive.lines(name)) for name in archive.names(TABLES)}
        return found, archive.manifest["tables"]


def refusal(server, *arguments):
    with pytest.raises(subprocess.CalledProcessError) as refused:
        server.manage(*arguments)
    [line] = refused.value.stderr.splitlines()
    return line


async def test_everything_acknowledged_before_it_is_there_again(start, tmp_path, postgresql):
    """And on the way to the other kind of database and back, nothing changes."""
    server = start()
    first = server.folder / "backups" / "first.tar"  # a folder that is made
    second, third = (tmp_path / f"{name}.tar" for name in ("second", "third"))
    (server.folder / "files").mkdir()
    (server.folder / "files" / "one").write_bytes(b"\0one" * 1000)
    async with ChatClient(server.url, "kim") as kim:
        room_id = await kim.create_room("Kept")
        before = [await kim.post(room_id, f"message {number} ✓") for number in range(20)]
        meanwhile, is_over = [], asyncio.Event()

        async def talk():
            while not is_over.is_set():
                meanwhile.append(await kim.post(room_id, "meanwhile"))
                await asyncio.sleep(0.05)

        talking = asyncio.create_task(talk())
        told = await asyncio.to_thread(server.manage, "backup", str(first))
        is_over.set()
        await talking
        cookies = dict(kim.http.cookies)
    assert "It holds keys and private messages" in told
    assert refusal(server, "restore", str(first), "--replace").startswith("CommandError: Hearth is running ")
    server.stop()
    assert_no_complaint(server)

    moved = Server(tmp_path / "moved", DATABASE_URL=postgresql.create("moved"))
    moved.folder.mkdir()
    moved.manage("restore", str(first))
    moved.manage("backup", str(second))
    restored = Server(tmp_path / "restored", DATABASE_URL="")
    restored.folder.mkdir()
    restored.manage("restore", str(second))
    restored.manage("backup", str(third))
    assert tables_of(first) == tables_of(second) == tables_of(third)
    assert (restored.folder / "files" / "one").read_bytes() == b"\0one" * 1000

    with restored, restored.rows() as rows:
        found = [key for (key,) in rows.execute("SELECT id FROM rooms_message ORDER BY id")]
        assert found == [*before, *meanwhile][: len(found)]
        assert len(found) >= len(before)
        async with ChatClient(restored.url, "lou") as lou:
            shown = [key for key, _text in (await lou.room(room_id)).messages]
            assert shown == found[-len(shown) :]
            assert await lou.post(room_id, "goes on") > found[-1]
            lou.http.cookies = cookies
            assert (await lou.get("/settings/sessions/")).status_code == 200  # kim is logged in still


def test_update_makes_a_backup_first_which_leads_back(tmp_path, prepared_folder):
    server = Server(tmp_path / "data", DATABASE_URL="")
    shutil.copytree(prepared_folder, server.folder)
    backups = server.folder / "backups"
    server.manage("shell", "-v0", "-c", "from accounts.models import User; User.objects.enter('kim')")
    server.manage("migrate", "rooms", "0022")
    with server.rows() as rows:
        count = "SELECT count(*) FROM django_migrations"
        before = rows.execute(count)
        backups.touch()
        refused = refusal(server, "setup")
        assert refused.startswith("CommandError: Nothing was updated, because there is no backup: ")
        assert rows.execute(count) == before
    backups.unlink()
    assert "What was here before the update is in" in server.manage("setup")
    [path] = backups.iterdir()
    assert path.name.startswith("before-update-")

    # A release that is newer than this one changes the database, and people want to go back.
    with server.rows() as rows:
        [(migrations,)] = rows.execute(count)
        rows.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('rooms', '9999_later', '2030-01-01')"
        )
        rows.execute("CREATE TABLE later (id integer)")
    assert "A newer Hearth has changed this database" in refusal(server, "backup", str(tmp_path / "x.tar"))
    server.manage("restore", str(path), "--replace")
    with server.rows() as rows:
        assert rows.execute(count) == [(migrations,)]  # of an earlier release, and brought up to date
        assert rows.execute("SELECT username FROM accounts_user WHERE is_active ORDER BY id")[-1] == ("kim",)
        assert rows.execute("SELECT 1 FROM sqlite_master WHERE name = 'later'") == []
    assert list(server.folder.glob("replaced-*/hearth.sqlite3"))
    assert list(server.folder.glob(".restored*")) == []
