"""What PostgreSQL and SQLite do not do alike."""

from typing import Any

from django.db import connection, models, transaction


def update_in_order(rows: models.QuerySet[Any], **values: Any) -> int:
    """Update `rows`, locking them in the order of their ids; return how many.

    Two processes that change the same rows then never wait for each other in a circle.
    """
    if not connection.features.has_select_for_update:
        return rows.update(**values)
    with transaction.atomic():
        ids = list(rows.select_for_update(of=("self",)).order_by("pk").values_list("pk", flat=True))
        changed: int = rows.model._base_manager.filter(pk__in=ids).update(**values)
        return changed
