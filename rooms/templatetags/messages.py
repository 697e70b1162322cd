"""How messages are shown."""

from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from django import template
from django.template import Context, Engine
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from config.drawn import drawings
from config.paths import path_of
from rooms.history import NEWER_COUNTED
from rooms.models import Message
from rooms.models.formatting import TYPED
from rooms.models.message_text import html_of
from rooms.replies import REPLIES_AT_MOST
from rooms.search_marks import marked

register = template.Library()

TINTS = 8
PREVIEW_LENGTH = 80  # characters, and their marks
PREVIEW_LOOKED_AT = 400
# Among these every language has one for each of its plural forms.
PLURAL_SAMPLES = (1, 2, 3, 6, 11, 100)


def message_look(message: Message, is_document: bool) -> tuple[object, ...]:
    """Return everything that decides how a message looks: the key under which it is kept.

    Whatever its template shows has to be in here, or in `Message.look` if it looks the same to everybody.
    """
    return (
        "message",
        message.look,
        message.look_of_reactions,
        message.reply_to.quoted_look if message.reply_to else None,
        message.forwarded_from.look if message.forwarded_from else None,
        message.tick.state,
        str(message.tick.label),
        message.marked,
        is_document,
        translation.get_language(),
        timezone.get_current_timezone_name(),
    )


@register.simple_tag
def message_line(message: Message, is_document: bool = False) -> SafeString:
    """Draw a message, once for all who see the same."""
    is_document = bool(is_document)
    html = drawings.once(message_look(message, is_document), lambda: _draw(message, is_document))
    return mark_safe(html)  # noqa: S308 (what templates made)


def _draw(message: Message, is_document: bool) -> str:
    return _rendered("rooms/_message.html", message=message, is_document=is_document)


def _rendered(template_name: str, **context: object) -> str:
    # Ids are written as they are: what a language does with numbers takes a tenth of the time.
    return Engine.get_default().get_template(template_name).render(Context(context, use_l10n=False))


@register.simple_tag
def quote_of(message: Message) -> SafeString:
    """Draw the quote of a message, once for all that answer it, however often they change."""
    key = ("quote", message.quoted_look, translation.get_language())
    html = drawings.once(key, lambda: _rendered("rooms/_quote.html", message=message))
    return mark_safe(html)  # noqa: S308 (what a template made)


@register.simple_tag
def message_copy(message: Message) -> SafeString:
    """Draw a message once more for a document that has it already: an id is there once."""
    html = message_line(message, is_document=True)
    return mark_safe(html.replace(f'id="message-{message.pk}"', f'data-copy="{message.pk}"', 1))  # noqa: S308


@register.simple_tag
def unseen_sentences() -> str:
    """Return what stands on the way to the newest message, by number; see `_by_count`."""
    return _by_count(lambda count: ngettext("{count} new message", "{count} new messages", count))


@register.simple_tag
def gap_sentences() -> str:
    """Return what stands at the end of an older page, by number; see `_by_count`."""
    return _by_count(_gap_sentence)


def _gap_sentence(count: int) -> str:
    return ngettext(
        "{count} newer message. Go to the newest", "{count} newer messages. Go to the newest", count
    )


@register.filter
def gap(newer: Collection[int]) -> str:
    """Return how many messages follow an older page, and that the link goes to the newest of them."""
    count = len(newer)
    return _gap_sentence(count).replace("{count}", f"{count - 1}+" if count >= NEWER_COUNTED else str(count))


@register.simple_tag
def announced_sentences() -> str:
    """Return what is said of several messages at once, by number; a script puts the names in."""
    return _by_count(
        lambda count: ngettext("{count} new message from {names}", "{count} new messages from {names}", count)
    )


@register.simple_tag
def crowd_sentences() -> str:
    """Return what is said of messages of more people than one names; `{names}` is how many these are."""
    return _by_count(
        lambda count: ngettext(
            "{count} new message from {names} people", "{count} new messages from {names} people", count
        )
    )


def _by_count(sentence: Callable[[int], str]) -> str:
    """Return a sentence for each sample: "1={count} message|2={count} messages|…".

    The script finds the one for its number (`wordsFor` in static/js/helpers.js).
    """
    return "|".join(f"{count}={sentence(count)}" for count in PLURAL_SAMPLES)


@register.simple_tag
def tick_words() -> str:
    """Return what the three ticks are called, and the second of them where some have read a message."""
    return "|".join([_("Sent"), _("Delivered"), _("Read"), _("Read by {readers} of {others}")])


@register.filter
def older_messages(count: int) -> str:
    return ngettext("%(count)s older message", "%(count)s older messages", count) % {"count": count}


@register.filter
def newer_messages(count: int) -> str:
    return ngettext("%(count)s newer message", "%(count)s newer messages", count) % {"count": count}


@register.filter
def reported_messages(count: int) -> str:
    """Return the words behind the number, which stands in a badge."""
    return ngettext("reported message", "reported messages", count)


@register.filter
def members(count: int) -> str:
    return ngettext("%(count)s member", "%(count)s members", count) % {"count": count}


@register.filter
def replies(count: int) -> str:
    if count >= REPLIES_AT_MOST:
        return _("%(count)s+ replies") % {"count": REPLIES_AT_MOST - 1}
    return ngettext("%(count)s reply", "%(count)s replies", count) % {"count": count}


@register.filter
def pinned_messages(count: int) -> str:
    return ngettext("%(count)d pinned message", "%(count)d pinned messages", count) % {"count": count}


@register.filter
def edits(count: int) -> str:
    return ngettext("Edited once", "Edited %(count)s times", count) % {"count": count}


@register.filter
def profile_url(person: User) -> str:
    return path_of("rooms:profile_detail", person.username)


@register.filter
def message_text(message: Message) -> SafeString:
    """Return the content escaped and formatted, its addresses made links, its mentions marked."""
    return mark_safe(marked(message.html, message.marked))  # noqa: S308 (it is escaped there)


@register.filter
def with_links(text: str) -> SafeString:
    """Return a text escaped, its addresses made links as in messages."""
    return mark_safe(html_of(text, {}, TYPED))  # noqa: S308 (it is escaped there)


@register.filter
def preview(message: Message) -> str:
    """Return the beginning of the plain text, for one line."""
    # Truncating puts all combining marks in order, which takes time with the square of their number.
    text = message.plain[:PREVIEW_LOOKED_AT]
    return text if len(text) <= PREVIEW_LENGTH else Truncator(text).chars(PREVIEW_LENGTH)


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
def full_time(moment: datetime) -> str:
    """Return the day and the time, as a room has them: its line for the day, and HH:MM."""
    return f"{day_name(moment)}, {clock(moment)}"


@register.filter
def short_time(moment: datetime) -> str:
    """Return the time of a message of today, else the day."""
    day = timezone.localtime(moment).date()
    today = timezone.localdate()
    if day == today:
        return clock(moment)
    return _("Yesterday") if day == today - timedelta(days=1) else date_format(day, "SHORT_DATE_FORMAT")


@register.filter
def found_at(message: Message, words: str) -> str:
    """Return the address of a message that was found, with what is to be marked there."""
    url = message.get_absolute_url()
    return f"{url}&{urlencode({'q': words})}" if words else url
