"""The messages of ASGI with which an application answers a request."""

from collections.abc import Iterable

from asgiref.typing import ASGISendCallable, HTTPResponseBodyEvent, HTTPResponseStartEvent


def start(status: int, headers: Iterable[tuple[bytes, bytes]]) -> HTTPResponseStartEvent:
    return {"type": "http.response.start", "status": status, "headers": headers, "trailers": False}


def body(content: bytes = b"", *, more: bool = False) -> HTTPResponseBodyEvent:
    """Return a part of the body: the last one, unless `more` are to come."""
    return {"type": "http.response.body", "body": content, "more_body": more}


async def respond(
    send: ASGISendCallable, status: int, headers: Iterable[tuple[bytes, bytes]], content: bytes = b""
) -> None:
    await send(start(status, headers))
    await send(body(content))
