"""The live part of one server process: what listens, polls and beats while streams are open."""

import asyncio
import logging
import time
from collections.abc import Collection, Coroutine, Mapping
from itertools import batched
from typing import Any

from django.conf import settings

from config.doorbell import Bell
from config.text import one_line
from rooms.live.endpoints import access
from rooms.live.endpoints.present_state import PresentState
from rooms.live.news.chat_list import ChatList
from rooms.live.news.presence import Presence
from rooms.live.news.profiles import Profiles
from rooms.live.news.reports import Reports
from rooms.live.news.tail import Tail
from rooms.live.news.ticks import Ticks
from rooms.live.news.typing_indicators import TypingIndicators
from rooms.live.process.poll import Poll
from rooms.live.process.relay import Relay
from rooms.live.watch.database import DatabaseThreads
from rooms.live.watch.health import Health
from rooms.live.watch.supervision import Watch, keep_running
from rooms.live.wire.connection import Connection
from rooms.live.wire.formats import Format
from rooms.live.wire.hub import Hub

logger = logging.getLogger(__name__)

# Streams that get a heartbeat between two turns of the event loop.
HEARTBEATS_AT_ONCE = 100
# How many times as long as it took nobody looks for streams that have to end, and for how long at most.
ACCESS_PAUSE = 20
LONGEST_ACCESS_PAUSE = 5.0


