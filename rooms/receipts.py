"""What authors may know of how far their messages have come."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import QuerySet

from accounts.models import User
from rooms.models import ChatRoom, Membership, Message
from rooms.models.tick import Marks

# In a room of more people ticks say whether all have it, not how many: each reader would be news.
COUNTED_PARTICIPANTS = 32


def marks_for(room_id: int, author_ids: Iterable[int]) -> dict[int, Marks]:
    """Return what each of the authors may know, in three queries, however large the room."""
    authors = dict(User.objects.filter(pk__in=list(author_ids)).values_list("pk", "sends_read_receipts"))
    members = Membership.objects.filter(room=room_id, user__is_active=True)
    delivered = _lowest(members, "last_delivered")
    read = _lowest(members.filter(user__sends_read_receipts=True), "last_read")
    # In a large room the lowest mark of somebody else is enough.
    shown = None if len(delivered) <= COUNTED_PARTICIPANTS else 1
    return {
        author: Marks(
            _others(author, delivered)[:shown], _others(author, read)[:shown] if author_tells else ()
        )
        for author, author_tells in authors.items()
    }


def _lowest(members: QuerySet[Membership], mark: str) -> list[tuple[int, int]]:
    """Return user and mark of all members, the lowest first; of a large room some of them."""
    return list(members.order_by(mark).values_list("user", mark)[: COUNTED_PARTICIPANTS + 1])


def _others(author: int, rows: list[tuple[int, int]]) -> tuple[int, ...]:
    return tuple(mark for user, mark in rows if user != author)


def show_ticks(messages: Iterable[Message], room: ChatRoom, author: User) -> Marks:
    """Set the ticks of the author's own messages on a page for the author; return what they come from."""
    marks = marks_for(room.pk, [author.pk])[author.pk]
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

    Whether somebody has read it is told only where both they and the author send read receipts.
    """
    members = (
        Membership.objects.filter(room=message.room_id, user__is_active=True)
        .exclude(user=message.sender_id)
        .select_related("user")
        .order_by("-last_read", "user__canonical_name")
    )
    rows = list(members[page * size : (page + 1) * size + 1])
    tells = message.sender.sends_read_receipts
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
