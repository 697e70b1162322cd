"""The list of chats as one person sees it: group rooms, private chats, and people one could write to."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import IntegerField, OuterRef, Subquery
from django.urls import reverse

from accounts.models import User
from rooms.models import ChatRoom, Membership, Message

UNREAD_LIMIT = 100  # counting stops here; the badge then says 99+
PEOPLE_LIMIT = 200  # people without a chat yet that the list names


class _Count(Subquery):
    """The number of rows of a query, sliced ones included."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) AS counted)"
    output_field = IntegerField()


@dataclass(slots=True)
class Chat:
    """One line of the list. Either `room`, or `person`, or both for a private chat that has begun."""

    room: ChatRoom | None
    person: User | None
    unread_count: int = 0

    @property
    def dom_id(self) -> str:
        return f"person-{self.person.pk}" if self.person else f"room-{self.room.pk}"  # type: ignore[union-attr]  # one is set

    @property
    def name(self) -> str:
        return self.person.username if self.person else str(self.room)

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
        """Order of the list: the id of the last message, the greatest first; 0 where nothing was said."""
        return (self.room and self.room.last_message_id) or 0

    @property
    def unread_label(self) -> str:
        return f"{UNREAD_LIMIT - 1}+" if self.unread_count >= UNREAD_LIMIT else str(self.unread_count)


def chats_of(user: User) -> list[Chat]:
    """Return the list of `user`, the most recent activity first, in two queries."""
    last_read = Membership.objects.filter(room=OuterRef("pk"), user=user).values("last_read")
    unread = Message.objects.filter(room=OuterRef("pk"), pk__gt=OuterRef("last_read")).exclude(sender=user)
    rooms = (
        ChatRoom.objects.visible_to(user)
        .select_related("last_message__sender", "low_user", "high_user")
        .annotate(last_read=Subquery(last_read), unread_count=_Count(unread.values("pk")[:UNREAD_LIMIT]))
        .order_by("name")
    )
    chats = [Chat(room, room.other_person(user), room.unread_count) for room in rooms]  # type: ignore[attr-defined]  # annotated
    chats += [Chat(None, person) for person in _people_without_chat(user)]
    # chats.js puts lines that come later into this order, but for the names.
    return sorted(chats, key=lambda chat: (-chat.key, chat.person is not None, chat.name.casefold()))


def _people_without_chat(user: User) -> Iterable[User]:
    return (
        User.objects.filter(is_active=True)
        .exclude(pk=user.pk)
        .exclude(pk__in=ChatRoom.objects.filter(low_user=user).values("high_user"))
        .exclude(pk__in=ChatRoom.objects.filter(high_user=user).values("low_user"))
        .order_by("canonical_name")[:PEOPLE_LIMIT]
    )


def chats_digest(chats: Iterable[Chat]) -> str:
    """Return a short text that differs for lists that look different."""
    lines = (f"{chat.dom_id} {chat.key} {chat.unread_count}" for chat in chats)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def unread_counts(room_id: int, user_ids: Iterable[int]) -> dict[int, int]:
    """Return the number of unread messages of each of the members among `user_ids`, in one query."""
    unread = Message.objects.filter(room=OuterRef("room"), pk__gt=OuterRef("last_read")).exclude(
        sender=OuterRef("user")
    )
    members = Membership.objects.filter(room=room_id, user__in=list(user_ids)).annotate(
        unread_count=_Count(unread.values("pk")[:UNREAD_LIMIT])
    )
    return dict(members.values_list("user", "unread_count"))
