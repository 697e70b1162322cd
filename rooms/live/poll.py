"""Finds what no doorbell announced: changes made by processes that share only the database with this one."""

from typing import TYPE_CHECKING

from django.db.models import Max, Q

from accounts.models import User
from rooms.models import ChatRoom

if TYPE_CHECKING:
    from rooms.live.process import Live

# Transactions may commit in another order than they took their ids; so many ids back are looked at again.
OVERLAP = 100


class Poll:
    """Remembers what it saw last; `look` rings for what is new since."""

    def __init__(self) -> None:
        self.revisions: dict[int, int] = {}
        self.last_message = 0
        self.last_room = 0
        self.last_user = 0

    async def look(self, live: "Live") -> None:
        rooms, newest_user = await live.database.run(self._read, set(live.tails))
        is_first = not self.last_user
        for room_id, revision, last_message_id in rooms:
            is_behind = room_id in live.tails and live.tails[room_id].revision != revision
            if is_behind or (not is_first and self.revisions.get(room_id, -1) != revision):
                live.room_changed(room_id)
            self.last_message = max(self.last_message, last_message_id or 0)
            self.last_room = max(self.last_room, room_id)
        self.revisions = {room_id: revision for room_id, revision, _last in rooms}
        for user_id in range(self.last_user + 1, newest_user + 1) if not is_first else ():
            live.answer({"kind": "person", "user": user_id})
        self.last_user = newest_user

    def _read(self, room_ids: set[int]) -> tuple[list[tuple[int, int, int | None]], int]:
        """Return (id, revision, last message) of the rooms being read and of those with news, and the newest user."""
        if not self.last_user:
            newest = ChatRoom.objects.aggregate(room=Max("pk", default=0), message=Max("last_message", default=0))
            self.last_room, self.last_message = newest["room"], newest["message"]
        rooms = ChatRoom.objects.filter(
            Q(pk__in=room_ids) | Q(last_message__gt=self.last_message - OVERLAP) | Q(pk__gt=self.last_room)
        ).values_list("pk", "revision", "last_message")
        return list(rooms), User.objects.aggregate(newest=Max("pk", default=0))["newest"]
