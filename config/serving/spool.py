"""Large bodies on their way: written to the disk as they come, by threads that do nothing else.

Neither the event loop nor a page's thread waits for a sender, and of a body that is being sent there is less
than two pieces in memory. Files have no names yet, so that nothing is left of them whatever ends the process.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from asgiref.typing import ASGIReceiveCallable

from config.serving.forms import Form, FormReader
from config.serving.headers import Headers

PIECE_BYTES = 1024 * 1024
DISK = ThreadPoolExecutor(2, thread_name_prefix="disk")


class Spool:
    """The body of one request, which is a form with files."""

    def __init__(self, headers: Headers) -> None:
        self._reader = FormReader(headers)
        self._waiting: list[bytes] = []
        self._size = 0

    async def take(self, receive: ASGIReceiveCallable) -> Form | None:
        """Return the form; None if its sender has gone before all of it was there.

        Raises FormRefused, and OSError where there is no space for it.
        """
        form = None
        try:
            while (message := await receive())["type"] == "http.request":
                self._waiting.append(message.get("body", b""))
                self._size += len(self._waiting[-1])
                is_whole = not message.get("more_body", False)
                if is_whole or self._size >= PIECE_BYTES:
                    await asyncio.get_running_loop().run_in_executor(DISK, self._write)
                if is_whole:
                    form = self._reader.end()
                    break
            return form
        finally:
            if form is None:
                self._reader.form.close()

    def _write(self) -> None:
        piece = b"".join(self._waiting)
        self._waiting.clear()
        self._size = 0
        self._reader.take(piece)
