"""Server-Sent Events as bytes (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""

import json
import random
import re
from collections.abc import Callable, Iterable
from itertools import product
from typing import Any

from django.utils import translation
from django_eventstream.utils import sse_encode_event

_LINE_END = re.compile(r"\r\n|\r|\n")


def swap(html: str, cursor: str = "") -> bytes:
    """Encode HTML for the page to swap in: an unnamed event, since htmx only dispatches named ones.

    Every line has its own field: a line end in somebody's message ends neither the field nor the event. A
    change of a room has its `cursor` for an id.
    """
    head = f"id: {cursor}\n" if cursor else ""
    lines = "".join(f"data: {line}\n" for line in _LINE_END.split(html))
    return f"{head}{lines}\n".encode()


def named(name: str, data: dict[str, Any] | None = None) -> bytes:
    """Encode an event for a script of the page."""
    encoded: str = sse_encode_event(name, json.dumps(data or {}))
    return encoded.encode()


def greeting() -> bytes:
    """Encode the first event of a stream: connected, and how long to wait before coming back.

    The wait is random, so that a restart does not bring all readers back in the same moment.
    """
    return f"retry: {random.randint(500, 2000)}\n".encode() + named("connected")  # noqa: S311 (no secret)


class Frame:
    """The same words as bytes in each language, made when the first reader of that language wants them."""

    def __init__(self, make: Callable[[], bytes]) -> None:
        self._make = make
        self._made: dict[str, bytes] = {}

    def in_language(self, language: str) -> bytes:
        if language not in self._made:
            with translation.override(language):
                self._made[language] = self._make()
        return self._made[language]


def make_all(frames: Iterable[Frame], languages: Iterable[str]) -> None:
    """Make the bytes now, in a thread, for those who will want them."""
    for frame, language in product(frames, languages):
        frame.in_language(language)


def swapped(fragment: Callable[..., str], *arguments: Any) -> Frame:
    """Return what swaps in the fragment that `fragment` makes of the arguments."""
    return Frame(lambda: swap(fragment(*arguments)))


HEARTBEAT = named("heartbeat")
# After what a page missed: what comes now is new.
LEVEL = named("level")
