"""The ASGI endpoint of streams: authorise, subscribe, begin; the rest is the hub's and the tail's."""

import logging
from collections.abc import Collection
from typing import TypedDict

from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, HTTPScope
from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from config.addresses import client_of, counted_as
from config.events import respond, start
from config.languages import accepted_language
from config.text import one_line
from rooms.live.endpoints.access import Opening, Refused, open_stream
from rooms.live.endpoints.beginnings import Beginnings
from rooms.live.endpoints.present_state import present_states
from rooms.live.news.part import PresentState
from rooms.live.process.live import Live
from rooms.live.wire import fragments, frames
from rooms.live.wire.connection import Connection

logger = logging.getLogger(__name__)

type Headers = list[tuple[bytes, bytes]]

# What every response that does not end has in common. no-transform and X-Accel-Buffering keep proxies from
# compressing and from holding back what is written.
ENDLESS: Headers = [
    (b"cache-control", b"no-store, private, no-transform"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
HEADERS: Headers = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    *ENDLESS,
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
]

PLAIN: Headers = [
    (b"content-type", b"text/plain; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
]
EXPLANATIONS: dict[int, Headers] = {
    405: [(b"allow", b"GET")],
    429: [(b"retry-after", b"10")],
    503: [(b"retry-after", b"2")],
}


class Route(TypedDict):
    kwargs: dict[str, int]


class RoomScope(HTTPScope):
    """A request as Channels passes it on: with the `room_id` of its address, if there is one."""

    url_route: Route


class StreamEndpoint:
    """`GET /stream` and `GET /rooms/<id>/stream`.

    It never answers with a redirect or 204: htmx would ask twice a second for ever. A page whose session or
    membership has ended is told so inside a stream, by a fragment that takes away the element that connects.
    """

    def __init__(self, live: Live) -> None:
        self.live = live
        self.beginnings = Beginnings(live.openings, self.read_states)

    async def __call__(self, scope: RoomScope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        revocations = self.live.revocations
        access_changes, settings_changes = revocations.access_changes, revocations.settings_changes
        try:
            opening = await self.authorise(scope)
        except Refused as refusal:
            return await self.refuse(scope, send, refusal)
        if self.live.is_stopping:
            return await self.refuse(scope, send, Refused(503, reader=opening.user))
        address = counted_address(scope)
        if self.has_enough(opening.user.pk, address):
            return await self.refuse(scope, send, Refused(429, reader=opening.user))
        connection = Connection(
            send,
            user_id=opening.user.pk,
            session_key=opening.session_key,
            password=opening.user.password,
            room_id=opening.room_id,
            channels=opening.channels,
            position=opening.position,
            address=address,
            format=opening.format,
            blocked=opening.blocked,
            is_visit=opening.is_visit,
        )
        await send(start(200, opening.headers))
        connection.begin(opening.beginning)
        try:
            self.live.join(connection)
            if revocations.has_new_settings(opening.user.pk, settings_changes):
                connection.end()  # it comes back, with what is now theirs to see
            await self.begin(connection, opening, is_in_doubt=access_changes != revocations.access_changes)
            del opening  # with the row of a user, which would be a tenth of what an open stream takes
            await connection.wait_until_ended(receive)
        finally:
            self.live.leave(connection)

    def has_enough(self, user_id: int, address: str | None) -> bool:
        """Whether this process serves as many streams of one user or address as it should."""
        hub = self.live.hub
        if hub.users[user_id] >= settings.STREAMS_PER_USER:
            return True
        return address is not None and hub.addresses[address] >= settings.STREAMS_PER_ADDRESS

    async def authorise(self, scope: RoomScope) -> Opening:
        if scope["method"] != "GET":
            raise Refused(405)
        if (b"sec-fetch-site", b"cross-site") in scope["headers"]:
            raise Refused(403)
        if self.live.is_stopping:
            raise Refused(503)
        try:
            return await self.live.openings.run(self.open, scope)
        except Refused:
            raise
        except Exception as error:
            logger.error("Opening a stream failed: %s", one_line(error))
            raise Refused(503) from None

    async def begin(self, connection: Connection, opening: Opening, is_in_doubt: bool) -> None:
        """Bring everything but messages up to date. It is read after joining, so that no change is missed.

        A bell that rang after the stream was authorised and before it joined puts that in doubt.
        """
        try:
            if is_in_doubt:
                await self.live.revocations.hold_and_check([connection])
            await self.live.poll.has_looked.wait()
            state = await self.beginnings.of(connection, opening)
        except Exception as error:
            if not connection.is_ended:
                logger.error("Beginning a stream failed: %s", one_line(error))
            return connection.end()  # the page comes back
        if state is None:
            return connection.end()  # its room is gone: the page comes back, and the answer says so
        self.live.begin(connection, state)

    def open(self, scope: RoomScope) -> Opening:
        # It has waited for a thread, behind others. A server that stops does not wait for all of them.
        if self.live.is_stopping:
            raise Refused(503)
        return self.opening(scope)

    # What an endpoint of another format does in another way

    def opening(self, scope: RoomScope) -> Opening:
        opening = open_stream(scope, scope["url_route"]["kwargs"].get("room_id"))
        opening.headers = HEADERS
        opening.beginning = frames.greeting()
        return opening

    def read_states(self, openings: Collection[Opening]) -> list[PresentState | None]:
        """Return what each begins with; None where its room is gone."""
        return present_states(openings)

    async def refuse(self, scope: RoomScope, send: ASGISendCallable, refusal: Refused) -> None:
        """Answer without a stream; the page tries again at growing intervals, unless the answer stops it."""
        with translation.override(refusal.language or accepted_language(scope)):
            if refusal.reason and (b"hx-request", b"true") in scope["headers"]:
                status, headers, body = 200, HEADERS, frames.swap(fragments.stream_ended(refusal.reason))
            else:
                status, headers = refusal.status, [*PLAIN, *EXPLANATIONS.get(refusal.status, ())]
                body = too_many_streams().encode() if status == 429 else b""
        await respond(send, status, headers, body)


def too_many_streams() -> str:
    return _("Too many pages are open. Close some of them; this one will try again in 10 seconds.")


def counted_address(scope: HTTPScope) -> str | None:
    """Return for which address a stream counts; None for one that is not limited."""
    return counted_as(client_of(scope))
