"""Tasks that must not die, and how to notice when they are late."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from config.text import one_line

logger = logging.getLogger(__name__)

SHORTEST_WAIT = 0.1
LONGEST_WAIT = 5.0
# A task that ran this long before it failed was working: its failure is a new one.
WORKED_SECONDS = 60.0
# Work that is overdue for this long is hanging, failing or dead.
LATE_SECONDS = 15.0


class Watch:
    """Knows since when something is due: after `due`, or every `period` seconds."""

    def __init__(self, period: float | None = None) -> None:
        self._period = period
        self._due_since = None if period is None else time.monotonic()

    def due(self) -> None:
        if self._due_since is None:
            self._due_since = time.monotonic()

    def done(self, period: float | None = None) -> None:
        """Note that it is done, and where it is periodic, that it is due again after `period`, this once."""
        if self._period is None:
            self._due_since = None
        else:
            self._due_since = time.monotonic() + (period or self._period)

    @property
    def is_late(self) -> bool:
        return self._due_since is not None and time.monotonic() - self._due_since > LATE_SECONDS


async def keep_running(name: str, function: Callable[[], Awaitable[None]]) -> None:
    """Run `function` again whenever it fails, after a wait that grows; log the first failure of a row.

    It ends when it is cancelled itself. If what it waits for is cancelled, that is a failure like any other.
    """
    loop = asyncio.get_running_loop()
    wait = SHORTEST_WAIT
    is_logged = False
    while True:
        started = loop.time()
        try:
            await function()
        except (Exception, asyncio.CancelledError) as error:
            if (task := asyncio.current_task()) and task.cancelling():
                raise
            if loop.time() - started > WORKED_SECONDS:
                wait, is_logged = SHORTEST_WAIT, False
            if not is_logged:
                logger.error("Restarting the %s: %s", name, one_line(error))
            is_logged = True
        await asyncio.sleep(wait)
        wait = min(2 * wait, LONGEST_WAIT)
