from datetime import timedelta
from typing import Self

from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models.user import User


class ClaimQuerySet(models.QuerySet["Claim"]):
    def over(self) -> Self:
        return self.filter(last_used__lte=timezone.now() - Claim.LIFETIME)


class Claim(models.Model):
    """A name without a password belongs to a browser. It counts only if `ENTERING` is `claimed`."""

    LIFETIME = timedelta(days=400)  # the most that browsers grant a cookie
    NOTED_EVERY = timedelta(days=1)

    user = models.ForeignKey(User, models.CASCADE, related_name="claims")
    browser = models.CharField(max_length=64)  # a hash of what the cookie of the browser says
    last_used = models.DateTimeField(default=timezone.now, db_default=Now())  # to a day

    objects = ClaimQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "browser"], name="one_claim_per_browser")]

    def __str__(self) -> str:
        return f"claim {self.pk}"

    def note_use(self) -> None:
        now = timezone.now()
        if self.last_used <= now - self.NOTED_EVERY:
            Claim.objects.filter(pk=self.pk).update(last_used=now)
