"""The sender of a large body, and whether they may send it: asked before any of it is read."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from asgiref.typing import HTTPScope
from django.conf import settings

from accounts.models import User
from accounts.uploads import uploader
from config.middleware import error_sentence
from rooms.models import ChatRoom, Message, QuotaReached, StoredFile
from rooms.models.chat_room import room_joined_by

MESSAGES = re.compile(r"/rooms/([0-9]{1,18})/messages/")
REPLIES = re.compile(r"/messages/([0-9]{1,18})/replies/")
# What a form has besides its files.
FORM_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Sender:
    user_id: int
    refusal: tuple[int, Callable[[], str]] | None = None  # a status, and a sentence


def sender_of(scope: HTTPScope, length: int) -> Sender | None:
    """Return who sends a body of that length; None for a stranger. It asks the database."""
    if not (user := uploader(scope)):
        return None
    if match := MESSAGES.fullmatch(scope["path"]):
        return Sender(user.pk, _refusal(user, int(match[1]), length))
    if match := REPLIES.fullmatch(scope["path"]):
        messages = Message.objects.readable_by(user).filter(pk=int(match[1]))
        return Sender(user.pk, _refusal(user, messages.values_list("room", flat=True).first() or 0, length))
    return Sender(user.pk)


def _refusal(user: User, room_id: int, length: int) -> tuple[int, Callable[[], str]] | None:
    """Return why `user` may not send so much into a room; the form says what else may be wrong."""
    room: ChatRoom | None = room_joined_by.first(user=user.pk, room=room_id)
    if room is None:
        return 404, lambda: error_sentence(404)
    if not room.lets_write(user, is_reply=True):
        return 403, lambda: room.why_closed
    quota = settings.FILE_QUOTA_BYTES
    if quota and StoredFile.objects.used_by(user) + length - FORM_BYTES > quota:
        return 507, lambda: str(QuotaReached())
    return None
