"""One room: what changed since the revisions its readers have, rendered once, written to each of them."""

import asyncio
import time

from rooms.live import frames
from rooms.live.channels import RoomStorage, room_channel
from rooms.live.connection import Connection
from rooms.live.database import DatabaseThreads
from rooms.live.supervision import keep_running

LONGEST_PAUSE = 0.25


class Tail:
    """Brings all readers of a room to its present revision, in rounds.

    A round begins when somebody rings or joins. What is posted while it runs goes out with the next one, as one frame.
    A reader's position says what it has: whoever joins with an old one gets what it missed in the next round.
    """

    def __init__(self, room_id: int, database: DatabaseThreads) -> None:
        self.channel = room_channel(room_id)
        self.revision = 0
        self._database = database
        self._positions: dict[Connection, int] = {}
        self._bell = asyncio.Event()
        self._task = asyncio.create_task(keep_running(f"tail of {self.channel}", self._run))

    def join(self, connection: Connection, position: int) -> None:
        self._positions[connection] = position
        self.ring()

    def leave(self, connection: Connection) -> None:
        self._positions.pop(connection, None)

    @property
    def has_readers(self) -> bool:
        return bool(self._positions)

    def ring(self) -> None:
        self._bell.set()

    def stop(self) -> None:
        self._task.cancel()

    async def _run(self) -> None:
        self._bell.set()  # a round that failed is done again
        while True:
            await self._bell.wait()
            self._bell.clear()
            started = time.monotonic()
            await self._round()
            # Writing to many readers keeps everybody else waiting. A pause as long lets posts in, which then gather.
            await asyncio.sleep(min(time.monotonic() - started, LONGEST_PAUSE))

    async def _round(self) -> None:
        revisions = set(self._positions.values())
        if not revisions:
            return
        events = await self._database.run(RoomStorage().get_changes, self.channel, revisions)
        encoded = {revision: frames.swap(event.data, event) for revision, event in events.items()}
        self.revision = max([*revisions - events.keys(), *(event.id for event in events.values())])
        for connection, position in list(self._positions.items()):
            if position in events:
                connection.write(encoded[position])
                self._positions[connection] = events[position].id
