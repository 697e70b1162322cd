"""uvicorn, with what it lacks: bounds for the head of a request, and an end that cuts nobody off."""

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from config import asgi

# A restart brings all readers back at once.
BACKLOG = 2048
# How large the head of a request may be, and how long it may take to come.
HEAD_BYTES = 64 * 1024
HEAD_SECONDS = 60.0
# How long readers may take to receive what is written when the server is told to stop.
FLUSH_SECONDS = 1.0


class Protocol(HttpToolsProtocol):
    """uvicorn waits for the head of a request for ever, and accepts any length."""

    _head: int | None = None  # bytes received of an incomplete head
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_is_whole()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._head is not None:
            self._head += len(data)
        super().data_received(data)
        if self._head is not None and self._head > HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response("The head of the request is too large.")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._expect_head()

    def on_headers_complete(self) -> None:
        self._head_is_whole()
        super().on_headers_complete()

    def _expect_head(self) -> None:
        self._head_is_whole()
        self._head = 0
        self._deadline = self.loop.call_later(HEAD_SECONDS, self.transport.abort)

    def _head_is_whole(self) -> None:
        self._head = None
        if self._deadline:
            self._deadline.cancel()


class Server(uvicorn.Server):
    def __init__(self, host: str, port: int, when_ready: Callable[[], None]) -> None:
        config = uvicorn.Config(
            asgi.application,
            http=Protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="error",
            access_log=False,
            proxy_headers=False,  # config.addresses knows whom to believe
            server_header=False,
            headers=[("server", "Hearth")],
            timeout_graceful_shutdown=1,
        )
        super().__init__(config)
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.socket = socket.create_server((host, port), family=family, backlog=BACKLOG)
        self.when_ready = when_ready

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until SIGINT or SIGTERM."""
        super().run(sockets or [self.socket])

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop. uvicorn would raise the signal again in the end, and so never exit with success."""
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.when_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        await asgi.wind_up()
        open_connections: Any = self.server_state.connections
        for connection in tuple(open_connections):
            connection.shutdown()
        with suppress(TimeoutError):
            async with asyncio.timeout(FLUSH_SECONDS):
                while open_connections:
                    await asyncio.sleep(0.02)
        for connection in tuple(open_connections):
            connection.transport.abort()
        asgi.pages.give_up()
        await super().shutdown(sockets)
