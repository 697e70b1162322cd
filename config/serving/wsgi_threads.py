"""A WSGI application under ASGI, in a few threads of its own.

The whole body goes to a thread, and the whole answer comes back, or an open file. So a request waits for the
event loop twice, and its thread never.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import IO, Any

from asgiref.typing import ASGISendCallable, HTTPRequestEvent, HTTPScope

from config.events import respond
from config.incoming import ARRIVED
from config.serving.forms import Form

type Headers = list[tuple[bytes, bytes]]
# Headers that are not named HTTP_….
PLAIN_NAMES = {"content-length": "CONTENT_LENGTH", "content-type": "CONTENT_TYPE"}


type Receive = Callable[[], Awaitable[HTTPRequestEvent]]


@dataclass(frozen=True, slots=True)
class Download:
    """An answer whose body is an open file, still to be sent; closing the file ends the answer."""

    status: int
    headers: Headers
    file: Any


class FileWrapper:
    """What applications put an open file into, so that a server sends it as it can best (PEP 3333).

    Files that have a `reader` may be large. Others, which are static ones, are sent as pages are.
    """

    def __init__(self, file: Any, block_size: int = 0) -> None:
        self.file = file
        self.close = file.close

    @property
    def is_large(self) -> bool:
        return hasattr(self.file, "reader")

    def __iter__(self) -> Iterator[bytes]:
        yield self.file.read()


class WSGIThreads:
    """`body` is there as a whole."""

    def __init__(self, application: Callable[..., Iterable[bytes]], threads: int) -> None:
        self.application = application
        self.executor = ThreadPoolExecutor(threads, thread_name_prefix="wsgi")

    async def __call__(self, scope: HTTPScope, body: IO[bytes], send: ASGISendCallable) -> Download | None:
        """Answer; return what the caller has to send where that is a file."""
        environ = environ_of(scope, body)
        loop = asyncio.get_running_loop()
        answer = await loop.run_in_executor(self.executor, self.answer_to, environ)
        if isinstance(answer, Download):
            return answer
        await respond(send, *answer)
        return None

    def answer_to(self, environ: dict[str, Any]) -> tuple[int, Headers, bytes] | Download:
        begun: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
            begun.append((status, headers))

        parts = self.application(environ, start_response)
        file = parts.file if isinstance(parts, FileWrapper) and parts.is_large else None
        body = b"" if file else whole(parts)
        status, headers = begun[-1]
        lines = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        return Download(int(status[:3]), lines, file) if file else (int(status[:3]), lines, body)


def whole(parts: Iterable[bytes]) -> bytes:
    try:
        return b"".join(parts)
    finally:
        if close := getattr(parts, "close", None):
            close()


def environ_of(scope: HTTPScope, body: IO[bytes]) -> dict[str, Any]:
    """Return the request as PEP 3333 has it."""
    server, port = scope.get("server") or ("localhost", 80)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": scope["path"].encode().decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("ascii"),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "SERVER_NAME": server,
        "SERVER_PORT": str(port or 0),
        "REMOTE_ADDR": (scope.get("client") or ("",))[0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.input": body,
        "wsgi.file_wrapper": FileWrapper,
        ARRIVED: body.files if isinstance(body, Form) else None,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        key = PLAIN_NAMES.get(name) or f"HTTP_{name.upper().replace('-', '_')}"
        if key in environ:
            value = f"{environ[key]}{'; ' if name == 'cookie' else ','}{value}"
        environ[key] = value
    return environ
