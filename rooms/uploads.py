"""What becomes of the files of a form: each is looked at, drawn anew if it is a picture, and stored.

That comes before the transaction of the message. Where no message has taken them, they are deleted again.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from django.core.files import File
from django.core.files.storage import FileSystemStorage
from django.db import Error as DatabaseError

from accounts.avatars import turn_of
from accounts.models import User
from accounts.pictures import redraw
from config import file_names
from config.file_types import HEAD_BYTES, Kind, kind_and_type_of
from config.incoming import FULL, IncomingFile, Upload
from config.scanning import scan
from rooms.models import StoredFile
from rooms.models.stored_file import new_name, remove_bytes, storage

# By the format in which a picture is drawn: its type, and how its name ends.
PICTURES = {
    "JPEG": ("image/jpeg", ".jpg"),
    "PNG": ("image/png", ".png"),
    "WEBP": ("image/webp", ".webp"),
}


class DiskFull(Exception):
    """There is no space left for a file."""


@contextmanager
def storing() -> Iterator[list[StoredFile]]:
    """Give a list for files that are stored; at the end those are deleted that no message has by then.

    Where the database cannot say, they stay: a message may have them.
    """
    files: list[StoredFile] = []
    try:
        yield files
    except DatabaseError:
        raise
    except BaseException:
        _forget(files)
        raise
    else:
        _forget(files)


def _forget(files: Sequence[StoredFile]) -> None:
    if not files:
        return
    with suppress(DatabaseError):
        names = {file.stored_as for file in files}
        taken = set(StoredFile.objects.filter(stored_as__in=names).values_list("stored_as", flat=True))
        for file in files:
            if file.stored_as not in taken:
                remove_bytes(file.names)


def stored(sender: User, upload: Upload) -> StoredFile:
    """Store a file; return its row, which is not saved.

    Raises PictureRefused, Busy, DiskFull, Infected and ScannerFailed.
    """
    upload.seek(0)
    kind, content_type = kind_and_type_of(upload.read(HEAD_BYTES))
    row = StoredFile(
        sender=sender,
        kind=kind,
        content_type=content_type,
        digest=upload.hash.hexdigest(),
        stored_as=new_name(),
    )
    try:
        scan(upload)
        if kind == Kind.PICTURE:
            _store_drawn(row, upload)
        else:
            row.name, row.size = file_names.cleaned(upload.name or ""), upload.size
            _put(upload, row.stored_as)
    except BaseException as error:
        remove_bytes(row.names)
        if isinstance(error, OSError) and error.errno in FULL:
            raise DiskFull from error
        raise
    return row


def _store_drawn(row: StoredFile, upload: Upload) -> None:
    row.small_as = new_name()
    with IncomingFile() as whole, IncomingFile() as small:
        with turn_of(row.sender_id):
            drawn = redraw(upload, whole, small)
        row.content_type, ending = PICTURES[drawn.format]
        row.name = file_names.cleaned(upload.name or "", ending)
        row.width, row.height, row.is_animated = drawn.width, drawn.height, drawn.is_animated
        row.size, row.small_size = whole.length, small.length
        _put(whole, row.stored_as)
        _put(small, row.small_as)


def _put(content: "File[Any]", name: str) -> None:
    """Store a file so that it survives a power cut."""
    content.seek(0)
    if storage().save(name, content) != name:
        raise OSError("the storage has given a file another name")
    if isinstance(storage(), FileSystemStorage):
        path = storage().path(name)
        for place in (path, os.path.dirname(path)):
            descriptor = os.open(place, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
