"""Lets every process remove expired rows, so that nobody has to think of it."""

import asyncio

from rooms import housekeeping
from rooms.live.news.part import Worker
from rooms.live.watch.database import DatabaseThreads

FIRST = 60.0  # seconds after the start, so that a process that is often restarted does it, too
PERIOD = 600.0
AT_MOST = 2.0  # seconds at a time; what is left waits for the next one


class Housekeeping(Worker):
    """It is never late: a process serves its pages just as well without it."""

    name = "housekeeping"

    def __init__(self, database: DatabaseThreads) -> None:
        super().__init__()
        self._database = database

    async def run(self) -> None:
        await asyncio.sleep(FIRST)
        while True:
            await self._database.run(housekeeping.tidy, AT_MOST)
            await asyncio.sleep(PERIOD)