class Live:
    """One per process. `start` belongs to the event loop that serves; everything here runs in that loop."""

    def __init__(self) -> None:
        self.hub = Hub()
        self.database = DatabaseThreads()
        # A restart brings all readers back at once; those who are there already do not wait for them.
        self.openings = DatabaseThreads()
        self.tails: dict[int, Tail] = {}
        self.chat_list = ChatList(self.hub, self.database)
        self.ticks = Ticks(self.hub, self.database)
        self.typing = TypingIndicators(self.hub, self.database)
        self.presence = Presence(self.hub, self.database)
        self.profiles = Profiles(self.hub, self.database)
        self.reports = Reports(self.hub, self.database)
        self._rounds = (
            self.chat_list,
            self.ticks,
            self.typing,
            self.presence,
            self.profiles,
            self.reports,
        )
        self.relay = Relay(self.answer)
        self.health = Health(self)
        self.is_stopping = False
        self.access_changes = 0  # counts doorbells that may end streams
        self.settings_changes = 0
        self._settings_changed: dict[int, int] = {}  # user → which of these changes was their last one
        self._watches: dict[str, Watch] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Begin with the first request: a server has no loop before."""
        if self._tasks or self.is_stopping:
            return
        self.poll = Poll(self)
        poll, heartbeat = settings.POLL_INTERVAL.total_seconds(), settings.HEARTBEAT_INTERVAL.total_seconds()
        self._watches |= {
            "poll": Watch(poll),
            "heartbeat": Watch(heartbeat),
            "access check": Watch(self._access_interval),
        }
        for rounds in self._rounds:
            rounds.start()
        for name, function in (
            ("doorbell", self.relay.listen),
            ("poll", self._poll),
            ("heartbeat", self._beat),
            ("access check", self._check_access),
        ):
            self._begin(keep_running(name, function))
        self.relay.attach(asyncio.get_running_loop())

    async def stop(self) -> None:
        """End all streams; their pages come back to whoever serves then."""
        self.is_stopping = True
        self.relay.detach()
        for connection in tuple(self.hub.connections):
            connection.end()
        for rounds in self._rounds:
            rounds.stop()
        if self._tasks:
            self.poll.has_looked.set()  # streams that wait for these end now
            self.presence.has_looked.set()
        for task in tuple(self._tasks):
            task.cancel()
        for tail in self.tails.values():
            tail.stop()
        await asyncio.gather(self.database.close(), self.openings.close(), self.health.close())

    def late_part(self) -> str:
        """Return the name of something that does not come to its work; nothing if all do."""
        watches = {rounds.name: rounds.watch for rounds in self._rounds} | self._watches
        late = [name for name, watch in watches.items() if watch.is_late]
        late += ["tail" for tail in self.tails.values() if tail.watch.is_late]
        return next(iter(late), "")

    def join(self, connection: Connection, position: int) -> None:
        """Begin to write to a stream. `position` is the revision of its room that the page has."""
        self.hub.join(connection)
        self.presence.opened()
        if connection.room_id is not None:
            if connection.room_id not in self.tails:
                self.tails[connection.room_id] = Tail(connection.room_id, self.database)
            self.tails[connection.room_id].join(connection, position)

    def has_new_settings(self, user_id: int, since: int) -> bool:
        """Whether a user has changed their settings since there were so many changes of any."""
        return self._settings_changed.get(user_id, 0) > since

    def begin(self, connection: Connection, state: PresentState) -> None:
        """Bring a page up to `state`, and from there to what has changed since."""
        connection.tell_state(state.frame)
        self.chat_list.join(connection, state.unread)
        self.ticks.join(connection, state.marks)
        self.typing.joined(connection)

    def leave(self, connection: Connection) -> None:
        self.hub.leave(connection)
        self.chat_list.leave(connection)
        self.ticks.leave(connection)
        self.typing.left(connection)
        self.presence.closed()
        if tail := self.tails.get(connection.room_id or 0):
            tail.leave(connection)
            if not tail.has_readers:
                tail.stop()
                del self.tails[connection.room_id or 0]

    def answer(self, bell: Bell) -> None:
        """Look at what a bell says has changed. A forged one costs a query."""
        match bell:
            case Bell("room", {"room": room_id, **rest}):
                if "sender" in rest:
                    self.typing.stopped(room_id, rest["sender"])
                self.room_changed(room_id)
            case Bell("read", {"room": room_id, "user": user_id}):
                self.chat_list.read(room_id, user_id)
                self.ticks.room_changed(room_id)
            case Bell("receipt", {"room": room_id}):
                self.ticks.room_changed(room_id)
            case Bell("act", {"act": act_id, "room": room_id, "person": person_id}):
                self.poll.act_told(act_id)
                self.acted(act_id, room_id, person_id)
            case Bell("listing", {"room": room_id, "user": user_id}):
                self.chat_list.listing_changed(room_id, user_id)
            case Bell("typing", {"room": room_id, "user": user_id, "is_typing": 0}):
                self.typing.stopped(room_id, user_id)
            case Bell("typing", {"room": room_id, "user": user_id, **rest}):
                self.typing.started(room_id, user_id, _pair_of(rest))
            case Bell("person", {"user": user_id}):
                self.poll.person_told(user_id)
                self.people_entered([user_id])
            case Bell("profile", {"user": user_id}):
                self.profiles_changed([user_id])
            case Bell("report", {"room": room_id, "person": sender_id}):
                self.reports_changed(room_id, sender_id)
            case Bell("access", {"user": user_id}):
                self.access_changed(user_id)
            case Bell("settings", {"user": user_id}):
                self.settings_changes += 1
                self._settings_changed[user_id] = self.settings_changes
                # Their pages come back at once, with what is now theirs to see.
                for connection in [one for one in self.hub.connections if one.user_id == user_id]:
                    connection.end()
                # Others may see more or less of what this user reads.
                for room_id in self.tails:
                    self.ticks.room_changed(room_id)

    def room_changed(self, room_id: int) -> None:
        if tail := self.tails.get(room_id):
            tail.ring()
        if self.hub.connections:
            self.chat_list.room_changed(room_id)

    def acted(self, act_id: int, room_id: int, person_id: int) -> None:
        """Tell what a moderator did to a room, and to somebody there unless `person_id` is 0."""
        if person_id:
            self.access_changed(person_id)
            self.reports_changed(room_id)  # who became a moderator decides on them
        if self.hub.connections:
            self.chat_list.acted(act_id, room_id)
        self.ticks.room_changed(room_id)
        self.room_changed(room_id)

    def reports_changed(self, room_id: int, sender_id: int = 0) -> None:
        if self.hub.connections:
            self.reports.changed(room_id, sender_id)

    def access_changed(self, user_id: int) -> None:
        """End the streams of somebody that may not go on; until that is known, write nothing to them."""
        self.access_changes += 1
        mine = [connection for connection in self.hub.connections if connection.user_id == user_id]
        self._begin(_logged(self.hold_and_check(mine)))

    def people_entered(self, user_ids: Collection[int]) -> None:
        if user_ids and self.hub.connections:
            self.chat_list.people_entered(user_ids)

    def profiles_changed(self, user_ids: Collection[int]) -> None:
        for user_id in user_ids:
            self.typing.forget_name(user_id)
        if user_ids and self.hub.connections:
            self.profiles.changed(user_ids)

    async def hold_and_check(self, connections: list[Connection]) -> None:
        """Write nothing more to `connections` until it is known which of them may go on; end the others."""
        for connection in connections:
            connection.hold()
        try:
            await self.end_forbidden(connections)
        except Exception:
            # They come back, and are asked then.
            for connection in connections:
                connection.end()
            raise
        for connection in connections:
            connection.release()

    async def end_forbidden(self, connections: list[Connection]) -> None:
        """End the streams among `connections` whose session or membership has ended."""
        if not connections:
            return
        for connection, reason in (await self.database.run(access.lost, connections)).items():
            connection.end(connection.format.forbidden(reason))

    @property
    def _access_interval(self) -> float:
        """Seconds until the end of a session or membership is found that no doorbell told of."""
        return min(settings.POLL_INTERVAL, settings.HEARTBEAT_INTERVAL).total_seconds()

    async def _poll(self) -> None:
        while True:
            await self.poll.look()
            self._watches["poll"].done()
            await asyncio.sleep(settings.POLL_INTERVAL.total_seconds())

    async def _beat(self) -> None:
        """Asks the database nothing: a heartbeat says that the connection lives, not that all is well."""
        while True:
            await asyncio.sleep(settings.HEARTBEAT_INTERVAL.total_seconds())
            self.presence.ring()
            beats: dict[Format, bytes] = {}
            for connections in batched(tuple(self.hub.connections), HEARTBEATS_AT_ONCE, strict=False):
                for connection in connections:
                    if connection.ends_at < time.monotonic():
                        connection.end(connection.format.begin_anew(at_once=True))
                        continue
                    if connection.format not in beats:
                        beats[connection.format] = connection.format.heartbeat()
                    connection.write(beats[connection.format])
                await asyncio.sleep(0)
            self._watches["heartbeat"].done()

    async def _check_access(self) -> None:
        pause = self._access_interval
        while True:
            await asyncio.sleep(pause)
            began = time.monotonic()
            await self.end_forbidden(list(self.hub.connections))
            # With very many streams it is done less often: a process has more to do than this.
            pause = min(ACCESS_PAUSE * (time.monotonic() - began), LONGEST_ACCESS_PAUSE)
            pause = max(pause, self._access_interval)
            self._watches["access check"].done(pause)

    def _begin(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _logged(coroutine: Coroutine[Any, Any, None]) -> None:
    try:
        await coroutine
    except Exception as error:
        logger.error("Answering a doorbell failed: %s", one_line(error))


def _pair_of(ids: Mapping[str, int]) -> tuple[int, int] | None:
    match ids:
        case {"low": low, "high": high}:
            return low, high
    return None
