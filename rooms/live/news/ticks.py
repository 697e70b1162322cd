"""Ticks: when somebody's mark moves, only the authors concerned are told, once."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from config.doorbell import Bell
from rooms.ids import room_channel
from rooms.live.news.part import PresentState
from rooms.live.news.rounds import Rounds
from rooms.live.watch.database import DatabaseThreads
from rooms.live.wire.connection import Connection
from rooms.live.wire.formats import Format
from rooms.live.wire.hub import Hub
from rooms.models import Message
from rooms.models.tick import Mark, Marks
from rooms.receipts import marks_for, tick_bounds


@dataclass(frozen=True, slots=True)
class TickNews:
    """The new marks for an author; their pages are told if a message of theirs was passed."""

    marks: Marks
    is_told: bool


class Ticks(Rounds[set[int]]):
    name = "ticks"
    hears = ("read", "receipt", "act", "settings")

    def __init__(self, hub: Hub, database: DatabaseThreads) -> None:
        super().__init__()
        self._hub = hub
        self._database = database
        self._changed_rooms: set[int] = set()
        # room id → author → what that author's pages there were told
        self._told: defaultdict[int, dict[int, Marks]] = defaultdict(dict)

    def heard(self, bell: Bell) -> None:
        # With settings others may see more or less of what somebody reads, in any room.
        self._changed(self._told if bell.kind == "settings" else [bell.ids["room"]])

    def _changed(self, room_ids: Iterable[int]) -> None:
        if changed := self._told.keys() & room_ids:
            self._changed_rooms |= changed
            self.ring()

    def began(self, connection: Connection, state: PresentState) -> None:
        """Remember what a page of a room begins with."""
        if connection.room_id is not None and not connection.is_visit:
            self._told[connection.room_id].setdefault(connection.user_id, state.marks)
            self._changed([connection.room_id])

    def left(self, connection: Connection) -> None:
        room_id = connection.room_id or 0
        if not self._pages(room_id, connection.user_id):
            told = self._told.get(room_id, {})
            told.pop(connection.user_id, None)
            if not told:
                self._told.pop(room_id, None)

    def take(self) -> set[int]:
        gathered, self._changed_rooms = self._changed_rooms, set()
        return gathered

    def put_back(self, gathered: set[int]) -> None:
        self._changed_rooms |= gathered

    async def round(self, gathered: set[int]) -> None:
        for room_id in gathered & self._told.keys():
            pages: dict[Connection, Marks] = {}
            for user_id, news in (await self._database.run(self.news, room_id)).items():
                if user_id in self._told.get(room_id, {}):
                    self._told[room_id][user_id] = news.marks
                if news.is_told:
                    pages |= dict.fromkeys(self._pages(room_id, user_id), news.marks)
            for page, frame in (await self._database.run(_frames, room_id, pages) if pages else {}).items():
                page.tell(frame)

    def _pages(self, room_id: int, user_id: int) -> list[Connection]:
        here = self._hub.listeners(room_channel(room_id))
        return [page for page in here if page.user_id == user_id and not page.is_visit]

    def news(self, room_id: int) -> dict[int, TickNews]:
        """Return what has changed for those who were told something of the room."""
        told = dict(self._told.get(room_id, {}))
        new = marks_for(room_id, told)
        changed = {user_id: marks for user_id, marks in new.items() if marks != told[user_id]}
        concerned = _authors(room_id, [(told[user_id], marks) for user_id, marks in changed.items()], changed)
        return {user_id: TickNews(marks, user_id in concerned) for user_id, marks in changed.items()}


def _frames(room_id: int, pages: dict[Connection, Marks]) -> dict[Connection, bytes]:
    return {page: tick_frame(page.format, room_id, page.user_id, marks) for page, marks in pages.items()}


def tick_frame(format: Format, room_id: int, author_id: int, marks: Marks) -> bytes:
    bounds = tick_bounds(room_id, author_id, marks) if format.is_append_only else None
    return format.ticks(author_id, marks, bounds)


def _authors(room_id: int, changes: list[tuple[Marks, Marks]], among: Collection[int]) -> set[int]:
    """Return who has a message that one of the changes is about."""
    spans = [
        _moved(*pair)
        for before, after in changes
        for pair in ((before.delivered, after.delivered), (before.read, after.read))
        if pair[0] != pair[1]
    ]
    if not spans:
        return set()
    messages = Message.objects.filter(room=room_id, sender__in=among)
    passed = messages.filter(
        pk__gt=min(low for low, _high in spans), pk__lte=max(high for _low, high in spans)
    )
    return set(passed.values_list("sender", flat=True).distinct())


def _moved(before: tuple[Mark, ...], after: tuple[Mark, ...]) -> tuple[int, int]:
    """Return the span of message ids, low exclusive, that marks passed; all when people came or went."""
    old, new = Counter(before) - Counter(after), Counter(after) - Counter(before)
    ends = [mark.upto for mark in (*old, *new)]
    is_same_people = sorted(mark.since for mark in old.elements()) == sorted(
        mark.since for mark in new.elements()
    )
    return (min(ends) if is_same_people else 0), max(ends)
