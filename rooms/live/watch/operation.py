"""/healthz, /readyz and /metrics: for programs that watch a process, not for people."""

import secrets
from typing import Any, Protocol

from django.conf import settings

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

    async def healthz(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """The process takes requests and answers them."""
        await answer(scope, send, 200, "ok")

    async def readyz(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        problem = await self._process.health.problem()
        await answer(scope, send, 503 if problem else 200, problem or "ok")

    async def metrics(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if may_read_metrics(scope):
            self._process.measure()
            await answer(scope, send, 200, metrics.as_text(), metrics.CONTENT_TYPE)
        else:
            await answer(scope, send, 404, "not found")


def may_read_metrics(scope: dict[str, Any]) -> bool:
    wanted = f"Bearer {settings.METRICS_TOKEN}".encode()
    given = dict(scope["headers"]).get(b"authorization", b"")
    return bool(settings.METRICS_TOKEN) and secrets.compare_digest(given, wanted)


async def answer(
    scope: dict[str, Any],
    send: Any,
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
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
