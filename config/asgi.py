"""What the server runs: streams as native ASGI; all else as WSGI, in a few threads with kept connections."""

import asyncio
import os
from typing import Any

from a2wsgi import WSGIMiddleware
from channels.routing import ProtocolTypeRouter, URLRouter
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import path, re_path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
wsgi_application = get_wsgi_application()

# These need Django to be set up.
from config.middleware import error_sentence, make_fragment  # noqa: E402
from rooms.live.document import DocumentEndpoint  # noqa: E402
from rooms.live.operation import Operation  # noqa: E402
from rooms.live.process import Live  # noqa: E402
from rooms.live.stream import StreamEndpoint  # noqa: E402

WORKERS = 4


class Pages:
    """The plain views. Knows the requests under way, for a server that waits for them before it stops."""

    def __init__(self) -> None:
        self.under_way: set[asyncio.Future[None]] = set()
        self.application: Any = WSGIMiddleware(wsgi_application, workers=WORKERS)  # type: ignore[arg-type]  # a response iterates over bytes

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if not is_acceptable(scope):
            return await refuse(scope, send, 400)
        if body_length(scope) > settings.REQUEST_MAX_BYTES:
            return await refuse(scope, send, 413)
        # In WSGI a name with _ is the same as one with -, and could pass for what a proxy says.
        headers = [(name, value) for name, value in scope["headers"] if b"_" not in name]
        request = asyncio.ensure_future(
            self.application({**scope, "headers": headers}, all_of(receive), send)
        )
        self.under_way.add(request)
        request.add_done_callback(self.under_way.discard)
        # Goes on when its sender has gone: a thread whose answer nobody takes would wait for ever.
        await asyncio.shield(request)


def all_of(receive: Any) -> Any:
    """Return a `receive` that fails when the sender goes before the body has come in whole.

    A part of a form would pass for all of it otherwise.
    """

    async def receive_or_fail() -> Any:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionResetError("The sender has gone.")
        return message

    return receive_or_fail


def is_acceptable(scope: dict[str, Any]) -> bool:
    """Whether the address is one that WSGI can express."""
    try:
        scope["path"].encode()
    except UnicodeEncodeError:
        return False
    return bool(scope["query_string"].isascii())


def body_length(scope: dict[str, Any]) -> int:
    """Return the announced length of the body; without a valid announcement more than is accepted.

    Refusing before reading keeps a large body out of the memory of a server that passes on what comes in.
    Daphne reads all of it first: see `config.server`.
    """
    headers = dict(scope["headers"])
    length = headers.get(b"content-length", b"0")
    if b"transfer-encoding" in headers or not length.isdigit() or len(length) > 18:
        return settings.REQUEST_MAX_BYTES + 1
    return int(length)


def refusal(status: int, is_htmx: bool) -> HttpResponse:
    """Return an answer that is a sentence; htmx gets it as a fragment."""
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    response = HttpResponse(error_sentence(status), "text/plain; charset=utf-8", status, headers=headers)
    if is_htmx:
        make_fragment(response)
    return response


async def refuse(scope: dict[str, Any], send: Any, status: int) -> None:
    """Answer without reading the body."""
    response = refusal(status, dict(scope["headers"]).get(b"hx-request") == b"true")
    lines = [(name.lower().encode(), value.encode()) for name, value in response.items()]
    await send({"type": "http.response.start", "status": status, "headers": lines})
    await send({"type": "http.response.body", "body": response.content})


async def refuse_websocket(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Close it: Hearth has none."""
    await receive()
    await send({"type": "websocket.close"})


live = Live()
pages = Pages()
stream = StreamEndpoint(live)
document = DocumentEndpoint(live)
operation = Operation(live)
router = ProtocolTypeRouter(
    {
        "http": URLRouter(
            [  # ASGI applications, as Channels wants
                path("healthz", operation.healthz),  # type: ignore[arg-type]
                path("readyz", operation.readyz),  # type: ignore[arg-type]
                path("metrics", operation.metrics),  # type: ignore[arg-type]
                path("stream", stream),  # type: ignore[arg-type]
                path("rooms/<int:room_id>/stream", stream),  # type: ignore[arg-type]
                path("rooms/<int:room_id>/live", document),  # type: ignore[arg-type]
                re_path("", pages),  # type: ignore[arg-type]
            ]
        ),
        "websocket": refuse_websocket,
    }
)


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    live.start()
    await router(scope, receive, send)
