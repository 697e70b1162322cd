"""The cast, and what keeps tests quick and apart.

ada and ben are in `room` and have a private chat, `private`; mallory is in nothing; root is staff.
"""

import gc
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.db import connection
from django.template import Template
from django.test import Client, override_settings
from django.test.utils import instrumented_test_render
from django.utils import timezone
from hypothesis import settings as hypothesis_settings

from accounts.models import User
from accounts.session_store import SessionStore
from config import doorbell
from config.rates import Rate
from rooms.models import ChatRoom
from tests.support.factories import make_private_room, make_room, make_user
from tests.support.kept import TEMPLATE, tables

DRAW = Template._render  # as servers do, before Django has tests watch it

# How long an example takes says something about the machine, not about Hearth.
hypothesis_settings.register_profile("hearth", deadline=None)
hypothesis_settings.load_profile("hearth")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the browser tests last: while Playwright runs, no other event loop can run in the process.

    Before them comes what needs a server, which takes time even while it waits for the next test.
    """
    items.sort(key=lambda item: ("browser" in item.path.parts, "hearth" in getattr(item, "fixturenames", ())))
    # What is there now stays until the end: nobody needs to go through it again and again.
    gc.freeze()


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    """Whether the database is there already: with SQLite, it is a copy. Another server than ours has none."""
    return connection.vendor == "sqlite" or TEMPLATE in os.environ


@pytest.fixture(scope="session")
def django_db_modify_db_settings(tmp_path_factory: pytest.TempPathFactory, django_db_keepdb: bool) -> None:
    """Give each run a database of its own, so that two runs at once do not meet in one file.

    With PostgreSQL, tests wait longer for a lock than an open transaction may do nothing (see
    tests/support/services.py): one that a test leaves open would have all tests after it fail.
    """
    test = connection.settings_dict["TEST"]
    test["MIGRATE"] = not django_db_keepdb
    if connection.vendor == "sqlite":
        test["NAME"] = str(tmp_path_factory.mktemp("database") / "test.sqlite3")
        shutil.copy(tables(), test["NAME"])
    else:
        test["TEMPLATE"] = os.environ.get(TEMPLATE)
        connection.settings_dict["OPTIONS"]["options"] = "-c lock_timeout=40s"


@pytest.fixture(autouse=True, scope="session")
def nobody_else_at_the_end(request: pytest.FixtureRequest) -> Iterator[None]:
    """End what threads of a test that failed have left open: PostgreSQL keeps a database that is in use."""
    if connection.vendor == "postgresql":
        request.getfixturevalue("django_db_setup")
    yield
    if connection.vendor == "postgresql":
        with request.getfixturevalue("django_db_blocker").unblock(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )


@pytest.fixture(autouse=True, scope="session")
def settings_for_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Passwords are hashed quickly, pages need no collected static files, and files have a place."""
    with override_settings(
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        STATIC_ROOT=tmp_path_factory.mktemp("static"),
        INCOMING_DIR=tmp_path_factory.mktemp("incoming"),
        EXPORTS_DIR=tmp_path_factory.mktemp("exports"),
        STORAGES={
            "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
            "files": {
                "BACKEND": "django.core.files.storage.FileSystemStorage",
                "OPTIONS": {
                    **settings.STORAGES["files"]["OPTIONS"],
                    "location": tmp_path_factory.mktemp("files"),
                },
            },
            "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
        },
    ):
        yield


@pytest.fixture(autouse=True, scope="session")
def drawn_as_ever(django_test_environment: None) -> None:
    """Have Django copy no contexts for tests that ask for none: it takes a third of a large form."""
    Template._render = DRAW


@pytest.fixture
def contexts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let answers have a `context`."""
    monkeypatch.setattr(Template, "_render", instrumented_test_render)


@pytest.fixture
def folder_of_files(settings: Any, tmp_path: Path) -> Path:
    """Give a test a storage of its own, with nothing in it; what arrives is in `incoming` beside it."""
    folder = tmp_path / "files"
    settings.INCOMING_DIR = tmp_path / "incoming"
    settings.INCOMING_DIR.mkdir()
    files = settings.STORAGES["files"]
    options = {**files["OPTIONS"], "location": folder}
    settings.STORAGES = {**settings.STORAGES, "files": {**files, "OPTIONS": options}}
    return folder


@pytest.fixture
def ada(db: None) -> User:
    return make_user("ada")


@pytest.fixture
def ben(db: None) -> User:
    return make_user("ben")


@pytest.fixture
def mallory(db: None) -> User:
    return make_user("mallory")


@pytest.fixture
def root(db: None) -> User:
    return User.objects.create_superuser("root1", "correct horse")


@pytest.fixture
def room(ada: User, ben: User) -> ChatRoom:
    return make_room("Kitchen", members=[ada, ben])


@pytest.fixture
def private(ada: User, ben: User) -> ChatRoom:
    return make_private_room(ada, ben)


def client_of(user: User) -> Client:
    """Log somebody in with a browser of their own, as `force_login` would in four times as long."""
    user.last_login = timezone.now()
    User.objects.filter(pk=user.pk).update(last_login=user.last_login)
    session = SessionStore()
    session.update(
        {
            SESSION_KEY: str(user.pk),
            BACKEND_SESSION_KEY: settings.AUTHENTICATION_BACKENDS[0],
            HASH_SESSION_KEY: user.get_session_auth_hash(),
        }
    )
    session.create()
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
    return client


@pytest.fixture
def ada_client(ada: User) -> Client:
    return client_of(ada)


@pytest.fixture
def ada_elsewhere(ada: User) -> Client:
    """Another browser in which ada is logged in."""
    return client_of(ada)


@pytest.fixture
def ben_client(ben: User) -> Client:
    return client_of(ben)


@pytest.fixture
def mallory_client(mallory: User) -> Client:
    return client_of(mallory)


@pytest.fixture
def root_client(root: User) -> Client:
    return client_of(root)


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, int]]]:
    """Return the list of doorbells rung from now on, as (kind, ids)."""
    doorbells: list[tuple[str, dict[str, int]]] = []

    def ring(kind: str, **ids: int) -> None:
        assert doorbell.bell_from({"kind": kind, **ids}) == doorbell.Bell(kind, ids), "not in its table"
        doorbells.append((kind, ids))

    monkeypatch.setattr(doorbell, "ring", ring)
    return doorbells


@pytest.fixture
def committed(django_capture_on_commit_callbacks: Callable[..., Any]) -> Callable[..., Any]:
    """`with committed():` runs what waits for the commit, which a test never reaches."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """`meanwhile(act)` has something happen once, between the look of a view and the lock of the room."""

    def plan(act: Callable[[], object]) -> None:
        acts = [act]
        for name in ("lock", "next_revision", "_take_turn"):
            verb = getattr(ChatRoom, name)

            def late(room: ChatRoom, *arguments: Any, verb: Callable[..., Any] = verb) -> Any:
                if acts:
                    acts.pop()()
                return verb(room, *arguments)

            monkeypatch.setattr(ChatRoom, name, late)

    return plan


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """Stop the clock; `clock.shift(seconds)` moves it."""
    with time_machine.travel("2026-11-23T12:00:00Z", tick=False) as traveller:
        yield traveller


@pytest.fixture
def limit(settings: Any) -> Callable[..., None]:
    """Change limits by name: `limit(post_per_user=Rate(2, 60))`."""

    def change(**rates: Rate | None) -> None:
        settings.LIMITS = {**settings.LIMITS, **rates}

    return change
