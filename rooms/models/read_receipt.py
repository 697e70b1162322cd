from django.conf import settings
from django.db import models
from django.utils import timezone


class ReadReceipt(models.Model):
    """A person has read a message, at a moment."""

    message = models.ForeignKey("Message", models.CASCADE, related_name="read_receipts")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    read_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["message", "user"], name="one_receipt_per_reader")]

    def __str__(self) -> str:
        return f"receipt of message {self.message_id} by user {self.user_id}"
