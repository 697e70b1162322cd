"""Avatars out of pictures that people upload."""

import base64
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.limits import LimitReached
from accounts.models.avatar import SIZES

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

SECONDS = 15
# Decoders that a process runs at the same time. Nobody waits for a free one.
AT_ONCE = 2
RETRY_SECONDS = 5
# It can import nothing of Hearth, and knows none of its settings or secrets.
PROGRAM = Path(__file__).with_name("picture.py")
COMMAND = [sys.executable, "-I", str(PROGRAM), *map(str, SIZES)]

REASONS: dict[str, "StrOrPromise"] = {
    "small": _("This picture is too small. Choose one that is at least 64 pixels wide and high."),
    "large": _("This picture has too many pixels. Choose one with no more than 25 million."),
    "unreadable": _("This file can’t be read as a picture. Choose a JPEG, PNG, WebP or GIF file."),
}

_at_work: set[int] = set()
_lock = Lock()


class PictureRefused(Exception):
    """No avatar can be made from this file; `reason` is a sentence."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = REASONS[reason]


class Busy(LimitReached):
    """Too many pictures are being decoded now, or another one of the same person."""

    def __str__(self) -> str:
        return gettext("Other pictures are being processed. Try again in a moment.")


@contextmanager
def turn_of(person: int) -> Iterator[None]:
    """Keep a decoder for a person (an id), who has one at a time. Raises Busy at once if none is free."""
    with _lock:
        if person in _at_work or len(_at_work) >= AT_ONCE:
            raise Busy(RETRY_SECONDS)
        _at_work.add(person)
    try:
        yield
    finally:
        _at_work.discard(person)


def make_avatars(data: bytes) -> list[bytes]:
    """Return the avatar in each of `SIZES`. Raises PictureRefused.

    Another process decodes: decoders are written in C, and are what a hostile picture is aimed at. It has
    little memory and time, no environment, and ends with what it did. Call it in `turn_of` somebody.
    """
    try:
        done = subprocess.run(  # noqa: S603 (a fixed command)
            COMMAND, input=data, capture_output=True, timeout=SECONDS, check=True, env={}, cwd="/"
        )
        answer = json.loads(done.stdout)
        if "refused" in answer:
            raise PictureRefused(answer["refused"][0])
        return [base64.b64decode(avatar) for avatar in answer["avatars"]]
    except (subprocess.SubprocessError, ValueError):
        raise PictureRefused("unreadable") from None
