"""How far messages have come, as their authors may know it."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from django.db.models import Case, Min, Q, QuerySet, When

from accounts.models import User
from config.compiled import ID, CompiledQuery
from rooms.models import ChatRoom, Membership, Message
from rooms.models.tick import Mark, Marks, Tick

# In a room of more people ticks say whether all have it, not how many: each reader would be news.
COUNTED_PARTICIPANTS = 32


type Member = tuple[int, int, int, int, bool]


def _told_of(members: QuerySet[Membership]) -> "QuerySet[Membership, Member]":
    """Return of active members who they are, after which message they joined, and how far they have come."""
    names = ("user", "joined_after", "last_delivered", "last_read", "user__sends_read_receipts")
    return members.filter(user__is_active=True).values_list(*names)


# What every page asks: all members where they are few, else some.
few_members = CompiledQuery(
    lambda room: _told_of(Membership.objects.filter(room=room))[: COUNTED_PARTICIPANTS + 1], room=ID
)


def marks_for(room_id: int, author_ids: Iterable[int]) -> dict[int, Marks]:
    """Return what each of the authors may know, in two queries, or up to four where the room is large."""
    authors = User.objects.filter(pk__in=list(author_ids)).values_list("pk", "sends_read_receipts")
    return _marks_for(room_id, dict(authors))


def _marks_for(room_id: int, authors: Mapping[int, bool]) -> dict[int, Marks]:
    """`authors` says of each whether they send read receipts."""
    members = few_members(room=room_id)
    if is_large := len(members) > COUNTED_PARTICIPANTS:
        members = _lowest_members(room_id, authors)
    found = {}
    for author, author_tells in authors.items():
        others = [member for member in members if member[0] != author]
        tellers = [member for member in others if member[-1] and author_tells]
        delivered = [Mark(since, upto) for _user, since, upto, _read, _tells in others]
        read = [Mark(since, upto) for _user, since, _delivered, upto, _tells in tellers]
        if is_large:
            delivered, read = _lowest(delivered), _lowest(read)
        found[author] = Marks(tuple(sorted(delivered)), tuple(sorted(read)))
    return found


def _lowest_members(room_id: int, authors: Collection[int]) -> list[Member]:
    """Return one row for all others, with the least that any of them has, and those of several authors."""
    members = Membership.objects.filter(room=room_id)
    others = members.filter(user__is_active=True).exclude(user__in=list(authors))
    low = others.aggregate(
        delivered=Min("last_delivered"), read=Min("last_read", filter=Q(user__sends_read_receipts=True))
    )
    # A single author is told nothing of their own row.
    rows = list(_told_of(members.filter(user__in=list(authors)))) if len(authors) > 1 else []
    if low["delivered"] is not None:
        rows.append((0, 0, low["delivered"], low["read"] or 0, low["read"] is not None))
    return rows


def _lowest(marks: list[Mark]) -> list[Mark]:
    """People who joined later count as having all earlier messages, so the lowest stands for everybody."""
    return [Mark(0, min(mark.upto for mark in marks))] if marks else []


@dataclass(frozen=True, slots=True)
class TickBounds:
    """How far an author's messages in a room have come, by messages of their own.

    Those up to `delivered` are delivered to everybody, but for those up to `undelivered`, which nobody else
    was there for; `read` and `unread` say the same of reading.
    """

    delivered: Message | None
    undelivered: Message | None
    read: Message | None
    unread: Message | None
    last: Tick | None  # the tick of the newest


def tick_bounds(room_id: int, author_id: int, marks: Marks) -> TickBounds:
    """Return them for a page in which no tick can be changed."""
    own = Message.objects.filter(room=room_id, sender=author_id).order_by("-pk")
    last = own.first()
    delivered, read = marks.delivered_to_all, marks.read_by_all
    return TickBounds(
        delivered=own.filter(pk__lte=delivered.upto).first(),
        undelivered=own.filter(pk__lte=delivered.after).first(),
        read=own.filter(pk__lte=read.upto).first(),
        unread=own.filter(pk__lte=read.after).first(),
        last=marks.tick(last.pk) if last else None,
    )


def show_ticks(messages: Iterable[Message], room: ChatRoom, author: User) -> Marks:
    """Set the ticks of the author's own messages on a page for the author; return what they come from."""
    marks = _marks_for(room.pk, {author.pk: author.sends_read_receipts})[author.pk]
    for message in messages:
        if message.sender_id == author.pk:
            message.tick = marks.tick(message.pk)
    return marks


@dataclass(frozen=True, slots=True)
class Receipt:
    """What one participant has of a message."""

    user: User
    is_delivered: bool
    is_read: bool
    read_at: object = None


def receipts_of(message: Message, page: int, size: int) -> tuple[list[Receipt], bool]:
    """Return page `page` (from 0) of who has a message, readers first, and whether there are more.

    It lists people who were members then. Whether they have read it is shown only if both they and the author
    send read receipts.
    """
    tells = message.sender.sends_read_receipts
    # The order must not reveal what somebody hides either.
    told = Q(user__sends_read_receipts=True, last_read__gte=message.pk) if tells else Q(pk=None)
    members = (
        Membership.objects.filter(room=message.room_id, user__is_active=True, joined_after__lt=message.pk)
        .exclude(user=message.sender_id)
        .select_related("user")
        .order_by(Case(When(told, then=0), default=1), "user__canonical_name")
    )
    rows = list(members[page * size : (page + 1) * size + 1])
    times = dict(
        message.read_receipts.filter(user__in=[row.user_id for row in rows]).values_list("user", "read_at")
    )
    receipts = []
    for row in rows[:size]:
        is_read = tells and row.user.sends_read_receipts and row.last_read >= message.pk
        receipts.append(
            Receipt(
                row.user,
                row.last_delivered >= message.pk,
                is_read,
                times.get(row.user_id) if is_read else None,
            )
        )
    return receipts, len(rows) > size
