import re
import unicodedata

from django.conf import settings
from django.db import models

# Many scripts write vowels as marks, which names may have and \w leaves out.
_MARKS = "".join(
    chr(code) for code in range(0x300, 0x1F000) if unicodedata.category(chr(code)) in ("Mn", "Mc")
)
# What may be a name after an @; a name ends neither with a dot nor with a dash that ends a sentence.
MENTION = re.compile(rf"(?<![\w{_MARKS}@./])@([\w{_MARKS}.-]*[\w{_MARKS}])")

# What moderators type to mention all who are in the room, which is nobody's name (accounts/names.py), and
# what stands for it in `Message.mentioned` in place of an id.
ALL = "all"
EVERYBODY = 0


class Mention(models.Model):
    """A participant whom a message names as @name."""

    message = models.ForeignKey("Message", models.CASCADE, related_name="mentions")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "message"], name="one_mention_per_person")]

    def __str__(self) -> str:
        return f"mention of user {self.user_id} in message {self.message_id}"
