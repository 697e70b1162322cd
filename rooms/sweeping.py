"""Files that have no row, and rows that have no file: looked for from both sides.

Bytes are stored before their row is committed, and deleted after it is gone. So a process that is killed in
between leaves bytes without a row, and never a row without bytes.
"""

import time
from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import batched
from pathlib import Path

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from config import incoming
from rooms.models import Attachment, Message, Report, StoredFile
from rooms.models.stored_file import detach, remove_bytes, storage

# What is younger may still get its row.
GRACE = timedelta(days=1)
BATCH = 500
FOLDERS = [f"{number:02x}" for number in range(256)]  # as names begin: `stored_file.new_name`


def without_rows(folders: Iterable[str] = FOLDERS) -> Iterator[str]:
    """Return the names of files in the storage that no row has, and that are older than GRACE."""
    for names in batched(_names_in(folders), BATCH, strict=False):
        rows = StoredFile.objects.filter(Q(stored_as__in=names) | Q(small_as__in=names))
        taken = {name for pair in rows.values_list("stored_as", "small_as") for name in pair}
        yield from (name for name in names if name not in taken and _is_old(name))


def _names_in(folders: Iterable[str]) -> Iterator[str]:
    for folder in folders:
        for inner in _listed(folder)[0]:
            yield from (f"{folder}/{inner}/{name}" for name in _listed(f"{folder}/{inner}")[1])


def _listed(folder: str) -> tuple[list[str], list[str]]:
    try:
        return storage().listdir(folder)
    except FileNotFoundError:
        return [], []


def _is_old(name: str) -> bool:
    try:
        return storage().get_modified_time(name) < timezone.now() - GRACE
    except FileNotFoundError:
        return False


def without_bytes() -> Iterator[StoredFile]:
    """Return the rows whose file, or small picture, is not in the storage."""
    last = 0
    while rows := list(StoredFile.objects.filter(pk__gt=last).order_by("pk")[:BATCH]):
        yield from (row for row in rows if not all(storage().exists(name) for name in row.names))
        last = rows[-1].pk


def left_over() -> Iterator[Path]:
    """Return what was left behind while it arrived."""
    before = time.time() - GRACE.total_seconds()
    for path in incoming.folder().iterdir():
        try:
            if path.stat().st_mtime < before:
                yield path
        except FileNotFoundError:
            pass


def of_deleted_messages() -> list[int]:
    """Return the ids of deleted messages that still have files: a release without files has deleted them."""
    there = Message.objects.filter(pk=OuterRef("message"), deleted_at=None)
    found = Attachment.objects.filter(~Exists(there)).values_list("message", flat=True)
    return list(found.distinct()[:BATCH])


def release_reported() -> None:
    """Let go of files that were kept for reports which are not there any more, for the same reason."""
    kept = Report.files.through._default_manager
    gone = kept.filter(~Exists(Report.objects.filter(pk=OuterRef("report"))))
    if files := set(gone.values_list("storedfile", flat=True)[:BATCH]):
        with transaction.atomic():
            gone.filter(storedfile__in=files).delete()
            StoredFile.objects.discard(files)


def sweep(folders: Iterable[str] = FOLDERS) -> int:
    """Delete what has no row; return how many files that were."""
    detach(of_deleted_messages())
    release_reported()
    leftovers = list(left_over())
    for path in leftovers:
        path.unlink(missing_ok=True)
    orphans = list(without_rows(folders))
    remove_bytes(orphans)
    return len(leftovers) + len(orphans)


def sweep_some() -> None:
    """Sweep a part of the storage: another one each ten minutes, all of it in two days."""
    sweep([FOLDERS[int(time.time() // 600) % len(FOLDERS)]])
