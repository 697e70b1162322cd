"""What an attacker costs everybody else: ways to stop a server, each beside an honest load of the same size.

Meanwhile others do what they always do, without a pause, and each time is taken. An attack stalls them if it
has them wait more than TIMES as long as the honest load did, and longer than NOTICEABLE.
"""

import asyncio
import io
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from typing import Any

import httpx
from PIL import Image

from accounts import picture
from tests.support.clients import UNKNOWN_OUTCOME, ChatClient, StreamReader
from tests.support.htmx import Page
from tests.support.server import Server

TIMES = 5
NOTICEABLE = 1.0  # seconds
PAUSE = 0.02
MEMORY_BYTES = 96 * 1024 * 1024  # what an attack may cost, and no more for another one like it
DISK_BYTES = 96 * 1024 * 1024  # the same for the disk
LOOK_SECONDS = 0.02
ATTEMPTS = 3  # a machine that is busy stalls everybody at times, but not always when it is attacked
PEOPLE = 5  # whom one attacker can be
SENDER_PATIENCE = 2
OPTIONS = {
    "LIMIT_UPLOAD_PER_USER": "off",
    "LIMIT_ROOM_PER_USER": "off",
    "ROOMS_PER_OWNER": "1000",
    "SENDER_PATIENCE": str(SENDER_PATIENCE),
    "UNFINISHED_PER_ADDRESS": "64",
}


class Stalled(AssertionError):
    """Somebody waited for longer than they may."""


class Client(ChatClient):
    KEPT_SECONDS = SENDER_PATIENCE / 2


class Others:
    """They look whether the server is there, open pages, and write to each other."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.stack = AsyncExitStack()
        self.heard = ""  # the id of the last message that came

    async def __aenter__(self) -> "Others":
        self.kim = await self.stack.enter_async_context(Client(self.server.url, "kim"))
        self.lou = await self.stack.enter_async_context(Client(self.server.url, "lou"))
        self.room_id = await self.kim.private_chat("lou")
        self.cursors = (await self.lou.room(self.room_id)).cursors
        await self.listen()
        return self

    async def __aexit__(self, *exception: Any) -> None:
        await self.stack.aclose()

    async def listen(self) -> None:
        """Open the stream as a page does: at first, and again when the server has ended it."""
        headers = {"Last-Event-ID": self.heard} if self.heard else {}
        stream = await self.lou.stream(self.room_id, query=self.cursors, headers=headers)
        self.stream = await self.stack.enter_async_context(stream)
        await self.stream.wait_for_event("connected")

    async def look(self) -> None:
        (await self.lou.get("/healthz")).raise_for_status()

    async def open_page(self) -> None:
        (await self.lou.get("/")).raise_for_status()

    async def talk(self) -> None:
        """Post, and wait until the page has it, which may have to come back first."""
        text = f"It is {time.monotonic_ns()}."
        await self.kim.post(self.room_id, text)
        if not await self.hears(text):
            await self.listen()
            if not await self.hears(text):
                raise Stalled("the stream ended twice while one message was on its way")
        self.stream.log.clear()

    async def hears(self, text: str) -> bool:
        """Wait for a message; return whether it came before the end of the stream.

        The server completes all streams when a house becomes large, or small again, so that lists begin anew.
        It must not cut one off.
        """
        stream = self.stream
        await stream.wait_for(lambda: stream.message(text) or stream.is_complete, what=f"a message {text!r}")
        if message := stream.message(text):
            self.heard = message.id or ""
        return bool(message)

    async def worst_waits(
        self, load: Awaitable[None], patience: dict[str, float] | None = None
    ) -> dict[str, float]:
        """Return how long each of the three took at most while there was `load`. Raises Stalled."""
        waits: dict[str, float] = {}
        is_over = asyncio.Event()

        async def keep_on(what: Callable[[], Awaitable[None]]) -> None:
            name = what.__name__
            bound = (patience or {}).get(name, 30.0)
            while not is_over.is_set():
                began = time.monotonic()
                try:
                    async with asyncio.timeout(bound):
                        await what()
                except (TimeoutError, *UNKNOWN_OUTCOME) as error:
                    raise Stalled(f"{name} was not done within {bound:.1f} s: {error!r}") from None
                waits[name] = max(waits.get(name, 0.0), time.monotonic() - began)
                await asyncio.sleep(PAUSE)

        async def bear() -> None:
            try:
                await load
                await asyncio.sleep(2 * PAUSE)
            except UNKNOWN_OUTCOME as error:
                raise Stalled(f"the load itself was not borne: {error!r}") from None
            finally:
                is_over.set()

        tasks = [asyncio.create_task(bear())]
        tasks += [asyncio.create_task(keep_on(what)) for what in (self.look, self.open_page, self.talk)]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return waits


class Attacker:
    """A stranger, and some members as whom the same person enters."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.stack = AsyncExitStack()
        self.members: list[ChatClient] = []
        self.room_id = 0

    async def __aenter__(self) -> "Attacker":
        limits = httpx.Limits(keepalive_expiry=Client.KEPT_SECONDS)
        # Plain HTTP needs no certificates, which take long to load.
        self.stranger = await self.stack.enter_async_context(
            httpx.AsyncClient(verify=False, timeout=60, limits=limits)  # noqa: S501
        )
        for number in range(PEOPLE):
            client = Client(self.server.url, f"mallory{number}")
            self.members.append(await self.stack.enter_async_context(client))
        return self

    async def __aexit__(self, *exception: Any) -> None:
        await self.stack.aclose()
        await asyncio.sleep(0.1)  # the loop closes what was cut off in the middle

    async def enter_as(self, name: str) -> None:
        """Try it in some forms at once."""
        url = f"{self.server.url}/login/"
        token = Page((await self.stranger.get(url)).text).csrf_token
        form = f"csrfmiddlewaretoken={token}&name={name}".encode()
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        answers = await asyncio.gather(
            *(self.stranger.post(url, content=form, headers=kind) for _form in range(FORMS))
        )
        assert {answer.status_code for answer in answers} == {422}

    async def post_form(self, path: str, body: bytes) -> int:
        """Post a form in parts, without a token; return the status."""
        kind = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
        return (await self.stranger.post(f"{self.server.url}{path}", content=body, headers=kind)).status_code

    async def upload(self, number: int, data: bytes) -> int:
        member = self.members[number % PEOPLE]
        answer = await member.http.post(
            f"{member.url}/settings/avatar/",
            data={"csrfmiddlewaretoken": member.csrf_token},
            files={"picture": ("me.jpg", data, "image/jpeg")},
            timeout=60,
        )
        return answer.status_code

    async def upload_at_last(self, number: int, data: bytes) -> int:
        """Upload as soon as nothing of an attempt before this one is still being worked on."""
        while (status := await self.upload(number, data)) == 503:
            await asyncio.sleep(PAUSE)
        return status


