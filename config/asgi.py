"""What the server runs: streams as native ASGI; all else as WSGI, in a few threads with kept connections."""

import asyncio
import logging
import os
from collections.abc import Callable
from contextlib import suppress
from io import BytesIO
from typing import IO

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
from config.serving import bodies, heads, refusals  # noqa: E402
from config.serving.downloads import Downloads  # noqa: E402
from config.serving.forms import FormRefused  # noqa: E402
from config.serving.refusals import refuse  # noqa: E402
from config.serving.spool import Spool  # noqa: E402
from config.serving.uploads import Place, Uploads  # noqa: E402
from config.serving.wsgi_threads import Download, Receive, WSGIThreads  # noqa: E402
from config.text import one_line  # noqa: E402
from rooms.live.endpoints.document import DocumentEndpoint  # noqa: E402
from rooms.live.endpoints.probe import is_of_the_doctor, probe, take_in  # noqa: E402
from rooms.live.endpoints.stream import StreamEndpoint  # noqa: E402
from rooms.live.process.live import Live  # noqa: E402
from rooms.live.watch.operation import Operation  # noqa: E402
from rooms.senders import sender_of  # noqa: E402

logger = logging.getLogger(__name__)

WORKERS = 4
# A form of many photos takes its time. Whoever sends it has waited before.
UPLOAD_PATIENCE = 180.0
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
    is small, is kept until it is taken. Files are sent piece by piece when the thread is done.
    """

    def __init__(self) -> None:
        self.under_way: set[asyncio.Future[Download | None]] = set()
        self.application = WSGIThreads(wsgi_application, WORKERS)
        # Whatever is uploaded is parsed and looked at beside the pages, which never wait for it.
        self.upload_application = WSGIThreads(wsgi_application, UPLOAD_WORKERS)
        self.uploads = Uploads()
        self.downloads = Downloads()

    async def __call__(self, scope: HTTPScope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        is_upload = bodies.is_upload(scope["path"], scope["headers"])
        largest = bodies.max_bytes(scope["path"]) if is_upload else settings.REQUEST_MAX_BYTES
        if bodies.announced_length(scope["headers"]) > largest:
            await refuse(scope, receive, send, 413)
        elif scope["method"] == "POST" and is_upload:
            await self.upload(scope, receive, send)
        else:
            await self.answer(self.application, scope, receive, send)

    async def upload(self, scope: HTTPScope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """Take a form with files, and a large one only from people who are logged in, one at a time."""
        length = bodies.announced_length(scope["headers"])
        if length <= settings.REQUEST_MAX_BYTES:
            return await self.answer(self.upload_application, scope, receive, send)
        if is_of_the_doctor(scope):
            return await take_in(receive, send)
        try:
            sender = await live.openings.run(sender_of, scope, length)
        except Exception as error:
            logger.error("Finding out who uploads failed: %s", one_line(error))
            return await refuse(scope, receive, send, 503)
        if sender is None:
            return await refuse(scope, receive, send, 401)
        if sender.refusal:
            return await refuse(scope, receive, send, *sender.refusal)
        if not self.uploads.has_space_for(length):
            return await refuse(scope, receive, send, 507, refusals.no_space)
        place = self.uploads.place_for(sender.user_id, scope)
        if place is None:
            return await refuse(scope, receive, send, 503, refusals.busy)
        with place:
            place.length = length
            refusal = await self.take(scope, receive, send, place)
        if refusal:
            await refuse(scope, receive, send, *refusal)

    async def take(
        self, scope: HTTPScope, receive: ASGIReceiveCallable, send: ASGISendCallable, place: Place
    ) -> tuple[int, Callable[[], str] | None] | None:
        """Take the body, on the disk, and let a page have it; return why it was not taken."""
        try:
            body = await Spool(scope["headers"]).take(receive)
        except FormRefused:
            return 400, None
        except OSError as error:
            logger.error("A body could not be kept: %s", one_line(error))
            return 507, refusals.no_space
        if body:
            await self.answer_to(self.upload_application, scope, body, receive, send, place)
        return None

    async def answer(
        self,
        application: WSGIThreads,
        scope: HTTPScope,
        receive: ASGIReceiveCallable,
        send: ASGISendCallable,
    ) -> None:
        body = await body_from(receive)
        if body is None:
            return
        if bodies.has_too_many_parts(scope["headers"], body):
            return await refuse(scope, once(b""), send, 400)
        await self.answer_to(application, scope, BytesIO(body), receive, send)

    async def answer_to(
        self,
        application: WSGIThreads,
        scope: HTTPScope,
        body: IO[bytes],
        receive: ASGIReceiveCallable,
        send: ASGISendCallable,
        place: Place | None = None,
    ) -> None:
        answer = Answer(send)
        request = self.begin(application, scope, body, answer)
        if place:
            place.keep_until(request)
        # It is finished even if its sender has gone: a thread whose answer nobody takes would wait for ever.
        try:
            download = await self.outcome(request, answer, UPLOAD_PATIENCE if place else patience())
        except BaseException:
            request.add_done_callback(close_download)
            if request.cancelled():
                return
            raise
        if request.done():
            if download and self.downloads.have_place_for(download):
                return await self.downloads.send(download, receive, send)
            if download is None:
                return
        request.add_done_callback(close_download)
        await refuse(scope, once(b""), send, 503)

    async def outcome(
        self, request: asyncio.Future[Download | None], answer: Answer, seconds: float
    ) -> Download | None:
        """Wait for what a page answers; where it has not begun after so long, drop what it still answers."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                return await asyncio.shield(request)
        return None if answer.give_up() else await asyncio.shield(request)

    def begin(
        self, application: WSGIThreads, scope: HTTPScope, body: IO[bytes], answer: Answer
    ) -> asyncio.Future[Download | None]:
        # In WSGI a name with _ is the same as one with -, and could pass for what a proxy says.
        headers = [(name, value) for name, value in scope["headers"] if b"_" not in name]
        plain_scope: HTTPScope = {**scope, "headers": headers}
        request = asyncio.ensure_future(application(plain_scope, body, answer))
        request.add_done_callback(lambda _request: body.close())
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


def close_download(request: asyncio.Future[Download | None]) -> None:
    """Close the file of an answer that nobody takes."""
    if not request.cancelled() and not request.exception() and (download := request.result()):
        download.file.close()


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
