"""Lists that are shown a page at a time, and numbers in addresses."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

LAST_PAGE = 10_000


def number(text: str | None) -> int | None:
    """Return an id, or the like, out of an address; None for anything else."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None


def page_number(request: HttpRequest) -> int:
    """Return which page `?page=` names, from 0."""
    return min(number(request.GET.get("page")) or 0, LAST_PAGE)


def page_of[T](rows: "QuerySet[Any, T]", request: HttpRequest, size: int) -> tuple[list[T], int | None]:
    """Return the rows of the page that the address names, and the number of the next one, if any."""
    page = page_number(request)
    found = list(rows[page * size : (page + 1) * size + 1])
    return found[:size], page + 1 if len(found) > size else None
