"""What the server runs: streams as native ASGI; all else as WSGI, in a few threads with kept connections."""

import asyncio
import logging
import os
from contextlib import suppress

from asgiref.typing import (
    ASGIReceiveCallable,
    ASGISendCallable,
    ASGISendEvent,
    HTTPRequestEvent,
    HTTPScope,
    Scope,
    WebSocketScope,
)
from channels.routing import ProtocolTypeRouter, URLRouter
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.urls import path, re_path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
wsgi_application = get_wsgi_application()

# These need Django to be set up.
import config.converters  # noqa: E402, F401 (registers them)
from accounts.uploads import uploader  # noqa: E402
from config.serving import bodies, heads, refusals  # noqa: E402
from config.serving.refusals import refuse  # noqa: E402
from config.serving.uploads import Place, Uploads  # noqa: E402
from config.serving.wsgi_threads import Receive, WSGIThreads  # noqa: E402
from config.text import one_line  # noqa: E402
from rooms.live.endpoints.document import DocumentEndpoint  # noqa: E402
from rooms.live.endpoints.probe import probe  # noqa: E402
from rooms.live.endpoints.stream import StreamEndpoint  # noqa: E402
from rooms.live.process.live import Live  # noqa: E402
from rooms.live.watch.operation import Operation  # noqa: E402

logger = logging.getLogger(__name__)

WORKERS = 4
UPLOAD_WORKERS = 2
# How long requests under way may take once the server is told to stop.
DRAIN_SECONDS = 8.0


class Answer:
    """Passes on what a page answers, unless something else has answered by then."""

    def __init__(self, send: ASGISendCallable) -> None:
        self._send = send
        self._has_begun = self._is_given_up = False

    async def __call__(self, message: ASGISendEvent) -> None:
        if not self._is_given_up:
            self._has_begun = True
            await self._send(message)

    def give_up(self) -> bool:
        """Drop what comes from now on; return False where the answer has begun."""
        self._is_given_up = not self._has_begun
        return self._is_given_up


class Pages:
    """The plain views. Knows the requests under way, for a server that waits for them before it stops.

    No thread ever waits for a slow sender or reader: it begins when the body is there, and its answer, which
    is small, is kept until it is taken.
    """

    def __init__(self) -> None:
        self.under_way: set[asyncio.Future[None]] = set()
        self.application = WSGIThreads(wsgi_application, WORKERS)
        # Whatever is uploaded is parsed and looked at beside the pages, which never wait for it.
        self.upload_application = WSGIThreads(wsgi_application, UPLOAD_WORKERS)
        self.uploads = Uploads()

    async def __call__(self, scope: HTTPScope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        if bodies.announced_length(scope["headers"]) > bodies.max_bytes(scope["path"]):
            await refuse(scope, receive, send, 413)
        elif scope["method"] == "POST" and bodies.takes_uploads(scope["path"]):
            await self.upload(scope, receive, send)
        else:
            await self.answer(self.application, scope, receive, send)

    async def upload(self, scope: HTTPScope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """Take a large body from people who are logged in, one at a time; from others what any page takes."""
        try:
            user_id = await live.openings.run(uploader, scope)
        except Exception as error:
            logger.error("Finding out who uploads failed: %s", one_line(error))
            return await refuse(scope, receive, send, 503)
        if user_id is None:
            if bodies.announced_length(scope["headers"]) > settings.REQUEST_MAX_BYTES:
                return await refuse(scope, receive, send, 401)
            return await self.answer(self.application, scope, receive, send)
        place = self.uploads.place_for(user_id, scope)
        if place is None:
            return await refuse(scope, receive, send, 503, refusals.busy)
        with place:
            await self.answer(self.upload_application, scope, receive, send, place)

    async def answer(
        self,
        application: WSGIThreads,
        scope: HTTPScope,
        receive: ASGIReceiveCallable,
        send: ASGISendCallable,
        place: Place | None = None,
    ) -> None:
        body = await body_from(receive)
        if body is None:
            return
        if bodies.has_too_many_parts(scope["headers"], body):
            return await refuse(scope, once(b""), send, 400)
        answer = Answer(send)
        request = self.begin(application, scope, body, answer)
        if place:
            place.keep_until(request)
        # It is finished even if its sender has gone: a thread whose answer nobody takes would wait for ever.
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(patience()):
                    return await asyncio.shield(request)
            if answer.give_up():
                return await refuse(scope, once(b""), send, 503)
            await asyncio.shield(request)
        except asyncio.CancelledError:
            if not request.cancelled():
                raise

    def begin(
        self, application: WSGIThreads, scope: HTTPScope, body: bytes, answer: Answer
    ) -> asyncio.Future[None]:
        # In WSGI a name with _ is the same as one with -, and could pass for what a proxy says.
        headers = [(name, value) for name, value in scope["headers"] if b"_" not in name]
        plain_scope: HTTPScope = {**scope, "headers": headers}
        request = asyncio.ensure_future(application(plain_scope, once(body), answer))
        self.under_way.add(request)
        request.add_done_callback(self.under_way.discard)
        return request

    def give_up(self) -> None:
        """Drop requests that wait for a thread: nobody is left to answer."""
        for request in tuple(self.under_way):
            request.cancel()


def patience() -> float:
    """Return after how many seconds a page that waits for a hanging database is given up.

    A request waits DATABASE_TIMEOUT for a lock, perhaps for more than one. But a server that has stopped
    responding reports no time-out: threads that ask it hang, and so do requests that wait for a thread.
    """
    return 3 * settings.DATABASE_TIMEOUT.total_seconds() + 1


async def body_from(receive: ASGIReceiveCallable) -> bytes | None:
    """Return the body; None if the sender went away first, since part of a form could pass for all of it."""
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


def once(body: bytes) -> Receive:
    async def receive() -> HTTPRequestEvent:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


async def refuse_websocket(
    scope: WebSocketScope, receive: ASGIReceiveCallable, send: ASGISendCallable
) -> None:
    """Close it: Hearth has none."""
    await receive()
    await send({"type": "websocket.close", "code": 1000, "reason": None})


live = Live()
pages = Pages()
stream = StreamEndpoint(live)
document = DocumentEndpoint(live)
operation = Operation(live)
routes = URLRouter(
    [  # ASGI applications, as Channels wants
        path("healthz", operation.healthz),  # type: ignore[arg-type]
        path("readyz", operation.readyz),  # type: ignore[arg-type]
        path("metrics", operation.metrics),  # type: ignore[arg-type]
        path("doctor", probe),  # type: ignore[arg-type]
        path("stream", stream),  # type: ignore[arg-type]
        path("rooms/<id:room_id>/stream", stream),  # type: ignore[arg-type]
        path("rooms/<id:room_id>/live", document),  # type: ignore[arg-type]
        re_path("", pages),  # type: ignore[arg-type]
    ]
)


async def answer(scope: HTTPScope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    """Answer a request, unless its head is more than anything behind this would expect."""
    if heads.is_acceptable(scope):
        await routes(scope, receive, send)
    else:
        await refuse(scope, receive, send, 400)


router = ProtocolTypeRouter({"http": answer, "websocket": refuse_websocket})


async def application(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    live.start()
    await router(scope, receive, send)


async def wind_up() -> None:
    """End the streams and let requests under way finish; the server takes no more by now."""
    try:
        await live.stop()
        async with asyncio.timeout(DRAIN_SECONDS):
            while pages.under_way or live.hub.connections:
                await asyncio.sleep(0.02)
    except TimeoutError:
        logger.warning("Stopping with %d requests under way", len(pages.under_way))
