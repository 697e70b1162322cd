"""What the live part of one process is made of; and a server in a process of its own, and people who use it.

ann and bob have a private chat, `private_id`, and are in a group, `group_id`; eve is in nothing.
"""

import itertools
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from rooms import jobs
from rooms.live.news import rounds
from rooms.live.watch.database import DatabaseThreads
from rooms.live.wire.hub import Hub
from tests.support.clients import ChatClient
from tests.support.server import Rows, Server

HEARTBEAT = 0.5
METRICS_TOKEN = "who has it may look"
COMPLAINT = re.compile(r"Traceback|ERROR|CRITICAL|Unhandled|never retrieved")

type Enter = Callable[[str], Awaitable[ChatClient]]

numbers = itertools.count(1)


@pytest.fixture
def hub() -> Hub:
    return Hub()


@pytest.fixture
async def database() -> AsyncIterator[DatabaseThreads]:
    database = DatabaseThreads()
    yield database
    await database.close()


@pytest.fixture
def do(database: DatabaseThreads) -> Callable[..., Awaitable[Any]]:
    """Do something with the database: `await do(make_message, room, ada)`."""
    return database.run


@pytest.fixture
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have one round follow the other at once."""
    monkeypatch.setattr(rounds, "SHORTEST_PAUSE", 0.0)
    monkeypatch.setattr(rounds, "LONGEST_PAUSE", 0.0)


@pytest.fixture
def quick_jobs(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path) -> None:
    """Have jobs take no pauses, and keep downloads apart."""
    monkeypatch.setattr(jobs, "LONGEST_PAUSE", 0.0)
    settings.EXPORTS_DIR = tmp_path / "exports"


@pytest.fixture(scope="session")
def hearth(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests that do not harm it; each test uses people and rooms of its own."""
    options = {"HEARTBEAT_INTERVAL": str(HEARTBEAT), "METRICS_TOKEN": METRICS_TOKEN}
    options |= {"SMALL_HOUSE_ROOMS": "10000", "SMALL_HOUSE_PEOPLE": "10000"}  # all tests together make many
    with Server(tmp_path_factory.mktemp("hearth"), **options) as server:
        yield server


@pytest.fixture
def no_complaint(hearth: Server) -> Iterator[None]:
    """Whatever clients do, the log of the server has nothing worse than a warning."""
    before = len(hearth.log)
    yield
    news = hearth.log[before:]
    assert not COMPLAINT.search(news), news


@pytest.fixture
def number() -> int:
    """A number that no other test has, for names."""
    return next(numbers)


@pytest.fixture
async def enter(hearth: Server, number: int) -> AsyncIterator[Enter]:
    """Enter as somebody new: `await enter("ann")`."""
    async with AsyncExitStack() as stack:

        async def enter(name: str) -> ChatClient:
            return await stack.enter_async_context(ChatClient(hearth.url, f"{name}{number}"))

        yield enter
    # Else each test would have longer lists than the one before.
    with hearth.rows() as rows:
        rows.execute("UPDATE accounts_user SET is_active = FALSE WHERE is_active")
        rows.execute("UPDATE rooms_chatroom SET is_by_invitation = TRUE WHERE type = 'group'")


@pytest.fixture
async def ann(enter: Enter) -> ChatClient:
    return await enter("ann")


@pytest.fixture
async def bob(enter: Enter) -> ChatClient:
    return await enter("bob")


@pytest.fixture
async def eve(enter: Enter) -> ChatClient:
    return await enter("eve")


@pytest.fixture
async def private_id(ann: ChatClient, bob: ChatClient) -> int:
    return await ann.private_chat(bob.name)


@pytest.fixture
async def group_id(ann: ChatClient, bob: ChatClient, number: int) -> int:
    room_id = await ann.create_room(f"Group {number}")
    await bob.room(room_id)
    return room_id


@pytest.fixture
def rows(hearth: Server) -> Iterator[Rows]:
    with hearth.rows() as rows:
        yield rows
