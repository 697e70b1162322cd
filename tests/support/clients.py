"""People without a browser: they post as the page's form does and read streams as htmx does."""

import asyncio
import random
import re
import socket
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack, suppress
from typing import Any, Self
from urllib.parse import urlencode, urlsplit

import httpx

from tests.support import sse
from tests.support.htmx import Page, posted_in

COOKIE = "hearth_session"
NEWEST_PAGE = 50  # messages on a page that was too far behind for all (settings.HISTORY_PAGE_SIZE)
# What may or may not have come to pass when a request ends so.
UNKNOWN_OUTCOME = (httpx.TransportError, httpx.HTTPStatusError)


class Refused(Exception):
    """The server answered that it will not do it, with this status: it was not done."""


async def eventually[T](condition: Callable[[], T], seconds: float = 20.0, what: str = "") -> T:
    """Return what `condition` returns as soon as it is true."""
    deadline = time.monotonic() + seconds
    while not (result := condition()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {what or condition}"
        await asyncio.sleep(0.01)
    return result


class StreamReader:
    """One stream, over a socket of its own."""

    def __init__(self) -> None:
        self.log: list[tuple[sse.Event, float]] = []  # with the moment each came, by time.monotonic()
        self.status = 0
        self.headers: list[tuple[str, str]] = []
        self.body = b""  # of an answer that is no stream
        self.is_complete = False
        self.is_closed = False
        self._writer: asyncio.StreamWriter | None = None
        self._task: asyncio.Task[None] | None = None
        self._news = asyncio.Event()

    @classmethod
    async def open(
        cls,
        url: str,
        path: str,
        *,
        session: str = "",
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        method: str = "GET",
        receive_buffer: int = 0,
    ) -> Self:
        """Send the request and read the head of the answer; with a `receive_buffer`, no more of it."""
        self = cls()
        connection = socket.socket()
        if receive_buffer:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        connection.setblocking(False)
        address = urlsplit(url)
        try:
            await asyncio.get_running_loop().sock_connect(connection, (address.hostname, address.port))
        except OSError:
            connection.close()
            raise
        limit = receive_buffer or 2**16
        reader, self._writer = await asyncio.open_connection(sock=connection, limit=limit)
        sent = {"Host": address.netloc, "Accept": "text/html, text/event-stream", **(headers or {})}
        if session:
            sent["Cookie"] = f"{COOKIE}={session}"
        target = f"{path}?{urlencode(query)}" if query else path
        lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in sent.items())]
        self._writer.write("\r\n".join([*lines, "", ""]).encode("latin-1"))
        try:
            async with asyncio.timeout(30):
                await self._read_head(reader)
        except BaseException:
            await self.close()
            raise
        if not receive_buffer:
            self._task = asyncio.create_task(self._read_body(reader))
        return self

    async def _read_head(self, reader: asyncio.StreamReader) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        except asyncio.IncompleteReadError as error:
            raise ConnectionResetError(f"no answer but {error.partial!r}") from None
        status, *lines = head.strip().split("\r\n")
        self.status = int(status.split()[1])
        self.headers = [
            (name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines)
        ]

    async def _read_body(self, reader: asyncio.StreamReader) -> None:
        parser = sse.Parser()
        is_stream = self.header("content-type").startswith("text/event-stream")
        is_chunked = self.header("transfer-encoding") == "chunked"
        try:
            while (chunk := await self._chunk(reader, is_chunked)) is not None:
                if is_stream:
                    self.log += [(event, time.monotonic()) for event in parser.feed(chunk)]
                else:
                    self.body += chunk
                self._news.set()
            parser.close()
            self.is_complete = True
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self.is_closed = True
            self._news.set()

    async def _chunk(self, reader: asyncio.StreamReader, is_chunked: bool) -> bytes | None:
        """Return the next chunk; None after the last one."""
        if not is_chunked:
            length = int(self.header("content-length") or 0)
            content = await reader.readexactly(length - len(self.body))
            return content or None
        size = int(await reader.readuntil(b"\r\n"), 16)
        content = await reader.readexactly(size + 2)
        return content[:-2] if size else None

    @property
    def events(self) -> list[sse.Event]:
        return [event for event, _arrived in self.log]

    @property
    def unnamed(self) -> list[sse.Event]:
        """The events that htmx swaps in."""
        return self.named("")

    def named(self, name: str) -> list[sse.Event]:
        return [event for event in self.events if event.name == name]

    def header(self, name: str) -> str:
        return ", ".join(value for key, value in self.headers if key == name)

    async def wait_for[T](self, condition: Callable[[], T], seconds: float = 20.0, what: str = "") -> T:
        """Return what `condition` returns as soon as it is true, looking again at every event."""
        try:
            async with asyncio.timeout(seconds):
                while not (result := condition()):
                    assert not self.is_closed, (
                        f"the stream ended first: {what or condition}; {self.events[-3:]}"
                    )
                    self._news.clear()
                    await self._news.wait()
                return result
        except TimeoutError:
            raise AssertionError(f"not within {seconds} s: {what or condition}; {self.events[-3:]}") from None

    async def wait_for_text(self, text: str, seconds: float = 20.0) -> sse.Event:
        return await self.wait_for(lambda: self.with_text(text), seconds, f"an event with {text!r}")

    async def wait_for_event(self, name: str, seconds: float = 20.0) -> sse.Event:
        return (await self.wait_for(lambda: self.named(name), seconds, f"an event {name!r}"))[0]

    async def wait_until_closed(self, seconds: float = 20.0) -> None:
        await eventually(lambda: self.is_closed, seconds, "the end of the stream")

    async def wait_for_message(self, text: str, seconds: float = 20.0) -> sse.Event:
        return await self.wait_for(lambda: self.message(text), seconds, f"a message {text!r}")

    def message(self, text: str) -> sse.Event | None:
        """Return the event of a room with `text`; these have ids."""
        return next((event for event in self.events if event.id and text in event.data), None)

    def with_text(self, text: str) -> sse.Event | None:
        return next((event for event in self.events if text in event.data), None)

    async def close(self) -> None:
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        if self._writer:
            self._writer.transport.abort()
            with suppress(OSError):
                await self._writer.wait_closed()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self.close()


