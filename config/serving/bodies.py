"""How large the body of a request may be."""

from django.conf import settings


def takes_uploads(path: str) -> bool:
    return path in settings.UPLOAD_PATHS


def max_bytes(path: str) -> int:
    """Return how many bytes the body of a request to `path` may have; more is refused before it is read."""
    return settings.UPLOAD_MAX_BYTES if takes_uploads(path) else settings.REQUEST_MAX_BYTES
