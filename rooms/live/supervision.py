"""Tasks that must not die."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

logger = logging.getLogger(__name__)

LONGEST_WAIT = 5.0


async def keep_running(name: str, function: Callable[[], Awaitable[None]]) -> None:
    """Run `function` again whenever it ends, after a wait that grows; log the first failure of a row in one line."""
    wait = 0.1
    while True:
        started = asyncio.get_running_loop().time()
        try:
            await function()
        except Exception as error:
            if asyncio.get_running_loop().time() - started > LONGEST_WAIT:
                wait = 0.1
            if wait == 0.1:
                logger.error("Restarting the %s: %s: %s", name, type(error).__name__, error)
            await asyncio.sleep(wait)
            wait = min(2 * wait, LONGEST_WAIT)
