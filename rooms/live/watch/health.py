"""Whether a process can do its work: what /readyz tells a proxy or monitoring."""

import asyncio
import shutil
import time
from typing import Protocol

from django.conf import settings
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor

from config.backup import nightly
from rooms.live.watch.database import DatabaseThreads
from rooms.models import ChatRoom

# An answer is reused for this long, however often it is asked for.
KEPT_SECONDS = 1.0
LEAST_DISK_SPACE = 64 * 1024**2


class Watched(Protocol):
    is_stopping: bool

    def late_part(self) -> str:
        """Return the name of something that does not come to its work; nothing if all do."""


class Health:
    def __init__(self, process: Watched) -> None:
        self._process = process
        self._database = DatabaseThreads(threads=1)  # a queue of its own: others may be what hangs
        self._lock = asyncio.Lock()
        self._looked_at = -KEPT_SECONDS
        self._problem = ""
        self._is_migrated = False

    async def problem(self) -> str:
        """Return the name of a part that does not work; nothing if all do."""
        if self._process.is_stopping:
            return "stopping"
        async with self._lock:
            if time.monotonic() - self._looked_at >= KEPT_SECONDS:
                self._problem = await self._look()
                self._looked_at = time.monotonic()
            return self._problem

    async def _look(self) -> str:
        try:
            async with asyncio.timeout(settings.DATABASE_TIMEOUT.total_seconds() + 1):
                await self._database.run(try_to_write)
                self._is_migrated = self._is_migrated or await self._database.run(is_migrated)
        except Exception:
            return "database"
        if not self._is_migrated:
            return "migrations"
        if late := self._process.late_part():
            return late
        if shutil.disk_usage(settings.DATA_DIR).free < LEAST_DISK_SPACE:
            return "disk"
        if nightly.has_failed():
            return "backup"
        return ""

    async def close(self) -> None:
        await self._database.close()


def try_to_write() -> None:
    """Change a row that does not exist: that needs permission and lock to write, and leaves nothing."""
    with transaction.atomic():
        ChatRoom.objects.filter(pk=0).update(revision=0)


def is_migrated() -> bool:
    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())
