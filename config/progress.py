"""A bar on a terminal, for commands that take their time. Nothing is drawn where nobody watches."""

import sys
import time
from collections.abc import Iterable, Iterator

WIDTH = 30
PAUSE = 0.1  # seconds between two drawings


class Progress:
    def __init__(self) -> None:
        self._stream = sys.stderr
        self._is_watched = self._stream.isatty()
        self._drawn_at = 0.0

    def over[Item](self, items: Iterable[Item], total: int, label: str) -> Iterator[Item]:
        """Yield `items`, and show how many of `total` have gone by."""
        for done, item in enumerate(items, 1):
            yield item
            self.show(done, total, label)
        self.show(total, total, label)

    def show(self, done: int, total: int, label: str) -> None:
        now = time.monotonic()
        if not self._is_watched or (done < total and now - self._drawn_at < PAUSE):
            return
        self._drawn_at = now
        share = min(done / total, 1) if total else 1
        bar = f"[{'#' * round(WIDTH * share):{WIDTH}}] {share:4.0%}"
        self._stream.write(f"\r{bar} {label[:40]:40}{chr(10) if done >= total else ''}")
        self._stream.flush()
