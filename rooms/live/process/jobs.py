"""Lets every process work off jobs, one at a time, on a thread of its own: nobody waits for it."""

import asyncio
import threading
import uuid

from rooms import jobs
from rooms.live.news.part import Worker
from rooms.live.watch.database import DatabaseThreads

PERIOD = 2.0  # seconds between looks


class Jobs(Worker):
    """It is never late: a process serves its pages just as well without it."""

    name = "jobs"

    def __init__(self) -> None:
        super().__init__()
        self._key = uuid.uuid4()
        self._database = DatabaseThreads(threads=1)
        self._stopping = threading.Event()

    async def run(self) -> None:
        while True:
            await asyncio.sleep(PERIOD)
            while await self._database.run(jobs.work_off, self._key, self._stopping.is_set):
                pass

    def stop(self) -> None:
        self._stopping.set()
        super().stop()

    async def close(self) -> None:
        await self._database.close()
