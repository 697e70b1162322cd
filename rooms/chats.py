"""The list of chats as one person sees it: rooms, direct messages, and people to write to."""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import islice

from django.db.models import Q
from django.urls import reverse

from accounts.models import User
from rooms.ids import person_line, room_line
from rooms.models import Ban, ChatRoom, Membership, Message
from rooms.models.chat_room import listed_among
from rooms.unread import Unread, unread_of

NOTHING_UNREAD = Unread()
PEOPLE_LIMIT = 200  # people without a chat yet that the list names


@dataclass
class Chat:
    """One line of the list. Either `room`, or `person`, or both for a direct message that has begun."""

    room: ChatRoom | None
    person: User | None
    unread: Unread = NOTHING_UNREAD

    @property
    def dom_id(self) -> str:
        return person_line(self.person.pk) if self.person else room_line(self.room.pk)  # type: ignore[union-attr]  # one is set

    @property
    def name(self) -> str:
        return self.person.shown_name if self.person else str(self.room)

    @property
    def url(self) -> str:
        if self.room:
            return self.room.get_absolute_url()
        return reverse("rooms:person_detail", args=[self.person.username])  # type: ignore[union-attr]  # one is set

    @property
    def last_message(self) -> Message | None:
        return self.room.last_message if self.room else None

    @property
    def key(self) -> int:
        """Order of the list: the id of the last message, the greatest first; 0 without messages.

        Archived rooms stand at the end.
        """
        return -1 if self.is_archived else (self.room and self.room.last_message_id) or 0

    @property
    def is_archived(self) -> bool:
        return self.room is not None and self.room.is_archived

    @cached_property
    def place(self) -> tuple[int, bool, str]:
        """Its place in the list. chats.js puts later lines there too, but does not compare names."""
        return -self.key, self.person is not None, self.name.casefold()

    @cached_property
    def look(self) -> tuple[object, ...]:
        """Everything that decides how the line looks, but for presence, which not everybody sees.

        It is a part of the key under which the line is kept (config/drawn.py): whatever its template shows
        has to be in here.
        """
        room, person, unread, last = self.room, self.person, self.unread, self.last_message
        return (
            room and (room.pk, room.name, room.is_archived),
            person and (person.look, person.current_status),
            last and last.look,
            unread.count,
            unread.mentions,
            unread.is_muted,
        )

    @cached_property
    def presence(self) -> tuple[object, ...]:
        """What decides how presence looks to those who see it."""
        return (self.person.is_online or self.person.last_seen,) if self.person else ()


def chat_for(user_id: int, room: ChatRoom, unread: Unread | None) -> Chat:
    """Return the line of a room in the list of somebody who is in it."""
    other = None if room.is_group else (room.high_user if room.low_user_id == user_id else room.low_user)
    return Chat(room, other, unread or NOTHING_UNREAD)


def chats_of(user: User) -> list[Chat]:
    """Return the list of `user`, the most recent activity first."""
    return lists_of([user])[user.pk]


def lists_of(users: Collection[User]) -> dict[int, list[Chat]]:
    """Return the list of each of `users` by id, in four queries however many there are.

    A list has the user's own chats, and the open rooms that are in everybody's list.
    """
    is_mine = Q(pk__in=Membership.objects.filter(user__in=users).values("room"))
    found = ChatRoom.objects.filter(ChatRoom.objects.perhaps_listed() | is_mine)
    rooms = {
        room.pk: room
        for room in found.select_related("last_message__sender", "low_user", "high_user").order_by("name")
    }
    unread = unread_of(users)  # after the rooms: former members see nothing that was posted since
    listed = listed_among(rooms.values())
    banned = defaultdict(set)
    for user_id, room_id in Ban.objects.active().filter(user__in=users).values_list("user", "room"):
        banned[user_id].add(room_id)
    own: dict[int, list[Chat]] = {}
    for user in users:
        mine = unread[user.pk]
        visible = (listed - banned[user.pk]) | (rooms.keys() & mine.keys())
        own[user.pk] = [
            Chat(room, room.other_person(user), mine.get(pk, NOTHING_UNREAD))
            for pk, room in rooms.items()
            if pk in visible
        ]
    known = {pk: {pk, *(chat.person.pk for chat in own[pk] if chat.person)} for pk in own}
    strangers = _people(PEOPLE_LIMIT + max(map(len, known.values()), default=0))
    lists = {}
    for pk, chats in own.items():
        others = (chat for chat in strangers if chat.person and chat.person.pk not in known[pk])
        lists[pk] = sorted([*chats, *islice(others, PEOPLE_LIMIT)], key=lambda chat: chat.place)
    return lists


def as_of(moment: datetime) -> int:
    """Return how a page says as of when it shows people: in milliseconds since 1970."""
    return int(moment.timestamp() * 1000)


def newest_in(chats: Iterable[Chat]) -> int:
    """Return the id of the last message in the list; 0 if there is none."""
    return max((chat.room.last_message_id or 0 for chat in chats if chat.room), default=0)


def unread_in(chats: Iterable[Chat]) -> int:
    """Return the number of unread messages in the list, without those of muted rooms."""
    return sum(chat.unread.count for chat in chats if not chat.unread.is_muted)


def _people(count: int) -> list[Chat]:
    people = User.objects.filter(is_active=True).order_by("canonical_name")[:count]
    return [Chat(None, person) for person in people]


def chats_digest(chats: Iterable[Chat], user: User) -> str:
    """Return a short text that differs between lists that look different to `user`."""
    lines = (repr((chat.look, user.shows_presence and chat.presence)) for chat in chats)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]
