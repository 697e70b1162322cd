from django.db import models


class MessageVersion(models.Model):
    """A text that a message had before it was edited."""

    LIMIT = 50  # for one message: its page shows all of them

    message = models.ForeignKey("Message", models.CASCADE, related_name="versions")
    content = models.TextField()
    written_at = models.DateTimeField()

    class Meta:
        ordering = ("-pk",)

    def __str__(self) -> str:
        return f"earlier version of message {self.message_id}"
