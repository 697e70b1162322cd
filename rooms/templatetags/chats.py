"""Lines of the list of chats, cached if they are the same for many readers."""

from collections.abc import Iterable
from typing import Any

from django import template
from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.safestring import SafeString, mark_safe

from accounts.models import User
from rooms.chats import Chat

register = template.Library()

# Each list may have 200 people without a chat. With many people, most of the time of a page, and of a stream
# that begins, went into rendering them again.
KEPT_LINES = 5_000
_lines: dict[tuple[Any, ...], str] = {}


@register.simple_tag
def chat_lines(chats: Iterable[Chat], room_id: int | None, shows_presence: bool) -> SafeString:
    """Render the lines of `chats`; `room_id` is the room that the page shows, if any."""
    look = (shows_presence, translation.get_language(), timezone.get_current_timezone_name())
    return mark_safe("".join(_line(chat, room_id, look) for chat in chats))  # noqa: S308 (what templates made)


def _line(chat: Chat, room_id: int | None, look: tuple[Any, ...]) -> str:
    """Render the line of one chat; all that it may say of its reader is in `look`."""
    shows_presence: bool = look[0]
    if chat.room or chat.person is None or settings.DEBUG:
        return _render(chat, room_id, shows_presence)
    if (line := chat.drawn.get(look)) is None:
        line = chat.drawn[look] = _kept(chat, chat.person, look)
    return line


def _kept(chat: Chat, person: User, look: tuple[Any, ...]) -> str:
    """Return the line of a person without a chat, drawn anew only where it would look different."""
    row = (
        getattr(person, field.attname) for field in person._meta.concrete_fields if field.name != "password"
    )
    key = tuple(map(str, (*row, person.is_online, person.current_status, timezone.localdate(), *look)))
    if (line := _lines.get(key)) is None:
        if len(_lines) >= KEPT_LINES:
            _lines.clear()
        line = _lines[key] = _render(chat, None, look[0])
    return line


def _render(chat: Chat, room_id: int | None, shows_presence: bool) -> str:
    context = {"chat": chat, "room_id": room_id, "user": {"shows_presence": shows_presence}}
    return render_to_string("rooms/_chat.html", context)
