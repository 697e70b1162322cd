"""Files while they arrive: in a folder beside the storage, which takes them over without copying."""

import errno
import hashlib
import os
import tempfile
import weakref
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.core.files import File
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler

# What a disk answers that has no place left, for anybody or for us.
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def folder() -> Path:
    """Return where files are while they arrive."""
    path = Path(settings.INCOMING_DIR)
    path.mkdir(mode=0o750, exist_ok=True)
    return path


class IncomingFile(File):  # type: ignore[type-arg]  # generic for type checkers only
    """A new file in INCOMING_DIR, which is gone when it is closed, unless it was moved away by then."""

    file: Any

    def __init__(self) -> None:
        descriptor, path = tempfile.mkstemp(dir=folder())
        super().__init__(os.fdopen(descriptor, "w+b"), path)
        # Also where nobody closes it, as with a form that turns out to be broken.
        self._end = weakref.finalize(self, _end, self.file, Path(path))

    def temporary_file_path(self) -> str:
        """Return from where a storage can move it."""
        self.file.flush()
        return str(self.name)

    def close(self) -> None:
        self._end()

    @property
    def length(self) -> int:
        self.file.flush()
        return os.fstat(self.fileno()).st_size


def _end(file: IO[bytes], path: Path) -> None:
    file.close()
    path.unlink(missing_ok=True)


class Upload(UploadedFile):  # type: ignore[type-arg]  # generic for type checkers only
    """A file of a form, with the digest of its bytes.

    Of one that `is_too_large` or for which `disk_is_full`, there are no bytes, but its size.
    """

    file: Any
    size: int

    def __init__(self, name: str) -> None:
        super().__init__(IncomingFile(), name, size=0)
        self.hash = hashlib.sha256()
        self.disk_is_full = False

    @property
    def is_too_large(self) -> bool:
        return self.size > max(settings.FILE_MAX_BYTES, settings.AVATAR_MAX_BYTES)

    @property
    def is_whole(self) -> bool:
        return not (self.is_too_large or self.disk_is_full)

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
        os.truncate(self.file.fileno(), 0)


class Handler(FileUploadHandler):
    """Writes the files of a form to the disk as they are parsed."""

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
