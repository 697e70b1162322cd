"""Server-Sent Events as bytes (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""

import json
import random
import re
from typing import Any

from django_eventstream.event import Event
from django_eventstream.utils import make_id, sse_encode_event

_LINE_END = re.compile(r"\r\n|\r|\n")


def swap(html: str, event: Event | None = None) -> bytes:
    """Encode HTML for the page to swap in: an unnamed event, since htmx only dispatches named ones.

    Every line has its own field: a line end in somebody's message ends neither the field nor the event. The
    id is that of `event`, a change of a room.
    """
    head = f"id: {make_id({event.channel: event.id})}\n" if event else ""
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


HEARTBEAT = named("heartbeat")
# After what a page missed: what comes now is new.
LEVEL = named("level")
