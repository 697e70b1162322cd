"""What the server runs: streams as native ASGI; all else as WSGI, in a few threads with kept connections."""

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
from rooms.live.process import Live  # noqa: E402
from rooms.live.stream import StreamEndpoint  # noqa: E402

WORKERS = 4


class Pages:
    """The plain views. Counts the requests under way, for a server that waits for them before it stops."""

    def __init__(self) -> None:
        self.under_way = 0
        self.application: Any = WSGIMiddleware(wsgi_application, workers=WORKERS)  # type: ignore[arg-type]  # a response iterates over bytes

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if not is_acceptable(scope):
            return await refuse(scope, send, 400)
        if body_length(scope) > settings.REQUEST_MAX_BYTES:
            return await refuse(scope, send, 413)
        self.under_way += 1
        try:
            await self.application(scope, receive, send)
        finally:
            self.under_way -= 1


def is_acceptable(scope: dict[str, Any]) -> bool:
    """Whether the address is one that WSGI can express."""
    try:
        scope["path"].encode()
    except UnicodeEncodeError:
        return False
    return bool(scope["query_string"].isascii())


def body_length(scope: dict[str, Any]) -> int:
    """Return the announced length of the body; without a valid announcement more than is accepted.

    Refusing before reading is what keeps a large body out of the memory of the server.
    """
    headers = dict(scope["headers"])
    if b"transfer-encoding" in headers:
        return settings.REQUEST_MAX_BYTES + 1
    length = headers.get(b"content-length", b"0")
    return int(length) if length.isdigit() else settings.REQUEST_MAX_BYTES + 1


async def refuse(scope: dict[str, Any], send: Any, status: int) -> None:
    """Answer with a sentence, without reading the body; htmx gets it as a fragment."""
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    response = HttpResponse(error_sentence(status), "text/plain; charset=utf-8", status, headers=headers)
    if dict(scope["headers"]).get(b"hx-request") == b"true":
        make_fragment(response)
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
router = ProtocolTypeRouter(
    {
        "http": URLRouter(
            [path("stream", stream), path("rooms/<int:room_id>/stream", stream), re_path("", pages)]  # type: ignore[arg-type]  # ASGI applications, as Channels wants
        ),
        "websocket": refuse_websocket,
    }
)


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    live.start()
    await router(scope, receive, send)
