"""Database work of the live part: a few threads with kept connections, however many streams are open."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from django.db import connections

THREADS = 2


class DatabaseThreads:
    """Run functions that use the ORM beside the event loop."""

    def __init__(self, threads: int = THREADS) -> None:
        self.threads = threads
        self.executor = ThreadPoolExecutor(threads, thread_name_prefix="live-database")

    async def run[T](self, function: Callable[..., T], *args: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(
            self.executor, _with_connection, function, args
        )

    async def close(self) -> None:
        """Close the connections, of which each thread has its own, and let the threads end."""
        together = threading.Barrier(self.threads)
        loop = asyncio.get_running_loop()
        await asyncio.gather(
            *(loop.run_in_executor(self.executor, _close, together) for _thread in range(self.threads))
        )
        self.executor.shutdown(wait=False)


def _close(together: threading.Barrier) -> None:
    # One thread must not do it twice; one that is still busy is not waited for long.
    with suppress(threading.BrokenBarrierError):
        together.wait(timeout=1)
    connections.close_all()


def _with_connection[T](function: Callable[..., T], args: tuple[Any, ...]) -> T:
    _drop_broken_connections()
    try:
        return function(*args)
    finally:
        _drop_broken_connections()


def _drop_broken_connections() -> None:
    for connection in connections.all(initialized_only=True):
        connection.close_if_unusable_or_obsolete()
