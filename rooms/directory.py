"""What somebody can open: rooms, and people to write to, found by any part of their names.

The queries leave out people who may not be seen, so counts, pages and completions cannot differ in it.
"""

from dataclasses import dataclass

from django.db.models import Count, F, Model, Q, QuerySet

from accounts.models import User
from config.folding import matching
from rooms.models import ChatRoom, Membership
from rooms.models.mention import ALL

AT_FIRST = 10  # of each kind, where both are shown
PER_PAGE = 50  # of one kind
FORWARD_CHOICES = 20  # of each kind, to which a message can be forwarded


def rooms_like(user: User, text: str) -> "QuerySet[ChatRoom]":
    """Return the rooms that `user` may open with `text` in name or description, the latest activity first."""
    by_use = F("last_message").desc(nulls_last=True)
    return matching(ChatRoom.objects.visible_to(user).groups(), text, by_use, "canonical_name")


def people_like(user: User, text: str) -> "QuerySet[User]":
    """Return the people to whom `user` could write with `text` in one of their names, in alphabetical order.

    People whom `user` has blocked are left out. Those who have blocked `user` are not: nobody is told that.
    """
    others = User.objects.filter(is_active=True).exclude(pk=user.pk)
    return matching(others.exclude(pk__in=user.blocks.values("blocked")), text, "canonical_name")


@dataclass
class NamedPerson:
    """A person whose name is being typed in a room."""

    person: User
    is_member: bool  # others cannot be mentioned there


def people_named_like(user: User, text: str, limit: int, room: ChatRoom) -> list[NamedPerson]:
    """Return the first of these people, for completing a name in a message: those in the room first."""
    found = people_like(user, text)
    here = Q(pk__in=room.memberships.values("user"))
    members = [NamedPerson(person, True) for person in found.filter(here)[:limit]]
    if len(members) == limit or not room.is_group:
        return members
    return members + [NamedPerson(person, False) for person in found.exclude(here)[: limit - len(members)]]


def reach_of_all(user: User, text: str, room: ChatRoom) -> int:
    """Return how many people `@all` reaches, if that may be what `user` is typing; 0 if it reaches nobody."""
    if not ALL.startswith(text.casefold()) or not room.may_mention_all(user):
        return 0
    return room.participants.filter(is_active=True).exclude(pk=user.pk).count()


def chats_like(user: User, text: str) -> list[ChatRoom]:
    """Return chats that `user` is in and that are called like `text`, or the latest: some of them."""
    by_use = F("last_message").desc(nulls_last=True)
    mine = ChatRoom.objects.joined_by(user).filter(archived_at=None).select_related("low_user", "high_user")
    if not text:
        return list(mine.order_by(by_use)[:FORWARD_CHOICES])
    rooms = matching(mine.groups(), text, by_use, "canonical_name")[:FORWARD_CHOICES]
    people = list(people_like(user, text)[:FORWARD_CHOICES])
    private = mine.filter(Q(low_user__in=people) | Q(high_user__in=people), type=ChatRoom.Type.PRIVATE)
    return [*rooms, *private.exclude(last_message=None).order_by(by_use)]


@dataclass
class FoundRoom:
    """A room as it is shown to somebody who looks for it."""

    room: ChatRoom
    member_count: int
    is_member: bool


@dataclass
class Part[M]:
    """A page of what was found of one kind."""

    rows: list[M]
    count: int  # on all pages
    next_page: int | None


def rooms_part(user: User, text: str, page: int, size: int) -> Part[FoundRoom]:
    found = rooms_like(user, text).select_related("last_message").defer("last_message__content")
    part = _part_of(found, page, size)
    here = Membership.objects.filter(room__in=part.rows, user__is_active=True).values("room")
    told = here.annotate(count=Count("pk"), mine=Count("pk", filter=Q(user=user)))
    counts = {room["room"]: (room["count"], bool(room["mine"])) for room in told}
    rows = [FoundRoom(room, *counts.get(room.pk, (0, False))) for room in part.rows]
    return Part(rows, part.count, part.next_page)


def people_part(user: User, text: str, page: int, size: int) -> Part[User]:
    return _part_of(people_like(user, text), page, size)


def _part_of[M: Model](found: "QuerySet[M]", page: int, size: int) -> Part[M]:
    """Return a page of what was found. Only where there is more than that, it is counted apart."""
    rows = list(found[page * size : (page + 1) * size + 1])
    if rows and len(rows) <= size:
        return Part(rows, page * size + len(rows), None)
    return Part(rows[:size], found.count() if rows or page else 0, page + 1 if rows else None)
