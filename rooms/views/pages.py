"""Lists that are shown a page at a time."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from rooms.views.rooms import number

LAST_PAGE = 10_000


def page_of[T](rows: "QuerySet[Any, T]", request: HttpRequest, size: int) -> tuple[list[T], int | None]:
    """Return the rows of the page that `?page=` names, from 0, and the number of the next one, if any."""
    page = min(number(request.GET.get("page")) or 0, LAST_PAGE)
    found = list(rows[page * size : (page + 1) * size + 1])
    return found[:size], page + 1 if len(found) > size else None
