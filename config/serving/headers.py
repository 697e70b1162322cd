"""What every answer tells browsers, whoever made it: a page, a stream, or the server itself.

Both servers add what is missing when they write the head of an answer, so none goes without. Pages bring a
policy of their own.
"""

from collections.abc import Iterable

from django.conf import settings

type Headers = Iterable[tuple[bytes, bytes]]

SAFE = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": settings.X_FRAME_OPTIONS,
    "Referrer-Policy": settings.SECURE_REFERRER_POLICY,
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": settings.SECURE_CROSS_ORIGIN_OPENER_POLICY,
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_LINES = [(name.lower().encode(), value.encode()) for name, value in SAFE.items()]


def missing_in(headers: Headers) -> list[tuple[bytes, bytes]]:
    """Return the lines that an answer with `headers`, in any case, still needs."""
    present = {name.lower() for name, _value in headers}
    return [line for line in _LINES if line[0] not in present]
