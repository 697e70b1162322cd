"""The list of chats as one person sees it: what they are in, and in a small house what else there is."""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from itertools import chain
from typing import Any

from django.conf import settings
from django.db.models import BooleanField, Case, F, Q, QuerySet, Value, When, Window
from django.db.models.functions import Coalesce, Greatest, RowNumber
from django.urls import reverse

from accounts.models import User
from accounts.models.user import LINE_FIELDS, LOOK_FIELDS
from config.compiled import ID, CompiledQuery
from rooms.ids import person_line, room_line
from rooms.models import Ban, ChatRoom, Departure, Membership, Message
from rooms.models.membership import IS_HIDDEN
from rooms.unread import Unread, with_unread

NOTHING_UNREAD = Unread()
CHATS_PER_PAGE = 50  # of those that one is in
# Favourites as they were chosen; then the latest first, and archived rooms at the end. A room to which the
# reader came stands above what was said before.
ORDER = (
    F("favourite_at").asc(nulls_last=True),
    Case(When(room__archived_at=None, then=0), default=1),
    Greatest(Coalesce(F("room__last_message"), 0), F("came_after")).desc(),
    F("came_after").desc(),
    F("pk").desc(),
)


@dataclass
class Chat:
    """One line of the list. Either `room`, or `person`, or both for a direct message that has begun."""

    room: ChatRoom | None
    person: User | None
    unread: Unread = NOTHING_UNREAD
    is_mine: bool = False  # whether the reader is in the room
    has_left: bool = False  # whether the reader was in the room, and left it

    @property
    def dom_id(self) -> str:
        return person_line(self.person.pk) if self.person else room_line(self.room.pk)  # type: ignore[union-attr]  # one is set

    @property
    def part(self) -> str:
        """The part of the list where it stands, which is the id of an element: `ChatLists`."""
        if self.unread.favourite:
            return "favourites"
        return "mine" if self.is_mine else "rooms" if self.room else "people"

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
        """What moves it, the greatest first: its last message, or the last one of all when the reader came.

        Ids are doubled, so that whatever came after a message has a place before the next one. Archived rooms
        stand at the end.
        """
        last = (self.room and self.room.last_message_id) or 0
        came_after = self.unread.came_after
        return -1 if self.is_archived else max(2 * last, came_after and 2 * came_after + 1)

    @property
    def order(self) -> int:
        """Its order in its part, the greatest first: favourites do not move."""
        return self.unread.favourite or self.key

    @property
    def is_archived(self) -> bool:
        return self.room is not None and self.room.is_archived

    def as_left(self, left: Collection[int]) -> "Chat":
        """Return the line of a room for somebody who has left these rooms."""
        return replace(self, has_left=True) if self.room and self.room.pk in left else self

    @cached_property
    def place(self) -> tuple[int, bool, str]:
        """Its place in the list. chats.js puts later lines there too, but does not compare names."""
        return -self.order, self.person is not None, self.name.casefold()

    @cached_property
    def look(self) -> tuple[object, ...]:
        """Everything that decides how the line looks, but for presence, which not everybody sees.

        It is a part of the key under which the line is kept (config/drawn.py): whatever its template shows
        has to be in here.
        """
        room, person, unread, last = self.room, self.person, self.unread, self.last_message
        return (
            self.part,
            self.key,
            self.has_left,
            room and (room.pk, room.name, room.is_archived),
            person and (person.look, person.current_status),
            last and last.look,
            unread.count,
            unread.mentions,
            unread.is_muted,
            unread.favourite,
            unread.has_draft,
        )

    @cached_property
    def presence(self) -> tuple[object, ...]:
        """What decides how presence looks to those who see it."""
        return (self.person.is_online or self.person.last_seen,) if self.person else ()


