"""Brings messages into the index of searches: one process at a time; the others see that it is done."""

import asyncio
import uuid

from rooms import search_index
from rooms.live.news.part import Worker
from rooms.live.watch.database import DatabaseThreads

PERIOD = 2.0  # seconds
AT_MOST = 2.0  # seconds at a time


class Indexing(Worker):
    """It has a thread of its own: the first index of a large house takes minutes, and nobody waits for it."""

    name = "search"

    def __init__(self) -> None:
        super().__init__()
        self.lag = 0  # messages, as of the last look
        self._key = uuid.uuid4()
        self._database = DatabaseThreads(threads=1)

    @property
    def period(self) -> float:
        return PERIOD

    async def run(self) -> None:
        while True:
            is_done = await self.go_on()
            self.watch.done()
            await asyncio.sleep(PERIOD if is_done else 0)

    async def go_on(self) -> bool:
        is_done = await self._database.run(search_index.catch_up, self._key, AT_MOST)
        self.lag = await self._database.run(search_index.lag)
        return is_done

    async def close(self) -> None:
        await self._database.close()
