"""Presence: people are online while they have an open stream, in any process."""

import asyncio
import logging
import uuid
from collections.abc import Collection
from itertools import batched

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from config.database import update_in_order
from rooms.ids import PRESENCE
from rooms.live.news.rounds import Rounds
from rooms.live.watch.database import DatabaseThreads
from rooms.live.wire import fragments
from rooms.live.wire.connection import Connection
from rooms.live.wire.frames import Frame, make_all, swapped
from rooms.live.wire.hub import Hub
from rooms.models import ServerProcess

logger = logging.getLogger(__name__)

# Changes told in one round: after a restart everybody comes back at once.
CHANGES_AT_ONCE = 50
# Rounds come with every stream that opens; what is said of somebody is good for at least so long.
RENEWAL = settings.HEARTBEAT_INTERVAL / 2


class Presence(Rounds[None]):
    """The database knows until when each person is online; processes move that ahead, and tell changes.

    People who are online at the first look, which sets `has_looked`, are no change, since streams begin after
    it. After a restart that is nearly everybody.
    """

    name = "presence"

    def __init__(self, hub: Hub, database: DatabaseThreads) -> None:
        super().__init__()
        self._hub = hub
        self._database = database
        self._online: set[int] = set()
        self._key = uuid.uuid4()
        self.stream_count = 0  # open streams of all processes, as of the last round
        self.has_looked = asyncio.Event()

    @property
    def online_count(self) -> int:
        """The number of people online in all processes, as of the last round."""
        return len(self._online)

    def joined(self, connection: Connection) -> None:
        self.ring()
        self._log("opened")

    def left(self, connection: Connection) -> None:
        """Nothing is told yet: somebody who goes from page to page closes one stream and opens the next."""
        self._log("closed")

    def _log(self, what: str) -> None:
        if logger.isEnabledFor(logging.DEBUG):
            here = len(self._hub.listening_users())
            streams = len(self._hub.connections)
            logger.debug(
                "Stream %s: %d streams of %d people here, %d streams of %d people in all",
                what, streams, here, self.stream_count, self.online_count,
            )  # fmt: skip

    def take(self) -> None:
        """Nothing gathers: each round compares what is with what was told."""

    def put_back(self, gathered: None) -> None:
        pass

    def stop(self) -> None:
        super().stop()
        self.has_looked.set()  # streams that wait for it end now

    async def run(self) -> None:
        if not self.has_looked.is_set():
            self._online = await self._database.run(_online)
            self.has_looked.set()
        await super().run()

    async def round(self, gathered: None) -> None:
        online = await self._database.run(_exchange, self._hub.listening_users())
        self.stream_count = await self._database.run(
            ServerProcess.objects.exchange, self._key, len(self._hub.connections)
        )
        for some in batched(sorted(self._online ^ online), CHANGES_AT_ONCE, strict=False):
            frame = await self._database.run(_changes, some, self._hub.languages(PRESENCE))
            self._hub.tell(PRESENCE, frame)
            self._online ^= set(some)


def _exchange(here: set[int]) -> set[int]:
    """Store who is online here; return the people online anywhere, of those who show it."""
    now = timezone.now()
    until = now + User.ONLINE_FOR
    # Where the clock was set back, it is too far ahead.
    is_due = Q(online_until=None) | Q(online_until__lt=until - RENEWAL) | Q(online_until__gt=until)
    update_in_order(User.objects.filter(is_due, pk__in=here), online_until=until)
    return _online()


def _online() -> set[int]:
    """Return the people online anywhere, of those who show it."""
    online = User.objects.filter(online_until__gt=timezone.now(), shows_presence=True, is_active=True)
    return set(online.values_list("pk", flat=True))


def _changes(user_ids: Collection[int], languages: Collection[str]) -> Frame:
    """Return the presence of these people, in each of the languages."""
    frame = swapped(fragments.presences, list(User.objects.filter(pk__in=user_ids)))
    make_all([frame], languages)
    return frame