@dataclass(frozen=True, slots=True)
class ChatLists:
    """The list of chats of one person, in its parts. In a large house there is only the first."""

    mine: list[Chat]  # a page of the chats that the person is in, favourites first
    has_older: bool  # whether more of them follow
    undelivered: Collection[int]  # memberships whose last message was not delivered so far
    rooms: Sequence[Chat] = ()  # open rooms that the person is not in
    people: Sequence[Chat] = ()  # people without a chat

    @property
    def favourites(self) -> list[Chat]:
        return [chat for chat in self.mine if chat.unread.favourite]

    @property
    def latest(self) -> list[Chat]:
        return [chat for chat in self.mine if not chat.unread.favourite]

    def __iter__(self) -> Iterator[Chat]:
        return chain(self.mine, self.rooms, self.people)


def chat_for(user_id: int, room: ChatRoom, unread: Unread | None) -> Chat:
    """Return the line of a room in the list of somebody who is in it."""
    other = None if room.is_group else (room.high_user if room.low_user_id == user_id else room.low_user)
    return Chat(room, other, unread or NOTHING_UNREAD, is_mine=True)


def chats_of(user: User) -> ChatLists:
    """Return the list of `user`, the most recent activity first."""
    return lists_of([user])[user.pk]


def lists_of(users: Collection[User]) -> dict[int, ChatLists]:
    """Return the list of each of `users` by id, in as many queries as that of one."""
    own = own_chats_of(users)
    return _with_others(own) if is_small_house() else own


def own_chats_of(users: Collection[User], page: int = 0) -> dict[int, ChatLists]:
    """Return by id what each of `users` is in, a page of it, in two queries; not what nobody wrote in so far.

    The first finds which chats these are: only for them it is counted what is unread. The first page of one
    person, which every page has, is one query.
    """
    if len(users) == 1 and page == 0:
        [user] = users
        rows = latest_chats(user=user.pk, count=CHATS_PER_PAGE + 1)
        return _lists([user], rows[:CHATS_PER_PAGE], {user.pk} if len(rows) > CHATS_PER_PAGE else set())
    first = page * CHATS_PER_PAGE
    place = Window(RowNumber(), partition_by="user", order_by=ORDER)
    ranked = _begun(Membership.objects.filter(user__in=users)).annotate(place=place)
    found = ranked.filter(place__gt=first, place__lte=first + CHATS_PER_PAGE + 1)
    places = {pk: place - first for pk, place in found.values_list("pk", "place")}
    memberships = list(_with_lines(Membership.objects.filter(pk__in=places)))
    older = {row.user_id for row in memberships if places[row.pk] > CHATS_PER_PAGE}
    return _lists(users, [row for row in memberships if places[row.pk] <= CHATS_PER_PAGE], older)


def _begun(memberships: QuerySet[Membership]) -> QuerySet[Membership]:
    begun = memberships.exclude(room__type=ChatRoom.Type.PRIVATE, room__last_message=None)
    return begun.exclude(IS_HIDDEN)


def _with_lines(memberships: QuerySet[Membership]) -> QuerySet[Membership]:
    """With what lines of the list show."""
    rows = memberships.select_related("room__last_message__sender", "room__low_user", "room__high_user")
    return with_unread(rows).defer(
        "draft",
        *User.all_but("room__last_message__sender", LOOK_FIELDS),
        *User.all_but("room__low_user", LINE_FIELDS),
        *User.all_but("room__high_user", LINE_FIELDS),
    )


def _lists(users: Collection[User], rows: Iterable[Membership], older: set[int]) -> dict[int, ChatLists]:
    """Return the list of each of `users`; those in `older` have more chats."""
    chats: dict[int, list[Chat]] = {user.pk: [] for user in users}
    undelivered: defaultdict[int, set[int]] = defaultdict(set)
    for row in rows:
        chats[row.user_id].append(chat_for(row.user_id, row.room, Unread.of(row)))
        if row.last_delivered < (row.room.last_message_id or 0):
            undelivered[row.user_id].add(row.pk)
    return {pk: ChatLists(in_order(chats[pk]), pk in older, undelivered[pk]) for pk in chats}


def is_small_house() -> bool:
    """Whether everybody finds everything there is in the list of chats."""
    people, rooms = settings.SMALL_HOUSE_PEOPLE, settings.SMALL_HOUSE_ROOMS
    return len(some_people(count=people + 1)) <= people and len(some_rooms(count=rooms + 1)) <= rooms