class ChatClient:
    """Somebody who has entered under `name` at the server at `url`."""

    KEPT_SECONDS = 5.0  # of a connection that is not used; less than a server keeps it

    def __init__(self, url: str, name: str) -> None:
        self.url = url
        self.name = name
        self.csrf_token = ""
        # Plain HTTP needs no certificates, which take long to load.
        limits = httpx.Limits(keepalive_expiry=self.KEPT_SECONDS)
        headers = {"HX-Request": "true"}
        self.http = httpx.AsyncClient(verify=False, timeout=30, limits=limits, headers=headers)  # noqa: S501
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self._stack.enter_async_context(self.http)
        await self.enter()
        return self

    async def __aexit__(self, *exception: Any) -> None:
        await self._stack.aclose()

    async def enter(self) -> None:
        login = Page((await self.http.get(f"{self.url}/login/")).text)
        form = {"csrfmiddlewaretoken": login.csrf_token, "name": self.name}
        answer = await self.http.post(f"{self.url}/login/", data=form)
        assert answer.status_code == 302, answer.text
        self.csrf_token = self.http.cookies["hearth_csrf"]

    @property
    def session(self) -> str:
        return self.http.cookies[COOKIE]

    async def get(self, path: str, **headers: str) -> httpx.Response:
        return await self.http.get(f"{self.url}{path}", headers={"HX-Request": "false", **headers})

    async def send(self, path: str, **fields: str) -> httpx.Response:
        """Post a form."""
        form = {"csrfmiddlewaretoken": self.csrf_token, **fields}
        return await self.http.post(f"{self.url}{path}", data=form)

    async def lobby(self) -> Page:
        return Page((await self.get("/")).raise_for_status().text)

    async def room(self, room_id: int) -> Page:
        """Open the page of a room; who is new there joins by it."""
        return Page((await self.get(f"/rooms/{room_id}/")).raise_for_status().text)

    async def create_room(self, name: str) -> int:
        form = {"csrfmiddlewaretoken": self.csrf_token, "name": name}
        # As a whole page, which says why where it is refused.
        return _room_id(
            await self.http.post(f"{self.url}/rooms/", data=form, headers={"HX-Request": "false"})
        )

    async def id_of(self, name: str) -> int:
        """Return the id of somebody, as their profile says it."""
        profile = Page((await self.get(f"/people/{name}/profile/")).text)
        [main] = profile.root.all("main")
        return next(int(found["data-name"]) for found in main.walk() if found.get("data-name"))

    async def private_chat(self, name: str) -> int:
        return _room_id(await self.get(f"/people/{name}/"))

    async def post(self, room_id: int, content: str, token: str = "") -> int:
        """Post a message; return its id. Raises Refused, or one of UNKNOWN_OUTCOME."""
        token = token or str(uuid.uuid4())
        answer = await self.send(f"/rooms/{room_id}/messages/", content=content, token=token)
        if 400 <= answer.status_code < 500:
            raise Refused(answer.status_code)
        answer.raise_for_status()
        assert answer.status_code == 201, answer.text
        found = re.search(r'id="message-(\d+)"', answer.text)
        assert found
        return int(found[1])

    async def post_at_last(
        self, room_id: int, content: str, seconds: float = 30.0, token: str = "", when_unheard: Any = None
    ) -> int:
        """Post a message, asking again with the same token for as long as nobody says what became of it.

        `when_unheard` is called each time.
        """
        token = token or str(uuid.uuid4())
        deadline = time.monotonic() + seconds
        while True:
            try:
                return await self.post(room_id, content, token)
            except UNKNOWN_OUTCOME:
                assert time.monotonic() < deadline, "the server does not come back"
                if when_unheard:
                    when_unheard()
                await asyncio.sleep(0.1)

    async def leave(self, room_id: int) -> None:
        assert (await self.send(f"/rooms/{room_id}/leave/")).status_code == 302

    async def log_out(self) -> None:
        assert (await self.send("/logout/")).status_code == 302

    async def mark_read(self, room_id: int, upto: int) -> None:
        assert (await self.send(f"/rooms/{room_id}/read/", upto=str(upto))).status_code == 204

    async def history(self, room_id: int) -> list[tuple[int, str]]:
        """Return ids and contents of all messages of a room, oldest first, page by page."""
        page = await self.room(room_id)
        messages = page.messages
        while page.messages:
            older = await self.get(f"/rooms/{room_id}/?before={messages[0][0]}")
            page = Page(older.raise_for_status().text)
            messages = page.messages + messages
        return messages

    async def stream(self, room_id: int | None = None, path: str = "stream", **options: Any) -> StreamReader:
        """Open the stream of a room, or of the lobby; `path` may be that of a document (`live`)."""
        path = f"/{path}" if room_id is None else f"/rooms/{room_id}/{path}"
        return await StreamReader.open(self.url, path, session=self.session, **options)


