"""What the topics of the live process have in common: they hear bells and know which pages are open."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from config.doorbell import Bell
from rooms.live.news.look import Look
from rooms.live.watch.supervision import Watch, keep_running
from rooms.live.wire.connection import Connection
from rooms.models.tick import Marks
from rooms.unread import Unread


@dataclass(frozen=True, slots=True)
class PresentState:
    """What a page shows that begins now, but for its messages."""

    frame: bytes
    marks: Marks
    unread: dict[int, Unread]  # by room that its reader is in, those last that stand on top of the list
    others: Collection[int] = ()  # other rooms in the list
    people: Mapping[int, bool] = field(default_factory=dict)  # whose presence it shows, and whether online


class Part:
    """One topic. All of this runs in the event loop and returns at once; a part defines what concerns it."""

    name: str
    hears: Collection[str] = ()  # kinds of bell
    looks: Collection[Look[Any]] = ()  # what the poll asks for it

    def start(self) -> None:
        """Begin to work, in the loop that runs."""

    def stop(self) -> None:
        """End all work. All streams have been ended."""

    @property
    def is_late(self) -> bool:
        """Whether something has been due for too long."""
        return False

    def heard(self, bell: Bell) -> None:
        """Take note of what has changed. It is of a kind that the part hears."""

    def joined(self, connection: Connection) -> None:
        """Take note of a page that listens from now on; it has begun nothing yet."""

    def began(self, connection: Connection, state: PresentState) -> None:
        """Take note that a page shows `state`."""

    def left(self, connection: Connection) -> None:
        """Take note that a page is gone. It listens no longer."""


class Worker(Part, ABC):
    """A part with work of its own, which is begun again whenever it fails."""

    def __init__(self) -> None:
        self.watch = Watch()
        self._task: asyncio.Task[None] | None = None

    @property
    def period(self) -> float | None:
        """Seconds in which the work is done once; None for work that is only sometimes due."""
        return None

    def start(self) -> None:
        if self.period is not None:
            self.watch = Watch(self.period)
        self._task = asyncio.create_task(keep_running(self.name, self.run))

    def stop(self) -> None:
        if self._task:
            self._task.cancel()

    @property
    def is_late(self) -> bool:
        return self.watch.is_late

    @abstractmethod
    async def run(self) -> None:
        """Work for ever."""
