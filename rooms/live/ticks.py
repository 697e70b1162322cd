"""Ticks: when a mark of somebody moves, the authors concerned are told, once, and nobody else."""

from collections import defaultdict

from rooms.live import fragments, frames
from rooms.live.channels import room_channel
from rooms.live.connection import Connection
from rooms.live.database import DatabaseThreads
from rooms.live.hub import Hub
from rooms.live.rounds import Rounds
from rooms.models import Message
from rooms.models.tick import Marks
from rooms.receipts import marks_for


class Ticks(Rounds):
    name = "ticks"

    def __init__(self, hub: Hub, database: DatabaseThreads) -> None:
        super().__init__()
        self._hub = hub
        self._database = database
        self._changed_rooms: set[int] = set()
        # (room id, author) → what that author's pages were told
        self._told: dict[tuple[int, int], Marks] = {}

    def room_changed(self, room_id: int) -> None:
        if self._hub.listeners(room_channel(room_id)):
            self._changed_rooms.add(room_id)
            self.ring()

    def join(self, connection: Connection, marks: Marks) -> None:
        """Remember what a page of a room begins with."""
        if connection.room_id is not None:
            self._told.setdefault((connection.room_id, connection.user_id), marks)
            self.room_changed(connection.room_id)

    def leave(self, connection: Connection) -> None:
        key = (connection.room_id or 0, connection.user_id)
        if not any(
            (other.room_id, other.user_id) == key for other in self._hub.listeners(room_channel(key[0]))
        ):
            self._told.pop(key, None)

    async def round(self) -> None:
        changed, self._changed_rooms = self._changed_rooms, set()
        authors: defaultdict[int, set[int]] = defaultdict(set)
        for room_id, user_id in self._told:
            if room_id in changed:
                authors[room_id].add(user_id)
        for room_id, user_ids in authors.items():
            try:
                news = await self._database.run(self.news, room_id, user_ids)
            except Exception:
                # The next round tries again.
                self._changed_rooms |= changed
                self.ring()
                raise
            for user_id, marks in news.items():
                frame = frames.swap(fragments.ticks(marks, user_id))
                for connection in self._hub.listeners(room_channel(room_id)):
                    if connection.user_id == user_id:
                        connection.tell(frame)

    def news(self, room_id: int, user_ids: set[int]) -> dict[int, Marks]:
        """Return the new marks of those authors who have a message that a mark has passed."""
        changed = {
            user_id: (self._told[room_id, user_id], marks)
            for user_id, marks in marks_for(room_id, user_ids).items()
            if self._told.get((room_id, user_id)) not in (None, marks)
        }
        if not changed:
            return {}
        moved = [span for before, after in changed.values() for span in _moved(before, after)]
        concerned = set(
            Message.objects.filter(
                room=room_id,
                sender__in=changed,
                pk__gt=min(low for low, _high in moved),
                pk__lte=max(high for _low, high in moved),
            )
            .values_list("sender", flat=True)
            .distinct()
        )
        for user_id, (_before, after) in changed.items():
            self._told[room_id, user_id] = after
        return {user_id: after for user_id, (_before, after) in changed.items() if user_id in concerned}


def _moved(before: Marks, after: Marks) -> list[tuple[int, int]]:
    """Return the spans of message ids, low exclusive, that marks passed; all when people came or went."""
    if len(before.delivered) != len(after.delivered) or len(before.read) != len(after.read):
        everything = (*before.delivered, *before.read, *after.delivered, *after.read)
        return [(0, max(everything, default=0))]
    pairs = [*zip(before.delivered, after.delivered, strict=True), *zip(before.read, after.read, strict=True)]
    return [(min(pair), max(pair)) for pair in pairs if pair[0] != pair[1]]
