"""The file of a backup: whole or refused, and for its owner's eyes only."""

import io
import json
import stat
import tarfile
from datetime import date, datetime

import pytest
from django.db import connection

from config.backup import folder, nightly, rows
from config.backup.archive import ABOUT, DIGEST, FORMAT, MANIFEST, Reader, Refused, Writer
from config.backup.restoring import restore
from config.backup.saving import verify
from config.progress import Progress
from tests.support.factories import make_user

LINES = [json.dumps([number, "text"]) + "\n" for number in range(2000)]


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "picture"
    path.write_bytes(bytes(range(256)) * 100)
    return path


@pytest.fixture
def whole(tmp_path, picture):
    path = tmp_path / "whole.tar"
    with Writer(path) as archive:
        archive.add_lines("tables/some.jsonl.gz", LINES)
        archive.add_file("files/a/picture", picture)
        archive.add_file("files/a/gone", tmp_path / "gone")
        archive.finish({"tables": {"some": {"rows": len(LINES)}}})
    return path


def read(path):
    with Reader(path) as archive:
        verify(archive)


def test_everything_comes_back_and_only_the_owner_can_read_it(whole, picture):
    assert stat.S_IMODE(whole.stat().st_mode) == 0o600
    assert b"Keep it as you would keep a password" in whole.read_bytes()[:2000]
    read(whole)
    with Reader(whole) as archive:
        assert list(archive.lines("tables/some.jsonl.gz")) == LINES
        assert archive.names("files/") == ["files/a/picture"]
        assert b"".join(archive.pieces("files/a/picture")) == picture.read_bytes()
    assert sorted(path.name for path in whole.parent.iterdir()) == ["picture", "whole.tar"]


