"""How reactions to a message are shown, and said."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from html import escape

from django import template
from django.template import Context, Engine
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, ngettext, pgettext

from accounts.models import User
from config.drawn import drawings
from rooms.models import Message, emojis
from rooms.models.reaction import Kind, everybody_who_reacted

register = template.Library()


# What a reaction shows of its own. In the place of it, while the template is drawn, stands its name in marks.
VALUES = ("emoji", "number", "people", "words", "react_url")
_MARK = "\ufdd0"


@register.simple_tag
def reactions_of(message: Message, is_document: bool = False) -> SafeString:
    """Draw all reactions to a message. There can be twenty: their template is drawn once for all."""
    language = get_language() or "en"
    outline = drawings.once(("reaction", bool(is_document), language), lambda: _outline(bool(is_document)))
    between = _between(language)
    people, react_url = message.reactors, escape(message.react_url)
    names = {pk: _name(people[pk]) for pk in message.reactor_ids if pk in people}
    html = []
    for kind in message.kinds:
        emoji, name = _escaped(kind.emoji, language)
        values = {
            "emoji": emoji,
            "number": kind.number,
            "people": " ".join(map(str, kind.first)),
            "words": f"{name}: {_who(kind, names, *between)}",
            "react_url": react_url,
        }
        html.append(outline % values)
    return mark_safe("".join(html))  # noqa: S308 (it is escaped)


def _outline(is_document: bool) -> str:
    """Return the template of a reaction, for `%` to fill in."""
    marks = {name: f"{_MARK}{name}{_MARK}" for name in VALUES}
    context = Context({**marks, "is_document": is_document})
    html = Engine.get_default().get_template("rooms/_reaction.html").render(context).replace("%", "%%")
    return re.sub(f"{_MARK}(.*?){_MARK}", r"%(\1)s", html)


@lru_cache
def _between(language: str) -> tuple[str, str]:
    """Return what stands between names, and before the last, in the language, which is that of the reader."""
    comma, conjunction = pgettext("between names", ", "), pgettext("before the last of some names", " and ")
    return escape(comma), escape(conjunction)


@lru_cache(4096)
def _escaped(emoji: str, language: str) -> tuple[str, str]:
    """Return an emoji, and what it is called in the language, which is that of the reader."""
    return escape(emoji), escape(emojis.name_of(emoji))


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


def _who(kind: Kind, names: dict[int, tuple[str, str]], comma: str, conjunction: str) -> str:
    """Return whom is read out after the name of an emoji, such as "Ada, Ben and Cem".

    Each name is an element, with what stands before it: the reader's own style sheet says "you" in the place
    of one, and leaves out those of blocked people.
    """
    named = [names[pk] for pk in kind.named if pk in names]
    others = kind.number - len(named)
    said = [f"{start}{comma}{name}" for start, name in named]
    if named:
        said[0] = "".join(named[0])
    if len(named) > 1 and not others:
        said[-1] = conjunction.join(named[-1])
    if others:
        said.append(conjunction + escape(_others(others)))
    return "".join(said)


def _name(person: User) -> tuple[str, str]:
    """Return the element of a name in two parts: between them is what stands before the name."""
    pk = person.pk
    name = f'<bdi translate="no" data-name="{pk}">{escape(person.shown_name)}</bdi></span>'
    return f'<span class="reactor" data-sender="{pk}">', name


def _others(count: int) -> str:
    return ngettext("%(count)d other", "%(count)d others", count) % {"count": count}
