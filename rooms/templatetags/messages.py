"""How messages are shown."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import Urlizer
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from accounts.names import canonical
from rooms.models import Message
from rooms.models.mention import MENTION

register = template.Library()

TINTS = 8
PLURAL_SAMPLES = (1, 2, 3, 6, 11, 100)


class _MessageUrlizer(Urlizer):
    """Makes links of addresses, and marks the names of those the message mentions."""

    # noopener and noreferrer: the page opened learns nothing of this one. ugc and nofollow: readers wrote it.
    url_template = '<a href="{href}" target="_blank" rel="noopener noreferrer nofollow ugc">{url}</a>'

    def __init__(self, mentioned: dict[str, int]) -> None:
        self.mentioned = mentioned

    def handle_word(self, word: str, **options: Any) -> str:
        html = super().handle_word(word, **options)
        # Inside a link there may be an @ in an attribute.
        return html if "<a " in html else MENTION.sub(self._mark, html)

    def _mark(self, match: re.Match[str]) -> str:
        user_id = self.mentioned.get(canonical(match[1]))
        return f'<span class="mention" data-user="{user_id}">{match[0]}</span>' if user_id else match[0]


@register.simple_tag
def plural_samples() -> tuple[int, ...]:
    """Return numbers among which every language has one for each plural form; announcer.js knows them."""
    return PLURAL_SAMPLES


@register.filter
def message_text(message: Message) -> SafeString:
    """Return the content escaped, its addresses made links, its mentions marked. Line ends stay."""
    html = _MessageUrlizer(message.mentioned)(message.content, autoescape=True)
    return mark_safe(html)  # noqa: S308 (escaped by autoescape)


@register.filter
def tint(user_id: int) -> int:
    """Return which of the colours for names is this user's."""
    return user_id % TINTS


@register.filter
def clock(moment: datetime) -> str:
    """Return HH:MM in the reader's time zone; scripts put their own in its place where that was not known."""
    return timezone.localtime(moment).strftime("%H:%M")


@register.filter
def machine_time(moment: datetime) -> str:
    """Return a complete `datetime` attribute: UTC, to the second (HTML, "global date and time")."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@register.filter
def local_day(moment: datetime) -> str:
    """Return the day in the reader's time zone as YYYY-MM-DD."""
    return timezone.localtime(moment).date().isoformat()


@register.filter
def day_name(moment: datetime) -> str:
    """Return Today, Yesterday or the date."""
    day = timezone.localtime(moment).date()
    today = timezone.localdate()
    if day == today:
        return _("Today")
    if day == today - timedelta(days=1):
        return _("Yesterday")
    return date_format(day, "DATE_FORMAT")


@register.filter
def short_time(moment: datetime) -> str:
    """Return the time of a message of today, else the day."""
    day = timezone.localtime(moment).date()
    today = timezone.localdate()
    if day == today:
        return clock(moment)
    return _("Yesterday") if day == today - timedelta(days=1) else date_format(day, "SHORT_DATE_FORMAT")
