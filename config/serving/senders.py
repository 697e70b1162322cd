"""Whoever sends slowly: what a connection may take before its request has come in whole.

Such a connection holds no thread, but memory and a descriptor; this bounds both. A connection whose request
is being answered, such as a stream, is none that is looked at here. Everything belongs to the event loop that
serves.
"""

import asyncio
import resource
import time
from collections import Counter
from enum import Enum, auto
from typing import Protocol

from django.conf import settings

from config.addresses import group_of, is_proxy

# Bytes a second that a body has to come with, once it has taken longer than SENDER_PATIENCE.
LEAST_RATE = 8 * 1024
# Connections that have just come had no chance to be read: so long they are not closed for being many.
FRESH_SECONDS = 1.0
# Meanwhile an address may have so many times UNFINISHED_PER_ADDRESS.
BURST = 4
# How many descriptors are wanted, and how many of them are kept for the database, Redis and files.
DESCRIPTORS = 65_536
RESERVED_DESCRIPTORS = 128


class Phase(Enum):
    IDLE = auto()  # nothing of a request has come
    HEAD = auto()
    BODY = auto()
    ANSWER = auto()  # the request is there


class Line(Protocol):
    """What a server has for a connection."""

    def is_paused(self) -> bool:
        """Whether it is the server that does not read."""

    def unsent(self) -> int:
        """Return how many bytes of answers have not been taken."""

    def close(self, is_slow: bool) -> None:
        """Close it: with a word for a slow sender, who may mean well, without one for one of many."""


class Sender:
    """How far the request of one connection has come. Whoever reads the connection says so."""

    def __init__(self, line: Line, group: str | None) -> None:
        self.line = line
        self.group = group  # of addresses, which is counted; None for a proxy
        self.phase = Phase.ANSWER
        self.since = 0.0  # when the phase began
        self.received = 0  # bytes in this phase
        self.unsent = 0  # when it was last looked at

    def is_slow(self, now: float) -> bool:
        taken = now - self.since - settings.SENDER_PATIENCE.total_seconds()
        if self.phase is Phase.BODY:
            return self.received < taken * LEAST_RATE
        return taken > 0

    def is_taking(self) -> bool:
        """Whether an earlier answer is still being taken: some of it since this was last asked."""
        before, self.unsent = self.unsent, self.line.unsent()
        return self.unsent > 0 and (not before or self.unsent < before)


class Senders:
    """All connections of a process."""

    def __init__(self) -> None:
        self.capacity = capacity()
        self.open = 0
        self.unfinished: dict[Sender, None] = {}  # those that have waited longest come first
        self._counts: Counter[str | None] = Counter()  # of the unfinished, by group
        self._look: asyncio.TimerHandle | None = None

    def connected(self, line: Line, peer: str) -> Sender | None:
        """Return who sends on a new connection; None where it has to be closed at once."""
        group = None if is_proxy(peer) else group_of(peer)
        if self.open >= self.capacity or self.is_over(group, BURST * settings.UNFINISHED_PER_ADDRESS):
            return None
        self.open += 1
        sender = Sender(line, group)
        self.enter(sender, Phase.IDLE)
        if self._look is None:
            self._look_later()
        return sender

    def disconnected(self, sender: Sender) -> None:
        self.enter(sender, Phase.ANSWER)
        self.open -= 1

    def enter(self, sender: Sender, phase: Phase) -> None:
        if sender in self.unfinished:
            del self.unfinished[sender]
            self._counts[sender.group] -= 1
        sender.phase, sender.since, sender.received = phase, time.monotonic(), 0
        if phase is not Phase.ANSWER:
            self.unfinished[sender] = None
            self._counts[sender.group] += 1

    def is_over(self, group: str | None, bound: int) -> bool:
        return group is not None and self._counts[group] >= bound

    @property
    def interval(self) -> float:
        return min(FRESH_SECONDS, settings.SENDER_PATIENCE.total_seconds() / 4)

    def _look_later(self) -> None:
        self._look = asyncio.get_running_loop().call_later(self.interval, self.look)

    def look(self) -> None:
        """Close the connections of slow senders, and the longest waiting of those that are too many."""
        self._look_later()
        now = time.monotonic()
        for sender in tuple(self.unfinished):
            if sender.line.is_paused():
                sender.since += self.interval
            elif sender.is_slow(now):
                if sender.phase is Phase.IDLE and sender.is_taking():
                    sender.since = now
                else:
                    self._close(sender, is_slow=True)
            elif now - sender.since > FRESH_SECONDS and self.is_over(
                sender.group, settings.UNFINISHED_PER_ADDRESS + 1
            ):
                self._close(sender, is_slow=False)
        self._counts = +self._counts  # without those of whom there is none left

    def _close(self, sender: Sender, is_slow: bool) -> None:
        phase = sender.phase
        self.enter(sender, Phase.ANSWER)
        sender.line.close(is_slow and phase in (Phase.HEAD, Phase.BODY))


def capacity() -> int:
    """Return how many connections the descriptors of this process are enough for."""
    limit, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    descriptors = DESCRIPTORS if limit == resource.RLIM_INFINITY else limit
    return max(descriptors - RESERVED_DESCRIPTORS, descriptors // 2)


def raise_descriptors() -> None:
    """Take as many descriptors as this process may have: each connection is one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = DESCRIPTORS if hard == resource.RLIM_INFINITY else min(DESCRIPTORS, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
