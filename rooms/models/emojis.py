"""All emoji that there are, and what they are called."""

from functools import cache
from typing import TYPE_CHECKING

from django.utils.text import capfirst
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

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

    spoken = language if language in LANGUAGES else "en"
    config.load_language(spoken)
    return {text: EMOJI_DATA[text].get(spoken, "") for text in _whole().values()}


def _bare(text: str) -> str:
    return text.replace(_AS_PICTURE, "")


def the_emoji(text: str) -> str | None:
    """Return the one emoji that `text` is, written in full; None if it is anything else."""
    return _whole().get(_bare(text)) if len(text) <= MAX_LENGTH else None


def name_of(emoji: str) -> str:
    """Return what it is called in the language of the reader; itself, if it has no name there."""
    if at_hand := AT_HAND.get(emoji):
        return str(at_hand)
    language = (get_language() or "en").partition("-")[0]
    name = _names(language).get(emoji, "").strip(":").replace("_", " ")
    return capfirst(name) or emoji
