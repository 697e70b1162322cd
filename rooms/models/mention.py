import re

from django.conf import settings
from django.db import models

# What may be a name after an @; a name ends neither with a dot nor with a dash that ends a sentence.
MENTION = re.compile(r"(?<![\w@./])@([\w.-]*\w)")


class Mention(models.Model):
    """A participant whom a message names as @name."""

    message = models.ForeignKey("Message", models.CASCADE, related_name="mentions")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "message"], name="one_mention_per_person")]

    def __str__(self) -> str:
        return f"mention of user {self.user_id} in message {self.message_id}"
