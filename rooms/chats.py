"""The list of chats as one person sees it: group rooms, private chats, and people one could write to."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet
from django.urls import reverse

from accounts.models import User
from rooms.models import ChatRoom, Message
from rooms.unread import Unread, unread_of

NOTHING_UNREAD = Unread()
PEOPLE_LIMIT = 200  # people without a chat yet that the list names


@dataclass(slots=True)
class Chat:
    """One line of the list. Either `room`, or `person`, or both for a private chat that has begun."""

    room: ChatRoom | None
    person: User | None
    unread: Unread = NOTHING_UNREAD

    @property
    def dom_id(self) -> str:
        return f"person-{self.person.pk}" if self.person else f"room-{self.room.pk}"  # type: ignore[union-attr]  # one is set

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
        """Order of the list: the id of the last message, the greatest first; 0 where nothing was said.

        Archived rooms stand at the end.
        """
        return -1 if self.is_archived else (self.room and self.room.last_message_id) or 0

    @property
    def is_archived(self) -> bool:
        return self.room is not None and self.room.is_archived


def chats_of(user: User) -> list[Chat]:
    """Return the list of `user`, the most recent activity first, in three queries."""
    rooms = (
        ChatRoom.objects.visible_to(user)
        .select_related("last_message__sender", "low_user", "high_user")
        .order_by("name")
    )
    unread = unread_of(user)
    chats = [Chat(room, room.other_person(user), unread.get(room.pk, NOTHING_UNREAD)) for room in rooms]
    chats += [Chat(None, person) for person in _people_without_chat(user)]
    # chats.js puts lines that come later into this order, but for the names.
    return sorted(chats, key=lambda chat: (-chat.key, chat.person is not None, chat.name.casefold()))


def as_of(moment: datetime) -> int:
    """Return how a page says as of when it shows people: in milliseconds since 1970."""
    return int(moment.timestamp() * 1000)


def newest_in(chats: Iterable[Chat]) -> int:
    """Return the id of the last message in the list; 0 where nothing was said."""
    return max((chat.room.last_message_id or 0 for chat in chats if chat.room), default=0)


def unread_in(chats: Iterable[Chat]) -> int:
    """Return the number of unread messages in the list, but for muted rooms."""
    return sum(chat.unread.count for chat in chats if not chat.unread.is_muted)


def _people_without_chat(user: User) -> QuerySet[User]:
    return (
        User.objects.filter(is_active=True)
        .exclude(pk=user.pk)
        .exclude(pk__in=ChatRoom.objects.filter(low_user=user).values("high_user"))
        .exclude(pk__in=ChatRoom.objects.filter(high_user=user).values("low_user"))
        .order_by("canonical_name")[:PEOPLE_LIMIT]
    )


def chats_digest(chats: Iterable[Chat], user: User) -> str:
    """Return a short text that differs for lists that look different to `user`."""
    lines = (
        f"{chat.dom_id} {chat.name} {chat.key} "
        f"{chat.person and (chat.person.avatar_digest, chat.person.current_status)} "
        f"{chat.last_message and chat.last_message.revision} {chat.unread} "
        f"{user.shows_presence and chat.person is not None and chat.person.is_online}"
        for chat in chats
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]
