"""The file of a backup: a tar with a manifest that has the digest of everything in it.

It begins with a sentence about what it is and ends with the manifest, so one that was cut off has none. It is
written under another name and gets its own when it is whole and on the disk.
"""

import gzip
import hashlib
import io
import json
import os
import tarfile
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Any, Self, cast

FORMAT = 1
ABOUT, MANIFEST, DIGEST = "about.txt", "manifest.json", "manifest.sha256"
TABLES, FILES, KEY = "tables/", "files/", "secret_key"
SENTENCES = b"""This is a backup of Hearth, a chat. It holds private messages, files, addresses of people
and of browsers, hashes of passwords, and the key that signs sessions: whoever can read it
can log in as anybody. Keep it as you would keep a password.

`manage.py restore FILE` brings everything back.
"""
PIECE = 1024 * 1024
PART = ".part"


class Refused(Exception):
    """What cannot be done, as a sentence for whoever runs the command."""


class Writer:
    """Writes an archive; `with` it, it is there as a whole in the end, or not at all."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._members: dict[str, dict[str, Any]] = {}

    def __enter__(self) -> Self:
        if self.path.exists():
            raise Refused(f"{self.path} exists already.")
        # Readable for its owner only, as mkstemp makes it.
        descriptor, name = tempfile.mkstemp(PART, f".{self.path.name}-", self.path.parent)
        self._part = Path(name)
        self._file = os.fdopen(descriptor, "wb")
        self._tar = tarfile.open(fileobj=self._file, mode="w", format=tarfile.PAX_FORMAT)
        self._add_bytes(ABOUT, SENTENCES)
        return self

    def __exit__(self, kind: object, *_rest: object) -> None:
        try:
            if kind is None:
                self._tar.close()
                self._file.flush()
                os.fsync(self._file.fileno())
                self._part.rename(self.path)
                sync(self.path.parent)
        finally:
            self._file.close()
            self._part.unlink(missing_ok=True)

    def add_lines(self, name: str, lines: Iterable[str]) -> None:
        """Add text, compressed. It takes its size on the disk once more for a while."""
        with tempfile.TemporaryFile(dir=self.path.parent) as file:
            with gzip.GzipFile("", "wb", compresslevel=1, fileobj=file, mtime=0) as packed:
                for line in lines:
                    packed.write(line.encode())
            size = file.tell()
            file.seek(0)
            self._add(name, file, size, 0)

    def add_file(self, name: str, path: Path) -> None:
        """Add a file. What is written to it meanwhile is left out, and so is a file that has gone."""
        try:
            file = path.open("rb")
        except FileNotFoundError:
            return
        with file:
            state = os.fstat(file.fileno())
            self._add(name, file, state.st_size, int(state.st_mtime))

    def add_text(self, name: str, text: str) -> None:
        self._add_bytes(name, text.encode())

    def finish(self, manifest: dict[str, Any]) -> None:
        text = json.dumps({"format": FORMAT, **manifest, "members": self._members}, indent=1).encode()
        self._add_bytes(MANIFEST, text)
        self._add_bytes(DIGEST, hashlib.sha256(text).hexdigest().encode())

    def _add_bytes(self, name: str, content: bytes) -> None:
        self._add(name, io.BytesIO(content), len(content), 0)

    def _add(self, name: str, file: IO[bytes], size: int, time: int) -> None:
        info = tarfile.TarInfo(name)
        info.size, info.mtime, info.mode = size, time, 0o600
        source = _Hashed(file)
        self._tar.addfile(info, source)
        self._members[name] = {"size": size, "sha256": source.digest.hexdigest()}


class Reader:
    """Reads an archive. What it yields has been compared with its digest when it comes to its end."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> Self:
        try:
            self._tar = tarfile.open(self.path, "r:")
        except OSError as error:
            raise Refused(f"{self.path} cannot be read: {error.strerror}.") from None
        except tarfile.TarError:
            raise self._foreign() from None
        try:
            self.manifest = self._read_manifest()
        except BaseException:
            self._tar.close()
            raise
        return self

    def __exit__(self, *_exception: object) -> None:
        self._tar.close()

    def _read_manifest(self) -> dict[str, Any]:
        try:
            first = self._tar.next()
            if first is None or first.name != ABOUT:
                raise self._foreign()
            members = self._tar.getmembers()
            if [member.name for member in members[-2:]] != [MANIFEST, DIGEST]:
                raise self.damaged("its end is missing")
            text, digest = (self._content(member) for member in members[-2:])
            if hashlib.sha256(text).hexdigest().encode() != digest:
                raise self.damaged("its manifest was changed")
            manifest: dict[str, Any] = json.loads(text)
        except tarfile.TarError:
            raise self.damaged("its end is missing") from None
        if manifest["format"] != FORMAT:
            raise Refused(f"{self.path} was made by a newer Hearth: this one cannot read it.")
        self._infos = {member.name: member for member in members if member.isreg()}
        told = manifest["members"]
        if len(self._infos) != len(members) or self._infos.keys() != {*told, MANIFEST, DIGEST}:
            raise self.damaged("it has other parts than its manifest says")
        for name in told:
            parts = PurePosixPath(name).parts
            if name.startswith("/") or ".." in parts or "\\" in name:
                raise self.damaged(f"{name!r} is no name of a file")
        return manifest

    def names(self, kind: str) -> list[str]:
        """Return the parts whose names begin like that."""
        return [name for name in self.manifest["members"] if name.startswith(kind)]

    def pieces(self, name: str) -> Iterator[bytes]:
        source = self._source(name)
        try:
            while piece := source.read(PIECE):
                yield piece
        except tarfile.TarError:
            raise self.damaged(f"{name} is cut off") from None
        self._compare(name, source)

    def lines(self, name: str) -> Iterator[str]:
        source = self._source(name)
        try:
            with gzip.GzipFile(fileobj=source, mode="rb") as packed:
                for line in packed:
                    yield line.decode()
        except (gzip.BadGzipFile, EOFError, UnicodeDecodeError, tarfile.TarError, zlib.error):
            raise self.damaged(f"{name} was changed") from None
        source.read()
        self._compare(name, source)

    def text(self, name: str) -> str:
        return b"".join(self.pieces(name)).decode()

    def damaged(self, what: str) -> Refused:
        return Refused(f"{self.path} is damaged: {what}.")

    def _foreign(self) -> Refused:
        return Refused(f"{self.path} is not a backup of Hearth.")

    def _source(self, name: str) -> "_Hashed":
        return _Hashed(cast(IO[bytes], self._tar.extractfile(self._infos[name])))

    def _content(self, member: tarfile.TarInfo) -> bytes:
        return cast(IO[bytes], self._tar.extractfile(member)).read()

    def _compare(self, name: str, source: "_Hashed") -> None:
        if source.digest.hexdigest() != self.manifest["members"][name]["sha256"]:
            raise self.damaged(f"{name} was changed")


class _Hashed(io.RawIOBase):
    """A file that keeps the digest of what was read of it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._source = file
        self.digest = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        piece = self._source.read(size)
        self.digest.update(piece)
        return piece


def sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