def test_one_that_is_cut_off_is_damaged(whole, tmp_path):
    content = whole.read_bytes()
    end = content.rindex(DIGEST.encode())
    for length in (1000, 2000, len(content) // 2, end, end + 540):
        (tmp_path / "cut.tar").write_bytes(content[:length])
        with pytest.raises(Refused, match=r"is damaged: its end is missing|is not a backup"):
            read(tmp_path / "cut.tar")


def test_any_changed_byte_is_found(whole, tmp_path):
    content = bytearray(whole.read_bytes())
    with tarfile.open(whole) as tar:
        places = {
            member.name: (member.offset_data, member.offset_data + member.size // 2, member.offset)
            for member in tar.getmembers()
        }
    assert {ABOUT, MANIFEST, DIGEST, "files/a/picture", "tables/some.jsonl.gz"} == set(places)
    for place in [place for found in places.values() for place in found]:
        content[place] ^= 1
        (tmp_path / "changed.tar").write_bytes(content)
        with pytest.raises(Refused, match=r"is damaged: |is not a backup"):
            read(tmp_path / "changed.tar")
        content[place] ^= 1


def test_something_else_is_no_backup(tmp_path, picture):
    with tarfile.open(tmp_path / "other.tar", "w") as tar:
        tar.add(picture, "picture")
    (tmp_path / "empty").touch()
    for path in (picture, tmp_path / "other.tar", tmp_path / "empty"):
        with pytest.raises(Refused, match=r"is not a backup of Hearth\.$"):
            read(path)
    with pytest.raises(Refused, match=r"cannot be read: No such file or directory\.$"):
        read(tmp_path / "missing")


def test_one_of_a_later_form_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("config.backup.archive.FORMAT", FORMAT + 1)
    with Writer(tmp_path / "later.tar") as archive:
        archive.finish({"tables": {}})
    monkeypatch.undo()
    with pytest.raises(Refused, match="made by a newer Hearth"):
        read(tmp_path / "later.tar")


@pytest.mark.parametrize("name", ["files/../../evil", "/etc/evil", "files/..\\evil"])
def test_nothing_is_written_outside(tmp_path, name):
    with Writer(tmp_path / "evil.tar") as archive:
        archive._add(name, io.BytesIO(b"evil"), 4, 0)
        archive.finish({"tables": {}})
    with pytest.raises(Refused, match="is no name of a file"):
        read(tmp_path / "evil.tar")


def test_what_fails_leaves_nothing_and_what_is_there_stays(tmp_path, whole):
    content = whole.read_bytes()
    with pytest.raises(Refused, match="exists already"), Writer(whole):
        pass
    assert whole.read_bytes() == content
    with pytest.raises(ZeroDivisionError), Writer(tmp_path / "new.tar") as archive:
        archive.add_lines("tables/some.jsonl.gz", (str(1 // (number - 5)) for number in range(9)))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["picture", "whole.tar"]


@pytest.mark.django_db
def test_only_what_this_release_knows_goes_into_an_empty_database(tmp_path, whole, settings):
    settings.DATA_DIR = tmp_path

    def refused(migrations):
        path = tmp_path / "other.tar"
        with Writer(path) as archive:
            archive.add_lines("tables/some.jsonl.gz", LINES[1:])
            archive.finish(
                {"tables": {"some": {"rows": 2000}}, "migrations": migrations, "hearth": "99.0"},
            )
        with pytest.raises(Refused) as refusal, Reader(path) as archive:
            restore(archive, replace=bool(migrations))
        path.unlink()
        return str(refusal.value)

    assert "A newer Hearth (99.0) made" in refused([["rooms", "9999_later"]])
    make_user("kim")
    assert refused([]).startswith("Somebody has an account here already.")
    assert "some has 1999 rows instead of 2000" in refused([["rooms", "0001_initial"]])


# What is in DATA_DIR


def test_everything_is_saved_but_what_is_made_again(settings, tmp_path):
    settings.DATA_DIR, settings.SITE_LOGO, settings.SITE_ICON = tmp_path / "data", None, None
    settings.THEME = tmp_path / "club"
    (tmp_path / "club" / "css").mkdir(parents=True)
    (tmp_path / "club" / "css" / "own.css").touch()
    kept = {"files/ab/1", "logo.png", "theme/css/own.css", "somethingnew/x"}
    made_again = {
        "hearth.sqlite3", "hearth.sqlite3-wal", "secret_key", "static/a.js", "bundle/js/a.js", "incoming/x",
        "serve.log", "backups/nightly.tar", ".restored-1/x", "replaced-2026-11-30-120000/x",
    }  # fmt: skip
    for name in kept | made_again:
        (settings.DATA_DIR / name).parent.mkdir(parents=True, exist_ok=True)
        (settings.DATA_DIR / name).touch()
    assert {name for name, _path in folder.files()} == {*kept, "elsewhere/club/css/own.css"}


# Each night


@pytest.fixture
def saved(settings, tmp_path, monkeypatch):
    """Backups of the first days of November are there, and making one is quick."""
    settings.DATA_DIR, settings.BACKUP_DAYS = tmp_path, 3
    for day in range(1, 10):
        nightly.of_day(date(2026, 11, day)).touch()
    monkeypatch.setattr("config.backup.nightly.save", lambda path: path.touch())

    def names():
        return sorted(path.name for path in nightly.folder().glob("*.tar"))

    return names


def test_one_is_due_each_night_unless_it_is_there(settings, saved):
    assert not nightly.is_due(datetime(2026, 11, 9, 23, 0))
    assert not nightly.is_due(datetime(2026, 11, 10, 2, 59))
    assert nightly.is_due(datetime(2026, 11, 10, 3, 0))
    settings.BACKUP_DAYS = 0
    assert not nightly.is_due(datetime(2026, 11, 10, 3, 0))


def test_those_of_as_many_days_are_kept(saved, time_machine):
    time_machine.move_to(datetime(2026, 11, 10, 4, 0))
    assert nightly.keep_nightly() == nightly.of_day(date(2026, 11, 10))
    assert saved() == [f"nightly-2026-11-{day}.tar" for day in ("08", "09", "10")]
    assert nightly.keep_nightly() is None


def test_only_one_process_makes_it(saved, time_machine):
    time_machine.move_to(datetime(2026, 11, 10, 4, 0))
    with nightly._one_at_a_time() as has_turn:
        assert has_turn
        assert nightly.keep_nightly() is None
    assert nightly.keep_nightly()


def test_failure_is_remembered_until_one_succeeds(settings, saved, monkeypatch):
    def fail(path):
        raise Refused("The disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr("config.backup.nightly.save", fail)
        with pytest.raises(Refused, match="disk is full"):
            nightly.keep_nightly()
    assert nightly.has_failed()
    assert nightly.failure().read_text() == "The disk is full."
    assert nightly.keep_nightly()
    assert not nightly.has_failed()


def test_what_was_given_up_is_removed(saved, time_machine):
    left = nightly.folder() / ".nightly-2026-11-09.tar-abc.part"
    left.touch()
    time_machine.move_to(datetime(2040, 1, 1, 4, 0))
    nightly.keep_nightly()
    assert not left.exists()


# While it takes its time


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_bar_is_drawn_on_a_terminal_only(monkeypatch):
    for stream, drawn in ((Terminal(), True), (io.StringIO(), False)):
        monkeypatch.setattr("sys.stderr", stream)
        assert list(Progress().over("abcd", 4, "letters")) == list("abcd")
        assert bool(stream.getvalue()) is drawn
        if drawn:
            assert "[##############################] 100% letters" in stream.getvalue().splitlines()[-1]


@pytest.mark.django_db
def test_every_table_is_saved_but_those_that_are_made_again():
    """A table that no model has, or that is not here, would be lost without anybody noticing."""
    saved = {table._meta.db_table for table in rows.tables_after(rows.applied())}
    there = set(connection.introspection.table_names())
    of_search = {name for name in there if name.startswith("rooms_search")}
    assert there - saved - of_search == {"django_migrations", "rooms_serverprocess"}
    assert saved <= there
