"""HTML that is drawn once and kept while it is used, for all who see the same.

What is kept is found by a key of everything that decides how it looks. What looks different has another key,
so nothing that is kept is ever outdated, and nobody has to remember to remove it. Templates and translations
are not part of a key: a process reads them once. While somebody edits them, with DEBUG=1, nothing is kept.
"""

import sys
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

from django.conf import settings

# A message takes two: its text, and itself. What was not used for longest goes first.
KEPT = 20_000
KEPT_BYTES = 32 * 1024 * 1024  # with keys

type Key = tuple[object, ...]


class Drawings:
    """So many of them, and so many bytes, at most."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Key, tuple[str, int]] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def bytes(self) -> int:
        return self._bytes

    def once(self, key: Key, draw: Callable[[], str]) -> str:
        """Return what is kept under `key`, or what `draw` returns.

        A key begins with a word for what it is. Two threads may draw the same at once: neither waits.
        """
        if settings.DEBUG:
            return draw()
        with self._lock:
            if found := self._kept.get(key):
                self._kept.move_to_end(key)
                return found[0]
        html = draw()
        self._keep(key, html)
        return html

    def _keep(self, key: Key, html: str) -> None:
        size = _size_of(key) + sys.getsizeof(html)
        with self._lock:
            self._bytes += size - self._kept.get(key, ("", 0))[1]
            self._kept[key] = html, size
            while len(self._kept) > KEPT or self._bytes > KEPT_BYTES:
                _key, (_html, removed) = self._kept.popitem(last=False)
                self._bytes -= removed

    def forget(self) -> None:
        with self._lock:
            self._kept.clear()
            self._bytes = 0


def _size_of(key: object) -> int:
    parts = sum(map(_size_of, key)) if isinstance(key, tuple) else 0
    return sys.getsizeof(key) + parts


drawings = Drawings()
