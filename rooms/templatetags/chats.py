"""Lines of the list of chats, kept where they are the same for many."""

from typing import Any

from django import template
from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone, translation

from rooms.chats import Chat

register = template.Library()

# There may be 200 people without a chat in each list. In a large house most of the time of a page, and of a
# stream that begins, went into drawing them again.
KEPT_LINES = 5_000
_lines: dict[tuple[Any, ...], str] = {}


@register.simple_tag
def chat_line(chat: Chat, room_id: int | None, shows_presence: bool) -> str:
    """Render the line of `chat`; `room_id` is the room that the page shows, if any.

    All that it may say of its reader is whether the reader shows presence.
    """
    key = _facts(chat, shows_presence)
    if key is None or settings.DEBUG:
        return _render(chat, room_id, shows_presence)
    if (line := _lines.get(key)) is None:
        if len(_lines) >= KEPT_LINES:
            _lines.clear()
        line = _lines[key] = _render(chat, None, shows_presence)
    return line


def _facts(chat: Chat, shows_presence: bool) -> tuple[Any, ...] | None:
    """Return all that decides how the line of a person looks; None for a line that is not kept."""
    if chat.room or chat.person is None:
        return None
    person = chat.person
    row = (
        getattr(person, field.attname) for field in person._meta.concrete_fields if field.name != "password"
    )
    now = (person.is_online, person.current_status, timezone.localdate())
    facts = (*row, *now, shows_presence, translation.get_language(), timezone.get_current_timezone_name())
    return tuple(map(str, facts))


def _render(chat: Chat, room_id: int | None, shows_presence: bool) -> str:
    context = {"chat": chat, "room_id": room_id, "user": {"shows_presence": shows_presence}}
    return render_to_string("rooms/_chat.html", context)
