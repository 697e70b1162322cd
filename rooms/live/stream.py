"""The ASGI endpoint of streams: authorise, subscribe, begin; the rest is the hub's and the tail's."""

import logging
from typing import Any

from rooms.live import fragments, frames
from rooms.live.access import Refused, open_stream
from rooms.live.connection import Connection
from rooms.live.process import Live

logger = logging.getLogger(__name__)

HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    # no-transform and X-Accel-Buffering keep proxies from compressing and from holding back what is written.
    (b"cache-control", b"no-store, private, no-transform"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
]


class StreamEndpoint:
    """`GET /stream` and `GET /rooms/<id>/stream`.

    It never answers with a redirect or 204: htmx would ask twice a second for ever. A page whose session or
    membership has ended is told so inside a stream, by a fragment that takes away the element that connects.
    """

    def __init__(self, live: Live) -> None:
        self.live = live

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        headers = dict(scope["headers"])
        if scope["method"] != "GET":
            return await answer(send, 405, [(b"allow", b"GET")])
        if headers.get(b"sec-fetch-site") == b"cross-site":
            return await answer(send, 403)
        if self.live.is_stopping:
            return await answer(send, 503, [(b"retry-after", b"2")])
        room_id = scope["url_route"]["kwargs"].get("room_id")
        try:
            opening = await self.live.database.run(open_stream, scope, room_id)
        except Refused as refusal:
            if headers.get(b"hx-request") == b"true":
                return await tell_end(send, refusal.reason)
            return await answer(send, refusal.status)
        except Exception as error:
            logger.error("Opening a stream failed: %s: %s", type(error).__name__, error)
            return await answer(send, 503, [(b"retry-after", b"2")])
        connection = Connection(
            send,
            user_id=opening.user_id,
            session_key=opening.session_key,
            session_hash=opening.session_hash,
            room_id=room_id,
            channels=opening.channels,
        )
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        connection.write(frames.greeting())
        if opening.html:
            connection.write(frames.swap(opening.html))
        self.live.join(connection, opening.position)
        try:
            await connection.wait_until_ended(receive)
        finally:
            self.live.leave(connection)


async def answer(send: Any, status: int, headers: list[tuple[bytes, bytes]] | None = None) -> None:
    """Answer without a stream; htmx then tries again, later and later."""
    plain = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store"), *(headers or [])]
    await send({"type": "http.response.start", "status": status, "headers": plain})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def tell_end(send: Any, reason: str) -> None:
    body = frames.swap(fragments.stream_ended(reason))
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": body, "more_body": False})
