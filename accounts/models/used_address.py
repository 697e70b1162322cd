from datetime import datetime, timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.utils import timezone

from accounts.models.user import User


class UsedAddressQuerySet(models.QuerySet["UsedAddress"]):
    def note(self, user: User, address: str | None) -> None:
        """Note that a person uses Hearth from `address`, in the form in which limits count it."""
        if address is None or not settings.ADDRESS_DAYS:
            return
        now = timezone.now()
        address = address[: UsedAddress.MAX_LENGTH]  # a proxy may say anything
        if not self.filter(user=user, address=address).update(last_used=now):
            moments = {"first_used": now, "last_used": now}
            self.get_or_create(user=user, address=address, defaults=moments)

    def over(self) -> Self:
        return self.filter(last_used__lte=timezone.now() - timedelta(days=settings.ADDRESS_DAYS))

    def between(self, since: datetime | None, until: datetime) -> Self:
        """Addresses that were used in that time, and perhaps before and after it."""
        found = self.filter(first_used__lte=until)
        return found.filter(last_used__gte=since) if since else found


class UsedAddress(models.Model):
    """A person used Hearth from an address. Kept for ADDRESS_DAYS after the last time, to undo raids."""

    MAX_LENGTH = 45

    user = models.ForeignKey(User, models.CASCADE, related_name="used_addresses")
    address = models.CharField(max_length=MAX_LENGTH)
    first_used = models.DateTimeField()
    last_used = models.DateTimeField(db_index=True)

    objects = UsedAddressQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["address", "user"], name="one_address_per_person")]

    def __str__(self) -> str:
        return f"address of user {self.user_id}"
