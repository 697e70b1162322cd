"""Ask Hearth as a server does, in the thread of the test: the head is judged, then Django answers.

Unlike Django's test client this sends bytes as they are, and what is refused before Django is refused here.
"""

import importlib
import io
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from django.test import Client

TOKEN = "t" * 32  # of forms; the cookie has the same
FORM = b"application/x-www-form-urlencoded"


@dataclass
class Answer:
    status: int
    seconds: float  # of the processor
    headers: dict[bytes, bytes] = field(default_factory=dict)
    body: bytes = b""
    is_refused: bool = False  # before anything was looked at


def cookies_of(client: Client) -> bytes:
    cookies = {name: morsel.value for name, morsel in client.cookies.items()} | {"hearth_csrf": TOKEN}
    return "; ".join(f"{name}={value}" for name, value in cookies.items()).encode()


def scope_of(method: str, path: str, query: bytes, headers: dict[bytes, bytes]) -> dict[str, Any]:
    return {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "query_string": query,
        "client": ("203.0.113.7", 5555),
        "server": ("testserver", 80),
        "headers": [(b"host", b"testserver"), *headers.items()],
    }


def ask(
    method: str,
    path: str,
    query: bytes = b"",
    body: bytes = b"",
    content_type: bytes | None = None,
    headers: dict[bytes, bytes] | None = None,
    environ_type: Any = dict,
) -> Answer:
    """Return the answer, and what it cost. `environ_type` makes what Django is given."""
    asgi = importlib.import_module("config.asgi")
    threads = importlib.import_module("config.serving.wsgi_threads")
    lines = dict(headers or {})
    if method == "POST":
        lines = {b"content-type": FORM, b"content-length": b"%d" % len(body)} | lines
    if content_type is not None:
        lines[b"content-type"] = content_type
    scope = scope_of(method, path, query, lines)
    begun = time.thread_time()
    if status := refusal_of(asgi, scope):
        return Answer(status, time.thread_time() - begun, is_refused=True)
    environ = environ_type(threads.environ_of(scope, io.BytesIO(body)))
    with connection_kept():
        status, answered, content = asgi.pages.application.answer_to(environ)
    return Answer(status, time.thread_time() - begun, dict(answered), content)


@contextmanager
def undone() -> Iterator[None]:
    """Take back at the end what was written meanwhile."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@contextmanager
def connection_kept() -> Iterator[None]:
    """Let the database go on with the transaction of the test."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in signals:
            signal.connect(close_old_connections)


def refusal_of(asgi: Any, scope: dict[str, Any]) -> int | None:
    """Return the status with which a request is refused by its head, if it is."""
    if not asgi.heads.is_acceptable(scope):
        return 400
    return (
        413 if asgi.bodies.announced_length(scope["headers"]) > asgi.bodies.max_bytes(scope["path"]) else None
    )
