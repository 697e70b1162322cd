"""Servers that may be harmed: each has a folder of its own, and everything in it that `setup` makes."""

import itertools
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.server import Server, free_port
from tests.services import Nginx, PostgreSQL, Redis

numbers = itertools.count(1)
COMPLAINT = re.compile(r"Traceback|ERROR|CRITICAL|Unhandled|never retrieved")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.faults)


@pytest.fixture(scope="session")
def prepared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prepared")
    Server(folder, DATABASE_URL="").manage("setup")
    return folder


@pytest.fixture
def start(prepared_folder: Path, tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Start a server: `start()`. Called again, it starts another process of the same installation."""
    folder = tmp_path / "data"
    shutil.copytree(prepared_folder, folder)
    with ExitStack() as stack:

        def start(**options: str) -> Server:
            server = Server(folder, **{"DATABASE_URL": "", **options})
            stack.callback(server.kill)
            server.start()
            return server

        yield start


@pytest.fixture
def redis() -> Iterator[Redis]:
    with Redis(free_port()) as redis:
        yield redis


@pytest.fixture
def proxy() -> Iterator[Callable[..., Nginx]]:
    """Start nginx in front of servers: `proxy(server, other)`."""
    with ExitStack() as stack:
        yield lambda *servers: stack.enter_context(Nginx(free_port(), [server.port for server in servers]))


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    with PostgreSQL() as postgresql:
        yield postgresql


@pytest.fixture(scope="session")
def prepared_database(postgresql: PostgreSQL, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a database with everything in it that `setup` makes."""
    url = postgresql.create("prepared")
    Server(tmp_path_factory.mktemp("prepared"), DATABASE_URL=url).manage("setup")
    return "prepared"


@pytest.fixture
def postgresql_url(postgresql: PostgreSQL, prepared_database: str) -> str:
    """A database of the test's own."""
    return postgresql.create(f"test_{next(numbers)}", template=prepared_database)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    return request.getfixturevalue("postgresql_url") if request.param == "postgresql" else ""


def assert_no_complaint(server: Server) -> None:
    assert not COMPLAINT.search(server.log), server.log
