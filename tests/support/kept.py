"""What tests begin with: databases and folders that take seconds to make, made once for the code as it is.

All that run at the same time share them, and so do those that come later on the same day, unless the code has
changed. They lie in var/kept/. Whoever wants to change something makes a copy.
"""

import datetime
import fcntl
import functools
import hashlib
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tests.support.server import ROOT, Server
from tests.support.services import PostgreSQL

KEPT = ROOT / "var" / "kept"
KEPT_SECONDS = 3600  # of what other code made: somebody may be copying it
TEMPLATE = "TEMPLATE_WITH_TABLES"  # a variable: the name of a database, where there is one
PREPARED = "prepared"  # the name of the database in which `setup` was run
CODE = ("accounts", "config", "locale", "rooms", "static", "templates", "manage.py", "requirements.lock")


@functools.cache
def tables() -> Path:
    """Return an SQLite database with all tables and nothing in them."""

    def make(folder: Path) -> None:
        Server(folder, DATABASE_URL="").manage("migrate")
        # What is closed last puts everything into the one file.
        with closing(sqlite3.connect(folder / "hearth.sqlite3")) as connection:
            connection.execute("SELECT count(*) FROM django_migrations")

    return kept("tables", make) / "hearth.sqlite3"


@functools.cache
def installation() -> Path:
    """Return a folder with all that `setup` makes with SQLite."""

    def make(folder: Path) -> None:
        shutil.copy(tables(), folder)
        Server(folder, DATABASE_URL="").manage("setup")

    return kept("installation", make)


@functools.cache
def postgresql_data() -> Path:
    """Return the data of a PostgreSQL that has `tables`, and `prepared` with all that `setup` makes."""

    def make(folder: Path) -> None:
        with PostgreSQL() as server:
            for name, template, command in (
                ("tables", "template1", "migrate"),
                (PREPARED, "tables", "setup"),
            ):
                place = folder / name
                place.mkdir()
                Server(place, DATABASE_URL=server.create(name, template)).manage(command)
                shutil.rmtree(place)
            server.stop()
            shutil.copytree(server.data, folder / "data")

    return kept("postgresql", make) / "data"


def kept(name: str, make: Callable[[Path], None]) -> Path:
    """Return a folder, which `make` fills unless somebody else has."""
    place = KEPT / digest() / name
    if not place.exists():
        with alone(name):
            if not place.exists():
                forget_others()
                unfinished = place.with_name(f".{name}")
                shutil.rmtree(unfinished, ignore_errors=True)
                unfinished.mkdir(parents=True)
                make(unfinished)
                unfinished.rename(place)
    return place


@contextmanager
def alone(name: str) -> Iterator[None]:
    KEPT.mkdir(parents=True, exist_ok=True)
    with (KEPT / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@functools.cache
def digest() -> str:
    """Return what is another one for other code, and on another day: links that `setup` makes end by then."""
    told = hashlib.sha256(datetime.date.today().isoformat().encode())
    for path in sorted(path for name in CODE for path in [ROOT / name, *(ROOT / name).rglob("*")]):
        if path.is_file() and path.suffix != ".pyc":
            told.update(b"%s %s " % (str(path).encode(), hashlib.sha256(path.read_bytes()).digest()))
    return told.hexdigest()[:16]


def forget_others() -> None:
    for folder in KEPT.iterdir():
        is_old = time.time() - folder.stat().st_mtime > KEPT_SECONDS
        if folder.is_dir() and folder.name != digest() and is_old:
            shutil.rmtree(folder, ignore_errors=True)
