"""Whose stream has to end: a session or membership has ended, or it is to begin anew with other settings."""

import asyncio
import logging
import time
from collections.abc import Iterable

from django.conf import settings
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.contrib.sessions.models import Session
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from config.doorbell import Bell
from config.text import one_line
from rooms.ids import room_channel
from rooms.live.news.part import Worker
from rooms.live.watch.database import DatabaseThreads
from rooms.live.wire.connection import Connection
from rooms.live.wire.hub import Hub
from rooms.models import Membership
from rooms.models.chat_room import may_look

logger = logging.getLogger(__name__)

# After looking for streams that have to end, it pauses this many times as long, at most LONGEST_PAUSE.
PAUSE_FACTOR = 20
LONGEST_PAUSE = 5.0


class Revocations(Worker):
    """Hears bells that end streams, and checks all streams now and then, since bells can be lost."""

    name = "access check"
    hears = ("access", "act", "settings")

    def __init__(self, hub: Hub, database: DatabaseThreads) -> None:
        super().__init__()
        self._hub = hub
        self._database = database
        self.access_changes = 0  # counts bells that may end streams
        self.settings_changes = 0
        self._settings_changed: dict[int, int] = {}  # user → which of these changes was their last one
        self._checks: set[asyncio.Task[None]] = set()

    def heard(self, bell: Bell) -> None:
        match bell:
            case Bell("access", {"user": user_id}):
                self._access_changed(user_id)
            case Bell("act", {"room": room_id, "person": user_id}):
                if user_id:
                    self._access_changed(user_id)
                self._room_changed(room_id)
            case Bell("settings", {"user": user_id}):
                self.settings_changes += 1
                self._settings_changed[user_id] = self.settings_changes
                for connection in self._of(user_id):
                    connection.end()  # it comes back at once, with what its reader may now see

    def has_new_settings(self, user_id: int, since: int) -> bool:
        """Whether a user has changed their settings since there were so many changes of any."""
        return self._settings_changed.get(user_id, 0) > since

    def stop(self) -> None:
        super().stop()
        for check in tuple(self._checks):
            check.cancel()

    def _of(self, user_id: int) -> list[Connection]:
        return [connection for connection in self._hub.connections if connection.user_id == user_id]

    def _access_changed(self, user_id: int) -> None:
        """End the streams of somebody that may not go on; until that is known, write nothing to them."""
        self._begin_check(self._of(user_id))

    def _room_changed(self, room_id: int) -> None:
        """End those of people who look at a room that is open no longer, in the same way."""
        here = self._hub.listeners(room_channel(room_id))
        self._begin_check([connection for connection in here if connection.is_visit])

    def _begin_check(self, connections: list[Connection]) -> None:
        self.access_changes += 1
        check = asyncio.create_task(self._check(connections))
        self._checks.add(check)
        check.add_done_callback(self._checks.discard)

    async def _check(self, connections: list[Connection]) -> None:
        try:
            await self.hold_and_check(connections)
        except Exception as error:
            logger.error("Answering a doorbell failed: %s", one_line(error))

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
        for connection, reason in (await self._database.run(lost, connections)).items():
            connection.end(connection.format.forbidden(reason))

    @property
    def period(self) -> float:
        """Seconds until the end of a session or membership that no bell announced is found."""
        return min(settings.POLL_INTERVAL, settings.HEARTBEAT_INTERVAL).total_seconds()

    async def run(self) -> None:
        pause = self.period
        while True:
            await asyncio.sleep(pause)
            began = time.monotonic()
            await self.end_forbidden(list(self._hub.connections))
            # With very many streams it is done less often: a process has more to do than this.
            pause = min(PAUSE_FACTOR * (time.monotonic() - began), LONGEST_PAUSE)
            pause = max(pause, self.period)
            self.watch.done(pause)


def lost(connections: Iterable[Connection]) -> dict[Connection, str]:
    """Return the streams that must end, with the reason, in as many queries as for one."""
    connections = list(connections)
    user_ids = {connection.user_id for connection in connections}
    keys = {connection.session_key for connection in connections}
    going_on = Session.objects.filter(session_key__in=keys, expire_date__gt=timezone.now())
    sessions = set(going_on.values_list("pk", flat=True))
    # People who were made staff may have logged in by name alone.
    needs_password = Q(is_staff=True) | Q(is_superuser=True)
    has_none = Q(password__startswith=UNUSABLE_PASSWORD_PREFIX)
    users = User.objects.filter(pk__in=user_ids, is_active=True).exclude(needs_password & has_none)
    passwords = dict(users.values_list("pk", "password"))
    members = _members(connections, user_ids)
    visits = {connection.place for connection in connections if connection.is_visit}
    visitors = may_look(visits) if visits else set()
    result = {}
    for connection in connections:
        if connection.session_key not in sessions or passwords.get(connection.user_id) != connection.password:
            result[connection] = "session"
        elif connection.room_id is not None and connection.place not in (
            visitors if connection.is_visit else members
        ):
            result[connection] = "room"
    return result


def _members(connections: list[Connection], user_ids: set[int]) -> set[tuple[int, int]]:
    room_ids = {
        connection.room_id
        for connection in connections
        if connection.room_id is not None and not connection.is_visit
    }
    return set(Membership.objects.filter(room__in=room_ids, user__in=user_ids).values_list("user", "room"))
