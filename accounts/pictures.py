"""Pictures that people send, drawn anew as a whole: upright, without where and when they were made."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts.avatars import PROGRAM, REASONS, PictureRefused

SECONDS = 30
# Pixels of the small one: for three columns on a telephone, and for half a screen.
BOX = (1200, 800)

REASONS["long"] = _("This animation is too long or too large. Send it as a video, or choose a shorter one.")


@dataclass(frozen=True, slots=True)
class Drawn:
    """What a picture is, once it is drawn: its format as Pillow names it, and its size in pixels."""

    format: str
    width: int
    height: int
    is_animated: bool


def redraw(picture: Any, whole: Any, small: Any) -> Drawn:
    """Draw a picture into two open files: as it is, and so that it fits into BOX. Raises PictureRefused.

    Another process does it, as for avatars. The files have to be files of the system.
    """
    picture.flush()
    os.lseek(picture.fileno(), 0, os.SEEK_SET)  # the file itself, whatever was read of it into memory
    written = (whole.fileno(), small.fileno())
    command = [sys.executable, "-I", str(PROGRAM), "whole", *map(str, (*written, *BOX))]
    try:
        done = subprocess.run(  # noqa: S603 (a fixed command)
            command,
            stdin=picture,
            capture_output=True,
            timeout=SECONDS,
            check=True,
            env={},
            cwd="/",
            pass_fds=written,
        )
        answer = json.loads(done.stdout)
    except subprocess.CalledProcessError as error:
        has_no_time_left = error.returncode in (-signal.SIGXCPU, -signal.SIGKILL)
        raise PictureRefused("large" if has_no_time_left else "unreadable") from None
    except (subprocess.SubprocessError, ValueError):
        raise PictureRefused("unreadable") from None
    if "refused" in answer:
        raise PictureRefused(answer["refused"][0])
    for drawn in (whole, small):
        drawn.seek(0)
    return Drawn(**answer)
