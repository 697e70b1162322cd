"""The people who are typing. Nothing is stored; a signal that is not repeated fades."""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from accounts.models import User
from config.doorbell import Bell
from rooms.chats import is_small_house
from rooms.ids import LOBBY, person_line, room_channel, room_line, user_channel
from rooms.live.news.part import PresentState
from rooms.live.news.rounds import Rounds
from rooms.live.watch.database import DatabaseThreads
from rooms.live.wire.connection import Connection
from rooms.live.wire.formats import Format
from rooms.live.wire.hub import Hub
from rooms.models import Ban, ChatRoom, Membership

# Signals come every 2 s while somebody types, and one 2 s after the last key; this is for when that is lost.
TYPING_TIMEOUT = 5.0
NAMES_KEPT = 10_000


@dataclass(slots=True)
class _Room:
    pair: tuple[int, int] | None  # the two people of a direct message
    deadlines: dict[int, float] = field(default_factory=dict)

    def other(self, user_id: int) -> int:
        """Return the other person of a direct message."""
        low, high = self.pair or (0, 0)
        return low if user_id == high else high


@dataclass(slots=True)
class Gathered:
    """Rooms where somebody began or stopped, and pages that were opened."""

    rooms: set[int] = field(default_factory=set)
    pages: set[Connection] = field(default_factory=set)


