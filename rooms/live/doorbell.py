"""ring(): something changed, look at the database.

A doorbell carries ids only. One that is lost costs about a second, until the poll; it never costs a message, and one
that fails never fails the request that rang it: the change is already committed.
"""

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from channels.layers import get_channel_layer

logger = logging.getLogger(__name__)

GROUP = "hearth"
# Which process rang, so that it does not hear its own doorbell twice.
ORIGIN = uuid.uuid4().hex

type Answer = Callable[[dict[str, Any]], None]

_house: tuple[asyncio.AbstractEventLoop, Answer] | None = None
_failing = False


def attach(loop: asyncio.AbstractEventLoop, answer: Answer) -> None:
    """Let doorbells rung in this process call `answer` in `loop`."""
    global _house
    _house = loop, answer


def detach(answer: Answer) -> None:
    global _house
    if _house and _house[1] == answer:
        _house = None


def ring(kind: str, **ids: int) -> None:
    """Tell every process that something of `kind` changed. Call it after the commit; it returns at once.

    A process that serves no pages, such as a command, tells nobody: the others find its changes by the poll.
    """
    payload = {"kind": kind, **ids}
    if _house is None:
        return
    loop, answer = _house
    loop.call_soon_threadsafe(_ring, loop, answer, payload)


def _ring(loop: asyncio.AbstractEventLoop, answer: Answer, payload: dict[str, Any]) -> None:
    answer(payload)
    _keep(loop.create_task(_tell_other_processes(payload)))


_tasks: set[asyncio.Task[None]] = set()


def _keep(task: asyncio.Task[None]) -> None:
    """Hold a reference: the event loop keeps only a weak one."""
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)


async def _tell_other_processes(payload: dict[str, Any]) -> None:
    await _once_per_outage(_send(payload))


async def _send(payload: dict[str, Any]) -> None:
    async with asyncio.timeout(2):
        await get_channel_layer().group_send(GROUP, {"type": "ring", "origin": ORIGIN, "payload": payload})


async def _once_per_outage(attempt: Awaitable[None]) -> bool:
    """Await `attempt`, logging one line when the channel layer begins to fail and one when it works again."""
    global _failing
    try:
        await attempt
    except Exception as error:
        if not _failing:
            logger.warning("Channel layer failing, the poll takes over: %s: %s", type(error).__name__, error)
        _failing = True
        return False
    if _failing:
        logger.warning("Channel layer works again")
    _failing = False
    return True


async def listen(answer: Answer) -> None:
    """Call `answer` with what other processes ring, for ever, whatever happens to the channel layer."""
    while True:
        await _once_per_outage(_receive(answer))
        await asyncio.sleep(1)


async def _receive(answer: Answer) -> None:
    """Hear doorbells for ten minutes; then join again, since membership of a group expires."""
    layer = get_channel_layer()
    channel = await layer.new_channel()
    await layer.group_add(GROUP, channel)
    try:
        async with asyncio.timeout(600):
            while True:
                message = await layer.receive(channel)
                if message.get("origin") != ORIGIN and isinstance(message.get("payload"), dict):
                    answer(message["payload"])
    except TimeoutError:
        await layer.group_discard(GROUP, channel)
