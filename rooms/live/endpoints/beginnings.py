"""Reads what streams begin with, for all that wait for it at once: a restart brings all readers back."""

import asyncio
from collections.abc import Callable, Collection

from rooms.live.endpoints.access import Opening
from rooms.live.news.part import PresentState
from rooms.live.watch.database import DatabaseThreads
from rooms.live.wire.connection import Connection

# More would share more, but all of them wait for the last one, and so does a server that stops.
AT_ONCE = 25

type Future = asyncio.Future[PresentState | None]
type Waiting = tuple[Connection, Opening, Future]
type Read = Callable[[Collection[Opening]], list[PresentState | None]]


class Beginnings:
    def __init__(self, database: DatabaseThreads, read: Read) -> None:
        self._database = database
        self._read = read
        self._waiting: list[Waiting] = []
        self._reading: asyncio.Task[None] | None = None

    async def of(self, connection: Connection, opening: Opening) -> PresentState | None:
        """Return the state as of a moment after this call; None for a stream that ends."""
        state: Future = asyncio.get_running_loop().create_future()
        self._waiting.append((connection, opening, state))
        if self._reading is None:
            self._reading = asyncio.create_task(self._read_all())
        return await state

    async def _read_all(self) -> None:
        try:
            while self._waiting:
                some, self._waiting = self._waiting[:AT_ONCE], self._waiting[AT_ONCE:]
                await self._read_some(some)
        finally:
            self._reading = None

    async def _read_some(self, some: list[Waiting]) -> None:
        try:
            found = await self._database.run(self._states_of, some)
        except Exception as error:
            if len(some) > 1:  # what is wrong with one concerns no other
                for one in some:
                    await self._read_some([one])
            elif not some[0][2].done():
                some[0][2].set_exception(error)
            return
        for (_connection, _opening, state), present in zip(some, found, strict=True):
            if not state.done():
                state.set_result(present)

    def _states_of(self, some: list[Waiting]) -> list[PresentState | None]:
        # It has waited for a thread, behind others. A server that stops has ended all streams by then.
        going_on = {
            index: opening
            for index, (connection, opening, _state) in enumerate(some)
            if not connection.is_ended
        }
        found = dict(zip(going_on, self._read(going_on.values()) if going_on else (), strict=True))
        return [found.get(index) for index in range(len(some))]
