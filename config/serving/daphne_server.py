"""Daphne, with what it lacks: bodies refused before they are read, and an end that cuts nobody off.

Importing this installs Twisted's reactor for asyncio and makes the application: only a server has use for it.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from typing import Any

from daphne import server as daphne
from daphne.http_protocol import HTTPFactory, WebRequest
from twisted.internet import defer
from twisted.internet import reactor as imported_reactor

from config import asgi
from config.serving import bodies

REACTOR: Any = imported_reactor  # an object where a module is looked for

# A restart brings all readers back at once; with Twisted's default of 50 they would wait for whole seconds.
BACKLOG = 2048
# How long readers may take to receive what is written when the server is told to stop.
FLUSH_SECONDS = 1.0


class Request(WebRequest):  # type: ignore[misc]  # the package has no types
    """Daphne takes in all of a body, in memory and in files, before the application can refuse it."""

    is_refused = False

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        # Twisted would parse forms for itself, with a parser that takes minutes for some, in the event loop.
        self._parsePOSTFormSubmission = False

    def gotLength(self, length: int | None) -> None:
        path = self.channel._path.partition(b"?")[0].decode("latin-1")  # its own is not known yet
        is_too_large = length is None or length > bodies.max_bytes(path)
        super().gotLength(0 if is_too_large else length)
        if is_too_large:
            self.refuse(HTTPStatus.CONTENT_TOO_LARGE)

    def refuse(self, status: HTTPStatus) -> None:
        """Answer now, and discard what still arrives: if it closed at once, the sender would not see why."""
        self.is_refused = True
        self.requestHeaders.removeHeader(b"expect")  # the sender is not asked to go on
        answer = asgi.refusal(status, self.requestHeaders.getRawHeaders(b"hx-request") == [b"true"])
        answer["Content-Length"] = len(answer.content)
        answer["Connection"] = "close"
        lines = [(name.encode(), value.encode()) for name, value in answer.items()]
        self.channel.writeHeaders(b"HTTP/1.1", b"%d" % status, status.phrase.encode(), lines)
        self.channel.write(answer.content)
        self.channel.transport.loseWriteConnection()
        REACTOR.callLater(asgi.LINGER_SECONDS, self.channel.transport.abortConnection)

    def handleContentChunk(self, data: bytes) -> None:
        if not self.is_refused:
            super().handleContentChunk(data)

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        if self.is_refused:
            self.channel.loseConnection()
        else:
            super().requestReceived(command, path, version)

    def process(self) -> Any:
        self.requestHeaders.removeHeader(b"daphne-root-path")  # anybody could move the site to another path
        self.requestHeaders.removeHeader(b"upgrade")  # Hearth has no WebSockets
        return super().process()


class Factory(HTTPFactory):  # type: ignore[misc]  # the package has no types
    def buildProtocol(self, addr: Any) -> Any:
        protocol = super().buildProtocol(addr)
        protocol.requestFactory = Request
        return protocol


class Server(daphne.Server):  # type: ignore[misc]  # the package has no types
    def __init__(self, host: str, port: int, when_ready: Callable[[], None]) -> None:
        address = host.replace(":", r"\:")
        super().__init__(
            asgi.application,
            endpoints=[f"tcp:port={port}:interface={address}:backlog={BACKLOG}"],
            server_name="Hearth",
            application_close_timeout=2,
            ready_callable=when_ready,
        )
        self.ports: list[Any] = []
        self.failure: Exception | None = None

    def run(self) -> None:
        """Serve until SIGINT or SIGTERM. Raises what kept it from listening."""
        daphne.HTTPFactory = Factory  # Daphne takes it from there
        super().run()
        end_tasks(daphne.twisted_loop)
        if self.failure:
            raise self.failure

    def listen_success(self, port: Any) -> None:
        super().listen_success(port)
        self.ports.append(port)

    def listen_error(self, failure: Any) -> None:
        self.failure = failure.value
        self.stop()

    def kill_all_applications(self) -> "defer.Deferred[None]":
        return defer.Deferred.fromFuture(asyncio.ensure_future(self.wind_up()))

    async def wind_up(self) -> None:
        """Take no more requests, end streams, let requests under way finish, cancel what is left."""
        for port in self.ports:
            port.stopListening()
        await asgi.wind_up()
        # A connection with an incomplete request has no application, which Daphne trips over.
        self.connections: dict[Any, Any] = {
            protocol: details
            for protocol, details in self.connections.items()
            if "application_instance" in details
        }
        with suppress(TimeoutError):
            async with asyncio.timeout(FLUSH_SECONDS):
                await super().kill_all_applications().asFuture(asyncio.get_running_loop())
                while REACTOR.getWriters():  # something written is not sent yet
                    await asyncio.sleep(0.02)


def end_tasks(loop: asyncio.AbstractEventLoop) -> None:
    """Cancel what still runs in `loop` and close it: threads that wait for it would never end."""
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
    loop.close()
