"""The messages of all rooms that somebody has open: one tail for each."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Max, Q

from config.doorbell import Bell
from rooms.live.news.look import OVERLAP, Look
from rooms.live.news.part import Part
from rooms.live.news.tail import Tail
from rooms.live.watch import metrics
from rooms.live.watch.database import DatabaseThreads
from rooms.live.wire.connection import Connection
from rooms.live.wire.hub import Hub
from rooms.models import ChatRoom


class Tails(Part):
    name = "tail"
    hears = ("room", "act")

    def __init__(self, _hub: Hub, database: DatabaseThreads) -> None:
        self._database = database
        self.of_rooms: dict[int, Tail] = {}
        self.looks = [Rooms(self.of_rooms)]

    def stop(self) -> None:
        for tail in self.of_rooms.values():
            tail.stop()

    @property
    def is_late(self) -> bool:
        return any(tail.watch.is_late for tail in self.of_rooms.values())

    def heard(self, bell: Bell) -> None:
        if tail := self.of_rooms.get(bell.ids["room"]):
            tail.ring()

    def joined(self, connection: Connection) -> None:
        if connection.room_id is not None:
            if connection.room_id not in self.of_rooms:
                self.of_rooms[connection.room_id] = Tail(connection.room_id, self._database)
            self.of_rooms[connection.room_id].join(connection, connection.position)

    def left(self, connection: Connection) -> None:
        if tail := self.of_rooms.get(connection.room_id or 0):
            tail.leave(connection)
            if not tail.has_readers:
                tail.stop()
                del self.of_rooms[tail.room_id]


@dataclass(slots=True)
class RoomsSeen:
    message: int  # the greatest ids
    room: int
    read: dict[int, int]  # revisions of the rooms that are being read
    gone: set[int]  # rooms that were being read
    near: dict[int, int]  # revisions of the rooms that were made or talked in last


class Rooms(Look[RoomsSeen]):
    """Rooms that have changed, of those that somebody reads and those that were made or talked in last."""

    def __init__(self, tails: dict[int, Tail]) -> None:
        self._tails = tails

    def see(self) -> RoomsSeen:
        open_rooms = set(self._tails)
        message, room = (self.seen.message, self.seen.room) if self.seen else _greatest()
        near_message, near_room = message - OVERLAP, room - OVERLAP
        is_near = Q(last_message__gt=near_message) | Q(pk__gt=near_room)
        found = ChatRoom.objects.filter(Q(pk__in=open_rooms) | is_near)
        rows = list(found.values_list("pk", "revision", "last_message"))
        revisions = {pk: revision for pk, revision, _last in rows}
        last_messages = {pk: last or 0 for pk, _revision, last in rows}
        near = {pk for pk, last in last_messages.items() if last > near_message or pk > near_room}
        return RoomsSeen(
            message=max([message, *last_messages.values()]),
            room=max([room, *revisions]),
            read={pk: revisions[pk] for pk in open_rooms & revisions.keys()},
            gone=open_rooms - revisions.keys(),
            near={pk: revisions[pk] for pk in near},
        )

    def news(self, now: RoomsSeen) -> Iterable[Bell]:
        for room_id in now.gone & self._tails.keys():
            self._tails[room_id].ring()  # its readers have to be gone, too; nobody else is concerned
        behind = {room_id for room_id, revision in now.read.items() if self._is_behind(room_id, revision)}
        metrics.poll_finds.inc(len(behind))
        before = self.seen.near if self.seen else now.near
        changed = {room_id for room_id, revision in now.near.items() if before.get(room_id) != revision}
        return [Bell("room", {"room": room_id}) for room_id in sorted(behind | changed)]

    def _is_behind(self, room_id: int, revision: int) -> bool:
        return room_id in self._tails and self._tails[room_id].revision < revision


def _greatest() -> tuple[int, int]:
    """Return the greatest ids of all messages and rooms."""
    newest = ChatRoom.objects.aggregate(message=Max("last_message", default=0), room=Max("pk", default=0))
    return newest["message"], newest["room"]
