"""How large the body of a request may be, and of how many parts."""

import re
import sys

from django.conf import settings
from django.http import HttpRequest
from django.utils.http import parse_header_parameters

from config.serving.headers import Headers

# A boundary has at most 70 characters; the time to find it grows with the square of all of them.
CONTENT_TYPE_MAX_LENGTH = 256


def takes_uploads(path: str) -> bool:
    return _largest_upload(path) > 0


def is_upload(path: str, headers: Headers) -> bool:
    """Whether the body is a form with files, for a path where these are taken."""
    return takes_uploads(path) and is_in_parts(content_type_of(headers))


def is_large_upload(request: HttpRequest) -> bool:
    """Whether it is better never to have the body of a request in memory."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    is_large = length.isdigit() and int(length) > settings.REQUEST_MAX_BYTES
    return is_large and is_in_parts(request.content_type or "") and takes_uploads(request.path)


def is_in_parts(content_type: str) -> bool:
    return "multipart/" in content_type.lower()


def max_bytes(path: str) -> int:
    """Return how many bytes the body of a request to `path` may have at most; more is refused unread."""
    return _largest_upload(path) or settings.REQUEST_MAX_BYTES


def _largest_upload(path: str) -> int:
    """Return how large a form with files may be that is sent to `path`; 0 where none is taken."""
    found = (size for pattern, size in settings.UPLOAD_PATHS.items() if re.fullmatch(pattern, path))
    return next(found, 0)


def announced_length(headers: Headers) -> int:
    """Return the announced length of the body; without a valid announcement more than is accepted.

    Refusing before reading keeps a large body out of the memory of a server that passes on what comes in.
    """
    lines = dict(headers)
    length = lines.get(b"content-length", b"0")
    if b"transfer-encoding" in lines or not length.isdigit() or len(length) > 18:
        return sys.maxsize
    return int(length)


def has_too_many_parts(headers: Headers, body: bytes) -> bool:
    """Whether a form, whose head is acceptable, has more parts than any of ours. Each takes 0.1 ms to parse.

    Django counts fields and files, but not parts that are neither.
    """
    if not is_in_parts(content_type_of(headers)):
        return False
    return body.count(separator_of(headers)) > settings.MULTIPART_MAX_PARTS


def separator_of(headers: Headers) -> bytes:
    """Return what stands before each part of a form."""
    return b"--" + parameters_of(headers).get("boundary", "").encode("latin-1", "replace")


def parameters_of(headers: Headers) -> dict[str, str]:
    return parse_header_parameters(content_type_of(headers), max_length=CONTENT_TYPE_MAX_LENGTH)[1]


def content_type_of(headers: Headers) -> str:
    return b",".join(value for name, value in headers if name == b"content-type").decode("latin-1")
