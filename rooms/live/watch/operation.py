"""/healthz, /readyz and /metrics: for programs that watch a process, not for people."""

import secrets
from typing import Protocol

from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, HTTPScope
from django.conf import settings

from config.events import respond
from rooms.live.watch import metrics
from rooms.live.watch.health import Health


class Measured(Protocol):
    """A process that is watched."""

    health: Health

    def measure(self) -> None:
        """Set the gauges whose values nobody keeps."""


class Operation:
    """ASGI endpoints beside the streams: they are answered however busy the threads of the pages are."""

    def __init__(self, process: Measured) -> None:
        self._process = process

    async def healthz(self, scope: HTTPScope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """The process takes requests and answers them."""
        await answer(scope, send, 200, "ok")

    async def readyz(self, scope: HTTPScope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        problem = await self._process.health.problem()
        await answer(scope, send, 503 if problem else 200, problem or "ok")

    async def metrics(self, scope: HTTPScope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        if may_read_metrics(scope):
            self._process.measure()
            await answer(scope, send, 200, metrics.as_text(), metrics.CONTENT_TYPE)
        else:
            await answer(scope, send, 404, "not found")


def may_read_metrics(scope: HTTPScope) -> bool:
    wanted = f"Bearer {settings.METRICS_TOKEN}".encode()
    given = dict(scope["headers"]).get(b"authorization", b"")
    return bool(settings.METRICS_TOKEN) and secrets.compare_digest(given, wanted)


async def answer(
    scope: HTTPScope,
    send: ASGISendCallable,
    status: int,
    text: str | bytes,
    content_type: str = "text/plain; charset=utf-8",
) -> None:
    if scope["method"] not in ("GET", "HEAD"):
        status, text = 405, "not allowed"
    body = text.encode() if isinstance(text, str) else text
    headers = [
        (b"content-type", content_type.encode()),
        (b"content-length", b"%d" % len(body)),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
    ]
    await respond(send, status, headers, b"" if scope["method"] == "HEAD" else body)
