"""How reactions to a message are shown, and said."""

from collections.abc import Iterable, Iterator
from html import escape
from typing import NamedTuple

from django import template
from django.utils.safestring import SafeString, mark_safe
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
    names = {pk: _name(person) for pk, person in message.reactors.items()}
    comma, conjunction = pgettext("between names", ", "), pgettext("before the last of some names", " and ")
    between = escape(comma), escape(conjunction)
    return [
        ShownKind(kind.emoji, kind.number, " ".join(map(str, kind.first)), _words(kind, names, *between))
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


def _words(kind: Kind, names: dict[int, str], comma: str, conjunction: str) -> SafeString:
    """Return what is read out, such as "Thumbs up: Ada, Ben and Cem".

    Each name is an element, with what stands before it: the reader's own style sheet says "you" in the place
    of one, and leaves out those of blocked people.
    """
    named = [pk for pk in kind.named if pk in names]
    others = kind.number - len(named)
    befores = ["", *[comma] * (len(named) - 1)][: len(named)]
    if len(named) > 1 and not others:
        befores[-1] = conjunction
    said = [
        f'<span class="reactor" data-sender="{pk}">{before}{names[pk]}</span>'
        for pk, before in zip(named, befores, strict=True)
    ]
    if others:
        said.append(conjunction + escape(_others(others)))
    return mark_safe(f"{escape(emojis.name_of(kind.emoji))}: {''.join(said)}")  # noqa: S308 (it is escaped)


def _name(person: User) -> str:
    return f'<bdi translate="no" data-name="{person.pk}">{escape(person.shown_name)}</bdi>'


def _others(count: int) -> str:
    return ngettext("%(count)d other", "%(count)d others", count) % {"count": count}
