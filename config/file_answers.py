"""Answers that are files: as a whole or a range of it, for players and interrupted downloads (RFC 9110)."""

import io
import re
from typing import Any, BinaryIO

from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import get_conditional_response
from django.utils.csp import CSP, build_policy
from django.utils.http import content_disposition_header

from config.file_types import UNKNOWN

type Policy = dict[str, Any]

# What a file may do that is opened by itself. A sandbox would keep films from playing.
_NOTHING: Policy = {"default-src": [CSP.NONE], "frame-ancestors": [CSP.NONE], "sandbox": True}
_PICTURE: Policy = {**_NOTHING, "img-src": [CSP.SELF], "style-src": [CSP.UNSAFE_INLINE]}
_PLAYER: Policy = {
    "default-src": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
    "img-src": [CSP.SELF],
    "media-src": [CSP.SELF],
    "style-src": [CSP.UNSAFE_INLINE],
}
# As much is no burden to keep until it is taken, as a page is kept.
SMALL_BYTES = 128 * 1024
# Longer than any that names one range.
RANGE_MAX_LENGTH = 64
_RANGE = re.compile(r"bytes=(\d{1,18})?-(\d{1,18})?", re.IGNORECASE)


class Part(io.RawIOBase):
    """A range of an open file, for a `reader`: an id."""

    def __init__(self, file: BinaryIO, first: int, length: int, reader: int = 0) -> None:
        super().__init__()
        self.reader = reader
        self._file = file
        self._left = length
        file.seek(first)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        wanted = self._left if size is None or size < 0 else min(size, self._left)
        data = self._file.read(wanted)
        self._left -= len(data)
        return data

    def close(self) -> None:
        self._file.close()
        super().close()


def respond(
    request: HttpRequest, file: BinaryIO, *, size: int, tag: str, content_type: str, name: str, saves: bool
) -> HttpResponseBase:
    """Answer with an open file, or what is wanted of it; `saves`, where a browser is to save it.

    Nothing of it is read before it is sent. It is closed with the answer.
    """
    response: HttpResponseBase
    if conditional := get_conditional_response(request, etag=tag):
        file.close()
        response = conditional
    else:
        response = _part_or_whole(request, file, size, tag)
        response["Content-Type"] = content_type
        if disposition := content_disposition_header(saves or content_type == UNKNOWN, name):
            response["Content-Disposition"] = disposition
    response["ETag"] = tag
    response["Accept-Ranges"] = "bytes"
    response["Cache-Control"] = "private, no-cache"  # asks each time whether the reader still may
    response[str(CSP.HEADER_ENFORCE)] = build_policy(_policy_for(content_type))
    return response


def _part_or_whole(request: HttpRequest, file: BinaryIO, size: int, tag: str) -> HttpResponseBase:
    wanted = _wanted(request, size, tag)
    if wanted is None:
        first, length, status = 0, size, 200
    else:
        first, length, status = *wanted, 206
    if length == 0 and size:
        file.close()
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    response: HttpResponseBase
    if request.method == "HEAD":
        file.close()
        response = HttpResponse(status=status)
    elif length <= SMALL_BYTES:
        with Part(file, first, length) as part:
            response = HttpResponse(part.read(), status=status)
    else:
        response = FileResponse(Part(file, first, length, request.user.pk or 0), status=status)
    response["Content-Length"] = str(length)
    if status == 206:
        response["Content-Range"] = f"bytes {first}-{first + length - 1}/{size}"
    return response


def _wanted(request: HttpRequest, size: int, tag: str) -> tuple[int, int] | None:
    """Return where the range that is asked for begins and how long it is: 0 for one that there is none of.

    None for the whole: also where several ranges are asked for, or one of a file that has changed since.
    """
    header = request.headers.get("Range", "")
    if request.method not in ("GET", "HEAD") or not 0 < len(header) <= RANGE_MAX_LENGTH or not size:
        return None
    match = _RANGE.fullmatch(header.strip())
    if match is None or request.headers.get("If-Range", tag) != tag:
        return None
    first, last = match.groups()
    if first is None:
        return None if last is None else (max(size - int(last), 0), min(int(last), size))
    if last is not None and int(last) < int(first):
        return None
    return int(first), max(min(int(last) + 1 if last else size, size) - int(first), 0)


def _policy_for(content_type: str) -> Policy:
    if content_type.startswith("image/"):
        return _PICTURE
    return _PLAYER if content_type.startswith(("audio/", "video/")) else _NOTHING
