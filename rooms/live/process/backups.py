"""Lets one of the processes make a backup each night, in a program of its own: pages come first."""

import asyncio
import logging
import subprocess
import sys
import tempfile
from datetime import datetime

from django.conf import settings

from config.backup import nightly
from rooms.live.news.part import Worker

FIRST = 60.0  # seconds after the start
PERIOD = 600.0
LOOK = 1.0  # whether it has ended
COMMAND = [sys.executable, "manage.py", "backup", "--nightly"]

logger = logging.getLogger(__name__)


class Backups(Worker):
    """It is never late: `nightly.has_failed` tells what failed, to all processes and after a restart."""

    name = "backups"

    def __init__(self) -> None:
        super().__init__()
        self._program: subprocess.Popen[bytes] | None = None

    async def run(self) -> None:
        await asyncio.sleep(FIRST)
        while True:
            if nightly.is_due(datetime.now()):
                await self.make()
            await asyncio.sleep(PERIOD)

    async def make(self) -> None:
        with tempfile.TemporaryFile() as told:
            self._program = subprocess.Popen(  # noqa: S603 (nothing that anybody typed)
                COMMAND, cwd=settings.BASE_DIR, stdout=told, stderr=told, start_new_session=True
            )
            while (code := self._program.poll()) is None:
                await asyncio.sleep(LOOK)
            if code:
                told.seek(0)
                lines = told.read().decode(errors="replace").split("\n")
                why = next((line for line in reversed(lines) if line.strip()), f"it ended with {code}")
                nightly.note_failure(why)
                logger.error("The nightly backup failed: %s", why)

    def stop(self) -> None:
        super().stop()
        if self._program and self._program.poll() is None:
            self._program.terminate()
