from collections import defaultdict
from collections.abc import Iterable
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


class BlockQuerySet(models.QuerySet["Block"]):
    def between(self, one: int | None, other: int | None) -> Self:
        """Blocks between two people, in either direction."""
        return self.filter(Q(blocker=one, blocked=other) | Q(blocker=other, blocked=one))

    def by_blocker(self, user_ids: Iterable[int]) -> dict[int, set[int]]:
        """Return whom each of the users has blocked, in one query, without users who have blocked nobody."""
        blocked: defaultdict[int, set[int]] = defaultdict(set)
        for blocker, person in self.filter(blocker__in=user_ids).values_list("blocker", "blocked"):
            blocked[blocker].add(person)
        return blocked


class Block(models.Model):
    """One person wants to hear nothing from another. Only the blocker knows."""

    AT_MOST = 500  # of one person: their own style sheet names all of them

    blocker = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="blocks")
    blocked = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    objects = BlockQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["blocker", "blocked"], name="one_block_per_person")]

    def __str__(self) -> str:
        return f"block by user {self.blocker_id} of user {self.blocked_id}"
