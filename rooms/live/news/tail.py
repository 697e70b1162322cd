"""One room: what changed since the revisions its readers have, rendered once, written to each of them."""

import asyncio
import time
from collections.abc import Collection

from rooms.ids import room_channel
from rooms.live.watch import metrics
from rooms.live.watch.database import DatabaseThreads
from rooms.live.watch.supervision import Watch, keep_running
from rooms.live.wire.channels import Change, RoomStorage
from rooms.live.wire.connection import Connection
from rooms.live.wire.formats import Format
from rooms.models import ChatRoom, Membership
from rooms.models.chat_room import may_look

# Nobody sees a delay of so long, and a room in which more is said costs no more rounds.
SHORTEST_PAUSE = 0.05
LONGEST_PAUSE = 0.4
# Seconds of pause for one second of work, at most: what is posted in the pause is written together. If little
# is posted, the pause is as long as the work; this many new messages make it longer by as much again.
PAUSE_FACTOR = 3
GATHERED = 4


class Tail:
    """Brings all readers of a room to its present revision, in rounds.

    A round begins when somebody rings or joins. What is posted while it runs goes out with the next one, as
    one frame. A reader's position says what it has: whoever joins with an old one gets what it missed.
    """

    def __init__(self, room_id: int, database: DatabaseThreads) -> None:
        self.room_id = room_id
        self.channel = room_channel(room_id)
        self._database = database
        self._positions: dict[Connection, int] = {}
        self._joined: set[Connection] = set()  # no round has written to them yet
        self.watch = Watch()
        self._bell = asyncio.Event()
        self._task = asyncio.create_task(keep_running(f"tail of {self.channel}", self._run))

    def join(self, connection: Connection, position: int) -> None:
        self._positions[connection] = position
        self._joined.add(connection)
        self.ring()

    def leave(self, connection: Connection) -> None:
        self._positions.pop(connection, None)
        self._joined.discard(connection)

    @property
    def has_readers(self) -> bool:
        return bool(self._positions)

    @property
    def revision(self) -> int:
        """The revision that every reader has."""
        return min(self._positions.values(), default=0)

    def ring(self) -> None:
        self.watch.due()
        self._bell.set()

    def stop(self) -> None:
        self._task.cancel()

    async def _run(self) -> None:
        self._bell.set()  # a round that failed is done again
        while True:
            await self._bell.wait()
            self._bell.clear()
            self.watch.due()
            started = time.monotonic()
            posted = await self._round()
            self.watch.done()
            # Writing to many readers keeps all else waiting. A longer pause lets posts in, and they gather.
            pause = (time.monotonic() - started) * min(max(posted / GATHERED, 1), PAUSE_FACTOR)
            await asyncio.sleep(min(max(pause, SHORTEST_PAUSE), LONGEST_PAUSE))

    async def _round(self) -> int:
        """Return how many messages were new to those who were level."""
        readers = dict(self._positions)
        if not readers:
            return 0
        users = {connection.user_id for connection in readers if not connection.is_visit}
        visits = {connection.user_id for connection in readers if connection.is_visit}
        wanted = {(connection.format, position) for connection, position in readers.items()}
        changes, members, visitors = await self._database.run(self._read, wanted, users, visits)
        written: dict[Connection, Change] = {}
        for connection, position in readers.items():
            if connection.user_id not in (visitors if connection.is_visit else members):
                connection.end(connection.format.forbidden("room"))
                continue
            change, frame = changes.get((connection.format, position), (None, b""))
            if change and connection in self._positions:
                self._positions[connection] = change.id
                if frame is None:
                    connection.end(connection.format.begin_anew(at_once=True))
                    continue
                self._write(connection, connection.format.of_one_response(frame))
                written[connection] = change
            if connection in self._joined:
                connection.write(connection.format.level)
        posted = self._count(written)
        self._joined -= readers.keys()
        return posted

    def _write(self, connection: Connection, frame: bytes) -> None:
        if connection in self._joined:
            connection.begin(frame)
        else:
            connection.write(frame)

    def _count(self, written: dict[Connection, Change]) -> int:
        replays = self._joined & written.keys()
        metrics.replays.inc(len(replays))
        metrics.deliveries.inc(sum(len(change.posted) for change in written.values()))
        just_posted = {
            message.timestamp for page in written.keys() - replays for message in written[page].posted
        }
        metrics.note_lag(just_posted)
        return len(just_posted)

    def _read(
        self, wanted: Collection[tuple[Format, int]], users: Collection[int], visits: Collection[int]
    ) -> tuple[dict[tuple[Format, int], tuple[Change, bytes | None]], set[int], set[int]]:
        """Return the change with its frame for each format and revision, and who of `users` is there.

        The last are those of `visits` who may look at the room. Members and these are read last: nobody gets
        what was posted after their membership ended, or the room was closed, bell or not.
        """
        revisions = {revision for _format, revision in wanted}
        for_documents = {revision for format, revision in wanted if format.is_append_only}
        try:
            events = RoomStorage().get_changes(self.channel, revisions, for_documents=for_documents)
        except ChatRoom.DoesNotExist:
            return {}, set(), set()
        changes = {
            (format, revision): (events[revision], format.changes(events[revision]))
            for format, revision in wanted
            if revision in events
        }
        members = Membership.objects.filter(room=self.room_id, user__in=users)
        visitors = may_look({(user_id, self.room_id) for user_id in visits}) if visits else set()
        here = set(members.values_list("user", flat=True)) if users else set()
        return changes, here, {user_id for user_id, _room_id in visitors}
