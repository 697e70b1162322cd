"""Large bodies on their way: written to the disk as they come, by threads that do nothing else.

Neither the event loop nor a page's thread waits for a sender, and of a body that is being sent there is less
than two pieces in memory. The file has no name, so that nothing is left of it whatever ends the process.
"""

import asyncio
import tempfile
from concurrent.futures import ThreadPoolExecutor
from typing import IO

from asgiref.typing import ASGIReceiveCallable

from config import incoming
from config.serving.bodies import Parts
from config.serving.headers import Headers

PIECE_BYTES = 1024 * 1024
DISK = ThreadPoolExecutor(2, thread_name_prefix="disk")


class TooManyParts(Exception):
    """A form has more parts than any of ours."""


class Spool:
    """The body of one request."""

    def __init__(self, headers: Headers) -> None:
        self._parts = Parts(headers)
        self._waiting: list[bytes] = []
        self._size = 0
        self._file: IO[bytes] | None = None

    async def take(self, receive: ASGIReceiveCallable) -> IO[bytes] | None:
        """Return the body as a file to be read; None if its sender has gone before all of it was there.

        Raises TooManyParts, and OSError where there is no space for it.
        """
        try:
            while (message := await receive())["type"] == "http.request":
                self._waiting.append(message.get("body", b""))
                self._size += len(self._waiting[-1])
                is_whole = not message.get("more_body", False)
                if is_whole or self._size >= PIECE_BYTES:
                    await asyncio.get_running_loop().run_in_executor(DISK, self._write, is_whole)
                if is_whole:
                    file, self._file = self._file, None
                    return file
            return None
        finally:
            if self._file:
                self._file.close()

    def _write(self, is_whole: bool) -> None:
        piece = b"".join(self._waiting)
        self._waiting.clear()
        self._size = 0
        if self._file is None:
            self._file = tempfile.TemporaryFile(dir=incoming.folder())  # noqa: SIM115 (others close it)
        self._parts.count(piece)
        if self._parts.are_too_many:
            raise TooManyParts
        self._file.write(piece)
        if is_whole:
            self._file.seek(0)
