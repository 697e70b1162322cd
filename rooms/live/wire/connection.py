"""One open stream: writing to it never waits, and what it may owe its reader is bounded."""

import asyncio
import logging
import time
from typing import Any

from asgiref.typing import ASGIReceiveCallable, ASGISendCallable
from django.conf import settings

from config import events
from config.serving.lines import abort, unsent_bytes
from config.text import one_line
from rooms.live.watch import metrics
from rooms.live.wire.formats import EVENTS, Format

logger = logging.getLogger(__name__)

# How long a reader may take to take the last bytes of a stream that ends.
END_SECONDS = 5.0


class Connection:
    """The stream of one page, with the conditions under which it may go on."""

    def __init__(
        self,
        send: ASGISendCallable,
        *,
        user_id: int,
        session_key: str,
        password: str,
        room_id: int | None,
        channels: set[str],
        position: int = 0,
        address: str | None = None,
        format: Format = EVENTS,
        blocked: frozenset[int] = frozenset(),
        is_visit: bool = False,
    ) -> None:
        self.user_id = user_id
        self.session_key = session_key
        self.password = password  # its hash, under which the session was begun
        self.room_id = room_id
        self.channels = channels
        self.position = position  # the revision of its room that the page had
        self.address = address  # for which streams are counted; None where they are not
        self.format = format
        self.blocked = blocked  # people whom the reader has blocked; a change ends the stream
        self.is_visit = is_visit  # of an open room, by somebody who is not in it
        self.ends_at = time.monotonic() + format.lifetime
        self.is_ended = False
        self._is_aborted = False
        self._send = send
        self._reader: asyncio.Task[Any] | None = None
        self._writing: asyncio.Task[None] | None = None
        self._holds = 0
        self._waiting: list[bytes] = []
        self._owed = 0  # bytes in `_waiting` and in the hands of a server that pushes back
        self._bound: int = settings.STREAM_MAX_BACKLOG
        self._last = b""
        self._untold: list[bytes] | None = []  # changes of all but messages, while that is still being read

    @property
    def place(self) -> tuple[int, int]:
        """Whose stream it is, and of which room; 0 for none."""
        return self.user_id, self.room_id or 0

    def write(self, frame: bytes) -> None:
        """Write at once, or after what is still being written; close the stream of one too far behind."""
        if not self.is_ended and not self._close_if_stalled():
            self._waiting.append(frame)
            self._owed += len(frame)
            self._flush()

    def begin(self, frame: bytes) -> None:
        """Write what the page missed, before anything that waits.

        However much it is, it does not count against the reader: if it closed the stream, the page would come
        back for the same again.
        """
        if not self.is_ended:
            self._waiting.insert(0, frame)
            self._owed += len(frame)
            self._bound += len(frame)
            self._flush()

    def tell(self, frame: bytes) -> None:
        """Write a change of anything but messages, after the state that it changes."""
        if self._untold is None:
            self.write(frame)
        else:
            self._untold.append(frame)

    def tell_state(self, frame: bytes) -> None:
        """Write the state of all but messages, and then what changed since it was read."""
        untold, self._untold = self._untold or [], None
        self.begin(frame)
        for change in untold:
            self.write(change)

    def hold(self) -> None:
        """Keep what is written, until `release`, or drop it at the end."""
        self._holds += 1

    def release(self) -> None:
        self._holds -= 1
        self._flush()

    def _flush(self) -> None:
        if self._waiting and not self._holds and not self._writing and not self.is_ended:
            # Runs until the server pushes back, mostly to its end, without a turn of the event loop for each.
            task = asyncio.Task(self._write(), loop=asyncio.get_running_loop(), eager_start=True)
            self._writing = None if task.done() else task

    async def _write(self) -> None:
        try:
            while self._waiting and not self._holds:
                frame = b"".join(self._waiting)
                self._waiting = []
                await self._send_body(frame)
                self._owed -= len(frame)
        except OSError:
            self._abort()
        except Exception as error:
            logger.error("Writing to a stream failed: %s", one_line(error))
            self._abort()
        finally:
            self._writing = None

    async def _send_body(self, body: bytes, more: bool = True) -> None:
        await self._send(events.body(body, more=more))

    async def wait_until_ended(self, receive: ASGIReceiveCallable) -> None:
        """Return when the reader has gone or `end` was called; then the response is complete."""
        self._reader = asyncio.current_task()
        try:
            while not self.is_ended and (await receive())["type"] != "http.disconnect":
                pass
        except asyncio.CancelledError:
            if not self.is_ended:
                raise
            self._reader.uncancel()  # type: ignore[union-attr]  # runs in a task
        if self.is_ended and not self._is_aborted:
            await self._finish()
        self.is_ended = True

    async def _finish(self) -> None:
        try:
            async with asyncio.timeout(END_SECONDS):
                if self._writing:
                    await asyncio.wait([self._writing])
                await self._send_body(self._last, more=False)
        except (TimeoutError, OSError):
            abort(self._send)

    def end(self, last: bytes | None = None) -> None:
        """Complete the response, so that the page knows it was meant; drop what still waits.

        Without `last`, the last words are those after which a page comes back.
        """
        if not self.is_ended:
            self.is_ended = True
            self._last = self.format.begin_anew() if last is None else last
            self._waiting = []
            if self._reader:
                self._reader.cancel()

    def _close_if_stalled(self) -> bool:
        owed = self._owed + unsent_bytes(self._send)
        if not owed:
            self._bound = settings.STREAM_MAX_BACKLOG
        elif owed > self._bound:
            logger.info("Closing the stream of a reader that does not read")
            metrics.slow_readers_closed.inc()
            self._abort()
        return self.is_ended

    def _abort(self) -> None:
        """Close without writing what the reader has not taken."""
        self.is_ended = self._is_aborted = True
        self._waiting = []
        if not abort(self._send) and self._reader:
            self._reader.cancel()
