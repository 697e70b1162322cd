"""How many large bodies come at a time.

A place is taken before any of the body is read, and given back when the request is answered.
"""

import asyncio
import shutil
from collections import Counter
from contextlib import AbstractContextManager
from typing import Any

from asgiref.typing import HTTPScope
from django.conf import settings

from config.addresses import client_of, counted_as


class Uploads:
    """The places of one process. Everything belongs to the event loop that serves."""

    def __init__(self) -> None:
        self.people: set[int] = set()
        self.addresses: Counter[str | None] = Counter()
        self.places: set[Place] = set()

    def has_space_for(self, length: int) -> bool:
        """Whether the disk has room for one more of that length, and for all that are on their way.

        Photos are there twice for a moment: as they came, and drawn anew.
        """
        free = shutil.disk_usage(settings.DATA_DIR).free
        return free - 2 * (self.coming + length) > settings.DISK_RESERVE

    @property
    def coming(self) -> int:
        return sum(place.length for place in self.places)

    def place_for(self, user_id: int, scope: HTTPScope) -> "Place | None":
        """Take a place; None where there is none for this person now."""
        address = counted_as(client_of(scope))
        has_enough = address is not None and self.addresses[address] >= settings.UPLOADS_PER_ADDRESS
        if has_enough or user_id in self.people or len(self.people) >= settings.UPLOADS_AT_ONCE:
            return None
        return Place(self, user_id, address)


class Place(AbstractContextManager["Place"]):
    """The place of one upload, which is given back at the end of the context, or later."""

    def __init__(self, uploads: Uploads, user_id: int, address: str | None) -> None:
        self._uploads = uploads
        self._user_id = user_id
        self._address = address
        self._is_kept = False
        self.length = 0  # of what is coming
        uploads.places.add(self)
        uploads.people.add(user_id)
        uploads.addresses[address] += 1

    def __exit__(self, *_exception: object) -> None:
        if not self._is_kept:
            self._give_back()

    def keep_until(self, request: asyncio.Future[Any]) -> None:
        """Give it back when a thread is done with `request`, whose sender may have gone before."""
        self._is_kept = True
        request.add_done_callback(lambda _request: self._give_back())

    def _give_back(self) -> None:
        self._uploads.places.discard(self)
        self._uploads.people.discard(self._user_id)
        self._uploads.addresses[self._address] -= 1
        self._uploads.addresses = +self._uploads.addresses