class TypingIndicators(Rounds[Gathered]):
    name = "typing indicators"
    hears = ("typing", "room", "profile")

    def __init__(self, hub: Hub, database: DatabaseThreads) -> None:
        super().__init__()
        self._hub = hub
        self._database = database
        self._rooms: dict[int, _Room] = {}
        self._gathered = Gathered()
        self._names: dict[int, str] = {}

    def heard(self, bell: Bell) -> None:
        match bell:
            case Bell("typing", {"room": room_id, "user": user_id, "is_typing": 0}):
                self.stopped(room_id, user_id)
            case Bell("typing", {"room": room_id, "user": user_id, **rest}):
                self.started(room_id, user_id, _pair_of(rest))
            case Bell("room", {"room": room_id, "sender": user_id}):
                self.stopped(room_id, user_id)
            case Bell("profile", {"user": user_id}):
                self._names.pop(user_id, None)  # it may be another one now

    def started(self, room_id: int, user_id: int, pair: tuple[int, int] | None) -> None:
        room = self._rooms.setdefault(room_id, _Room(pair))
        loop = asyncio.get_running_loop()
        if user_id not in room.deadlines:
            self._change(room_id)
        room.deadlines[user_id] = loop.time() + TYPING_TIMEOUT
        loop.call_later(TYPING_TIMEOUT + 0.1, self._expire, room_id)

    def stopped(self, room_id: int, user_id: int) -> None:
        room = self._rooms.get(room_id)
        if room and room.deadlines.pop(user_id, None):
            self._change(room_id)

    def left(self, connection: Connection) -> None:
        """A page of a room was closed: its reader types there no longer, if they have no other page of it."""
        room_id = connection.room_id
        if room_id is None or room_id not in self._rooms:
            return
        if not any(
            other.user_id == connection.user_id for other in self._hub.listeners(room_channel(room_id))
        ):
            self.stopped(room_id, connection.user_id)

    def began(self, connection: Connection, state: PresentState) -> None:
        """Begin a page with those who type now."""
        if self._rooms:
            self._gathered.pages.add(connection)
            self.ring()

    def _change(self, room_id: int) -> None:
        self._gathered.rooms.add(room_id)
        self.ring()

    def _expire(self, room_id: int) -> None:
        room = self._rooms.get(room_id)
        now = asyncio.get_running_loop().time()
        for user_id in [user for user, deadline in room.deadlines.items() if deadline <= now] if room else ():
            self.stopped(room_id, user_id)

    def take(self) -> Gathered:
        gathered, self._gathered = self._gathered, Gathered()
        return gathered

    def put_back(self, gathered: Gathered) -> None:
        self._gathered.rooms |= gathered.rooms
        self._gathered.pages |= gathered.pages

    async def round(self, gathered: Gathered) -> None:
        rooms = dict(self._rooms) if gathered.pages else self._of(gathered.rooms)
        await self._learn_names({user_id for room in rooms.values() for user_id in room.deadlines})
        groups = [room_id for room_id, room in rooms.items() if not room.pair]
        members, banned = await self._audiences(groups) if groups else ({}, {})
        for room_id, room in rooms.items():
            listeners = self._listeners(room_id, room, members.get(room_id), banned.get(room_id, ()))
            self._tell(room_id, room, listeners if room_id in gathered.rooms else listeners & gathered.pages)
        for room_id in gathered.rooms & rooms.keys():
            self._forget_if_silent(room_id, rooms[room_id])

    async def _audiences(self, room_ids: list[int]) -> tuple[dict[int, set[int]], dict[int, set[int]]]:
        return await self._database.run(_audiences, room_ids, self._hub.listening_users())

    def _of(self, room_ids: set[int]) -> dict[int, _Room]:
        return {room_id: self._rooms[room_id] for room_id in room_ids & self._rooms.keys()}

    def _forget_if_silent(self, room_id: int, told: _Room) -> None:
        """Forget a room where nobody types, as was told; by now it may be another one, of the same id."""
        if not told.deadlines and self._rooms.get(room_id) is told:
            del self._rooms[room_id]

    def _listeners(
        self, room_id: int, room: _Room, members: Collection[int] | None, banned: Collection[int]
    ) -> set[Connection]:
        """Return the pages that list the chat, and all readers of the room, with a list or without.

        `members` are given for a room that is in nobody else's list; people banned from an open room do not
        see it either.
        """
        people = room.pair if members is None else members
        channels = [LOBBY] if people is None else [user_channel(user_id) for user_id in people]
        channels.append(room_channel(room_id))
        listeners = {listener for channel in channels for listener in self._hub.listeners(channel)}
        return {listener for listener in listeners if listener.user_id not in banned}

    def _tell(self, room_id: int, room: _Room, connections: Iterable[Connection]) -> None:
        """Tell everybody who else is typing: one rendering for all who are not, one for each who is."""
        rendered: dict[tuple[frozenset[int], str, bool, Format], bytes] = {}
        # People who began while names were looked up are told of in the next round.
        typists = room.deadlines.keys() & self._names.keys()
        for connection in connections:
            others = frozenset(typists - {connection.user_id} - connection.blocked)
            dom_id = person_line(room.other(connection.user_id)) if room.pair else room_line(room_id)
            format = connection.format
            key = others, dom_id, connection.room_id == room_id, format
            if key not in rendered:
                names = sorted(self._names[user_id] for user_id in others)
                rendered[key] = format.typing(names, dom_id, is_open=connection.room_id == room_id)
            connection.tell(rendered[key])

    async def _learn_names(self, user_ids: set[int]) -> None:
        if len(self._names) > NAMES_KEPT:
            self._names.clear()
        if unknown := user_ids - self._names.keys():
            self._names |= await self._database.run(_names, unknown)


def _pair_of(ids: Mapping[str, int]) -> tuple[int, int] | None:
    return (ids["low"], ids["high"]) if ids.keys() >= {"low", "high"} else None


def _names(user_ids: set[int]) -> dict[int, str]:
    return {user.pk: user.shown_name for user in User.objects.filter(pk__in=user_ids)}


def _audiences(room_ids: list[int], listening: set[int]) -> tuple[dict[int, set[int]], dict[int, set[int]]]:
    """Return who listens of those who alone have a room in their lists, and who is banned from any of them.

    In a large house that is so of every room.
    """
    banned: defaultdict[int, set[int]] = defaultdict(set)
    found = ChatRoom.objects.filter(pk__in=room_ids)
    if is_small_house():
        found = found.filter(is_by_invitation=True)
    members: dict[int, set[int]] = {pk: set() for pk in found.values_list("pk", flat=True)}
    here = Membership.objects.among(members, listening) if members else Membership.objects.none()
    for room_id, user_id in here.values_list("room", "user"):
        members[room_id].add(user_id)
    for room_id, user_id in Ban.objects.active().filter(room__in=room_ids).values_list("room", "user"):
        banned[room_id].add(user_id)
    return members, banned