# Text before it is known who asks

LONG = 15_000  # twice as many characters, of two bytes each, are the most that a form may have
FORMS = 4  # as many as there are threads


async def honest_name(attacker: Attacker) -> None:
    await attacker.enter_as("a" * 4 * LONG)


async def hostile_name(attacker: Attacker) -> None:
    """Two kinds of marks, which have to be put in order."""
    await attacker.enter_as("a" + "\u0301" * LONG + "\u0323" * LONG)


# Forms in parts

BOUNDARY = "x"
PARTS_BYTES = 60_000
PATHS = ("/login/", "/settings/avatar/")  # in parts only where files are sent, says the server


def part(name: str, value: str) -> bytes:
    return f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()


async def post_parts(attacker: Attacker, body: bytes) -> None:
    statuses = [await attacker.post_form(path, body + b"--x--\r\n") for path in PATHS]
    assert statuses == [400, 403], statuses


async def honest_parts(attacker: Attacker) -> None:
    await post_parts(attacker, part("name", "a" * PARTS_BYTES))


async def hostile_parts(attacker: Attacker) -> None:
    """Its only part has a name of which `email` makes 60,000 parameters."""
    await post_parts(attacker, part("a" + ";" * PARTS_BYTES, ""))


# Large bodies

LARGE_BYTES = 8_500_000
STRANGERS = 24


async def honest_upload(attacker: Attacker) -> None:
    for number in range(3):
        assert await attacker.upload_at_last(number, bytes(8_300_000)) == 422


