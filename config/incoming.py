"""Files while they arrive: in a folder beside the storage, which takes them over without copying."""

import errno
import hashlib
import os
import secrets
import tempfile
import weakref
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.core.files import File
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, StopFutureHandlers
from django.http.multipartparser import MultiPartParserError

# What a disk answers that has no place left, for anybody or for us.
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

# Where a request has the files that were taken out of its form, by the numbers that stand there instead.
ARRIVED = "hearth.files"


def folder() -> Path:
    """Return where files are while they arrive."""
    path = Path(settings.INCOMING_DIR)
    path.mkdir(mode=0o750, exist_ok=True)
    return path


class IncomingFile(File):  # type: ignore[type-arg]  # generic for type checkers only
    """A new file in INCOMING_DIR, which is gone when it is closed, unless it was moved away by then.

    Where the file system allows it, it has no name before it is moved: a process that is killed leaves none.
    """

    file: Any

    def __init__(self) -> None:
        if can_be_named_later(folder()):
            descriptor, self._path = nameless(folder()), folder() / secrets.token_hex(16)
        else:
            descriptor, path = tempfile.mkstemp(dir=folder())
            self._path = Path(path)
        super().__init__(os.fdopen(descriptor, "w+b"), "incoming")
        # Also where nobody closes it, as with a form that turns out to be broken.
        self._end = weakref.finalize(self, _end, self.file, self._path)

    def temporary_file_path(self) -> str:
        """Return from where a storage can move it."""
        self.file.flush()
        if not os.fstat(self.fileno()).st_nlink:
            give_name(self.fileno(), self._path)
        return str(self._path)

    def close(self) -> None:
        self._end()

    @property
    def length(self) -> int:
        self.file.flush()
        return os.fstat(self.fileno()).st_size


def nameless(place: Path) -> int:
    """Open a new file on the file system of a folder, in which it does not appear."""
    return os.open(place, os.O_RDWR | os.O_TMPFILE | os.O_CLOEXEC, 0o600)


def give_name(descriptor: int, path: Path) -> None:
    """Give a nameless file its first name."""
    # Only with a folder, though none is needed, does Python follow the link to the file.
    os.link(f"/proc/self/fd/{descriptor}", path, src_dir_fd=descriptor)


@cache
def can_be_named_later(place: Path) -> bool:
    """Whether files in a folder can begin without a name: not every file system knows such."""
    path = place / secrets.token_hex(16)
    try:
        descriptor = nameless(place)
        try:
            give_name(descriptor, path)
        finally:
            os.close(descriptor)
        path.unlink()
    except OSError:
        return False
    return True


def _end(file: IO[bytes], path: Path) -> None:
    file.close()
    path.unlink(missing_ok=True)


class Upload(UploadedFile):  # type: ignore[type-arg]  # generic for type checkers only
    """A file of a form, with the digest of its bytes.

    Of one that `is_too_large`, for which `disk_is_full`, or that is not kept, only the size is there.
    """

    file: Any
    size: int

    def __init__(self, name: str | None = None, *, is_kept: bool = True) -> None:
        super().__init__(IncomingFile() if is_kept else File(BytesIO(), "nothing"), name, size=0)
        self.hash = hashlib.sha256()
        self.is_kept = is_kept
        self.disk_is_full = False

    @property
    def is_too_large(self) -> bool:
        return self.size > max(settings.FILE_MAX_BYTES, settings.AVATAR_MAX_BYTES)

    @property
    def is_whole(self) -> bool:
        return self.is_kept and not (self.is_too_large or self.disk_is_full)

    def temporary_file_path(self) -> str:
        return str(self.file.temporary_file_path())

    def take(self, data: bytes) -> None:
        self.size += len(data)
        if not self.is_whole:
            self._empty()
            return
        try:
            self.file.write(data)
            self.hash.update(data)
        except OSError as error:
            self._note(error)

    def end(self) -> None:
        try:
            self.file.flush()
        except OSError as error:
            self._note(error)
        self.file.seek(0)

    def _note(self, error: OSError) -> None:
        if error.errno not in FULL:
            raise error
        self.disk_is_full = True
        self._empty()

    def _empty(self) -> None:
        if self.is_kept:
            os.truncate(self.file.fileno(), 0)


class ArrivedHandler(FileUploadHandler):
    """Puts the files back that were taken out of a form while it arrived (`config/serving/forms.py`)."""

    arrived: dict[int, Upload] | None = None

    def handle_raw_input(self, input_data: Any, META: dict[str, Any], *args: Any, **kwargs: Any) -> None:
        self.arrived = META.get(ARRIVED)

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.number = b""
        if self.arrived is not None:
            raise StopFutureHandlers

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        if self.arrived is None:
            return raw_data
        self.number += raw_data
        return None

    def file_complete(self, file_size: int) -> Upload | None:
        if self.arrived is None:
            return None
        try:
            upload = self.arrived.pop(int(self.number))
        except (ValueError, KeyError):
            raise MultiPartParserError("A file is in a place where there is none.") from None
        upload.name = self.file_name
        return upload


class Handler(FileUploadHandler):
    """Writes the files of a small form to the disk as they are parsed."""

    upload: Upload | None = None

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.upload = Upload(self.file_name or "")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if self.upload:
            self.upload.take(raw_data)

    def file_complete(self, file_size: int) -> Upload | None:
        upload, self.upload = self.upload, None
        if upload:
            upload.end()
        return upload

    def upload_interrupted(self) -> None:
        if self.upload:
            self.upload.close()
