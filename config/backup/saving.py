"""Make a backup, and look whether one is whole."""

import tarfile
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.db import connection

from config import release
from config.backup import folder, rows
from config.backup.archive import FILES, KEY, TABLES, Reader, Refused, Writer
from config.progress import Progress


def save(path: Path) -> None:
    """Write everything that is here into one file, while people write. Raises Refused."""
    if not rows.applied():
        raise Refused("There is nothing to save: the database is empty.")
    try:
        with Writer(path) as archive:
            _save(archive, Progress())
    except tarfile.TarError as error:
        raise Refused(f"{path} was not written: {error}.") from None
    except OSError as error:
        raise Refused(f"{path} was not written: {error.strerror or error}.") from None


def _save(archive: Writer, progress: Progress) -> None:
    with rows.snapshot():
        migrations = rows.applied()
        try:
            tables = rows.tables_after(migrations)
        except rows.Newer as newer:
            raise Refused(f"A newer Hearth has changed this database ({newer}). Use that one.") from None
        told = {}
        for table in tables:
            name, total = table._meta.db_table, rows.count(table)
            archive.add_lines(f"{TABLES}{name}.jsonl.gz", progress.over(rows.lines(table), total, name))
            told[name] = {"rows": total, "last_id": rows.last_id(table)}
    # After the rows, so that every file that a row names is there.
    found = list(folder.files())
    for name, path in progress.over(found, len(found), "files"):
        archive.add_file(f"{FILES}{name}", path)
    archive.add_text(KEY, settings.SECRET_KEY)
    archive.finish(
        {
            "hearth": release.version(),
            "made": datetime.now(UTC).isoformat(timespec="seconds"),
            "database": connection.vendor,
            "entering": settings.ENTERING,
            "migrations": migrations,
            "tables": told,
        }
    )


def verify(archive: Reader) -> None:
    """Read all of it. Raises Refused if anything is not as it was written."""
    progress = Progress()
    tables = archive.manifest["tables"]
    for name, told in tables.items():
        lines = archive.lines(f"{TABLES}{name}.jsonl.gz")
        found = sum(1 for _line in progress.over(lines, told["rows"], name))
        if found != told["rows"]:
            raise archive.damaged(f"{name} has {found} rows instead of {told['rows']}")
    others = [name for name in archive.manifest["members"] if not name.startswith(TABLES)]
    for name in progress.over(others, len(others), "files"):
        for _piece in archive.pieces(name):
            pass
