"""uvicorn, with what it lacks.

Slow senders are not waited for without end; all answers have safe headers; and its end cuts nobody off.
"""

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any

import uvicorn
from uvicorn.protocols.http import httptools_impl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from config import asgi
from config.serving import refusals
from config.serving.headers import missing_in
from config.serving.senders import Phase, Sender, Senders

# A restart brings all readers back at once.
BACKLOG = 2048
# How large the head of a request may be, and how many headers it may have.
HEAD_BYTES = 64 * 1024
HEAD_LINES = 500
# How long readers may take to receive what is written when the server is told to stop.
FLUSH_SECONDS = 1.0


class Cycle(httptools_impl.RequestResponseCycle):
    """A request and its answer."""

    async def send(self, message: Any) -> None:
        await self.flow.drain()  # as long as the reader takes nothing, who may go meanwhile
        if self.transport.is_closing():
            self.disconnected = True  # uvicorn tells only the newest of several requests
        if message["type"] == "http.response.start":
            headers = list(message["headers"])
            message = {**message, "headers": headers + missing_in(headers)}
        await super().send(message)

    async def send_500_response(self) -> None:
        response = refusals.refusal(500, self.scope["headers"])
        lines = refusals.lines_of(response)
        await self.send({"type": "http.response.start", "status": 500, "headers": lines})
        await self.send({"type": "http.response.body", "body": response.content})


class Protocol(HttpToolsProtocol):
    """A connection. uvicorn waits for a request for ever, and takes its head at any length."""

    senders: Senders  # of the server; one serves in a process
    sender: Sender | None = None
    head = 0  # bytes of headers

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        super().connection_made(transport)
        self.sender = self.senders.connected(self, self.client[0] if self.client else "")
        if self.sender is None:
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        if self.sender:
            self.senders.disconnected(self.sender)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.sender is None or self.transport.is_closing():
            return
        if self.sender.phase is Phase.IDLE:
            self._enter(Phase.HEAD)
        self.sender.received += len(data)
        super().data_received(data)
        if self.sender.phase is Phase.HEAD and self.sender.received > HEAD_BYTES:
            self.send_400_response("")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.head = 0
        self._enter(Phase.HEAD)

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        self.head += len(name) + len(value)
        if len(self.url) + self.head > HEAD_BYTES or len(self.headers) > HEAD_LINES:
            raise ValueError("too large")  # the parser makes a refusal of it

    def on_headers_complete(self) -> None:
        self._enter(Phase.BODY)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._enter(Phase.ANSWER)
        self._rest()

    def on_response_complete(self) -> None:
        is_last = not self.pipeline
        super().on_response_complete()
        if is_last:
            self._rest()

    def _rest(self) -> None:
        """Wait for the next request, if this one is both there and answered."""
        if self.sender and self.sender.phase is Phase.ANSWER and self.cycle.response_complete:
            self._enter(Phase.IDLE)

    def _enter(self, phase: Phase) -> None:
        if self.sender:
            self.senders.enter(self.sender, phase)

    def send_400_response(self, msg: str) -> None:
        self.refuse(400)

    def refuse(self, status: int) -> None:
        """Answer what no application gets to see; where another answer has begun, only close."""
        if self.transport.is_closing():
            return
        if self.is_answering() or self.unsent():
            self.transport.abort()
        else:
            self.transport.write(refusals.raw(status, self.headers or []))
            self.transport.close()

    def is_answering(self) -> bool:
        return bool(self.cycle and self.cycle.response_started and not self.cycle.response_complete)

    # What `senders` asks

    def is_paused(self) -> bool:
        return self.flow.read_paused

    def unsent(self) -> int:
        return self.transport.get_write_buffer_size()

    def close(self, is_slow: bool) -> None:
        if is_slow and not self.transport.is_closing():
            self.refuse(408)
        else:
            self.transport.abort()


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
        httptools_impl.RequestResponseCycle = Cycle  # type: ignore[misc]  # uvicorn takes it from there
        Protocol.senders = Senders()
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
