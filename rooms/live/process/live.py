"""The live part of one server process: the list of its parts, which all hear the same bells."""

import asyncio
from collections.abc import Collection

from django.conf import settings

from config.doorbell import KINDS, Bell
from rooms.live.news.acts import Acts
from rooms.live.news.chat_list import ChatList
from rooms.live.news.part import Part, PresentState
from rooms.live.news.presence import Presence
from rooms.live.news.profiles import Profiles
from rooms.live.news.reactions import Reactions
from rooms.live.news.reports import Reports
from rooms.live.news.revocations import Revocations
from rooms.live.news.standing import Standing
from rooms.live.news.tails import Tails
from rooms.live.news.ticks import Ticks
from rooms.live.news.typing_indicators import TypingIndicators
from rooms.live.process.backups import Backups
from rooms.live.process.editing import Editing
from rooms.live.process.heartbeat import Heartbeat
from rooms.live.process.housekeeping import Housekeeping
from rooms.live.process.indexing import Indexing
from rooms.live.process.jobs import Jobs
from rooms.live.process.poll import Poll
from rooms.live.process.relay import Relay
from rooms.live.watch import metrics
from rooms.live.watch.database import DatabaseThreads
from rooms.live.watch.health import Health
from rooms.live.wire.connection import Connection
from rooms.live.wire.hub import Hub

# All topics. What each of them hears, looks for and tells pages is its own business.
TOPICS = (
    Revocations,  # first, since it holds back what others write
    Tails,
    ChatList,
    Ticks,
    TypingIndicators,
    Presence,
    Profiles,
    Reactions,
    Reports,
    Standing,
    Acts,
)


class Live:
    """One per process. `start` belongs to the event loop that serves; everything here runs in that loop."""

    def __init__(self) -> None:
        self.hub = Hub()
        self.database = DatabaseThreads()
        # A restart brings all readers back at once; those who are there already do not wait for them.
        self.openings = DatabaseThreads()
        topics = [topic(self.hub, self.database) for topic in TOPICS]
        self.parts: Collection[Part] = topics
        self.revocations = self.part(Revocations)
        self.presence = self.part(Presence)
        looks = [look for topic in topics for look in topic.looks]
        self.poll = Poll(self.database, looks, self.answer)
        heartbeat, keeper = Heartbeat(self.hub, self.presence), Housekeeping(self.database)
        self.indexing, self.jobs = Indexing(), Jobs()
        self.parts = (*topics, self.poll, heartbeat, keeper, self.indexing, Backups(), Relay(self.answer))
        if settings.JOBS_IN_SERVER:
            self.parts = (*self.parts, self.jobs)
        if settings.DEBUG:
            self.parts = (*self.parts, Editing(self.hub))
        self._hearing = {kind: [part for part in topics if kind in part.hears] for kind in KINDS}
        self.health = Health(self)
        self.is_started = self.is_stopping = False

    def part[Kind: Part](self, kind: type[Kind]) -> Kind:
        return next(part for part in self.parts if isinstance(part, kind))

    def start(self) -> None:
        """Begin with the first request: a server has no loop before."""
        if self.is_started or self.is_stopping:
            return
        self.is_started = True
        for part in self.parts:
            part.start()

    async def stop(self) -> None:
        """End all streams; their pages come back to the process that serves then."""
        self.is_stopping = True
        for connection in tuple(self.hub.connections):
            connection.end()
        for part in self.parts:
            part.stop()
        closing = (self.database, self.openings, self.indexing, self.jobs, self.health)
        await asyncio.gather(*(one.close() for one in closing))

    def late_part(self) -> str:
        """Return the name of a part that is late with its work; empty if none is."""
        return next((part.name for part in self.parts if part.is_late), "")

    def answer(self, bell: Bell) -> None:
        """Have the parts that a bell concerns look at what has changed. A forged one costs some queries."""
        for part in self._hearing.get(bell.kind, ()):
            part.heard(bell)

    def join(self, connection: Connection) -> None:
        """Begin to write to a stream."""
        self.hub.join(connection)
        for part in self.parts:
            part.joined(connection)

    def begin(self, connection: Connection, state: PresentState) -> None:
        """Bring a page up to `state`, and from there to what has changed since."""
        connection.tell_state(state.frame)
        for part in self.parts:
            part.began(connection, state)

    def leave(self, connection: Connection) -> None:
        self.hub.leave(connection)
        for part in self.parts:
            part.left(connection)

    def measure(self) -> None:
        """Set what is counted only when somebody asks for it."""
        metrics.open_streams.set(len(self.hub.connections))
        metrics.subscriptions.set(sum(map(len, self.hub.channels.values())))
        metrics.people_here.set(len(self.hub.listening_users()))
        metrics.open_streams_in_all.set(self.presence.stream_count)
        metrics.people_online.set(self.presence.online_count)
        metrics.search_lag.set(self.indexing.lag)
