"""What somebody searches for, as they write it: words, "phrases", and conditions such as from:ada.

Nothing is an error. What is no condition, although it looks like one, is text.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from config.text import searchable

LONGEST = 300  # characters of what is searched for
FROM, IN, BEFORE, AFTER, HAS, IS = "from", "in", "before", "after", "has", "is"
NAMES = (FROM, IN, BEFORE, AFTER, HAS, IS)
# What has: and is: can say.
HAS_FILE, HAS_LINK, IS_PINNED, IS_SAVED = "file", "link", "pinned", "saved"
VALUES = {HAS: (HAS_FILE, HAS_LINK), IS: (IS_PINNED, IS_SAVED)}
# In these a day is one in all time zones.
YEARS = range(1900, 3000)

_WORD = re.compile(
    rf"(?:(?P<name>(?i:{'|'.join(NAMES)})):)?"
    r'(?:"(?P<quoted>(?:[^"]|"")*)(?:"|$)|[“„](?P<curled>[^“”]*)[“”]?|(?P<bare>\S+))'
)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Word:
    """A word, a phrase or a condition. `name` is empty for text; `typed` is what stands there."""

    name: str
    value: str
    typed: str


def words(text: str) -> list[Word]:
    return [_word(found) for found in _WORD.finditer(text.replace("\0", " "))]


def _word(found: re.Match[str]) -> Word:
    values = (found["quoted"], found["curled"], found["bare"])
    value = next(value for value in values if value is not None).replace('""', '"')
    return Word((found["name"] or "").lower(), value, found[0])


def text_of(words: Iterable[Word]) -> str:
    return " ".join(word.typed for word in words)


def condition(name: str, value: str) -> Word:
    """Return a condition as somebody would write it."""
    is_bare = value and not re.search(r'[\s"“„]', value)
    return Word(
        name, value, f"{name}:{value}" if is_bare else '{}:"{}"'.format(name, value.replace('"', '""'))
    )


def day(value: str) -> date | None:
    """Return the day that a condition names, or None."""
    if not _DATE.fullmatch(value):
        return None
    try:
        found = date.fromisoformat(value)
    except ValueError:
        return None
    return found if found.year in YEARS else None


def terms(words: Iterable[Word]) -> tuple[str, ...]:
    """Return what has to be in a text, folded; each once. A phrase is one of them."""
    folded = (searchable(word.typed if word.name else word.value) for word in words)
    return tuple(dict.fromkeys(filter(None, folded)))


def marked_terms(text: str) -> tuple[str, ...]:
    """Return what of a text to be searched for is to be marked where it was found."""
    return terms(word for word in words(text) if not is_condition(word))


@dataclass(frozen=True, slots=True)
class Fields:
    """The conditions of a text, as the fields of a form have them."""

    sender: str = ""
    room: str = ""
    before: date | None = None
    after: date | None = None
    has_file: bool = False
    has_link: bool = False
    is_pinned: bool = False
    is_saved: bool = False
    words: tuple[Word, ...] = field(default=(), compare=False)  # the others


def fields_of(text: str) -> Fields:
    """Return what the fields of a form say where `text` is in its box. Of days and rooms, the last."""
    values: dict[str, list[str]] = {name: [] for name in NAMES}
    others = []
    for word in words(text):
        if is_condition(word):
            values[word.name].append(word.value)
        else:
            others.append(word)
    return Fields(
        sender=", ".join(values[FROM]),
        room=values[IN][-1] if values[IN] else "",
        before=day(values[BEFORE][-1]) if values[BEFORE] else None,
        after=day(values[AFTER][-1]) if values[AFTER] else None,
        has_file=HAS_FILE in _lower(values[HAS]),
        has_link=HAS_LINK in _lower(values[HAS]),
        is_pinned=IS_PINNED in _lower(values[IS]),
        is_saved=IS_SAVED in _lower(values[IS]),
        words=tuple(others),
    )


def is_condition(word: Word) -> bool:
    """Whether it can be one; whether there is such a person or room is not asked."""
    if word.name in (BEFORE, AFTER):
        return day(word.value) is not None
    if word.name in VALUES:
        return word.value.lower() in VALUES[word.name]
    return bool(word.name and word.value.strip())


def merged(text: str, before: str, fields: Mapping[str, object]) -> str:
    """Return a text that says what somebody has changed of a form: its box, or its other fields.

    `before` is what stood in the box when the form was made: what a field says counts where it no longer says
    the same as that.
    """
    old, new = fields_of(before), fields_of(text)
    said = {name: value for name, value in fields.items() if value != getattr(old, name)}
    if all(value == getattr(new, name) for name, value in said.items()):
        return text.strip()
    kept = [word for word in words(text) if not (is_condition(word) and _field_of(word) in said)]
    return text_of([*kept, *_conditions(said)])


def _field_of(word: Word) -> str:
    fields = {FROM: "sender", IN: "room", BEFORE: "before", AFTER: "after"}
    return fields.get(word.name) or f"{word.name}_{word.value.lower()}"


def _conditions(said: Mapping[str, object]) -> Iterable[Word]:
    for person in str(said.get("sender") or "").split(","):
        if person.strip():
            yield condition(FROM, person.strip())
    if room := str(said.get("room") or "").strip():
        yield condition(IN, room)
    for name in (BEFORE, AFTER):
        if found := said.get(name):
            yield condition(name, str(found))
    for name, field_name, value in (
        (HAS, "has_file", HAS_FILE),
        (HAS, "has_link", HAS_LINK),
        (IS, "is_pinned", IS_PINNED),
        (IS, "is_saved", IS_SAVED),
    ):
        if said.get(field_name):
            yield condition(name, value)


def _lower(values: Iterable[str]) -> set[str]:
    return {value.lower() for value in values}
