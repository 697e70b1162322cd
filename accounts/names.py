"""What a name may be, and when two names are the same or look the same.

Everybody has a name, which is typed to log in, mentioned and part of addresses, and may have a display name,
which is shown instead and may have spaces.

Follows the "highly restrictive" level of UTS #39 (https://www.unicode.org/reports/tr39/), with confusables
taken from the confusable-homoglyphs package.
"""

import re
import unicodedata
from functools import cache

from confusable_homoglyphs import categories
from confusable_homoglyphs.confusables import confusables_data
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from config.text import INVISIBLE, nfkc

MAX_LENGTH = 32
# Words that no display name may have: they would make a person seem to speak for Hearth.
OFFICES = frozenset(["admin", "administrator", "hearth", "moderator", "root", "staff", "support", "system"])
RESERVED = frozenset(
    [
        *OFFICES,
        *("all", "anonymous", "channel", "everybody", "everyone", "here", "me", "nobody", "private", "you"),
        *("api", "help", "login", "logout", "null", "room", "rooms", "settings", "static", "undefined"),
    ]
)
PUNCTUATION = frozenset("_.-")
# In display names besides. It does not count when looks are compared, but for a slash, which may look like l.
_ORNAMENTS = "()[]/,&\u00b7"
_WITHOUT_ORNAMENTS = str.maketrans("", "", _ORNAMENTS)
_WITH_SLASHES_AS_L = {**_WITHOUT_ORNAMENTS, ord("/"): "l"}
DISPLAY_PUNCTUATION = PUNCTUATION | frozenset(f"{_ORNAMENTS} '")
# Pictures only: neither letters in squares nor ticks, which would say something of Hearth.
_EMOJI = re.compile(
    "(?:[\u2600-\u2604\u260e\u2615\u2618\u262e\u262f\u2640\u2642\u2665\u266a\u266b\u267b\u2693\u26a1\u26a7\u26bd"
    "\u26c4\u26f5\u2702\u2708\u270c\u270d\u270f\u2728\u2744\u2764\u2b50\U0001f300-\U0001f5f7\U0001f5fb-\U0001f64f"
    "\U0001f680-\U0001f6ff\U0001f900-\U0001f9ff\U0001fa70-\U0001faff][\ufe0f\u200d]*)+"
)
_BRACKETED = re.compile(r"(?:^|(?<=\s))[(\[][^()\[\]]*[)\]](?=\s|$)")
_CATEGORIES = frozenset(["Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Nd"])
_SCRIPTS_USED_TOGETHER = (
    {"LATIN", "HAN", "HIRAGANA", "KATAKANA"},
    {"LATIN", "HAN", "BOPOMOFO"},
    {"LATIN", "HAN", "HANGUL"},
)
# Burmese writes up to four vowels and other marks on one letter: ကျော်.
_LONG_RUN_OF_MARKS = re.compile("aaa|[am]{5}")
# As many fonts draw them: two letters like one, and within ASCII.
_LOOK_OF_PAIRS = {"rn": "m", "vv": "w"}
_LOOK_OF_ASCII = {"I": "l", "1": "l", "0": "o"}
_LOOSE = re.compile(r"[()\[\]]|(?<!\w)/|/(?!\w)")
_WORD_END = re.compile(r"[\s_.'()\[\]/,&\u00b7-]+")
_LATIN_LOOKALIKE = re.compile(r"LATIN (?:LETTER SMALL CAPITAL|SMALL LETTER DOTLESS) ([A-Z])$")


def normalize(name: str) -> str:
    """Return the form that is stored and shown: NFKC, without surrounding white space."""
    return nfkc(name.strip()).strip()


def canonical(name: str) -> str:
    """Return the form in which two names are compared: two names are the same if this is the same."""
    return nfkc(normalize(name).casefold())


def skeleton(name: str) -> str:
    """Return the form in which names that look alike are equal, in one script or in two.

    It follows the letters as they are shown: a Greek capital nu looks like N, a small one like v; a capital I
    looks like l, a small one does not. A display name looks the same with spaces and without.
    """
    shown = normalize(name)
    for pair, look in _LOOK_OF_PAIRS.items():
        shown = shown.replace(pair, look)
    return "".join(_prototype(character) for character in shown if not character.isspace())


def shapes(name: str) -> set[str]:
    """Return how a name looks as it is written and in small letters: nobody else may look like either.

    What adorns a display name makes nobody somebody else: "Ada (she/her)" and "Ada" with a star look like
    "Ada".
    """
    bare = _EMOJI.sub("", name)
    looks = {
        text.translate(plain)
        for text in (bare, _BRACKETED.sub("", bare))
        for plain in (_WITHOUT_ORNAMENTS, _WITH_SLASHES_AS_L)
    }
    return {skeleton(form) for look in looks for form in (look, canonical(look))} - {""}


def _prototype(character: str) -> str:
    """Return the one character that stands for all that look like `character`: an ASCII one, or the first."""
    near = [character, *_lookalikes(character)]
    # Characters that look alike name one among them, which alone names them all.
    looks = [*near, *(far for look in near for far in _lookalikes(look))]
    for look in looks:
        if plain := _plain(look):
            return plain
    return min(looks).casefold()


def _lookalikes(character: str) -> list[str]:
    """Return the characters that look like `character`; an ASCII one looks like itself only."""
    if character.isascii():
        return []
    found = [normalize(entry["c"]) for entry in confusables_data.get(character, [])]
    return [lookalike for lookalike in found if len(lookalike) == 1]


