"""Avatars out of pictures that people upload."""

import base64
import json
import subprocess
import sys
from pathlib import Path
from threading import BoundedSemaphore
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from accounts.models.avatar import SIZES

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

SECONDS = 15
PATIENCE_SECONDS = 3
# Of the threads that answer requests, most stay free for others.
AT_ONCE = 2
# It can import nothing of Hearth, and knows no setting or secret of it.
PROGRAM = Path(__file__).with_name("picture.py")
COMMAND = [sys.executable, "-I", str(PROGRAM), *map(str, SIZES)]

REASONS: dict[str, "StrOrPromise"] = {
    "small": _("This picture is too small. Choose one with at least 64 pixels on each side."),
    "large": _("This picture has too many pixels. Choose one with at most 25 million."),
    "unreadable": _("This cannot be read as a picture. Choose a JPEG, PNG, WebP or GIF file."),
    "busy": _("Other pictures are being worked on. Try again in a moment."),
}

_free = BoundedSemaphore(AT_ONCE)


class PictureRefused(Exception):
    """No avatar from this; `reason` is a sentence."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = REASONS[reason]


def make_avatars(data: bytes) -> list[bytes]:
    """Return the avatar in each of `SIZES`. Raises PictureRefused.

    Another process decodes: decoders are written in C, and are what a hostile picture is aimed at. It has
    little memory and time, no environment, and ends with what it did.
    """
    if not _free.acquire(timeout=PATIENCE_SECONDS):
        raise PictureRefused("busy")
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
    finally:
        _free.release()
