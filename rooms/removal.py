"""What staff do to whole rooms: hide them, show them again, delete them; never to direct messages.

Hiding is one transaction: from then on nobody is in the room, so that streams of it end and every address of
it answers 404. What is deleted after that goes in batches, each a transaction, and can be gone on with.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from django.contrib.admin.models import CHANGE, DELETION, LogEntry
from django.db import transaction
from django.db.models import Q, QuerySet

from accounts.models import User
from config import doorbell
from rooms import batches
from rooms.models import ChatRoom, HiddenRoom, Message, ModerationAct, Report, StoredFile
from rooms.models.message import BLANKED, take_along

BATCH = 500  # messages


@dataclass(frozen=True, slots=True)
class Contents:
    """What goes with a room."""

    room: ChatRoom
    messages: int
    people: int
    reports: int  # open ones


def contents(room: ChatRoom) -> Contents:
    hidden = HiddenRoom.objects.filter(room=room).first()
    return Contents(
        room,
        messages=room.messages.count(),
        people=hidden.member_count if hidden else room.memberships.count(),
        reports=Report.objects.filter(message__room=room, closed_at=None).count(),
    )


def hide(room: ChatRoom, by: User | None) -> bool:
    """Let nobody see or find the room; return False if it is hidden already, or a direct message."""
    with transaction.atomic():
        room.lock()
        if not room.is_group or HiddenRoom.objects.filter(room=room).exists():
            return False
        HiddenRoom.keep(room)
        room.change_head(is_by_invitation=True)
        room.note_act(by, ModerationAct.Act.HIDE)
        _log(by, room, CHANGE, "Hidden.")
        # Reports that its moderators had now go to staff.
        doorbell.ring_after_commit("report", room=room.pk, person=0)
    return True


def show(room: ChatRoom, by: User | None) -> bool:
    """Restore everything as it was before; return False if the room is not hidden, or being deleted."""
    with transaction.atomic():
        room.lock()
        hidden = HiddenRoom.objects.filter(room=room, is_doomed=False).first()
        if hidden is None:
            return False
        hidden.give_back()
        room.change_head(is_by_invitation=hidden.was_by_invitation)
        room.note_act(by, ModerationAct.Act.SHOW)
        _log(by, room, CHANGE, "Shown again.")
        room.keep_owned()
        doorbell.ring_after_commit("report", room=room.pk, person=0)
    return True


def delete(room: ChatRoom, by: User, seconds: float) -> bool:
    """Delete a room with all its messages; return False if that takes longer than `seconds`.

    It is hidden at once, and not to be shown again; housekeeping deletes the rest.
    """
    with transaction.atomic():
        room.lock()
        hide(room, by)
        if HiddenRoom.objects.filter(room=room, is_doomed=False).update(is_doomed=True):
            _log(by, room, DELETION, f"Deleted for good, with {room.messages.count()} messages.")
    return batches.run(_batches(room), seconds)


def finish(seconds: float) -> bool:
    """Continue deletions that took longer or were interrupted; return whether all these rooms are gone."""
    return batches.run(unfinished(), seconds)


def unfinished() -> Iterator[None]:
    """Continue such deletions, batch by batch."""
    doomed = HiddenRoom.objects.filter(is_doomed=True).select_related("room")
    return chain.from_iterable(_batches(hidden.room) for hidden in doomed)


def _batches(room: ChatRoom) -> Iterator[None]:
    messages = Message.objects.filter(room=room).order_by("pk")
    while batch := list(messages.values_list("pk", flat=True)[:BATCH]):
        with transaction.atomic():
            refers = Q(attachments__message__in=batch) | Q(reports__message__in=batch)
            files = list(StoredFile.objects.filter(refers).values_list("pk", flat=True))
            # With receipts, mentions, earlier versions and reports.
            Message.objects.filter(pk__in=batch).delete()
            StoredFile.objects.discard(files)
        yield
    ChatRoom.objects.filter(pk=room.pk, hidden__is_doomed=True).delete()


def blank(room: ChatRoom, found: QuerySet[Message], *, by_moderator: bool) -> list[Message]:
    """Delete messages of a room, which is locked, all but their places; return those that still were there.

    Each takes a number of its own, as if they were deleted one by one: how far a page is behind is counted in
    these.
    """
    messages = list(found.filter(deleted_at=None).order_by("pk"))
    if not messages:
        return []
    last = room.next_revision(len(messages))
    for number, message in enumerate(messages, last - len(messages) + 1):
        message.blank(by_moderator=by_moderator)
        message.revision = number
    Message.objects.bulk_update(messages, ["revision", *BLANKED])
    take_along(messages)
    doorbell.ring_after_commit("room", room=room.pk)
    return messages


def _log(by: User | None, room: ChatRoom, flag: int, text: str) -> None:
    """Write into the log of the admin, which stays when the room is gone."""
    if by:
        LogEntry.objects.log_actions(by.pk, [room], flag, text, single_object=True)
