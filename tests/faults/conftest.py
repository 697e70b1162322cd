"""Servers that may be harmed: each has a folder of its own, and everything in it that `setup` makes."""

import asyncio
import itertools
import re
import resource
import shutil
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support import kept
from tests.support.clients import ChatClient
from tests.support.server import Server, free_port
from tests.support.services import Nginx, PostgreSQL, Redis

numbers = itertools.count(1)
COMPLAINT = re.compile(r"Traceback|ERROR|CRITICAL|Unhandled|never retrieved")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.faults)
            item.add_marker(pytest.mark.timeout(600))  # the first of a module starts what all need


@pytest.fixture(autouse=True, scope="session")
def many_open_files() -> None:
    """Many readers are many sockets, here and in the servers that inherit it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 8192 if hard == resource.RLIM_INFINITY else min(8192, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))


@pytest.fixture(autouse=True, scope="session")
def interrupts() -> None:
    """Tests that run in the background would start servers that do not hear Ctrl-C."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def prepared_folder() -> Path:
    return kept.installation()


@contextmanager
def installation(prepared_folder: Path, folder: Path) -> Iterator[Callable[..., Server]]:
    """Start a server: `start()`. Called again, it starts another process of the same installation."""
    shutil.copytree(prepared_folder, folder)
    with ExitStack() as stack:

        def start(**options: Any) -> Server:
            server = Server(folder, **{"DATABASE_URL": "", "LIMIT_POST_PER_USER": "off", **options})
            stack.callback(server.kill)
            server.start()
            return server

        yield start


@pytest.fixture
def start(prepared_folder: Path, tmp_path: Path) -> Iterator[Callable[..., Server]]:
    with installation(prepared_folder, tmp_path / "data") as start:
        yield start


@pytest.fixture(scope="module")
def start_for_all(
    prepared_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Server]]:
    """Start a server that the tests of a module share: each leaves it as it was, but for people and rooms."""
    with installation(prepared_folder, tmp_path_factory.mktemp("shared") / "data") as start:
        yield start


@pytest.fixture
async def enter() -> AsyncIterator[Callable[..., Awaitable[ChatClient]]]:
    """Enter a server as somebody new: `await enter(server, "kim")`."""
    number = next(numbers)
    async with AsyncExitStack() as stack:

        async def enter(site: Server | Nginx, name: str) -> ChatClient:
            return await stack.enter_async_context(ChatClient(site.url, f"{name}{number}"))

        yield enter


@pytest.fixture
def redis() -> Iterator[Redis]:
    with Redis(free_port()) as redis:
        yield redis


@pytest.fixture(scope="module")
def redis_for_all() -> Iterator[Redis]:
    with Redis(free_port()) as redis:
        yield redis


@pytest.fixture(scope="module")
def proxy() -> Iterator[Callable[..., Nginx]]:
    """Start nginx in front of servers: `proxy(server, other)`."""
    with ExitStack() as stack:
        yield lambda *servers: stack.enter_context(Nginx(free_port(), [server.port for server in servers]))


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    with PostgreSQL(kept.postgresql_data()) as postgresql:
        yield postgresql


@pytest.fixture
def postgresql_url(postgresql: PostgreSQL) -> str:
    """A database of the test's own, with everything in it that `setup` makes."""
    return postgresql.create(f"test_{next(numbers)}", template="prepared")


@pytest.fixture(scope="module")
def postgresql_url_for_all(postgresql: PostgreSQL) -> str:
    """A database that the tests of a module share."""
    return postgresql.create(f"test_{next(numbers)}", template="prepared")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    return request.getfixturevalue("postgresql_url") if request.param == "postgresql" else ""


def assert_no_complaint(server: Server) -> None:
    assert not COMPLAINT.search(server.log), server.log


def assert_says_so(answer: httpx.Response) -> None:
    """It says that the database cannot be had."""
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "2"
    assert "The database isn’t responding. Try again in a moment." in answer.text


async def readiness_of(client: ChatClient, expected: str) -> None:
    """Wait until /readyz says so; its answers are kept for a second."""
    answer = ""
    with suppress(TimeoutError):
        async with asyncio.timeout(20):
            while (answer := (await client.get("/readyz")).text) != expected:
                await asyncio.sleep(0.05)
    assert answer == expected