def _room_id(answer: httpx.Response) -> int:
    assert answer.status_code == 302, answer.text
    found = re.search(r"/rooms/(\d+)/", answer.headers["location"])
    assert found
    return int(found[1])


class Follower:
    """An open stream that connects again as hx-sse does, only in more of a hurry, until it is told to stop.

    The first connection is tried again with the cursors that it began with; later ones ask for the address of
    the first one, and say by Last-Event-ID how far they got.
    """

    def __init__(
        self, client: ChatClient, room_id: int | None, cursors: Mapping[str, str], hurry: float = 0.2
    ) -> None:
        self.client = client
        self.room_id = room_id
        self.hurry = hurry  # seconds, on average, until it connects again
        self.connections = 0
        self.is_connected = False
        self.failures = 0  # attempts to connect that came to nothing
        self.posted: list[int] = []  # messages that came as new ones, in the order they came
        self.newest_pages = 0  # that came because there was too much to come message by message
        self.errors: list[Exception] = []
        self._cursors = cursors
        self._task = asyncio.create_task(self._run())

    @property
    def cursors(self) -> Mapping[str, str]:
        """What the first connection says that is here already."""
        return self._cursors

    @property
    def connects(self) -> bool:
        return True

    def take(self, event: sse.Event) -> None:
        """Do what an event says."""
        self.posted += posted_in(event.data)
        self.newest_pages += 'hx-target="#conversation"' in event.data

    async def _run(self) -> None:
        query: Mapping[str, str] = {}
        last_event_id = ""
        while self.connects:
            if not self.connections:
                query = self.cursors
            headers = {"HX-Request": "true"} | ({"Last-Event-ID": last_event_id} if last_event_id else {})
            try:
                async with await self.client.stream(self.room_id, query=query, headers=headers) as stream:
                    if stream.status == 200:
                        self.connections += 1
                        self.is_connected = True
                        last_event_id = await self._follow(stream, last_event_id)
            except OSError:
                self.failures += 1
            except AssertionError as error:
                self.errors.append(error)
                return
            finally:
                self.is_connected = False
            await asyncio.sleep(random.uniform(0.5, 1.5) * self.hurry)

    async def _follow(self, stream: StreamReader, last_event_id: str) -> str:
        """Take events until the stream ends or the page is told to stop; return the last id."""
        while self.connects:
            with suppress(AssertionError):
                await stream.wait_for(lambda: stream.log, 60)
            events = stream.events
            if not events:
                break
            stream.log.clear()
            for event in events:
                if event.id:
                    assert event.id.startswith(f"room-{self.room_id}:"), f"{event.id} in room {self.room_id}"
                    last_event_id = event.id
                self.take(event)
        return last_event_id

    async def close(self) -> None:
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self.close()


class LivePage(Follower):
    """An open page that keeps itself up to date."""

    def __init__(self, client: ChatClient, room_id: int | None, page: Page) -> None:
        self.page = page
        super().__init__(client, room_id, {})

    @classmethod
    async def open(cls, client: ChatClient, room_id: int | None) -> Self:
        return cls(client, room_id, await (client.lobby() if room_id is None else client.room(room_id)))

    @property
    def cursors(self) -> Mapping[str, str]:
        return self.page.cursors

    @property
    def connects(self) -> bool:
        return self.page.connects

    def take(self, event: sse.Event) -> None:
        super().take(event)
        if not event.name:
            self.page.apply(event.data)

    def shows(self, messages: list[tuple[int, str]]) -> bool:
        """Whether it shows all `messages`, or the last of them where it was too far behind for all."""
        shown = self.page.messages
        if self.newest_pages and len(shown) >= NEWEST_PAGE:
            return shown == messages[-len(shown) :]
        return shown == messages

    async def wait_for_messages(self, messages: list[tuple[int, str]], seconds: float = 15.0) -> None:
        try:
            await eventually(lambda: self.errors or self.shows(messages), seconds)
        except AssertionError:
            raise AssertionError(
                f"Of {len(messages)} messages {len(self.page.messages)} were there within {seconds} s, "
                f"in {self.connections} streams, {self.failures} failures and {self.newest_pages} new pages."
            ) from None
        if self.errors:
            raise self.errors[0]
