"""One open stream: writing to it never waits, and what it may owe its reader is bounded."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from django.conf import settings

logger = logging.getLogger(__name__)

type Send = Callable[[dict[str, Any]], Awaitable[None]]


class Connection:
    """The stream of one page, with what has to stay true for it to go on."""

    def __init__(
        self, send: Send, *, user_id: int, session_key: str, session_hash: str, room_id: int | None, channels: set[str]
    ) -> None:
        self.user_id = user_id
        self.session_key = session_key
        self.session_hash = session_hash
        self.room_id = room_id
        self.channels = channels
        self.is_ended = False
        self._send = send
        self._reader: asyncio.Task[Any] | None = None
        self._writing: asyncio.Task[None] | None = None
        self._waiting: deque[bytes] = deque()
        self._waiting_size = 0

    def write(self, frame: bytes) -> None:
        """Write at once, or after what is still being written; end the stream of a reader too far behind."""
        if self.is_ended:
            return
        if self._writing and not self._writing.done():
            self._waiting.append(frame)
            self._waiting_size += len(frame)
        else:
            # Runs until the server pushes back, mostly to its end, without a turn of the event loop per reader.
            self._writing = asyncio.Task(self._write(frame), loop=asyncio.get_running_loop(), eager_start=True)
        if self._waiting_size + unsent_bytes(self._send) > settings.STREAM_MAX_BACKLOG:
            logger.info("Closing the stream of a reader that does not read")
            self._abort()

    async def _write(self, frame: bytes) -> None:
        try:
            await self._send_body(frame)
            while self._waiting:
                frames = b"".join(self._waiting)
                self._waiting.clear()
                self._waiting_size = 0
                await self._send_body(frames)
        except OSError:
            self.end()

    async def _send_body(self, body: bytes, more: bool = True) -> None:
        await self._send({"type": "http.response.body", "body": body, "more_body": more})

    async def wait_until_ended(self, receive: Callable[[], Awaitable[dict[str, Any]]]) -> None:
        """Return when the reader has gone or `end` was called; in the second case the response is complete."""
        self._reader = asyncio.current_task()
        try:
            while not self.is_ended and (await receive())["type"] != "http.disconnect":
                pass
        except asyncio.CancelledError:
            if not self.is_ended:
                raise
            asyncio.current_task().uncancel()  # type: ignore[union-attr]  # runs in a task
        if self.is_ended:
            await self._finish()

    async def _finish(self) -> None:
        try:
            async with asyncio.timeout(5):
                if self._writing:
                    await self._writing
                await self._send_body(b"", more=False)
        except (TimeoutError, OSError):
            pass

    def end(self, last: bytes | None = None) -> None:
        """Write `last`, then complete the response, so that the page knows it was meant."""
        if self.is_ended:
            return
        if last:
            self.write(last)
        self.is_ended = True
        if self._reader:
            self._reader.cancel()

    def _abort(self) -> None:
        """Close without writing what the reader has not taken."""
        self._waiting.clear()
        self.is_ended = True
        abort(self._send)
        if self._writing:
            self._writing.cancel()
        if self._reader:
            self._reader.cancel()


def unsent_bytes(send: Send) -> int:
    """Return how much Daphne holds for the reader behind `send`; 0 for servers that push back by themselves.

    Daphne takes whatever it is given and never closes a reader who has stopped reading
    (https://github.com/django/daphne/issues/170).
    """
    transport = _daphne_transport(send)
    return len(transport.dataBuffer) + transport._tempDataLen if transport else 0


def abort(send: Send) -> None:
    if transport := _daphne_transport(send):
        transport.abortConnection()


def _daphne_transport(send: Send) -> Any:
    if not (isinstance(send, partial) and send.args):
        return None
    transport = getattr(getattr(send.args[0], "channel", None), "transport", None)
    return transport if hasattr(transport, "_tempDataLen") else None
