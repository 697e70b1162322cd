import time
from typing import Self

from django.db import models


class AllowanceQuerySet(models.QuerySet["Allowance"]):
    def over(self) -> Self:
        return self.filter(whole_at__lt=time.time())


class Allowance(models.Model):
    """What is left of a limit: `accounts.limits` counts with it."""

    key = models.CharField(max_length=60, primary_key=True)
    # When all of it is available again, in seconds since 1970. After that moment the row means nothing.
    whole_at = models.FloatField(db_index=True)

    objects = AllowanceQuerySet.as_manager()

    def __str__(self) -> str:
        return self.key
