"""The list of chats on every open page: last messages and unread badges, as they change."""

import asyncio
import time
from collections import defaultdict

from rooms.chats import Chat, unread_counts
from rooms.live import fragments, frames
from rooms.live.channels import LOBBY, user_channel
from rooms.live.database import DatabaseThreads
from rooms.live.hub import Hub
from rooms.live.supervision import keep_running
from rooms.models import ChatRoom

SHORTEST_PAUSE = 0.3
LONGEST_PAUSE = 5.0
# Seconds of pause for one second of work, so that large rooms cost a bounded share of the process.
PAUSE_FACTOR = 10

type Frames = list[tuple[str, bytes]]


class ChatList:
    """Gathers what changed and tells it at most a few times a second."""

    def __init__(self, hub: Hub, database: DatabaseThreads) -> None:
        self._hub = hub
        self._database = database
        self._changed_rooms: set[int] = set()
        self._readers: defaultdict[int, set[int]] = defaultdict(set)  # room id → users who read there
        self._told: dict[tuple[int, int], int] = {}  # (user id, room id) → unread count on that user's pages
        self._bell = asyncio.Event()
        self._task = asyncio.create_task(keep_running("chat list", self._run))

    def room_changed(self, room_id: int) -> None:
        self._changed_rooms.add(room_id)
        self._bell.set()

    def read(self, room_id: int, user_id: int) -> None:
        self._readers[room_id].add(user_id)
        self._bell.set()

    def forget(self, user_id: int) -> None:
        """A page of `user_id` was opened or closed: what it shows is not what was told last."""
        for key in [key for key in self._told if key[0] == user_id]:
            del self._told[key]

    def stop(self) -> None:
        self._task.cancel()

    async def _run(self) -> None:
        while True:
            await self._bell.wait()
            self._bell.clear()
            started = time.monotonic()
            rooms, readers = self._changed_rooms, self._readers
            self._changed_rooms, self._readers = set(), defaultdict(set)
            listening = self._hub.listening_users()
            for channel, frame in await self._database.run(self._frames, rooms, readers, listening):
                self._hub.write(channel, frame)
            worked = time.monotonic() - started
            await asyncio.sleep(min(max(PAUSE_FACTOR * worked, SHORTEST_PAUSE), LONGEST_PAUSE))

    def _frames(self, rooms: set[int], readers: dict[int, set[int]], listening: set[int]) -> Frames:
        result: Frames = []
        found = ChatRoom.objects.select_related("last_message__sender", "low_user", "high_user")
        for room in found.filter(pk__in=rooms | readers.keys()):
            is_changed = room.pk in rooms
            users = listening if is_changed else listening & readers[room.pk]
            result += self._group(room, users, is_changed) if room.is_group else self._private(room, users, is_changed)
        return result

    def _group(self, room: ChatRoom, users: set[int], is_changed: bool) -> Frames:
        result: Frames = []
        if is_changed:
            chat = Chat(room, None)
            html = fragments.chat_preview(chat) if room.last_message else fragments.new_chat(chat)
            result.append((LOBBY, frames.swap(html)))
        for user_id, count in self._news(room, users).items():
            result.append((user_channel(user_id), frames.swap(fragments.chat_badge(Chat(room, None, count)))))
        return result

    def _private(self, room: ChatRoom, users: set[int], is_changed: bool) -> Frames:
        result: Frames = []
        counts = self._news(room, users)
        for user, other in ((room.low_user, room.high_user), (room.high_user, room.low_user)):
            if user is None or user.pk not in users:
                continue
            chat = Chat(room, other, counts.get(user.pk, 0))
            html = ""
            if is_changed and room.last_message:
                is_first = room.last_message.position == 1
                html = fragments.new_chat(chat) if is_first else fragments.chat_preview(chat)
            if user.pk in counts:
                html += fragments.chat_badge(chat)
            if html:
                result.append((user_channel(user.pk), frames.swap(html)))
        return result

    def _news(self, room: ChatRoom, users: set[int]) -> dict[int, int]:
        """Return the unread counts that differ from what was told last."""
        counts = unread_counts(room.pk, users)
        news = {user: count for user, count in counts.items() if self._told.get((user, room.pk)) != count}
        self._told |= {(user, room.pk): count for user, count in news.items()}
        return news
