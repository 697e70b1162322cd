"""Where PostgreSQL and SQLite differ, and what they say when they fail."""

import logging
from typing import Any

from django.db import InterfaceError, OperationalError, connection, models, transaction

from config.text import one_line

READ_ONLY = "25006"  # PostgreSQL's code for an error that Django reports as a bug


def is_unavailable(error: BaseException) -> bool:
    """Whether the database is away, locked, full or read-only: no bug, and over after a while."""
    return (
        isinstance(error, (OperationalError, InterfaceError))
        or getattr(error.__cause__, "sqlstate", "") == READ_ONLY
    )


def update_in_order(rows: models.QuerySet[Any], **values: Any) -> int:
    """Update `rows`, locking them in the order of their ids; return how many.

    So two processes that change the same rows never wait for each other in a circle.
    """
    if not connection.features.has_select_for_update:
        return rows.update(**values)
    with transaction.atomic():
        ids = list(rows.select_for_update(of=("self",)).order_by("pk").values_list("pk", flat=True))
        changed: int = rows.model._base_manager.filter(pk__in=ids).update(**values)
        return changed


class WithoutTrace(logging.Filter):
    """Log in one line, without a stack trace, that the database is unavailable."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if error and is_unavailable(error):
            record.msg, record.args = "%s: %s", (record.getMessage(), one_line(error))
            record.exc_info = record.exc_text = None
        return True
