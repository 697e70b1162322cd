"""The list of chats on every open page: last messages and unread badges, as they change."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field

from django.db import DatabaseError

from accounts.models import User
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
# A chat that was not told of before and has at most so many messages may be missing in lists.
YOUNG = 20


@dataclass(slots=True)
class News:
    """What one round tells, and what pages show when they have it."""

    frames: list[tuple[str, int, bytes]] = field(default_factory=list)  # channel, a user it is not for, frame
    revisions: dict[int, int] = field(default_factory=dict)  # room id → revision
    counts: list[tuple[int, int, int]] = field(default_factory=list)  # user id, room id, unread count

    def add(self, channel: str, html: str, not_for: int = 0) -> None:
        self.frames.append((channel, not_for, frames.swap(html)))


class ChatList:
    """Gathers what changed and tells it at most a few times a second."""

    def __init__(self, hub: Hub, database: DatabaseThreads) -> None:
        self._hub = hub
        self._database = database
        self._people: set[int] = set()  # who entered
        self._changed_rooms: set[int] = set()
        self._readers: defaultdict[int, set[int]] = defaultdict(set)  # room id → users who read there
        # What was told. Only the event loop changes these; `_read` looks at them from its thread.
        self._revisions: dict[int, int] = {}  # room id → revision
        self._counts: dict[int, dict[int, int]] = {}  # user id → room id → unread count on that user's pages
        self._bell = asyncio.Event()
        self._task = asyncio.create_task(keep_running("chat list", self._run))

    def people_entered(self, user_ids: Collection[int]) -> None:
        self._people |= set(user_ids)
        self._bell.set()

    def room_changed(self, room_id: int) -> None:
        self._changed_rooms.add(room_id)
        self._bell.set()

    def read(self, room_id: int, user_id: int) -> None:
        self._readers[room_id].add(user_id)
        self._bell.set()

    def forget(self, user_id: int) -> None:
        """A page of `user_id` was opened or closed: what it shows is not what was told last."""
        self._counts.pop(user_id, None)

    def stop(self) -> None:
        self._task.cancel()

    async def _run(self) -> None:
        while True:
            await self._bell.wait()
            self._bell.clear()
            started = time.monotonic()
            await self._round()
            worked = time.monotonic() - started
            await asyncio.sleep(min(max(PAUSE_FACTOR * worked, SHORTEST_PAUSE), LONGEST_PAUSE))

    async def _round(self) -> None:
        people, rooms, readers = self._people, self._changed_rooms, self._readers
        self._people, self._changed_rooms, self._readers = set(), set(), defaultdict(set)
        listening = self._hub.listening_users()
        try:
            news = await self._database.run(self._read, people, rooms, readers, listening)
        except DatabaseError:
            # Nobody rings for these again.
            self.people_entered(people)
            self._changed_rooms |= rooms
            for room_id, users in readers.items():
                self._readers[room_id] |= users
            raise
        for channel, not_for, frame in news.frames:
            for connection in self._hub.listeners(channel):
                if connection.user_id != not_for:
                    connection.tell(frame)
        self._revisions |= news.revisions
        for user_id, room_id, count in news.counts:
            self._counts.setdefault(user_id, {})[room_id] = count

    def _read(
        self, people: set[int], rooms: set[int], readers: dict[int, set[int]], listening: set[int]
    ) -> News:
        """Return the news: people first, since what they said puts more into their line."""
        news = News()
        for user in User.objects.filter(pk__in=people, is_active=True):
            news.add(LOBBY, fragments.new_person(user), not_for=user.pk)
        found = ChatRoom.objects.select_related("last_message__sender", "low_user", "high_user")
        for room in found.filter(pk__in=rooms | readers.keys()):
            is_changed = room.pk in rooms and room.revision != self._revisions.get(room.pk)
            users = listening if room.pk in rooms else listening & readers[room.pk]
            (self._group if room.is_group else self._private)(news, room, users, is_changed)
            if is_changed:
                news.revisions[room.pk] = room.revision
        return news

    def _group(self, news: News, room: ChatRoom, users: set[int], is_changed: bool) -> None:
        if is_changed:
            news.add(LOBBY, self._line(Chat(room, None)))
        for user_id, count in self._changed_counts(room, users).items():
            news.add(user_channel(user_id), fragments.chat_badge(Chat(room, None, count)))
            news.counts.append((user_id, room.pk, count))

    def _private(self, news: News, room: ChatRoom, users: set[int], is_changed: bool) -> None:
        counts = self._changed_counts(room, users)
        for user, other in ((room.low_user, room.high_user), (room.high_user, room.low_user)):
            if user is None or user.pk not in users:
                continue
            chat = Chat(room, other, counts.get(user.pk, 0))
            html = self._line(chat) if is_changed and room.last_message else ""
            if user.pk in counts:
                html += fragments.chat_badge(chat)
                news.counts.append((user.pk, room.pk, chat.unread_count))
            if html:
                news.add(user_channel(user.pk), html)

    def _line(self, chat: Chat) -> str:
        """Return what brings the line of `chat` up to date, or the whole line where lists may not have it."""
        is_young = chat.last_message is None or chat.last_message.position <= YOUNG
        if is_young and chat.room and chat.room.pk not in self._revisions:
            return fragments.new_chat(chat)
        return fragments.chat_preview(chat)

    def _changed_counts(self, room: ChatRoom, users: set[int]) -> dict[int, int]:
        """Return the unread counts that differ from what was told last."""
        counts = unread_counts(room.pk, users)
        return {
            user: count for user, count in counts.items() if self._counts.get(user, {}).get(room.pk) != count
        }
