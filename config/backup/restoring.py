"""Bring everything back from a backup, beside what is there, and then put it in its place."""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction

from config.backup import folder, rows
from config.backup.archive import FILES, KEY, TABLES, Reader, Refused, sync
from config.backup.saving import verify
from config.progress import Progress


def restore(archive: Reader, replace: bool) -> Path | None:
    """Make this Hearth the one that was saved, be it from the other kind of database. Raises Refused.

    Nothing is changed before all of it has been read and written beside. Returns the folder that has what was
    here before, if anything was.
    """
    migrations = [(app, name) for app, name in archive.manifest["migrations"]]
    try:
        rows.tables_after(migrations)
    except rows.Newer as newer:
        made_by = archive.manifest["hearth"]
        raise Refused(
            f"A newer Hearth ({made_by}) made {archive.path}, with {newer}. Update this one."
        ) from None
    if rows.has_people() and not replace:
        raise Refused(
            "Somebody has an account here already. --replace does away with everything that is here."
        )
    verify(archive)
    beside = Path(tempfile.mkdtemp(prefix=".restored-", dir=settings.DATA_DIR))
    try:
        _write_files(archive, beside, Progress())
        if rows.is_postgresql():
            _only_one_connected()
            # Everybody else sees the tables of before until all of it is there.
            with transaction.atomic():
                rows.drop_tables()
                _fill(archive, migrations, Progress())
            return _put_in_place(beside)
        with _alone() as database:
            with _database_at(beside / database.name):
                _fill(archive, migrations, Progress())
            return _put_in_place(beside)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _fill(archive: Reader, migrations: list[rows.Node], progress: Progress) -> None:
    rows.make_tables(migrations)
    told = archive.manifest["tables"]

    def lines_of(table: rows.Table) -> Iterable[str]:
        name = table._meta.db_table
        return progress.over(archive.lines(f"{TABLES}{name}.jsonl.gz"), told[name]["rows"], name)

    last = {name: table["last_id"] for name, table in told.items()}
    rows.load(rows.tables_after(migrations), lines_of, last)
    call_command("migrate", interactive=False, verbosity=0)


def _write_files(archive: Reader, beside: Path, progress: Progress) -> None:
    names = archive.names(FILES)
    for name in progress.over(names, len(names), "files"):
        path = beside / name.removeprefix(FILES)
        path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        with path.open("wb") as file:
            for piece in archive.pieces(name):
                file.write(piece)
            os.fsync(file.fileno())
    folder.write_key(beside / KEY, archive.text(KEY))


def _put_in_place(beside: Path) -> Path | None:
    """Put what is in a folder in the place of what has these names in DATA_DIR, the database last."""
    moment = datetime.now(UTC).strftime("%Y-%m-%d-%H%M%S")
    before: Path = settings.DATA_DIR / f"replaced-{moment}"
    for new in sorted(beside.iterdir(), key=lambda path: (path.name.startswith("hearth.sqlite3"), path.name)):
        old = settings.DATA_DIR / new.name
        if old.exists():
            before.mkdir(mode=0o700, exist_ok=True)
            old.rename(before / new.name)
        new.rename(old)
    sync(settings.DATA_DIR)
    return before if before.exists() else None


@contextmanager
def _alone() -> Iterator[Path]:
    """Have the database of SQLite for oneself, in one file."""
    connection.close()
    database = Path(connection.settings_dict["NAME"])
    with closing(sqlite3.connect(database, timeout=0, isolation_level=None)) as raw:
        try:
            # Nobody can leave this mode while somebody else has the database open.
            raw.execute("PRAGMA journal_mode = DELETE")
        except sqlite3.OperationalError:
            raise Refused("Hearth is running here. Stop all its processes first.") from None
        raw.execute("PRAGMA locking_mode = EXCLUSIVE")
        raw.execute("BEGIN EXCLUSIVE")  # so that none begins meanwhile
        yield database


@contextmanager
def _database_at(path: Path) -> Iterator[None]:
    """Let the connection lead to another file, which is in one piece when this ends."""
    usual = connection.settings_dict["NAME"]
    connection.settings_dict["NAME"] = path
    try:
        yield
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA journal_mode = DELETE")
    finally:
        connection.close()
        connection.settings_dict["NAME"] = usual


def _only_one_connected() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
            "AND usename = current_user AND pid <> pg_backend_pid()"
        )
        [(others,)] = cursor.fetchall()
    if others:
        raise Refused("Hearth is running with this database. Stop all its processes first.")
