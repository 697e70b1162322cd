"""The two forms in which changes go out: events for pages with scripts, and pieces of a document without."""

import random
import secrets
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

from django.conf import settings
from django.utils import timezone, translation

from rooms.live.wire import fragments, frames
from rooms.live.wire.channels import MOVED_AT_MOST, Change
from rooms.models.tick import Marks
from rooms.receipts import TickBounds

DOCUMENT_LIFETIME = 30 * 60.0
# Stand for what each document has of its own, in bytes that are for all. Nobody can write them in a message.
_NONCE, _VERSION = secrets.token_urlsafe(16), secrets.token_urlsafe(16)


class Format(Protocol):
    """Formats that are equal get the same bytes, so that a change is rendered once for all of them."""

    @property
    def language(self) -> str: ...

    @property
    def lifetime(self) -> float:
        """Seconds after which a response ends, and is asked for anew."""

    # Whether nothing that was written can be changed: what is added says what it follows, and to show another
    # change its page begins anew.
    is_append_only: ClassVar[bool]
    level: ClassVar[bytes]  # what follows the first change: the page has missed no more than that

    def changes(self, change: Change) -> bytes | None:
        """Encode a change of the room; None if a page has to begin anew to show it."""

    def of_one_response(self, frame: bytes) -> bytes:
        """Return an encoded change with what no other response has."""

    def ticks(self, author_id: int, marks: Marks, bounds: TickBounds | None) -> bytes:
        """Encode how far the author's messages have come. It is for one reader, and never shared.

        `bounds` is what the marks mean, where `is_append_only`.
        """

    def typing(self, names: list[str], dom_id: str, *, is_open: bool) -> bytes: ...

    def heartbeat(self) -> bytes: ...

    def forbidden(self, reason: str) -> bytes:
        """Encode the last words to a reader who may read no more; `reason` is `session` or `room`."""

    def begin_anew(self, *, at_once: bool = False) -> bytes:
        """Encode the last words to a page that comes back, `at_once` or when a server has started."""


@dataclass(frozen=True, slots=True)
class Events:
    """Server-Sent Events whose fragments htmx puts where they belong."""

    lifetime: ClassVar[float] = float("inf")
    is_append_only: ClassVar[bool] = False
    level: ClassVar[bytes] = frames.LEVEL

    language: str = settings.LANGUAGE_CODE

    def changes(self, change: Change) -> bytes:
        with translation.override(self.language):
            html = fragments.newest_page(change.page) if change.page else fragments.changes(change)
            return frames.swap(html, change.cursor)

    def of_one_response(self, frame: bytes) -> bytes:
        return frame

    def ticks(self, author_id: int, marks: Marks, bounds: TickBounds | None) -> bytes:
        with translation.override(self.language):
            return frames.swap(fragments.ticks(marks, author_id))

    def typing(self, names: list[str], dom_id: str, *, is_open: bool) -> bytes:
        with translation.override(self.language):
            return frames.swap(fragments.typing_indicator(names, dom_id, is_open=is_open))

    def heartbeat(self) -> bytes:
        return frames.HEARTBEAT

    def forbidden(self, reason: str) -> bytes:
        with translation.override(self.language):
            return frames.swap(fragments.stream_ended(reason))

    def begin_anew(self, *, at_once: bool = False) -> bytes:
        return b""  # hx-sse connects again after every end


@dataclass(frozen=True, slots=True)
class Document:
    """An HTML document that never ends. Nothing in it is changed; style decides what is seen, and where."""

    lifetime: ClassVar[float] = DOCUMENT_LIFETIME
    is_append_only: ClassVar[bool] = True
    level: ClassVar[bytes] = b""

    language: str
    time_zone: str
    # What the policy of this one response allows a style sheet with.
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(16), compare=False)
    version: int = field(default=0, compare=False)  # of the read marker that its reader had

    def changes(self, change: Change) -> bytes | None:
        if not change.is_of_messages or len(change.moved) > MOVED_AT_MOST:
            return None
        with translation.override(self.language), timezone.override(self.time_zone):
            posted = fragments.document_messages(change.posted, change.previous, _NONCE, _VERSION)
            return (posted + fragments.document_changed(change.changed, change.moved, _NONCE)).encode()

    def of_one_response(self, frame: bytes) -> bytes:
        own = frame.replace(_NONCE.encode(), self.nonce.encode())
        return own.replace(_VERSION.encode(), str(self.version).encode())

    def ticks(self, author_id: int, marks: Marks, bounds: TickBounds | None) -> bytes:
        assert bounds  # noqa: S101 (whoever has marks encoded for a document has looked for them)
        with translation.override(self.language):
            return fragments.document_ticks(bounds, self.nonce).encode()

    def typing(self, names: list[str], dom_id: str, *, is_open: bool) -> bytes:
        with translation.override(self.language):
            return fragments.document_typing(names).encode()

    def heartbeat(self) -> bytes:
        with translation.override(self.language):
            return fragments.document_heartbeat().encode()

    def forbidden(self, reason: str) -> bytes:
        with translation.override(self.language):
            return fragments.document_forbidden(reason).encode()

    def begin_anew(self, *, at_once: bool = False) -> bytes:
        # A frame whose request fails does not ask again. Random, so that not all come back at once.
        seconds = 0 if at_once else random.randint(8, 12)  # noqa: S311 (no secret)
        with translation.override(self.language):
            return fragments.document_begins_anew(seconds).encode()


EVENTS = Events()
