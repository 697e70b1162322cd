"""How messages are shown."""

from datetime import UTC, datetime, timedelta

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import Urlizer
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

register = template.Library()

TINTS = 8


class _MessageUrlizer(Urlizer):
    # noopener and noreferrer: the page opened learns nothing of this one. ugc and nofollow: readers wrote it.
    url_template = '<a href="{href}" target="_blank" rel="noopener noreferrer nofollow ugc">{url}</a>'


_urlize = _MessageUrlizer()


@register.filter(is_safe=True)
def message_text(content: str) -> SafeString:
    """Return `content` escaped, its addresses made links. Line ends stay; style sheets show them."""
    return mark_safe(_urlize(content, autoescape=True))  # noqa: S308 (escaped by autoescape)


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
