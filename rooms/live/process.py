"""The live part of one server process: what listens, polls and beats while streams are open."""

import asyncio
import logging
from typing import Any

from django.conf import settings

from accounts.models import User
from rooms.live import access, doorbell, fragments, frames
from rooms.live.channels import LOBBY
from rooms.live.chat_list import ChatList
from rooms.live.connection import Connection
from rooms.live.database import DatabaseThreads
from rooms.live.hub import Hub
from rooms.live.poll import Poll
from rooms.live.supervision import keep_running
from rooms.live.tail import Tail

logger = logging.getLogger(__name__)


class Live:
    """One per process. `start` belongs to the event loop that serves; everything here runs in that loop."""

    def __init__(self) -> None:
        self.hub = Hub()
        self.database = DatabaseThreads()
        self.tails: dict[int, Tail] = {}
        self.is_stopping = False
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin with the first request: a server has no loop before."""
        if self._tasks:
            return
        self.chat_list = ChatList(self.hub, self.database)
        self._tasks = [
            asyncio.create_task(keep_running("doorbell", self._listen)),
            asyncio.create_task(keep_running("poll", self._poll)),
            asyncio.create_task(keep_running("heartbeat", self._beat)),
        ]
        doorbell.attach(asyncio.get_running_loop(), self.answer)

    async def stop(self) -> None:
        """End all streams; their pages come back to whoever serves then."""
        self.is_stopping = True
        doorbell.detach(self.answer)
        for connection in tuple(self.hub.connections):
            connection.end()
        if self._tasks:
            self.chat_list.stop()
        for task in (*self._tasks, *self.tails.values()):
            task.cancel() if isinstance(task, asyncio.Task) else task.stop()
        await self.database.close()

    def join(self, connection: Connection, position: int) -> None:
        """Begin to write to a stream. `position` is the revision of its room that the page has."""
        self.hub.join(connection)
        self.chat_list.forget(connection.user_id)
        if connection.room_id is not None:
            if connection.room_id not in self.tails:
                self.tails[connection.room_id] = Tail(connection.room_id, self.database)
            self.tails[connection.room_id].join(connection, position)

    def leave(self, connection: Connection) -> None:
        self.hub.leave(connection)
        self.chat_list.forget(connection.user_id)
        if tail := self.tails.get(connection.room_id or 0):
            tail.leave(connection)
            if not tail.has_readers:
                tail.stop()
                del self.tails[connection.room_id or 0]

    def answer(self, payload: dict[str, Any]) -> None:
        """Look at what a doorbell says has changed. A forged one costs a query."""
        match payload:
            case {"kind": "room", "room": int(room_id)}:
                self.room_changed(room_id)
            case {"kind": "read", "room": int(room_id), "user": int(user_id)}:
                self.chat_list.read(room_id, user_id)
            case {"kind": "person", "user": int(user_id)}:
                self._begin(self.person_entered(user_id))
            case {"kind": "access", "user": int(user_id)}:
                mine = [connection for connection in self.hub.connections if connection.user_id == user_id]
                self._begin(self.end_forbidden(mine))

    def room_changed(self, room_id: int) -> None:
        if tail := self.tails.get(room_id):
            tail.ring()
        if self.hub.connections:
            self.chat_list.room_changed(room_id)

    async def person_entered(self, user_id: int) -> None:
        if not self.hub.connections:
            return
        html = await self.database.run(_new_person, user_id)
        for connection in self.hub.listeners(LOBBY):
            if connection.user_id != user_id:
                connection.write(frames.swap(html))

    async def end_forbidden(self, connections: list[Connection]) -> None:
        """End the streams among `connections` whose session or membership has ended."""
        if not connections:
            return
        for connection, reason in (await self.database.run(access.lost, connections)).items():
            connection.end(frames.swap(fragments.stream_ended(reason)))

    async def _listen(self) -> None:
        await doorbell.listen(self.answer)

    async def _poll(self) -> None:
        poll = Poll()
        while True:
            await asyncio.sleep(settings.POLL_INTERVAL.total_seconds())
            if self.hub.connections:
                await poll.look(self)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(settings.HEARTBEAT_INTERVAL.total_seconds())
            self.hub.write_to_all(frames.HEARTBEAT)
            await self.end_forbidden(list(self.hub.connections))

    def _begin(self, coroutine: Any) -> None:
        task = asyncio.create_task(_logged(coroutine))
        self._tasks.append(task)
        task.add_done_callback(self._tasks.remove)


async def _logged(coroutine: Any) -> None:
    try:
        await coroutine
    except Exception as error:
        logger.error("Answering a doorbell failed: %s: %s", type(error).__name__, error)


def _new_person(user_id: int) -> str:
    return fragments.new_person(User.objects.get(pk=user_id))
