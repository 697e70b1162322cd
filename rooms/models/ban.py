from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


class BanQuerySet(models.QuerySet["Ban"]):
    def active(self) -> Self:
        return self.filter(Q(until=None) | Q(until__gt=timezone.now()))

    def over(self) -> Self:
        return self.filter(until__lte=timezone.now())


class Ban(models.Model):
    """A person who may not come back into a room, until `until`, or permanently without it."""

    room = models.ForeignKey("ChatRoom", models.CASCADE, related_name="bans")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="bans")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    # Shown to the person.
    reason = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField(default=timezone.now)
    until = models.DateTimeField(null=True)

    objects = BanQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["room", "user"], name="one_ban_per_person")]

    def __str__(self) -> str:
        return f"ban of user {self.user_id} from room {self.room_id}"
