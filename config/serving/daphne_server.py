"""Daphne, with what it lacks.

Bodies are refused, or handed on, before they have come; slow senders are not waited for without end; all
answers have safe headers; and its end cuts nobody off.

Importing this installs Twisted's reactor for asyncio and makes the application: only a server has use for it.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from daphne import server as daphne
from daphne.http_protocol import HTTPFactory, WebRequest, http
from django.conf import settings
from twisted.internet import defer
from twisted.internet import reactor as imported_reactor

from config import asgi
from config.serving import bodies, refusals
from config.serving.headers import Headers, missing_in
from config.serving.senders import Phase, Sender, Senders

REACTOR: Any = imported_reactor  # an object where a module is looked for

# A restart brings all readers back at once; with Twisted's default of 50 they would wait for whole seconds.
BACKLOG = 2048
# How long readers may take to receive what is written when the server is told to stop.
FLUSH_SECONDS = 1.0
# Bytes of a large body that wait for the application before its sender has to.
BODY_BUFFER = 64 * 1024


class Incoming:
    """A large body, which the application takes as it comes, once it has found out who sends it."""

    def __init__(self, request: "Request") -> None:
        self.is_paused = False
        self._is_whole = self._is_handed_on = self._is_gone = False
        self._is_waited_for = request.requestHeaders.hasHeader(b"expect")
        request.requestHeaders.removeHeader(b"expect")  # nobody is asked to go on before that is known
        self._request = request
        self._channel = request.channel
        self._waiting = bytearray()
        self._news = asyncio.Event()

    def put(self, data: bytes) -> None:
        self._waiting += data
        if len(self._waiting) > BODY_BUFFER and not self.is_paused:
            self.is_paused = True
            self._channel._networkProducer.pauseProducing()
        self._news.set()

    def end(self) -> None:
        self._is_whole = True
        self._news.set()

    def lose(self) -> None:
        """Tell that the sender has gone, or that nobody needs the rest any more."""
        self._is_gone = True
        self._news.set()

    async def receive(self) -> dict[str, Any]:
        """Return the next message of ASGI."""
        self._ask_for_more()
        while not (self._is_gone or self._waiting or (self._is_whole and not self._is_handed_on)):
            self._news.clear()
            await self._news.wait()
        if self._is_gone:
            return {"type": "http.disconnect"}
        self._is_handed_on = self._is_whole
        body = bytes(self._waiting)
        self._waiting.clear()
        return {"type": "http.request", "body": body, "more_body": not self._is_whole}

    def _ask_for_more(self) -> None:
        if self._is_waited_for and not self._request.startedWriting:
            self._channel._send100Continue()
        self._is_waited_for = False
        if self.is_paused and not self._waiting:
            self.is_paused = False
            self._channel._networkProducer.resumeProducing()


class Request(WebRequest):  # type: ignore[misc]  # the package has no types
    """Daphne takes in all of a body, in memory and in files, before the application can refuse it."""

    incoming: Incoming | None = None

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        # Twisted would parse forms for itself, with a parser that takes minutes for some, in the event loop.
        self._parsePOSTFormSubmission = False

    def gotLength(self, length: int | None) -> None:
        path = self.channel._path.partition(b"?")[0].decode("latin-1")  # its own is not known yet
        is_plain = length is not None and length <= settings.REQUEST_MAX_BYTES
        super().gotLength(length if is_plain else 0)
        if length is None or length > bodies.max_bytes(path):
            self.requestHeaders.removeHeader(b"expect")  # the sender is not asked to go on
            self.channel.refuse(413)
        elif not is_plain:
            self.incoming = Incoming(self)
            super().requestReceived(self.channel._command, self.channel._path, self.channel._version)

    def handleContentChunk(self, data: bytes) -> None:
        if self.incoming:
            self.incoming.put(data)
        else:
            super().handleContentChunk(data)

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        if self.incoming:
            self.incoming.end()
        else:
            super().requestReceived(command, path, version)

    def process(self) -> Any:
        self.requestHeaders.removeHeader(b"daphne-root-path")  # anybody could move the site to another path
        self.requestHeaders.removeHeader(b"upgrade")  # Hearth has no WebSockets
        return super().process()

    def send_disconnect(self) -> None:
        super().send_disconnect()
        if self.incoming:
            self.incoming.lose()

    def handle_reply(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            headers = list(message["headers"])
            message = {**message, "headers": headers + missing_in(headers)}
            if self.channel and (b"connection", b"close") in headers:
                self.channel.persistent = False
        super().handle_reply(message)

    def basic_error(self, status: int, status_text: bytes, body: str) -> None:
        if self._response_started:
            if self.channel:
                self.channel.abort()
            return
        response = refusals.refusal(status, headers_of(self))
        lines = refusals.lines_of(response)
        self.handle_reply({"type": "http.response.start", "status": status, "headers": lines})
        self.handle_reply({"type": "http.response.body", "body": response.content})


class Channel(http.HTTPChannel):  # type: ignore[misc]  # the package has no types
    """A connection. Twisted bears with senders as long as anything comes, and refuses without a word."""

    requestFactory = Request
    sender: Sender | None = None
    is_over = False  # nothing more is read

    @property
    def senders(self) -> Senders:
        found: Senders = self.factory.server.senders
        return found

    def connectionMade(self) -> None:
        super().connectionMade()
        self.sender = self.senders.connected(self, getattr(self.transport.getPeer(), "host", ""))
        if self.sender is None:
            self.abort()

    def connectionLost(self, reason: Any) -> None:
        super().connectionLost(reason)
        if self.sender:
            self.senders.disconnected(self.sender)

    def dataReceived(self, data: bytes) -> None:
        if self.is_over or self.sender is None:
            return
        if self.sender.phase is Phase.IDLE:
            self._enter(Phase.HEAD)
        self.sender.received += len(data)
        super().dataReceived(data)

    def lineReceived(self, line: bytes) -> None:
        if not self.is_over:
            super().lineReceived(line)

    def rawDataReceived(self, data: bytes) -> None:
        if not self.is_over:
            super().rawDataReceived(data)

    def allHeadersReceived(self) -> None:
        self._enter(Phase.BODY)
        super().allHeadersReceived()

    def allContentReceived(self) -> None:
        if not self.is_over:
            self._enter(Phase.ANSWER)
            super().allContentReceived()

    def requestDone(self, request: Any) -> None:
        if self.sender and self.sender.phase is not Phase.ANSWER:
            self.persistent, self.is_over = False, True  # what still comes of a body is no request
        self._enter(Phase.IDLE)
        super().requestDone(request)

    def writeSequence(self, iovec: Any) -> None:
        """Send a chunk of a stream at once, and leave to the event loop what the system does not take.

        Twisted asks the event loop first, and tells it afterwards that there is nothing more to write, which
        takes longer than the writing. What a response begins with is not sent alone.
        """
        if self.unsent() or not self.transport.connected:
            super().writeSequence(iovec)
            return
        data = b"".join(iovec)
        sent = self.transport.writeSomeData(data)
        # Where the connection is lost, it is an exception: Twisted finds that out once more.
        rest = data[sent:] if isinstance(sent, int) else data
        if rest:
            self.transport.write(rest)

    def _enter(self, phase: Phase) -> None:
        if self.sender and not self.is_over:
            self.senders.enter(self.sender, phase)

    def lineLengthExceeded(self, line: bytes) -> None:
        self.refuse(400)

    def _respondToBadRequestAndDisconnect(self) -> None:
        self.refuse(400)

    def refuse(self, status: int) -> None:
        """Answer now, and discard what still arrives: if it closed at once, the sender would not see why."""
        if not self.is_over:
            self.is_over = True
            headers = headers_of(self.requests[-1]) if self.requests else []
            self.transport.write(refusals.raw(status, headers))
            self.transport.loseWriteConnection()
            REACTOR.callLater(refusals.LINGER_SECONDS, self.transport.abortConnection)

    def abort(self) -> None:
        self.is_over = True
        self.transport.abortConnection()

    # What `senders` asks

    def is_paused(self) -> bool:
        return any(request.incoming and request.incoming.is_paused for request in self.requests)

    def unsent(self) -> int:
        return len(self.transport.dataBuffer) + int(self.transport._tempDataLen)

    def close(self, is_slow: bool) -> None:
        has_begun = any(request._response_started for request in self.requests)
        if is_slow and not self.is_over and not has_begun and not self.unsent():
            self.refuse(408)
        else:
            self.abort()


class Factory(HTTPFactory):  # type: ignore[misc]  # the package has no types
    protocol = Channel

    def buildProtocol(self, addr: Any) -> Any:
        channel = super().buildProtocol(addr)
        channel.requestFactory = Request
        channel.timeOut = None  # `senders` has the time
        return channel


def application(scope: Any, receive: Any, send: Any) -> Any:
    """Begin to answer. Daphne puts the request into `send`, and a whole body into `receive`."""
    incoming = send.args[0].incoming
    return asgi.application(scope, incoming.receive if incoming else receive, send)


def headers_of(request: Request) -> Headers:
    return [
        (name.lower(), value)
        for name, values in request.requestHeaders.getAllRawHeaders()
        for value in values
    ]


class Server(daphne.Server):  # type: ignore[misc]  # the package has no types
    def __init__(self, host: str, port: int, when_ready: Callable[[], None]) -> None:
        address = host.replace(":", r"\:")
        super().__init__(
            application,
            endpoints=[f"tcp:port={port}:interface={address}:backlog={BACKLOG}"],
            server_name="Hearth",
            application_close_timeout=2,
            ready_callable=when_ready,
        )
        self.senders = Senders()
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
