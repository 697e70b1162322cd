"""Files on their way to a reader: read by threads of their own, and no faster than they are taken."""

import asyncio
from collections import Counter

from asgiref.typing import ASGIReceiveCallable, ASGISendCallable
from django.conf import settings

from config import events
from config.serving.lines import abort, unsent_bytes
from config.serving.spool import DISK
from config.serving.wsgi_threads import Download

PIECE_BYTES = 128 * 1024
# What Daphne may hold for a reader. uvicorn pushes back by itself.
UNSENT_BYTES = 2 * PIECE_BYTES
# A reader who has taken nothing for so long is gone, or does us no good.
STALLED_SECONDS = 120.0
LOOK_SECONDS = 0.05


class Downloads:
    """Those of one process. Everything belongs to the event loop that serves."""

    def __init__(self) -> None:
        self.people: Counter[int] = Counter()

    def have_place_for(self, download: Download) -> bool:
        return self.people[download.file.reader] < settings.DOWNLOADS_PER_USER

    async def send(self, download: Download, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """Send all of it, unless its reader goes, or takes nothing any more."""
        loop = asyncio.get_running_loop()
        gone = asyncio.ensure_future(receive())
        self.people[download.file.reader] += 1
        try:
            await send(events.start(download.status, download.headers))
            while not gone.done():
                piece = await loop.run_in_executor(DISK, download.file.read, PIECE_BYTES)
                if not piece:
                    await send(events.body())
                    return
                async with asyncio.timeout(STALLED_SECONDS):
                    await send(events.body(piece, more=True))
                    while unsent_bytes(send) > UNSENT_BYTES and not gone.done():
                        await asyncio.sleep(LOOK_SECONDS)
        except TimeoutError:
            abort(send)
        finally:
            gone.cancel()
            self.people[download.file.reader] -= 1
            self.people = +self.people
            await loop.run_in_executor(DISK, download.file.close)