def _plain(character: str) -> str | None:
    """Return the ASCII letter or digit that `character` is or is drawn as, else None."""
    if (digit := unicodedata.digit(character, None)) is not None:
        character = str(digit)
    if character.isascii() and character.isalnum():
        return _LOOK_OF_ASCII.get(character, character.lower())
    match = _LATIN_LOOKALIKE.match(unicodedata.name(character, ""))
    return match[1].lower() if match else None


def normalize_display_name(name: str) -> str:
    """Return the form that is stored and shown: single spaces, also around emoji; one kind of apostrophe."""
    spaced = _EMOJI.sub(_apart, normalize(name).replace("\u2019", "'"))
    return " ".join(spaced.split())


def _apart(emoji: re.Match[str]) -> str:
    """Return emoji with spaces around them, but for brackets: none stands for a letter of a word."""
    before, after = emoji.string[: emoji.start()][-1:], emoji.string[emoji.end() :][:1]
    return f"{'' if before in '([' else ' '}{emoji[0]}{'' if after in ')]' else ' '}"


def username_for(display_name: str) -> str:
    """Return a name for somebody who wants to be shown as that, or nothing."""
    plain = _BRACKETED.sub("", _EMOJI.sub("", display_name)).replace("'", "")
    words = "".join(it if _is_allowed(it, PUNCTUATION) else " " for it in plain).split()
    name = normalize(".".join(words)).strip(".")[: MAX_LENGTH - 1].strip(".")
    try:
        validate(name)
    except ValidationError:
        return ""
    return name


def validate(name: str) -> None:
    """Raise ValidationError with a sentence that says what is wrong with the normalised `name`."""
    if not name:
        raise ValidationError(_("Enter a name."))
    _validate_length(name)
    if wrong := _first_wrong(name, PUNCTUATION):
        raise ValidationError(
            _("Use only letters, digits and _ . - in a name; %(character)s can’t be part of it.")
            % {"character": _describe(wrong)}
        )
    _validate_look(name)
    if name[0] == "." or name[-1] == "." or unicodedata.category(name[0])[0] == "M":
        raise ValidationError(
            _("A name must start with a letter, a digit, _ or - and must not end with a dot.")
        )


def validate_display_name(name: str) -> None:
    """Raise ValidationError with a sentence that says what is wrong with the normalised display `name`."""
    _validate_length(name)
    name = _EMOJI.sub("", name).strip()
    if wrong := _first_wrong(name, DISPLAY_PUNCTUATION):
        raise ValidationError(
            _(
                "Use only letters, digits, spaces, emoji and _ . - ' ( ) [ ] / , & · in a display name; "
                "%(character)s can’t be part of it."
            )
            % {"character": _describe(wrong)}
        )
    _validate_look(name)
    if unicodedata.category(name[0])[0] not in "LN":
        raise ValidationError(_("A display name must start with a letter, a digit or an emoji."))
    if _LOOSE.search(_BRACKETED.sub("", name)):
        raise ValidationError(_("Put brackets around whole words, and a slash between two, as in (she/her)."))
    if any(_looks_like(word, OFFICES) for word in _WORD_END.split(name)):
        raise ValidationError(_("This name is reserved. Choose another."))


def _looks_like(name: str, words: frozenset[str]) -> bool:
    """Whether `name` looks like one of the words, in whatever mixture of small letters and capitals."""
    return not _looks(words).isdisjoint(shapes(name) | {skeleton(name.upper())})


@cache
def _looks(words: frozenset[str]) -> frozenset[str]:
    """Return how the words look, in small letters and in capitals."""
    return frozenset(skeleton(shown) for word in words for shown in (word, word.upper()))


def _validate_length(name: str) -> None:
    if len(name) > MAX_LENGTH:
        raise ValidationError(
            _("Use at most %(limit)d characters; this name has %(length)d.")
            % {"limit": MAX_LENGTH, "length": len(name)}
        )


def _validate_look(name: str) -> None:
    """Refuse what is wrong with a name of either kind."""
    if not any(unicodedata.category(character)[0] in "LN" for character in name):
        raise ValidationError(_("A name needs at least one letter or digit."))
    if _has_long_run_of_marks(name):
        raise ValidationError(_("A letter in a name can have at most two accents."))
    if _mixes_scripts(name):
        raise ValidationError(
            _("Use letters from one alphabet only: mixed alphabets can imitate other names.")
        )
    if _looks_like(name, RESERVED):
        raise ValidationError(_("This name is reserved. Choose another."))


def _first_wrong(name: str, punctuation: frozenset[str]) -> str:
    """Return the first character that cannot be part of a name, or nothing."""
    return next((character for character in name if not _is_allowed(character, punctuation)), "")


def _is_allowed(character: str, punctuation: frozenset[str]) -> bool:
    if character in punctuation:
        return True
    return unicodedata.category(character) in _CATEGORIES and not INVISIBLE.match(character)


def _describe(character: str) -> str:
    if character.isspace():
        return _("a space")
    if character.isprintable() and not INVISIBLE.match(character):
        return f"“{character}”"
    return f"U+{ord(character):04X}"


def _has_long_run_of_marks(name: str) -> bool:
    kinds = "".join(_kind(character) for character in unicodedata.normalize("NFD", name))
    return _LONG_RUN_OF_MARKS.search(kinds) is not None


def _kind(character: str) -> str:
    """Return `a` for an accent above or below, which pile up into towers, `m` for another mark, else `-`."""
    if unicodedata.category(character)[0] != "M":
        return "-"
    return "a" if unicodedata.combining(character) >= 200 else "m"


def _mixes_scripts(name: str) -> bool:
    scripts = categories.unique_aliases(name) - {"COMMON", "INHERITED"}
    return len(scripts) > 1 and not any(scripts <= together for together in _SCRIPTS_USED_TOGETHER)
