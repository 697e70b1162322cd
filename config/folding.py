"""Rows that are found by any part of some of their texts, in any script.

Each row has these texts in a column, folded. The release before, 0.2.0, may write to the same database: it
makes rows without that column, and changes texts without changing it. So a row also notes as of when it was
folded. Rows for which that is no longer so are *unfolded*: whoever searches looks at their texts themselves,
and finds the same, until housekeeping folds them.
"""

from typing import Any, ClassVar

from django.db import models, transaction
from django.db.models import Case, F, OrderBy, Q, When

from config.text import searchable

FOLDED_FIELDS = ("folded", "folded_as_of")


class Foldable(models.Model):
    """A row that is found by its texts. A model says what those are, and what changes whenever they do.

    It also has the field `folded_as_of`, a copy of that column.
    """

    FOLDED_AS_OF: ClassVar[str]
    folded_as_of: Any
    folded = models.TextField(null=True, editable=False)  # noqa: DJ001 (the release before knows no such column)

    class Meta:
        abstract = True

    @property
    def found_by(self) -> tuple[str, ...]:
        raise NotImplementedError

    def fold(self) -> None:
        """Note the texts as they are now; saving the row is left to the caller."""
        self.folded = searchable(*self.found_by)
        self.folded_as_of = getattr(self, self.FOLDED_AS_OF)

    def save_folded(self) -> None:
        """Save this and nothing else: `save` would also write what somebody may have changed by now."""
        values = {field: getattr(self, field) for field in FOLDED_FIELDS}
        type(self)._default_manager.filter(pk=self.pk).update(**values)


def is_unfolded(column: str) -> Q:
    return Q(folded_as_of=None) | ~Q(folded_as_of=F(column))


def unfolded[M: Foldable](rows: "models.QuerySet[M]") -> "models.QuerySet[M]":
    return rows.filter(is_unfolded(rows.model.FOLDED_AS_OF))


def matching[M: Foldable](
    rows: "models.QuerySet[M]", text: str, *order: "str | OrderBy"
) -> "models.QuerySet[M]":
    """Return the rows with `text` in one of their texts, first those where one begins with it.

    An empty text is in all of them.
    """
    wanted = searchable(text)
    if not wanted:
        return rows.order_by(*order)
    found = [row.pk for row in unfolded(rows) if wanted in searchable(*row.found_by)]
    begins = Q(folded__startswith=wanted) | Q(folded__contains="\n" + wanted)
    rows = rows.filter(Q(folded__contains=wanted) | Q(pk__in=found))
    return rows.order_by(Case(When(begins, then=0), default=1), *order)


def fold_some(rows: "models.QuerySet[Any]", count: int) -> int:
    """Fold so many of the rows that are unfolded, in one transaction; return how many there were.

    What changes meanwhile stays unfolded: what was read is noted together with as of when it was.
    """
    if some := list(unfolded(rows)[:count]):
        with transaction.atomic():
            for row in some:
                row.fold()
                row.save_folded()
    return len(some)
