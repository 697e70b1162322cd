"""Work that gathers while it rests: told at most so often, all at once."""

import asyncio
import time
from abc import ABC, abstractmethod

from rooms.live.supervision import keep_running

SHORTEST_PAUSE = 0.2
LONGEST_PAUSE = 5.0
# Seconds of pause for one second of work, so that large rooms cost a bounded share of the process.
PAUSE_FACTOR = 10


class Rounds(ABC):
    """Runs `round` after `ring`, and then pauses in proportion to what the round took."""

    name: str

    def __init__(self) -> None:
        self._bell = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(keep_running(self.name, self._run))

    def ring(self) -> None:
        self._bell.set()

    def stop(self) -> None:
        if self._task:
            self._task.cancel()

    @abstractmethod
    async def round(self) -> None:
        """Take what has gathered and tell it."""

    async def _run(self) -> None:
        while True:
            await self._bell.wait()
            self._bell.clear()
            started = time.monotonic()
            await self.round()
            worked = time.monotonic() - started
            await asyncio.sleep(min(max(PAUSE_FACTOR * worked, SHORTEST_PAUSE), LONGEST_PAUSE))
