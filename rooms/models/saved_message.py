from django.conf import settings
from django.db import models
from django.utils import timezone


class SavedMessage(models.Model):
    """A message that somebody keeps for themselves, with a note. It goes with the message's text."""

    AT_MOST = 1_000  # of one person

    message = models.ForeignKey("Message", models.CASCADE, related_name="saves")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    note = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "message"], name="one_save_per_person")]

    def __str__(self) -> str:
        return f"message {self.message_id}, saved by user {self.user_id}"
