from django.conf import settings
from django.db import models


class Departure(models.Model):
    """Says that somebody has left a room, and not joined it again: it looks different in their list."""

    room = models.ForeignKey("ChatRoom", models.CASCADE, related_name="departures")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "room"], name="one_departure_per_person")]

    def __str__(self) -> str:
        return f"user {self.user_id} has left room {self.room_id}"
