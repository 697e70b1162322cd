"""Marks in the HTML of a message what somebody has searched for.

What matches is found in the folded text, piece by piece: a piece is a character with the marks on it, which
fold together, and every character of the folded text knows its piece.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from html import unescape

from config.text import INVISIBLE, fold

_PART = re.compile(r"<[^>]*>|&[^;\s]{1,32};|.", re.DOTALL)
# What belongs to the character before it, although it is none of Unicode's marks: parts of Korean syllables,
# and voiced sounds of narrow kana.
_JOINED = re.compile("[\u1160-\u11ff\ua960-\ua97f\ud7b0-\ud7ff\uff9e\uff9f]")


def marked(html: str, terms: Sequence[str]) -> str:
    """Return the HTML with <mark> around whatever one of the folded `terms` matches, also across tags."""
    if not terms:
        return html
    parts = _PART.findall(html)
    folded, places = _folded(parts)
    pieces = (piece for start, end in _matches(folded, terms) for piece in places[start:end])
    matching = {place for piece in pieces for place in piece}
    if not matching:
        return html
    written, is_open = [], False
    for place, part in enumerate(parts):
        if (place in matching) != is_open:
            is_open = not is_open
            written.append("<mark>" if is_open else "</mark>")
        written.append(part)
    return "".join([*written, "</mark>" if is_open else ""])


def _matches(folded: str, terms: Iterable[str]) -> Iterable[tuple[int, int]]:
    for term in terms:
        start = folded.find(term)
        while start >= 0:
            yield start, start + len(term)
            start = folded.find(term, start + len(term))


def _folded(parts: Sequence[str]) -> tuple[str, list[list[int]]]:
    """Return the folded text of these parts of HTML, and for each of its characters where it is written."""
    folded: list[str] = []
    places: list[list[int]] = []
    for text, piece in _pieces(parts):
        characters = " " if text.isspace() else fold(text)
        if characters == " " and (not folded or folded[-1] == " "):
            continue
        folded += characters
        places += [piece] * len(characters)
    return "".join(folded), places


def _pieces(parts: Sequence[str]) -> Iterable[tuple[str, list[int]]]:
    text = ""
    piece: list[int] = []
    for place, part in enumerate(parts):
        if part.startswith("<"):
            continue
        character = unescape(part)
        if text and not _is_joined(character):
            yield text, piece
            text, piece = "", []
        text += character
        piece.append(place)
    if text:
        yield text, piece


def _is_joined(character: str) -> bool:
    if character.isascii():
        return False
    is_mark = any(unicodedata.category(one).startswith("M") for one in character)
    return bool(is_mark or _JOINED.match(character) or INVISIBLE.match(character))