async def hostile_uploads(attacker: Attacker) -> None:
    """Strangers who send a form with a file, but for its end."""
    head = (
        f"POST /settings/avatar/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {LARGE_BYTES}\r\n"
        f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n\r\n"
        # Besides its files a form is short, or it is refused before there is much of it.
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="picture"; filename="me.jpg"\r\n\r\n'
    )
    chunk = bytes(100_000)

    async def send() -> None:
        _reader, writer = await asyncio.open_connection("127.0.0.1", attacker.server.port)
        try:
            with suppress(OSError):
                writer.write(head.encode())
                for _number in range(LARGE_BYTES // len(chunk) - 1):
                    writer.write(chunk)
                    async with asyncio.timeout(3):
                        await writer.drain()
                await asyncio.sleep(1)
        except TimeoutError:
            pass  # nobody reads it
        finally:
            await abort([writer])

    await asyncio.gather(*(send() for _stranger in range(STRANGERS)))


# Pictures

PICTURES = 12


@cache
def jpeg(scans: int) -> bytes:
    """Return a progressive JPEG, the last scan of which comes again until it has so many."""
    file = io.BytesIO()
    Image.new("RGB", (3000, 3000), "teal").save(file, "JPEG", progressive=True, quality=50)
    data = file.getvalue()
    last = data.rindex(picture.START_OF_SCAN)
    return data[:last] + data[last:-2] * max(1, scans - data.count(picture.START_OF_SCAN) + 1) + data[-2:]


async def honest_pictures(attacker: Attacker) -> None:
    """Fewer, of people who do not all come at once."""
    data = await asyncio.to_thread(jpeg, 1)
    for number in range(PEOPLE):
        assert await attacker.upload_at_last(number, data) == 302


async def hostile_pictures(attacker: Attacker) -> None:
    data = await asyncio.to_thread(jpeg, picture.MAX_SCANS)
    statuses = await asyncio.gather(*(attacker.upload(number, data) for number in range(PICTURES)))
    assert set(statuses) <= {302, 422, 429, 503}, statuses


# Messages and rooms that are dear to those who read them

MESSAGES = 50  # a page of them
READERS = 8


def messages_of(content: str) -> Callable[[Attacker], Awaitable[None]]:
    """Return what posts a page of messages in a new room."""

    async def post(attacker: Attacker) -> None:
        author = attacker.members[0]
        attacker.room_id = await author.create_room(f"Dear {time.monotonic_ns()}")
        texts = [f"{number} {content}"[:4000] for number in range(MESSAGES)]
        await asyncio.gather(*(author.post(attacker.room_id, text) for text in texts))

    return post


async def read_messages(attacker: Attacker) -> None:
    readers = attacker.members
    await asyncio.gather(*(readers[number % PEOPLE].room(attacker.room_id) for number in range(READERS)))


ROOMS = 3_000


async def read_lists(attacker: Attacker) -> None:
    readers = attacker.members
    await asyncio.gather(*(readers[number % PEOPLE].lobby() for number in range(READERS)))


async def make_rooms(attacker: Attacker) -> None:
    """Make rooms as if it was done over weeks, under many names."""
    like = await attacker.members[0].create_room(f"Raid {time.monotonic_ns()}")
    with attacker.server.rows() as rows:
        columns = [name for _number, name, *_more in rows.execute("PRAGMA table_info(rooms_chatroom)")]
        values = {name: name for name in columns if name != "id"}
        values |= {"name": "name || n", "canonical_name": "canonical_name || n"}
        copied = (
            f"INSERT INTO rooms_chatroom ({', '.join(values)}) SELECT {', '.join(values.values())}"  # noqa: S608
            " FROM rooms_chatroom, numbers WHERE id = ?"
        )
        numbers = "numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?)"
        rows.execute(f"WITH RECURSIVE {numbers} {copied}", [ROOMS, like])


async def delete_rooms(attacker: Attacker) -> None:
    with attacker.server.rows() as rows:
        rows.execute(
            "DELETE FROM rooms_chatroom WHERE name LIKE 'Raid %'"
            " AND id NOT IN (SELECT room_id FROM rooms_membership)"
        )


# Connections whose requests never come whole

CONNECTIONS = 300
ELSEWHERE = "127.0.0.9"  # an address of its own, which has 64 of them


async def honest_connections(attacker: Attacker) -> None:
    for _visitor in range(CONNECTIONS // 10):
        await asyncio.gather(*(one_visit(attacker.server) for _ in range(10)))


async def one_visit(server: Server) -> None:
    async with await StreamReader.open(server.url, "/login/") as answer:
        assert answer.status == 200


async def hostile_connections(attacker: Attacker) -> None:
    """A byte now and then, in heads and in bodies, until the server has had enough of all of them."""
    head = b"POST /login/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    body = b"Content-Length: 100000\r\n\r\nname="
    server = attacker.server
    before = server.connections
    writers = []
    try:
        for number in range(CONNECTIONS):
            with suppress(OSError):
                _reader, writer = await asyncio.open_connection(
                    "127.0.0.1", server.port, local_addr=(ELSEWHERE, 0)
                )
                writer.write(head + (body if number % 2 else b""))
                writers.append(writer)
        deadline = time.monotonic() + 8
        while (held := server.connections - before) > 10:
            assert time.monotonic() < deadline, f"{held} connections are held by slow senders"
            for writer in writers:
                writer.write(b"a")
            await asyncio.sleep(0.3)
    finally:
        await abort(writers)


async def abort(writers: list[asyncio.StreamWriter]) -> None:
    for writer in writers:
        writer.transport.abort()
    await asyncio.gather(*(writer.wait_closed() for writer in writers), return_exceptions=True)


@contextmanager
def memory_bounded(server: Server) -> Iterator[None]:
    before = server.memory
    server.forget_peak_memory()
    yield
    grown = server.peak_memory - before
    print(f"{grown / 2**20:.0f} MiB")
    assert grown < MEMORY_BYTES, f"{grown / 2**20:.0f} MiB of memory"


@contextmanager
def disk_bounded(server: Server) -> Iterator[None]:
    most, is_over = 0, threading.Event()

    def look() -> None:
        nonlocal most
        while not is_over.wait(LOOK_SECONDS):
            most = max(most, server.unnamed_bytes)

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield
    finally:
        is_over.set()
        looking.join()
    print(f"{most / 2**20:.0f} MiB on the disk")
    assert most < DISK_BYTES, f"{most / 2**20:.0f} MiB on the disk"


async def nothing(_attacker: Attacker) -> None:
    pass


@dataclass(frozen=True)
class Attack:
    """A load that should cost others no more than an honest one of the same size.

    What either needs to be there is not measured.
    """

    honest: Callable[[Attacker], Awaitable[None]]
    hostile: Callable[[Attacker], Awaitable[None]]
    prepare_honest: Callable[[Attacker], Awaitable[None]] = nothing
    prepare_hostile: Callable[[Attacker], Awaitable[None]] = nothing
    clean_up: Callable[[Attacker], Awaitable[None]] = nothing

    async def run(self, server: Server, attempts: int = ATTEMPTS) -> None:
        """Raises AssertionError where it does harm, time after time."""
        async with Others(server) as others, Attacker(server) as attacker:
            for attempt in range(attempts):
                try:
                    return await self._run_once(server, others, attacker)
                except Stalled:
                    if attempt == attempts - 1:
                        raise
                    await asyncio.sleep(1)
                finally:
                    await self.clean_up(attacker)

    async def _run_once(self, server: Server, others: Others, attacker: Attacker) -> None:
        await self.prepare_honest(attacker)
        with memory_bounded(server), disk_bounded(server):
            worst = await others.worst_waits(self.honest(attacker))
        print("honest:", worst)
        await self.prepare_hostile(attacker)
        with memory_bounded(server), disk_bounded(server):
            bounds = {name: max(NOTICEABLE, TIMES * wait) for name, wait in worst.items()}
            print("hostile:", await others.worst_waits(self.hostile(attacker), bounds))


TEXT = Attack(honest_name, hostile_name)
PARTS = Attack(honest_parts, hostile_parts)
BODIES = Attack(honest_upload, hostile_uploads)
PICTURE = Attack(honest_pictures, hostile_pictures)
MESSAGE = Attack(
    read_messages,
    read_messages,
    prepare_honest=messages_of("letters" * 600),
    prepare_hostile=messages_of("".join(f"{number}a.io " for number in range(800))),
)
ROOM = Attack(read_lists, read_lists, prepare_hostile=make_rooms, clean_up=delete_rooms)
SLOWNESS = Attack(honest_connections, hostile_connections)
ATTACKS = {
    "text": TEXT,
    "parts": PARTS,
    "bodies": BODIES,
    "pictures": PICTURE,
    "messages": MESSAGE,
    "rooms": ROOM,
    "slow senders": SLOWNESS,
}
