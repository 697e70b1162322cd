from django.conf import settings
from django.db import models
from django.utils import timezone


class Pin(models.Model):
    """A message that stands on the page of pinned messages of its room. It goes with the message's text."""

    AT_MOST = 50  # in one room

    message = models.OneToOneField("Message", models.CASCADE, related_name="pin")
    room = models.ForeignKey("ChatRoom", models.CASCADE, related_name="pins")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    reason = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"pin of message {self.message_id}"
