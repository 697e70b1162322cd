"""Carries bells between the processes, and notices when they do not come through."""

import asyncio
import logging
import math
import time
import uuid
from contextlib import suppress
from typing import Any

from channels.layers import get_channel_layer

from config import doorbell
from config.doorbell import Answer, Bell
from config.text import one_line
from rooms.live.news.part import Worker
from rooms.live.watch import metrics

logger = logging.getLogger(__name__)

GROUP = "hearth"
# The process that rang, so that it does not hear its own bell twice.
ORIGIN = uuid.uuid4().hex
# How long the channel layer may take.
ANSWER_SECONDS = 2.0
# How often a process rings itself through the channel layer: a layer does not say that it has gone deaf.
ECHO_SECONDS = 1.0
SILENCE_SECONDS = 3.5
RETRY_SECONDS = 1.0
# How long without an echo until a process counts as one that hears nothing.
LATE_SECONDS = 5.0
ECHO = "echo"


class Relay(Worker):
    """Passes bells of this process on to `answer` and to other processes, and theirs to `answer`."""

    name = "doorbell"

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self._answer = answer
        self._untold: list[dict[str, Any]] = []  # what other processes are still to be told
        self._is_telling = False

    def start(self) -> None:
        super().start()
        doorbell.attach(asyncio.get_running_loop(), self._rung)

    def stop(self) -> None:
        doorbell.detach(self._rung)
        super().stop()

    @property
    def is_late(self) -> bool:
        """Whether nothing comes through. Chat goes on then, more slowly."""
        return outage.is_on or time.monotonic() - outage.heard_at > LATE_SECONDS

    def _rung(self, bell: Bell) -> None:
        if "sender" in bell.ids:
            metrics.messages_posted.inc()
        self._untold.append({"kind": bell.kind, **bell.ids})
        if not self._is_telling:
            self._is_telling = True
            _keep(asyncio.create_task(self._tell()))
        self._answer(bell)

    async def _tell(self) -> None:
        """Pass on what was rung, and what is rung meanwhile: each burst as one message."""
        try:
            while self._untold:
                payloads, self._untold = self._untold, []
                await _tell_other_processes(payloads)
        finally:
            self._is_telling = False

    async def run(self) -> None:
        """Answer what other processes ring, for ever, whatever happens to the channel layer."""
        while True:
            try:
                await _receive(self._answer)
            except Exception as error:
                outage.begins(error)
            with suppress(Exception):
                async with asyncio.timeout(ANSWER_SECONDS):
                    await get_channel_layer().flush()
            await asyncio.sleep(RETRY_SECONDS)


_tasks: set[asyncio.Task[None]] = set()


def _keep(task: asyncio.Task[None]) -> None:
    """Hold a reference: the event loop keeps only a weak one."""
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)


class Outage:
    """Logs one line when the channel layer begins to fail, in whatever way, and one when all works again."""

    def __init__(self) -> None:
        self.is_on = False
        self.echoes = 0  # sent so far
        self.heard_at = -math.inf  # when an echo came back last, by time.monotonic()
        self._first_proof = 0  # the echo that shows that it works again

    def begins(self, error: Exception) -> None:
        metrics.doorbell_failures.inc()
        if not self.is_on:
            logger.warning("Channel layer failing, the poll takes over: %s", one_line(error))
        self.is_on = True
        self._first_proof = self.echoes + 1

    def heard(self, echo: int) -> None:
        """Note that an echo came back: sending works, and so does listening."""
        self.heard_at = time.monotonic()
        if self.is_on and echo >= self._first_proof:
            self.is_on = False
            logger.warning("Channel layer works again")


outage = Outage()


async def _tell_other_processes(payloads: list[dict[str, Any]]) -> None:
    if not outage.is_on:  # they would only wait; the poll finds what was rung
        await _send(payloads)


async def _send(payloads: list[dict[str, Any]]) -> None:
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            await get_channel_layer().group_send(
                GROUP, {"type": "ring", "origin": ORIGIN, "payloads": payloads}
            )
    except Exception as error:
        outage.begins(error)


async def _receive(answer: Answer) -> None:
    """Hear bells as long as they come through."""
    layer = get_channel_layer()
    async with asyncio.timeout(ANSWER_SECONDS):
        channel = await layer.new_channel()
        await layer.group_add(GROUP, channel)
    echoing = asyncio.create_task(_echo(layer, channel))
    try:
        while True:
            _hear(await _next_message(layer, channel), answer)
    finally:
        echoing.cancel()


async def _next_message(layer: Any, channel: str) -> Any:
    try:
        async with asyncio.timeout(SILENCE_SECONDS):
            return await layer.receive(channel)
    except TimeoutError:
        raise TimeoutError("nothing comes through") from None


def _hear(message: Any, answer: Answer) -> None:
    match message:
        case {"origin": str(origin), "payloads": [{"kind": "echo", "number": int(number)}]}:
            if origin == ORIGIN:
                outage.heard(number)
        case {"origin": str(origin), "payloads": [*payloads]} if origin != ORIGIN:
            for bell in filter(None, map(doorbell.bell_from, payloads)):
                answer(bell)


async def _echo(layer: Any, channel: str) -> None:
    while True:
        with suppress(Exception):
            async with asyncio.timeout(ANSWER_SECONDS):
                await layer.group_add(GROUP, channel)  # membership of a group may expire
        outage.echoes += 1
        await _send([{"kind": ECHO, "number": outage.echoes}])
        await asyncio.sleep(ECHO_SECONDS)
