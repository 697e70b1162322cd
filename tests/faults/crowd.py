"""People who post without a pause and have pages open, while something is broken."""

import asyncio
from contextlib import AsyncExitStack
from typing import Self

from tests.clients import ChatClient, LivePage, eventually
from tests.server import Server

WRITERS = ("kim", "lou", "max", "nic")


def rows_of(server: Server, room_id: int) -> tuple[list[int], list[tuple[int, str]]]:
    """Return what the database has: positions, and ids with contents, in the order of the room."""
    with server.rows() as rows:
        found = rows.execute(
            "SELECT position, id, content FROM rooms_message WHERE room_id = ? ORDER BY position", [room_id]
        )
    return [position for position, _id, _content in found], [row[1:] for row in found]


class Crowd:
    """Everybody writes in one room, asking again until they hear of each message; each has two pages open.

    `check` compares what was acknowledged with the database, and with what the pages show.
    """

    def __init__(self, *servers: Server, name: str = "Fortress", patience: float = 30) -> None:
        self.servers = servers
        self.name = name
        self.patience = patience  # seconds until somebody gives up a message
        self.acknowledged: dict[str, int] = {}  # content → id
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
        number = 0
        while not self._is_over.is_set():
            number += 1
            content = f"{client.name} {number}"
            self.acknowledged[content] = await client.post_at_last(self.room_id, content, self.patience)

    async def more_messages(self, count: int = 10) -> None:
        enough = len(self.acknowledged) + count
        await eventually(lambda: len(self.acknowledged) >= enough, self.patience, "messages go on")

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
        positions, messages = rows_of(self.servers[0], self.room_id)
        assert positions == list(range(1, len(positions) + 1))
        assert len(messages) == len(self.acknowledged)
        assert {content: key for key, content in messages} == self.acknowledged
        for client in self.clients:
            mine = [content for _id, content in messages if content.startswith(f"{client.name} ")]
            assert mine == [f"{client.name} {number}" for number in range(1, len(mine) + 1)]
        for page in self.pages:
            await page.wait_for_messages(messages, self.patience)
            assert page.posted == [key for key, _content in messages]
        assert await self.clients[0].history(self.room_id) == messages
