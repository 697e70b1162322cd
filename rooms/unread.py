"""Unread messages, counted from the read marker: never added up, so that a count cannot drift."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

from django.db.models import Case, Exists, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Value, When
from django.utils import timezone
from django.utils.translation import ngettext

from accounts.models import Block, User
from rooms.models import ChatRoom, Membership, Mention, Message
from rooms.models.membership import IS_HIDDEN

UNREAD_LIMIT = 100  # counting stops here; the badge then says 99+

END_OF_ORDER = 10**13  # milliseconds since 1970, in the year 2286: more than any id of a message


class Count(Subquery):
    """The number of rows of a query, sliced ones included."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) AS counted)"
    output_field = IntegerField()


@dataclass(frozen=True, slots=True)
class Unread:
    """What one member has not read in one room, and where it stands for them."""

    count: int = 0
    mentions: int = 0
    is_muted: bool = False
    notify: str = Membership.Notify.ALL
    has_draft: bool = False
    is_hidden: bool = False  # from the list of chats
    came_after: int = 0  # the last message of all when the member came
    favourite: int = 0  # its place among the favourites, the greatest first; 0 for a chat that is none

    @classmethod
    def of(cls, row: Any) -> Self:
        """Return what a row of `with_unread` says."""
        is_muted = row.muted_until is not None and row.muted_until > timezone.now()
        favourite = row.favourite_at and END_OF_ORDER - int(1000 * row.favourite_at.timestamp())
        return cls(
            row.unread_count,
            row.mention_count,
            is_muted,
            row.wanted,
            row.draft_at is not None,
            bool(row.hidden),
            row.came_after,
            favourite or 0,
        )

    @property
    def label(self) -> str:
        return unread_label(self.count)

    @property
    def words(self) -> str:
        """What a screen reader says of it, such as "3 unread messages, 1 mentions you"."""
        said = ngettext("%(label)s unread message", "%(label)s unread messages", self.count)
        words = [said % {"label": self.label}]
        if self.mentions:
            said = ngettext("%(count)s mentions you", "%(count)s mention you", self.mentions)
            words.append(said % {"count": self.mentions})
        return ", ".join(words)

    @property
    def is_silent(self) -> bool:
        """Whether the member wants to be notified of nothing now."""
        return self.is_muted or self.notify == Membership.Notify.NOTHING

    def wants(self, message: Message, user_id: int) -> bool:
        """Whether the member, `user_id`, wants to be notified of a new message."""
        if not self.count or self.is_silent:
            return False
        if self.notify == Membership.Notify.ALL:
            return True
        return user_id in message.mentioned.values() or user_id in message.answered


def unread_label(count: int) -> str:
    """Return the number as badges and titles show it; empty for 0."""
    return f"{UNREAD_LIMIT - 1}+" if count >= UNREAD_LIMIT else str(count or "")


def _unread_messages() -> Subquery:
    """Count what a membership has unread. Annotate memberships with it."""
    unread = Message.objects.filter(room=OuterRef("room"), pk__gt=OuterRef("read_marker"))
    return Count(unread.to_be_read_by(OuterRef("user")).values("pk")[:UNREAD_LIMIT])


def _unread_mentions() -> Subquery:
    mentions = Mention.objects.filter(
        user=OuterRef("user"), message__gt=OuterRef("read_marker"), message__room=OuterRef("room")
    )
    blocked = Block.objects.filter(blocker=OuterRef("user"), blocked=OuterRef("message__sender"))
    return Count(mentions.filter(~Exists(blocked)).values("pk")[:UNREAD_LIMIT])


def unread_in_rooms(users: Mapping[int, Collection[int]]) -> dict[int, dict[int, Unread]]:
    """Return by room what each of the members among `users[room]` has unread."""
    result: dict[int, dict[int, Unread]] = {room_id: {} for room_id in users}
    people = set().union(*users.values())
    for room_id, user_id, unread in _unread(Membership.objects.among(users, people)):
        if user_id in users[room_id]:
            result[room_id][user_id] = unread
    return result


def unread_of(user: User, room: ChatRoom) -> Unread:
    """Return what `user` has unread in one room."""
    return unread_in_rooms({room.pk: [user.pk]})[room.pk].get(user.pk, Unread())


def _unread(memberships: QuerySet[Membership]) -> Iterator[tuple[int, int, Unread]]:
    """Yield room id, user id and what is unread."""
    names = (
        "room_id",
        "user_id",
        "unread_count",
        "mention_count",
        "muted_until",
        "favourite_at",
        "draft_at",
        "came_after",
        "wanted",
        "hidden",
        "came_after",
    )
    for row in with_unread(memberships).values_list(*names, named=True):
        yield row.room_id, row.user_id, Unread.of(row)


def with_unread(memberships: QuerySet[Membership]) -> QuerySet[Membership]:
    """Annotate memberships with what `Unread.of` needs."""
    return memberships.annotate(
        unread_count=_unread_messages(),
        mention_count=_unread_mentions(),
        wanted=_wanted(),
        hidden=Case(When(IS_HIDDEN, then=True), default=False),
    )


def _wanted() -> Case:
    """Return what a membership notifies of: its own choice, or that of the settings."""
    by_mentions = Q(notify=Membership.Notify.DEFAULT, user__notify=User.Notify.MENTIONS)
    return Case(
        When(~Q(notify=Membership.Notify.DEFAULT), then=F("notify")),
        # A direct message is always meant for its reader.
        When(by_mentions & Q(room__type=ChatRoom.Type.PRIVATE), then=Value(User.Notify.ALL)),
        default=F("user__notify"),
    )


def total_unread(user_ids: Iterable[int]) -> dict[int, int]:
    """Return the number of unread messages of each user in all rooms that are not muted, in one query."""
    totals = dict.fromkeys(user_ids, 0)
    members = (
        Membership.objects.filter(user__in=totals.keys(), read_marker__lt=F("room__last_message"))
        .exclude(muted_until__gt=timezone.now())
        .exclude(IS_HIDDEN)
        .annotate(unread_count=_unread_messages())
    )
    for user_id, count in members.values_list("user", "unread_count"):
        totals[user_id] += count
    return totals
