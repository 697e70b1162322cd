"""People who post with hardly a pause and have pages open, while something is broken."""

import asyncio
import itertools
import uuid
from contextlib import AsyncExitStack
from typing import Self

from tests.support.clients import UNKNOWN_OUTCOME, ChatClient, LivePage, Refused, eventually
from tests.support.server import Server

WRITERS = ("kim", "lou", "max", "nic")
PAUSE = 0.05  # seconds after each message, in which what was broken gets its share of the processor


def rows_of(server: Server, room_id: int) -> tuple[list[int], list[tuple[int, str]]]:
    """Return what the database has: positions, and ids with contents, in the order of the room."""
    with server.rows() as rows:
        found = rows.execute(
            "SELECT position, id, content FROM rooms_message WHERE room_id = ? ORDER BY position", [room_id]
        )
    return [position for position, _id, _content in found], [row[1:] for row in found]


class Crowd:
    """Everybody writes in one room and has two pages of it open.

    As in Jepsen's histories, a message is acknowledged, after asking for it with its token as often as it
    took; or it was refused; or it is unknown what became of it, since nobody said and nobody asked again.
    `check` compares that with the database, and with what all pages show.
    """

    def __init__(
        self, *servers: Server, name: str = "Fortress", patience: float = 90, pause: float = PAUSE
    ) -> None:
        self.servers = servers
        self.name = name
        self.pause = pause
        self.patience = patience  # seconds until somebody gives up a message
        self.acknowledged: dict[str, int] = {}  # content → id
        self.refused: set[str] = set()
        self.unknown: dict[str, tuple[ChatClient, str]] = {}  # content → whose it is, and its token
        self.unheard = 0  # answers that did not come or said nothing
        self.clients: list[ChatClient] = []
        self.pages: list[LivePage] = []
        self.room_id = 0
        self._is_over = asyncio.Event()
        self._writing: list[asyncio.Task[None]] = []
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        for number, name in enumerate(WRITERS):
            client = ChatClient(self.servers[number % len(self.servers)].url, name)
            self.clients.append(await self._stack.enter_async_context(client))
        self.room_id = await self.clients[0].create_room(self.name)
        for client in self.clients * 2:
            page = await LivePage.open(client, self.room_id)
            self.pages.append(await self._stack.enter_async_context(page))
        self._writing = [asyncio.create_task(self._write(client)) for client in self.clients]
        return self

    async def __aexit__(self, *exception: object) -> None:
        for task in self._writing:
            task.cancel()
        await self._stack.aclose()

    async def _write(self, client: ChatClient) -> None:
        for number in itertools.count(1):
            if self._is_over.is_set():
                return
            content, token = f"{client.name} {number}", str(uuid.uuid4())
            if number % 9 == 5:
                await self._write_once(client, content, token)
            else:
                self.acknowledged[content] = await client.post_at_last(
                    self.room_id, content, self.patience, token, self._note_unheard
                )
            if number % 9 == 7:
                await self._write_another(client, f"{content}, another", token)
            await asyncio.sleep(self.pause)

    def _note_unheard(self) -> None:
        self.unheard += 1

    async def _write_once(self, client: ChatClient, content: str, token: str) -> None:
        """Ask for it no more if nobody says what became of it."""
        try:
            self.acknowledged[content] = await client.post(self.room_id, content, token)
        except UNKNOWN_OUTCOME:
            self.unknown[content] = client, token
            self.unheard += 1

    async def _write_another(self, client: ChatClient, content: str, token: str) -> None:
        """Try another message with a token that is taken."""
        self.refused.add(content)
        try:
            await client.post(self.room_id, content, token)
        except Refused:
            pass
        except UNKNOWN_OUTCOME:
            self.unheard += 1

    async def more_messages(self, count: int = 10) -> None:
        enough = len(self.acknowledged) + count
        await eventually(
            lambda: self.has_failed or len(self.acknowledged) >= enough, self.patience, "messages go on"
        )
        await self._raise_failures()

    @property
    def has_failed(self) -> bool:
        return any(task.done() and task.exception() for task in self._writing)

    async def _raise_failures(self) -> None:
        await asyncio.gather(*(task for task in self._writing if task.done()))

    def is_idle(self) -> bool:
        return all(task.done() for task in self._writing)

    @property
    def messages(self) -> list[tuple[int, str]]:
        return rows_of(self.servers[0], self.room_id)[1]

    async def check(self) -> None:
        """Nothing acknowledged is missing, nothing is there twice, and the order is kept, on every page."""
        await self.more_messages()
        self._is_over.set()
        await asyncio.gather(*self._writing)
        await self._ask_for_unknown()
        positions, messages = rows_of(self.servers[0], self.room_id)
        self._check_database(positions, messages)
        for page in self.pages:
            await page.wait_for_messages(messages, self.patience)
            keys = [key for key, _content in messages]
            # What came with a whole page is not among those that were posted.
            assert page.posted == [key for key in keys if key in page.posted or not page.newest_pages]
        assert await self.clients[0].history(self.room_id) == messages

    async def _ask_for_unknown(self) -> None:
        """Those that are there are there once, and stay the same when they are asked for again."""
        before = self.messages
        for content, (client, token) in self.unknown.items():
            found = [key for key, text in before if text == content]
            assert len(found) <= 1
            self.acknowledged[content] = await client.post_at_last(
                self.room_id, content, self.patience, token
            )
            assert not found or found == [self.acknowledged[content]]

    def _check_database(self, positions: list[int], messages: list[tuple[int, str]]) -> None:
        assert positions == list(range(1, len(positions) + 1))
        assert len(messages) == len(self.acknowledged)
        assert {content: key for key, content in messages} == self.acknowledged
        assert not self.refused & self.acknowledged.keys()
        for client in self.clients:
            said = [content for _id, content in messages if content not in self.unknown]
            numbers = [int(content.split()[1]) for content in said if content.startswith(f"{client.name} ")]
            assert numbers == sorted(numbers)
