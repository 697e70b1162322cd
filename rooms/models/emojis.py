"""All emoji that there are, and what they are called."""

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from django.utils.text import capfirst
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from config.text import searchable

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

# Characters that the longest of them may have.
MAX_LENGTH = 16
# Those that are at hand, with names of our own.
AT_HAND: "dict[str, StrOrPromise]" = {
    "👍": _("Thumbs up"),
    "❤️": _("Heart"),
    "😂": _("Tears of joy"),
    "😮": _("Surprise"),
    "😢": _("Sadness"),
    "🎉": _("Party"),
}
# Asks for the picture of a character that is also one of text; people type it or leave it out.
_AS_PICTURE = "\ufe0f"
_TONES = re.compile("[\U0001f3fb-\U0001f3ff]")


@cache
def _whole() -> dict[str, str]:
    """Return all of them written in full, by what they are without the marks that ask for pictures.

    The list takes a moment to read: it is needed when somebody reacts, not when a process starts.
    """
    from emoji import EMOJI_DATA, STATUS

    complete = STATUS["fully_qualified"]
    return {_bare(text): text for text, about in EMOJI_DATA.items() if about["status"] == complete}


@cache
def _names(language: str) -> dict[str, str]:
    from emoji import EMOJI_DATA, LANGUAGES, config

    language = language.partition("-")[0]
    spoken = language if language in LANGUAGES else "en"
    config.load_language(spoken)
    return {text: EMOJI_DATA[text].get(spoken, "") for text in _whole().values()}


@cache
def _searched(language: str) -> list[tuple[str, str]]:
    """Return each emoji in one skin tone, those at hand first, with what it is found by."""
    from emoji import EMOJI_DATA

    names = _names(language)
    plain = [text for text in names if not _TONES.search(text)]
    texts = {
        text: (names[text], EMOJI_DATA[text]["en"], *EMOJI_DATA[text].get("alias", ())) for text in plain
    }
    own = {text: (str(AT_HAND[text]), *texts.pop(text)) for text in AT_HAND}
    return [(text, searchable(*map(_spoken, found))) for text, found in (own | texts).items()]


def named_like(text: str, limit: int) -> list[str]:
    """Return the first emoji that have a name like `text`, in the language of the reader or in English.

    Those whose name begins with it come first, then those of which another word does.
    """
    wanted = searchable(_spoken(text))
    if not wanted:
        return []
    found: tuple[list[str], ...] = ([], [], [])
    for emoji, names in _searched(get_language() or "en"):
        if wanted in names:
            is_first = f"\n{names}".find(f"\n{wanted}") >= 0
            found[0 if is_first else 1 if f" {wanted}" in names else 2].append(emoji)
    return [emoji for some in found for emoji in some][:limit]


def _spoken(name: str) -> str:
    return name.strip(":").replace("_", " ")


def _bare(text: str) -> str:
    return text.replace(_AS_PICTURE, "")


def the_emoji(text: str) -> str | None:
    """Return the one emoji that `text` is, written in full; None if it is anything else."""
    return _whole().get(_bare(text)) if len(text) <= MAX_LENGTH else None


def name_of(emoji: str) -> str:
    """Return what it is called in the language of the reader; itself, if it has no name there."""
    return _name_in(get_language() or "en", emoji)


@lru_cache(4096)
def _name_in(language: str, emoji: str) -> str:
    """Return the name in the language, which is that of the reader."""
    if at_hand := AT_HAND.get(emoji):
        return str(at_hand)
    name = _spoken(_names(language).get(emoji, ""))
    return capfirst(name) or emoji
