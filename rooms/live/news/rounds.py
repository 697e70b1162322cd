"""Changes gather between rounds and are told all at once, at most a few times a second."""

import asyncio
import time
from abc import abstractmethod

from rooms.live.news.part import Worker

SHORTEST_PAUSE = 0.2
LONGEST_PAUSE = 5.0
# Seconds of pause for one second of work, so that large rooms cost a bounded share of the process.
PAUSE_FACTOR = 10


class Rounds[Gathered](Worker):
    """Runs `round` after `ring`, and then pauses in proportion to what the round took."""

    def __init__(self) -> None:
        super().__init__()
        self._bell = asyncio.Event()

    def ring(self) -> None:
        self.watch.due()
        self._bell.set()

    @abstractmethod
    def take(self) -> Gathered:
        """Return what has gathered, and begin to gather anew."""

    @abstractmethod
    def put_back(self, gathered: Gathered) -> None:
        """Add what was taken and could not be told: nobody rings for it again."""

    @abstractmethod
    async def round(self, gathered: Gathered) -> None:
        """Tell what has gathered."""

    async def run(self) -> None:
        while True:
            await self._bell.wait()
            self._bell.clear()
            self.watch.due()
            started = time.monotonic()
            gathered = self.take()
            try:
                await self.round(gathered)
            except (Exception, asyncio.CancelledError):
                self.put_back(gathered)
                self.ring()
                raise
            self.watch.done()
            worked = time.monotonic() - started
            await asyncio.sleep(min(max(PAUSE_FACTOR * worked, SHORTEST_PAUSE), LONGEST_PAUSE))
