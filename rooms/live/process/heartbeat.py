"""Regularly says in every stream that it is alive; ends streams that have lasted long enough."""

import asyncio
import time
from itertools import batched

from django.conf import settings

from rooms.live.news.part import Worker
from rooms.live.news.presence import Presence
from rooms.live.wire.formats import Format
from rooms.live.wire.hub import Hub

# Streams that get a heartbeat between two turns of the event loop.
AT_ONCE = 100


class Heartbeat(Worker):
    """Asks the database nothing: a heartbeat says that the connection lives, not that all is well."""

    name = "heartbeat"

    def __init__(self, hub: Hub, presence: Presence) -> None:
        super().__init__()
        self._hub = hub
        self._presence = presence  # which says with each heartbeat who is here

    @property
    def period(self) -> float:
        return settings.HEARTBEAT_INTERVAL.total_seconds()

    async def run(self) -> None:
        while True:
            await asyncio.sleep(self.period)
            self._presence.ring()
            await self._beat()
            self.watch.done()

    async def _beat(self) -> None:
        beats: dict[Format, bytes] = {}
        for connections in batched(tuple(self._hub.connections), AT_ONCE, strict=False):
            for connection in connections:
                if connection.ends_at < time.monotonic():
                    connection.end(connection.format.begin_anew(at_once=True))
                    continue
                if connection.format not in beats:
                    beats[connection.format] = connection.format.heartbeat()
                connection.write(beats[connection.format])
            await asyncio.sleep(0)
