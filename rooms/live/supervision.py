"""Tasks that must not die."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from config.text import one_line

logger = logging.getLogger(__name__)

SHORTEST_WAIT = 0.1
LONGEST_WAIT = 5.0
# What has run for so long before it failed has worked: its failure is a new one.
WORKED_SECONDS = 60.0


async def keep_running(name: str, function: Callable[[], Awaitable[None]]) -> None:
    """Run `function` again whenever it fails, after a wait that grows; log the first failure of a row."""
    loop = asyncio.get_running_loop()
    wait = SHORTEST_WAIT
    is_logged = False
    while True:
        started = loop.time()
        try:
            await function()
        except Exception as error:
            if loop.time() - started > WORKED_SECONDS:
                wait, is_logged = SHORTEST_WAIT, False
            if not is_logged:
                logger.error("Restarting the %s: %s", name, one_line(error))
            is_logged = True
        await asyncio.sleep(wait)
        wait = min(2 * wait, LONGEST_WAIT)
