"""A backup each night, by a setting, and one before each update."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date, datetime, timedelta
from pathlib import Path

from django.conf import settings

from config.backup import rows
from config.backup.archive import PART, Refused
from config.backup.saving import save

HOUR = 3  # of the machine's clock, when few people write
BEFORE_UPDATES = 2  # that are kept
LONGEST = timedelta(days=1)  # what is older and has no end was given up


def folder() -> Path:
    path: Path = settings.DATA_DIR / "backups"
    try:
        path.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise Refused(f"{path} cannot be made: {error.strerror}.") from None
    return path


def of_day(day: date) -> Path:
    return folder() / f"nightly-{day.isoformat()}.tar"


def is_due(now: datetime) -> bool:
    """Whether today's backup is still to be made, by the machine's clock."""
    return bool(settings.BACKUP_DAYS) and now.hour >= HOUR and not of_day(now.date()).exists()


def keep_nightly() -> Path | None:
    """Make today's backup and remove those that are too old; nothing if that is done, or being done."""
    today = datetime.now().date()
    with _one_at_a_time() as has_turn:
        if not has_turn or of_day(today).exists():
            return None
        _remove_leftovers()
        path = of_day(today)
        try:
            save(path)
        except Refused as refused:
            note_failure(str(refused))
            raise
        failure().unlink(missing_ok=True)
        for old in folder().glob("nightly-*.tar"):
            if old.name <= of_day(today - timedelta(days=settings.BACKUP_DAYS)).name:
                old.unlink()
        return path


def save_before_update() -> Path | None:
    """Save what an update is about to change; nothing where nobody has an account yet."""
    if not rows.has_people() or not rows.is_behind():
        return None
    moment = datetime.now().strftime("%Y-%m-%d-%H%M%S")
    path = folder() / f"before-update-{moment}.tar"
    save(path)
    for old in sorted(folder().glob("before-update-*.tar"))[:-BEFORE_UPDATES]:
        old.unlink()
    return path


def failure() -> Path:
    """Return the file that is there while the latest nightly backup has failed, and says why."""
    return folder() / "failed.txt"


def note_failure(why: str) -> None:
    with suppress(OSError):  # on a full disk; then the disk is what /readyz names
        failure().write_text(why)


def has_failed() -> bool:
    return bool(settings.BACKUP_DAYS) and failure().exists()


def _remove_leftovers() -> None:
    for part in folder().glob(f".*{PART}"):
        if time.time() - part.stat().st_mtime > LONGEST.total_seconds():
            part.unlink(missing_ok=True)


@contextmanager
def _one_at_a_time() -> Iterator[bool]:
    """Several processes find at the same time that it is due."""
    with (folder() / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