def joins_by_visit() -> bool:
    """Whether whoever visits an open room joins it. Elsewhere people look at it first."""
    return is_small_house() if settings.JOIN_BY_VISIT == "auto" else settings.JOIN_BY_VISIT == "yes"


def rooms_for_all() -> set[int] | None:
    """Return the ids of the open rooms, which are in everybody's list; None in a large house."""
    return set(ChatRoom.objects.open().values_list("pk", flat=True)) if is_small_house() else None


def _with_others(own: dict[int, ChatLists]) -> dict[int, ChatLists]:
    """Let rooms and people follow that the owners of the lists have no chat with."""
    rooms = ChatRoom.objects.open().select_related("last_message__sender")
    others = in_order(Chat(room, None) for room in rooms)
    people = in_order(Chat(None, person) for person in User.objects.filter(is_active=True))
    apart: defaultdict[int, set[str]] = defaultdict(set)  # lines that are not among the others, by user
    bans = Ban.objects.active().filter(user__in=own)
    has_older = Q(user__in=[pk for pk in own if own[pk].has_older])
    unlisted = Membership.objects.filter(has_older | Q(user__in=own, hidden_upto__isnull=False))
    left: defaultdict[int, set[int]] = defaultdict(set)  # rooms, by user
    departures = _marked(Departure.objects.filter(user__in=own), has_left=True)
    marked = departures.union(_marked(bans), _marked(unlisted), all=True)
    for user_id, room_id, low, high, has_left in marked:
        if has_left:
            left[user_id].add(room_id)
        else:
            apart[user_id] |= {room_line(room_id), *(person_line(one) for one in (low, high) if one)}
    lists = {}
    for pk, chats in own.items():
        apart[pk] |= {person_line(pk), *(chat.dom_id for chat in chats.mine)}
        lists[pk] = replace(
            chats,
            rooms=[chat.as_left(left[pk]) for chat in others if chat.dom_id not in apart[pk]],
            people=[chat for chat in people if chat.dom_id not in apart[pk]],
        )
    return lists


def _marked(rows: QuerySet[Any], *, has_left: bool = False) -> QuerySet[Any, tuple[Any, ...]]:
    """Return users and rooms, with the people of direct messages, and with this mark."""
    is_left = Value(has_left, output_field=BooleanField())
    return rows.values_list("user", "room", "room__low_user", "room__high_user", is_left)


def in_order(chats: Iterable[Chat]) -> list[Chat]:
    return sorted(chats, key=lambda chat: chat.place)


def as_of(moment: datetime) -> int:
    """Return how a page says as of when it shows people: in milliseconds since 1970."""
    return int(moment.timestamp() * 1000)


def newest_in(chats: Iterable[Chat]) -> int:
    """Return the id of the last message in the list; 0 if there is none."""
    return max((chat.room.last_message_id or 0 for chat in chats if chat.room), default=0)


def unread_in(chats: Iterable[Chat]) -> int:
    """Return the number of unread messages in the list, without those of muted rooms."""
    return sum(chat.unread.count for chat in chats if not chat.unread.is_muted)


def chats_digest(chats: ChatLists, user: User) -> str:
    """Return a short text that differs between lists that look different to `user`."""
    lines = (repr((chat.look, user.shows_presence and chat.presence)) for chat in chats)
    return hashlib.sha256("\n".join([str(chats.has_older), *lines]).encode()).hexdigest()[:16]


# What every page asks.
latest_chats = CompiledQuery(
    lambda user, count: _with_lines(
        Membership.objects.filter(
            pk__in=_begun(Membership.objects.filter(user=user)).order_by(*ORDER).values("pk")[:count]
        )
    ).order_by(*ORDER),
    user=ID,
)
some_people = CompiledQuery(
    lambda count: User.objects.filter(is_active=True).values_list("pk", flat=True)[:count]
)
some_rooms = CompiledQuery(lambda count: ChatRoom.objects.open().values_list("pk", flat=True)[:count])
