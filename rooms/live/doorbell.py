"""ring(): something changed, look at the database.

A doorbell carries ids only. One that is lost costs about a second, until the poll; it never costs a message.
One that fails never fails the request that rang it: the change is already committed.
"""

import asyncio
import logging
import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from channels.layers import get_channel_layer

logger = logging.getLogger(__name__)

GROUP = "hearth"
# Which process rang, so that it does not hear its own doorbell twice.
ORIGIN = uuid.uuid4().hex
# How long the channel layer may take.
ANSWER_SECONDS = 2.0
# Membership of a group expires.
LISTEN_SECONDS = 600.0
RETRY_SECONDS = 1.0

type Answer = Callable[[dict[str, Any]], None]

_house: tuple[asyncio.AbstractEventLoop, Answer] | None = None


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
    if _house is None:
        return
    loop, answer = _house
    # The loop is closed where the server has ended; pages come back to whoever serves then.
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(_ring, loop, answer, {"kind": kind, **ids})


def _ring(loop: asyncio.AbstractEventLoop, answer: Answer, payload: dict[str, Any]) -> None:
    _keep(loop.create_task(_tell_other_processes(payload)))
    answer(payload)


_tasks: set[asyncio.Task[None]] = set()


def _keep(task: asyncio.Task[None]) -> None:
    """Hold a reference: the event loop keeps only a weak one."""
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)


class Outage:
    """Logs one line when the channel layer begins to fail, in whatever way, and one when all works again."""

    def __init__(self) -> None:
        self.failing: set[str] = set()

    def begins(self, what: str, error: Exception) -> None:
        if not self.failing:
            logger.warning("Channel layer failing, the poll takes over: %s: %s", type(error).__name__, error)
        self.failing.add(what)

    def ends(self, what: str) -> None:
        if what in self.failing:
            self.failing.remove(what)
            if not self.failing:
                logger.warning("Channel layer works again")


outage = Outage()


async def _tell_other_processes(payload: dict[str, Any]) -> None:
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            await get_channel_layer().group_send(
                GROUP, {"type": "ring", "origin": ORIGIN, "payload": payload}
            )
    except Exception as error:
        outage.begins("sending", error)
    else:
        outage.ends("sending")


async def listen(answer: Answer) -> None:
    """Call `answer` with what other processes ring, for ever, whatever happens to the channel layer."""
    while True:
        try:
            await _receive(answer)
        except Exception as error:
            outage.begins("listening", error)
            await asyncio.sleep(RETRY_SECONDS)


async def _receive(answer: Answer) -> None:
    """Hear doorbells for some minutes."""
    layer = get_channel_layer()
    async with asyncio.timeout(ANSWER_SECONDS):
        channel = await layer.new_channel()
        await layer.group_add(GROUP, channel)
    outage.ends("listening")
    try:
        async with asyncio.timeout(LISTEN_SECONDS):
            while True:
                message = await layer.receive(channel)
                if message.get("origin") != ORIGIN and isinstance(message.get("payload"), dict):
                    answer(message["payload"])
    except TimeoutError:
        await layer.group_discard(GROUP, channel)
