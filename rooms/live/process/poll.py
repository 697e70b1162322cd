"""Finds changes that no bell announced: those of processes that share only the database with this one."""

import asyncio
from collections.abc import Collection
from typing import Any

from django.conf import settings

from config.doorbell import Answer
from rooms.live.news.look import Look
from rooms.live.news.part import Worker
from rooms.live.watch.database import DatabaseThreads


class Poll(Worker):
    """Looks again and again, and rings in this process for what is new.

    `has_looked` is set by the first look: what changes after that is found without a bell.
    """

    name = "poll"

    def __init__(self, database: DatabaseThreads, looks: Collection[Look[Any]], ring: Answer) -> None:
        super().__init__()
        self.has_looked = asyncio.Event()
        self._database = database
        self._looks = looks
        self._ring = ring

    @property
    def period(self) -> float:
        return settings.POLL_INTERVAL.total_seconds()

    async def run(self) -> None:
        while True:
            await self.look()
            self.watch.done()
            await asyncio.sleep(self.period)

    def stop(self) -> None:
        super().stop()
        self.has_looked.set()  # streams that wait for it end now

    async def look(self) -> None:
        sights = await self._database.run(_see, self._looks)
        for look, sight in zip(self._looks, sights, strict=True):
            for bell in look.news(sight):
                self._ring(bell)
            look.seen = sight  # only now: a look that fails halfway is done again
        self.has_looked.set()


def _see(looks: Collection[Look[Any]]) -> list[Any]:
    return [look.see() for look in looks]
