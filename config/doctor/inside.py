"""What the doctor finds on this machine: settings, database, Redis, disk, limits and backups."""

import math
import os
import resource
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import redis
from django.conf import settings
from django.core import checks
from django.db import DatabaseError, connection

from config.backup import nightly, rows
from config.doctor.finding import Finding, fine, hint
from config.scanning import Infected, ScannerFailed, TooLargeToScan, scan

OLDEST_SQLITE = (3, 37, 0)
MOST_SECONDS_APART = 5
LEAST_FREE = 1024**3
LEAST_FILES = 4096
OLDEST_BACKUP = timedelta(days=2)


def examine() -> Iterator[Finding]:
    yield from of_settings()
    yield from of_database()
    yield from of_redis()
    yield from of_scanner()
    yield from of_disk()
    yield from of_limits()
    yield from of_backups()


def of_settings() -> Iterator[Finding]:
    for message in checks.run_checks(include_deployment_checks=True):
        if message.level >= checks.WARNING:
            yield Finding(
                f"settings ({message.id})", str(message.msg), str(message.hint or "See `check --deploy`."),
                is_problem=message.level >= checks.ERROR,
            )  # fmt: skip


def of_database() -> Iterator[Finding]:
    try:
        if rows.is_behind():
            yield Finding("database", "The database is of another release.", "Run `manage.py setup`.")
        yield from _of_postgresql() if rows.is_postgresql() else _of_sqlite(sqlite3.sqlite_version_info)
    except DatabaseError as error:
        reason = str(error).splitlines()[0]
        yield Finding(
            "database", f"The database does not answer: {reason}.", "Look at DATABASE_URL and DATA_DIR."
        )


def _of_postgresql() -> Iterator[Finding]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_encoding_to_char(encoding), datctype, now() FROM pg_database "
            "WHERE datname = current_database()"
        )
        [(encoding, locale, now)] = cursor.fetchall()
        cursor.execute("SHOW server_version")
        [(version,)] = cursor.fetchall()
    if encoding != "UTF8" or locale in ("C", "POSIX"):
        yield Finding(
            "locale",
            f"The database has the encoding {encoding} and the locale {locale}.",
            "Make one with ENCODING 'UTF8' LOCALE 'C.UTF-8' TEMPLATE template0, and move with a backup.",
        )
    apart = abs((datetime.now(UTC) - now).total_seconds())
    if apart > MOST_SECONDS_APART:
        yield Finding(
            "clock",
            f"The clock of the database is {apart:.0f} seconds away from this one.",
            "Run NTP on both machines.",
        )
    yield fine("database", f"PostgreSQL {version} answers.")


def _of_sqlite(version: tuple[int, int, int]) -> Iterator[Finding]:
    shown = ".".join(map(str, version))
    if version < OLDEST_SQLITE:
        yield Finding("database", f"SQLite {shown} is old.", "Use a Python with SQLite 3.37 or later.")
        return
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA journal_mode")
        [(mode,)] = cursor.fetchall()
    if mode != "wal":
        yield Finding(
            "database",
            f"SQLite cannot write and read at the same time (journal mode {mode}).",
            "Put DATA_DIR on a disk of this machine, not on a network.",
        )
    else:
        yield fine("database", f"SQLite {shown} answers.")


def of_redis() -> Iterator[Finding]:
    layer = settings.CHANNEL_LAYERS["default"]
    if "CONFIG" not in layer:
        return
    [host] = layer["CONFIG"]["hosts"]
    began = time.monotonic()
    try:
        with redis.Redis.from_url(host["address"], socket_connect_timeout=1, socket_timeout=2) as client:
            client.ping()
            client.publish("hearth-doctor", "")
    except redis.RedisError as error:
        yield Finding(
            "redis", f"Redis does not answer: {error}.", "Look at REDIS_URL, and at what its user may do."
        )
    else:
        yield fine("redis", f"Redis answers in {1000 * (time.monotonic() - began):.0f} ms.")


def of_scanner() -> Iterator[Finding]:
    """Let it look at a file as large as files may be."""
    if not settings.CLAMD:
        return
    with tempfile.TemporaryFile() as file:
        file.truncate(settings.FILE_MAX_BYTES)
        try:
            scan(file)
        except TooLargeToScan:
            size = math.ceil(settings.FILE_MAX_BYTES / 1024**2)
            yield Finding(
                "scanner",
                "The virus scanner refuses files that Hearth would take.",
                f"Set `StreamMaxLength {size}M` in clamd.conf, or a smaller FILE_MAX_MB.",
            )
        except (ScannerFailed, Infected) as failure:
            told = str(failure) or "it finds something in an empty file"
            yield Finding("scanner", f"The virus scanner fails: {told}.", "Look at CLAMD and at its log.")
        else:
            yield fine("scanner", "The virus scanner takes files as large as they may be.")


def of_disk() -> Iterator[Finding]:
    free = shutil.disk_usage(settings.DATA_DIR).free
    state = os.statvfs(settings.DATA_DIR)
    if free < LEAST_FREE:
        yield Finding("disk", f"Only {free / 1e6:,.0f} MB are free in DATA_DIR.", "Make room, or move it.")
    elif state.f_files and state.f_favail < state.f_files / 100:
        yield Finding("disk", "There is hardly any room for more files.", "Remove some, or move DATA_DIR.")
    else:
        yield fine("disk", f"{free / 1e9:,.0f} GB are free in DATA_DIR.")


def of_limits() -> Iterator[Finding]:
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < LEAST_FILES:
        yield hint(
            "open files",
            f"At most {hard:,} files may be open, and each open page takes one.",
            "Set LimitNOFILE=65536 in systemd, or ulimits of the container.",
        )
    else:
        yield fine("open files", "Enough files may be open.")


def of_backups() -> Iterator[Finding]:
    if not settings.BACKUP_DAYS:
        yield hint(
            "backup", "No backup is made each night.", "Set BACKUP_DAYS=14, if nothing else makes them."
        )
    elif nightly.has_failed():
        yield Finding(
            "backup", f"The last one failed: {nightly.failure().read_text()}", "Mend that, and wait."
        )
    else:
        made = [path.stat().st_mtime for path in nightly.folder().glob("nightly-*.tar")]
        age = timedelta(seconds=time.time() - max(made)) if made else None
        if age is None or age > OLDEST_BACKUP:
            told = "There is none yet." if age is None else f"The last one is {age.days} days old."
            yield Finding("backup", told, "Run `manage.py backup --nightly`, and see whether it works.")
        else:
            yield fine("backup", f"The last one is {age.total_seconds() / 3600:.0f} hours old.")
