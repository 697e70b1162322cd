"""Names, avatars and statuses on all open pages, as people change them and as statuses end."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from accounts.models.user import IS_TOLD_OF
from config.doorbell import Bell
from rooms.chats import Chat
from rooms.ids import LOBBY, room_channel
from rooms.live.news.look import Look
from rooms.live.news.rounds import Rounds
from rooms.live.watch.database import DatabaseThreads
from rooms.live.wire import fragments
from rooms.live.wire.connection import Connection
from rooms.live.wire.frames import Frame, make_all, swapped
from rooms.live.wire.hub import Hub
from rooms.models import ChatRoom, Membership
from rooms.unread import Unread, unread_in_rooms


class Shown(NamedTuple):
    """What others see of a person."""

    look: tuple[object, ...]
    status: str


@dataclass(slots=True)
class News:
    """What one round tells."""

    shown: dict[int, Shown] = field(default_factory=dict)  # user id → what others now see
    frames: list[Frame] = field(default_factory=list)  # for all pages
    chats: dict[tuple[int, int], Frame] = field(
        default_factory=dict
    )  # reader and room of direct messages → frame
    outdated: set[int] = field(default_factory=set)  # rooms whose documents show a name or avatar that was


class Profiles(Rounds[set[int]]):
    name = "profiles"
    hears = ("profile",)

    def __init__(self, hub: Hub, database: DatabaseThreads) -> None:
        super().__init__()
        self._hub = hub
        self._database = database
        self._changed: set[int] = set()
        # What was told of people. Only the event loop changes it; `read_news` looks at it from its thread.
        self._told: dict[int, Shown] = {}
        self.looks = [ChangedProfiles()]

    def heard(self, bell: Bell) -> None:
        if self._hub.connections:
            self._changed.add(bell.ids["user"])
            self.ring()

    def take(self) -> set[int]:
        gathered, self._changed = self._changed, set()
        return gathered

    def put_back(self, gathered: set[int]) -> None:
        self._changed |= gathered

    async def round(self, gathered: set[int]) -> None:
        open_rooms = {page.room_id for page in self._hub.connections if page.room_id is not None}
        news = await self._database.run(self.read_news, gathered, open_rooms)
        await self._database.run(make_all, [*news.frames, *news.chats.values()], self._hub.languages(LOBBY))
        for frame in news.frames:
            self._hub.tell(LOBBY, frame)
        for room_id in open_rooms:
            for page in self._hub.listeners(room_channel(room_id)):
                self._bring_up_to_date(page, room_id, news)
        self._told |= news.shown

    def _bring_up_to_date(self, page: Connection, room_id: int, news: News) -> None:
        if page.format.is_append_only:
            if room_id in news.outdated:
                page.end(page.format.begin_anew(at_once=True))
        elif frame := news.chats.get((page.user_id, room_id)):
            page.tell(frame.in_language(page.format.language))

    def read_news(self, gathered: set[int], open_rooms: set[int]) -> News:
        """Return news about the people who look different from what was told last.

        The poll also finds changes that a bell has announced already.
        """
        news = News()
        read_at = timezone.now()
        renamed: set[int] = set()
        for person in User.objects.filter(IS_TOLD_OF, pk__in=gathered):
            now = Shown(person.look, person.current_status)
            before = self._told.get(person.pk)
            if now != before:
                news.shown[person.pk] = now
                news.frames.append(swapped(fragments.profile, person, read_at))
            if before is None or now.look != before.look:
                renamed.add(person.pk)
        if renamed and open_rooms:
            members = Membership.objects.filter(room__in=open_rooms, user__in=renamed)
            news.outdated = set(members.values_list("room", flat=True))
            news.chats = _renamed_chats(renamed, open_rooms)
        return news


@dataclass(slots=True)
class ProfilesSeen:
    moment: datetime
    # People who have changed lately, with when they did, and when their status ended
    changes: set[tuple[int, datetime | None, datetime | None]]


class ChangedProfiles(Look[ProfilesSeen]):
    def see(self) -> ProfilesSeen:
        now = timezone.now()
        found = User.objects.changed_between(self.seen.moment if self.seen else now, now)
        changes = {
            (pk, changed_at, until if until and until <= now else None)
            for pk, changed_at, until in found.values_list("pk", "profile_changed_at", "status_until")
        }
        return ProfilesSeen(now, changes)

    def news(self, now: ProfilesSeen) -> Iterable[Bell]:
        new = now.changes - self.seen.changes if self.seen else set()
        return [Bell("profile", {"user": user_id}) for user_id in {user_id for user_id, *_moments in new}]


def _renamed_chats(renamed: set[int], room_ids: set[int]) -> dict[tuple[int, int], Frame]:
    """Return what tells the other person of each direct message its new name."""
    found = ChatRoom.objects.filter(Q(low_user__in=renamed) | Q(high_user__in=renamed), pk__in=room_ids)
    chats = {
        (reader, room.pk): Chat(room, person)
        for room in found.select_related("low_user", "high_user")
        for person, reader in ((room.low_user, room.high_user_id), (room.high_user, room.low_user_id))
        if person and reader and person.pk in renamed
    }
    readers: defaultdict[int, set[int]] = defaultdict(set)
    for reader, room_id in chats:
        readers[room_id].add(reader)
    unread = unread_in_rooms(readers) if readers else {}
    for (reader, room_id), chat in chats.items():
        chat.unread = unread[room_id].get(reader, Unread())
    return {key: swapped(fragments.other_renamed, chat) for key, chat in chats.items()}
