"""Permission to open a stream, and the end of streams that have lost it."""

import io
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from asgiref.typing import HTTPScope
from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.core.handlers.asgi import ASGIRequest
from django.http import QueryDict
from django_eventstream.eventrequest import EventRequest
from django_eventstream.utils import get_channelmanager

from accounts import sessions
from accounts.models import User
from accounts.session_store import SessionStore
from accounts.time_zones import time_zone_name
from config.languages import accepted_language, chosen_language
from config.pages import number
from rooms.ids import room_channel
from rooms.live.wire.formats import EVENTS, Events, Format
from rooms.models import ChatRoom

PARAMETERS = {"lastEventId", "chats", "profiles", "language", "release", "message", "person", "visit", "q"}
NO_REVISION = -1


class Refused(Exception):
    """No stream for this request. A `reason` is for our own page, which need not ask again.

    `reader` is the person who asked, if known.
    """

    def __init__(self, status: int, reason: str = "", reader: User | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.reader = reader

    @property
    def language(self) -> str | None:
        """The one that the reader chose."""
        return chosen_language(self.reader.language) if self.reader else None


@dataclass(slots=True)
class Opening:
    """What a stream may begin with."""

    user: User
    session_key: str
    room_id: int | None
    channels: set[str]
    position: int  # the revision that the page has of its room
    chats: str | None  # the digest of the list of chats that the page shows
    profiles: datetime | None  # as of when the page shows people
    time_zone: str
    release: str | None = None  # of which the page is
    person_id: int | None = None  # whose profile the page shows
    message: int | None = None  # to which the address of the page leads
    searched: str = ""  # what is marked in it
    blocked: frozenset[int] = frozenset()  # people whom the reader has blocked
    is_visit: bool = False  # of somebody who looks at an open room without being in it
    format: Format = EVENTS
    # The head of the response, and what its body begins with.
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    beginning: bytes = b""


def open_stream(scope: HTTPScope, room_id: int | None) -> Opening:
    """Authorise the request of `scope`. Raises Refused."""
    request = _request(scope)
    session = SessionStore(request.COOKIES.get(settings.SESSION_COOKIE_NAME))
    request.session = session
    request.user = sessions.user_of(request)
    if not isinstance(request.user, User) or not request.user.may_stay:
        raise Refused(401, "session")
    parameters = request.GET  # a cursor that cannot be read takes them away
    event_request = _event_request(request, {} if room_id is None else {"room_id": room_id})
    manager = get_channelmanager()
    # This makes a stream no freer than it is without: everybody may look at an open room.
    is_visit = room_id is not None and "visit" in parameters
    if is_visit and not ChatRoom.objects.visible_to(request.user).groups().filter(pk=room_id or 0).exists():
        raise Refused(404, "room", request.user)
    asked = event_request.channels - ({room_channel(room_id or 0)} if is_visit else set())
    if not all(manager.can_read_channel(request.user, channel) for channel in asked):
        raise Refused(404, "room", request.user)
    # Changes speak the language of their page, even if another one has been chosen since.
    language = chosen_language(parameters.get("language"), request.user.language) or accepted_language(scope)
    return Opening(
        user=request.user,
        session_key=session.session_key or "",
        room_id=room_id,
        channels=event_request.channels,
        position=_position(event_request, room_id),
        chats=parameters.get("chats"),
        profiles=_moment(parameters.get("profiles", "")),
        time_zone=time_zone_name(request),
        release=parameters.get("release"),
        message=number(parameters.get("message")),
        searched=parameters.get("q", ""),
        person_id=number(parameters.get("person")),
        is_visit=is_visit,
        format=Events(language),
        blocked=frozenset(request.user.blocked_ids()),
    )


def _request(scope: HTTPScope) -> ASGIRequest:
    try:
        request = ASGIRequest(dict(scope), io.BytesIO())
        known = set(request.GET) <= PARAMETERS
    except (SuspiciousOperation, ValueError, LookupError):  # of an encoding, too
        known = False
    if not known:
        raise Refused(400, "request")
    return request


def _event_request(request: ASGIRequest, view_kwargs: dict[str, Any]) -> EventRequest:
    try:
        return EventRequest(request, view_kwargs=view_kwargs)
    except EventRequest.Error:
        # An unreadable cursor counts as none.
        request.META.pop("HTTP_LAST_EVENT_ID", None)
        request.GET = QueryDict()
        return EventRequest(request, view_kwargs=view_kwargs)


def _position(event_request: EventRequest, room_id: int | None) -> int:
    """Return the revision that the page has of its room, or one that no room has."""
    text = event_request.channel_last_ids.get(room_channel(room_id or 0), "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else NO_REVISION


def _moment(text: str) -> datetime | None:
    """Return the moment that a page gives in milliseconds since 1970."""
    is_moment = text.isascii() and text.isdigit() and len(text) < 15
    return datetime.fromtimestamp(int(text) / 1000, UTC) if is_moment else None
