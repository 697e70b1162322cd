from django.db import models

from accounts.models.user import User


class Claim(models.Model):
    """That a name without a password belongs to a browser. It counts where `ENTERING` is `claimed`."""

    user = models.ForeignKey(User, models.CASCADE, related_name="claims")
    browser = models.CharField(max_length=64)  # a hash of what the cookie of the browser says

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "browser"], name="one_claim_per_browser")]

    def __str__(self) -> str:
        return f"claim {self.pk}"
