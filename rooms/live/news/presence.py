"""Presence: people are online while they have an open stream, in any process."""

import logging
import uuid
from collections import defaultdict
from collections.abc import Collection
from itertools import batched

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from config.database import update_in_order
from rooms.live.news.part import PresentState
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
MANY = 1000  # of whom all that are online are read rather than they


class Presence(Rounds[None]):
    """The database knows until when each person is online; processes move that ahead, and tell changes.

    They are told to pages that show the person, and only those who are on some page are asked for.
    """

    name = "presence"

    def __init__(self, hub: Hub, database: DatabaseThreads) -> None:
        super().__init__()
        self._hub = hub
        self._database = database
        self._told: dict[int, bool] = {}  # whether people are online, as all pages that show them have it
        self._key = uuid.uuid4()
        self.stream_count = 0  # open streams of all processes, as of the last round
        self.online_count = 0  # people online in all processes, as of the last round

    def joined(self, connection: Connection) -> None:
        self.ring()
        self._log("opened")

    def began(self, connection: Connection, state: PresentState) -> None:
        """Remember whom a page shows. If it shows somebody as other pages do not, all are told again."""
        for person_id, is_online in state.people.items():
            self._hub.watch(connection, person_id)
            if self._told.setdefault(person_id, is_online) != is_online:
                del self._told[person_id]
                self.ring()

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

    async def round(self, gathered: None) -> None:
        here, watched = self._hub.listening_users(), self._hub.watched()
        online, self.online_count = await self._database.run(_exchange, here, watched)
        self.stream_count = await self._database.run(
            ServerProcess.objects.exchange, self._key, len(self._hub.connections)
        )
        changed = sorted(pk for pk in watched if self._told.get(pk) != (pk in online))
        for some in batched(changed, CHANGES_AT_ONCE, strict=False):
            pages = {page for person_id in some for page in self._hub.watchers(person_id)}
            languages = {page.format.language for page in pages}
            self._tell(await self._database.run(_changes, some, languages))
            self._told |= {person_id: person_id in online for person_id in some}
        for person_id in self._told.keys() - self._hub.watched():
            del self._told[person_id]

    def _tell(self, frames: dict[int, Frame]) -> None:
        told: defaultdict[Connection, list[bytes]] = defaultdict(list)
        for person_id, frame in frames.items():
            for page in self._hub.watchers(person_id):
                told[page].append(frame.in_language(page.format.language))
        for page, frames_for_page in told.items():
            page.tell(b"".join(frames_for_page))  # a write is what it costs


def _exchange(here: set[int], watched: set[int]) -> tuple[set[int], int]:
    """Store who is online here; return who of the `watched` is online anywhere, and how many people are.

    People who do not show it do not count.
    """
    now = timezone.now()
    until = now + User.ONLINE_FOR
    # Where the clock was set back, it is too far ahead.
    is_due = Q(online_until=None) | Q(online_until__lt=until - RENEWAL) | Q(online_until__gt=until)
    update_in_order(User.objects.filter(is_due, pk__in=here), online_until=until)
    online = User.objects.filter(online_until__gt=now, shows_presence=True, is_active=True)
    found = online.filter(pk__in=watched) if len(watched) < MANY else online
    return watched.intersection(found.values_list("pk", flat=True)), online.count()


def _changes(user_ids: Collection[int], languages: Collection[str]) -> dict[int, Frame]:
    """Return the presence of each of these people, in each of the languages."""
    found = User.objects.filter(pk__in=user_ids)
    changes = {person.pk: swapped(fragments.presence, person) for person in found}
    make_all(changes.values(), languages)
    return changes
