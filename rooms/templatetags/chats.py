"""Lines of the list of chats, drawn once for all who see the same."""

from collections.abc import Iterable

from django import template
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.safestring import SafeString, mark_safe

from config.drawn import drawings
from rooms.chats import Chat

register = template.Library()


@register.simple_tag
def chat_lines(chats: Iterable[Chat], open_chat: str | None, shows_presence: bool) -> SafeString:
    """Draw the lines of `chats`; `open_chat` is the id of the one that the page shows, if any.

    What one reader sees and another does not is in the keys beside what decides how a chat looks to all.
    """
    reader = translation.get_language(), timezone.get_current_timezone_name(), timezone.localdate()
    lines = (_line(chat, open_chat, shows_presence, reader) for chat in chats)
    return mark_safe("".join(lines))  # noqa: S308 (what templates made)


@register.simple_tag
def chat_line(chat: Chat, shows_presence: bool) -> SafeString:
    """Draw one line for everybody who sees it."""
    return chat_lines([chat], None, shows_presence)


def _line(chat: Chat, open_chat: str | None, shows_presence: bool, reader: tuple[object, ...]) -> str:
    is_here = chat.dom_id == open_chat
    key = ("chat", chat.look, shows_presence and chat.presence, is_here, reader)
    context = {"chat": chat, "is_here": is_here, "shows_presence": shows_presence}
    return drawings.once(key, lambda: render_to_string("rooms/_chat.html", context))
