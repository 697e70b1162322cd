"""What a name may be, and when two names are the same or look the same.

Follows the "highly restrictive" level of UTS #39 (https://www.unicode.org/reports/tr39/), with confusables
taken from the confusable-homoglyphs package.
"""

import re
import unicodedata

from confusable_homoglyphs import categories
from confusable_homoglyphs.confusables import confusables_data
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

MAX_LENGTH = 32
RESERVED = frozenset(
    [
        *("admin", "administrator", "hearth", "moderator", "root", "staff", "support", "system"),
        *("all", "anonymous", "channel", "everybody", "everyone", "here", "me", "nobody", "private", "you"),
        *("api", "help", "login", "logout", "null", "room", "rooms", "settings", "static", "undefined"),
    ]
)
PUNCTUATION = frozenset("_.-")
_SCRIPTS_USED_TOGETHER = (
    {"LATIN", "HAN", "HIRAGANA", "KATAKANA"},
    {"LATIN", "HAN", "BOPOMOFO"},
    {"LATIN", "HAN", "HANGUL"},
)
_LATIN_LOOKALIKE = re.compile(r"LATIN (?:LETTER SMALL CAPITAL|SMALL LETTER DOTLESS) ([A-Z])$")


def normalize(name: str) -> str:
    """Return the form that is stored and shown: NFKC, without surrounding white space."""
    return unicodedata.normalize("NFKC", name).strip()


def canonical(name: str) -> str:
    """Return the form in which two names are compared: two names are the same if this is the same."""
    return unicodedata.normalize("NFKC", normalize(name).casefold())


def skeleton(name: str) -> str:
    """Return the form in which names of different scripts that look alike are equal."""
    return "".join(_prototype(character) for character in canonical(name))


def _prototype(character: str) -> str:
    """Return the plain character that `character` looks like; ASCII letters look like themselves only."""
    if character.isascii():
        return character
    if (digit := unicodedata.digit(character, None)) is not None:
        return str(digit)
    if match := _LATIN_LOOKALIKE.match(unicodedata.name(character, "")):
        return match[1].lower()
    lookalikes = [entry["c"] for entry in confusables_data.get(character, []) if len(entry["c"]) == 1]
    for lookalike in lookalikes:
        folded = lookalike.casefold()
        if folded.isascii() and folded.isalnum():
            return folded
    return min([character, *(lookalike.casefold() for lookalike in lookalikes)])


def validate(name: str) -> None:
    """Raise ValidationError with a sentence that says what is wrong with the normalised `name`."""
    if not name:
        raise ValidationError(_("Enter a name."))
    if len(name) > MAX_LENGTH:
        raise ValidationError(
            _("Use at most %(limit)d characters; this name has %(length)d.")
            % {"limit": MAX_LENGTH, "length": len(name)}
        )
    wrong = [character for character in name if not _is_allowed(character)]
    if wrong:
        raise ValidationError(
            _("Use letters, digits and _ . - only; %(character)s cannot be part of a name.")
            % {"character": _describe(wrong[0])}
        )
    if not any(unicodedata.category(character)[0] in "LN" for character in name):
        raise ValidationError(_("A name needs at least one letter or digit."))
    if name[0] == "." or name[-1] == "." or unicodedata.category(name[0])[0] == "M":
        raise ValidationError(_("A name begins with a letter, a digit, _ or -, and does not end with a dot."))
    if _has_long_run_of_marks(name):
        raise ValidationError(_("A name has at most two accents on one letter."))
    if _mixes_scripts(name):
        raise ValidationError(_("Use letters of one alphabet only: mixed ones look like other names."))
    if skeleton(name) in RESERVED:
        raise ValidationError(_("This name is reserved. Choose another one."))


def _is_allowed(character: str) -> bool:
    return character in PUNCTUATION or unicodedata.category(character) in {
        "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Nd",
    }  # fmt: skip


def _describe(character: str) -> str:
    if character.isspace():
        return _("a space")
    if character.isprintable():
        return f"“{character}”"
    return f"U+{ord(character):04X}"


def _has_long_run_of_marks(name: str) -> bool:
    kinds = "".join(unicodedata.category(character)[0] for character in unicodedata.normalize("NFD", name))
    return "MMM" in kinds


def _mixes_scripts(name: str) -> bool:
    scripts = categories.unique_aliases(name) - {"COMMON", "INHERITED"}
    return len(scripts) > 1 and not any(scripts <= together for together in _SCRIPTS_USED_TOGETHER)
