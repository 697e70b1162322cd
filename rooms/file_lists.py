"""The files of a room, and those that somebody has sent."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet

from accounts.models import User
from accounts.models.user import LOOK_FIELDS
from config.converters import ID_MAX
from rooms.models import Attachment, ChatRoom, Membership, Message
from rooms.models.stored_file import ShownFile

PER_PAGE = 30


@dataclass
class ListedFile:
    """A file, and the message that it is in."""

    file: ShownFile
    message: Message


@dataclass
class FilePage:
    """Some files of a room, the newest first; `before` is the message below which the next page begins."""

    rows: list[ListedFile]
    before: int | None


def files_of_room(room: ChatRoom, user: User, kind: str = "", before: int | None = None) -> FilePage:
    """Return files of a room that `user` may see, all or those of one kind. No message is cut in two."""
    shown = Message.objects.listed_for(user).filter(pk=OuterRef("message"))
    found = Attachment.objects.filter(Exists(shown), room=room, message__lt=before or ID_MAX)
    if kind:
        found = found.filter(kind=kind)
    found = found.select_related("file", "message__sender").defer(
        *User.all_but("message__sender", LOOK_FIELDS)
    )
    size = max(PER_PAGE, settings.FILES_PER_MESSAGE)
    rows = list(found.order_by("-message", "position")[: size + 1])
    whole = [row for row in rows if row.message_id != rows[-1].message_id] if len(rows) > size else rows
    return FilePage(
        [ListedFile(row.shown, row.message) for row in whole],
        whole[-1].message_id if len(rows) > len(whole) else None,
    )


def files_of_user(user: User) -> "QuerySet[Any]":
    """The files in messages of `user`, the largest first; `is_here` says whether they are in its room."""
    here = Membership.objects.filter(user=user, room=OuterRef("room"))
    found = Attachment.objects.filter(file__sender=user, message__sender=user)
    found = found.select_related("file", "message__room__low_user", "message__room__high_user")
    return found.annotate(is_here=Exists(here)).order_by("-file__size", "-file", "-pk")
