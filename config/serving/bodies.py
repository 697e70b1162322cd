"""How large the body of a request may be, and of how many parts."""

from django.conf import settings
from django.utils.http import parse_header_parameters

from config.serving.headers import Headers

# A boundary has at most 70 characters; the time to find it grows with the square of all of them.
CONTENT_TYPE_MAX_LENGTH = 256


def takes_uploads(path: str) -> bool:
    return path in settings.UPLOAD_PATHS


def max_bytes(path: str) -> int:
    """Return how many bytes the body of a request to `path` may have at most; more is refused unread."""
    return settings.UPLOAD_MAX_BYTES if takes_uploads(path) else settings.REQUEST_MAX_BYTES


def announced_length(headers: Headers) -> int:
    """Return the announced length of the body; without a valid announcement more than is accepted.

    Refusing before reading keeps a large body out of the memory of a server that passes on what comes in.
    """
    lines = dict(headers)
    length = lines.get(b"content-length", b"0")
    if b"transfer-encoding" in lines or not length.isdigit() or len(length) > 18:
        return settings.UPLOAD_MAX_BYTES + 1
    return int(length)


def has_too_many_parts(headers: Headers, body: bytes) -> bool:
    """Whether a form, whose head is acceptable, may have more parts than any of ours, at some 0.1 ms each.

    Django counts fields and files, but not parts that are neither.
    """
    if "multipart/" not in content_type_of(headers).lower():
        return False
    boundary = parameters_of(headers).get("boundary", "").encode("latin-1", "replace")
    return body.count(b"--" + boundary) > settings.MULTIPART_MAX_PARTS


def parameters_of(headers: Headers) -> dict[str, str]:
    return parse_header_parameters(content_type_of(headers), max_length=CONTENT_TYPE_MAX_LENGTH)[1]


def content_type_of(headers: Headers) -> str:
    return b",".join(value for name, value in headers if name == b"content-type").decode("latin-1")
