"""The addresses that stand on a page a hundred times, made in a tenth of the time that `reverse` takes."""

from functools import cache
from urllib.parse import quote

from django.urls import reverse

_SAMPLE = "7"
_NOT_QUOTED = "!$&'()*+,;=/~:@"  # what `reverse` leaves as it is


def path_of(name: str, part: int | str) -> str:
    """Return what `reverse(name, args=[part])` does, for a name with one part."""
    before, after = _around(name)
    return before + (str(part) if isinstance(part, int) else quote(part, safe=_NOT_QUOTED)) + after


@cache
def _around(name: str) -> tuple[str, str]:
    before, after = reverse(name, args=[_SAMPLE]).split(_SAMPLE)
    return before, after
