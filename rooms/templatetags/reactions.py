"""How reactions to a message are shown, and said."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import ngettext, pgettext

from accounts.models import User
from rooms.models import Message, emojis
from rooms.models.reaction import Kind, everybody_who_reacted

register = template.Library()


class ShownKind(NamedTuple):
    """One kind as it stands under a message. `people` are ids, for the style of the reader."""

    emoji: str
    number: int
    people: str
    words: SafeString


@register.filter
def reactions(message: Message) -> list[ShownKind]:
    """Return the kinds of reactions to a message, those whom it names included."""
    return [
        ShownKind(kind.emoji, kind.number, " ".join(map(str, kind.first)), _words(kind, message.reactors))
        for kind in message.kinds
    ]


@register.simple_tag
def at_hand() -> Iterable[tuple[str, object]]:
    """Return the emoji at hand and what they are called."""
    return emojis.AT_HAND.items()


@register.filter
def all_reactions(message: Message) -> Iterator[tuple[str, str, list[User]]]:
    """Return each kind with its name and everybody who reacted like this."""
    people = everybody_who_reacted(message)
    for kind in message.kinds:
        yield kind.emoji, emojis.name_of(kind.emoji), people.get(kind.emoji, [])


def _words(kind: Kind, people: dict[int, User]) -> SafeString:
    """Return what is read out, such as "Thumbs up: Ada, Ben and Cem".

    Each name is an element, with what stands before it: the reader's own style sheet says "you" in the place
    of one, and leaves out those of blocked people.
    """
    named = [people[pk] for pk in kind.named if pk in people]
    others = kind.number - len(named)
    last = len(named) - 1 if not others else len(named)
    comma, conjunction = pgettext("between names", ", "), pgettext("before the last of some names", " and ")
    befores = [conjunction if place == last else comma for place in range(len(named))]
    befores[:1] = [""] if named else []
    names = format_html_join(
        "",
        '<span class="reactor" data-sender="{}">{}<bdi translate="no" data-name="{}">{}</bdi></span>',
        (
            (person.pk, before, person.pk, person.shown_name)
            for before, person in zip(befores, named, strict=True)
        ),
    )
    if others:
        names = format_html("{}{}{}", names, conjunction, _others(others))
    return format_html("{}: {}", emojis.name_of(kind.emoji), names)


def _others(count: int) -> str:
    return ngettext("%(count)d other", "%(count)d others", count) % {"count": count}
