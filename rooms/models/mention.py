import re
import unicodedata

from django.conf import settings
from django.db import connection, models

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


# Neither the ORM nor a loop does this in one statement, however many people are there.
_MENTION_EVERYBODY = """
    INSERT INTO rooms_mention (message_id, user_id)
    SELECT %s, membership.user_id
    FROM rooms_membership AS membership
    JOIN accounts_user AS person ON person.id = membership.user_id
    WHERE membership.room_id = %s AND person.is_active AND person.id <> %s
    ON CONFLICT DO NOTHING
"""


class Mention(models.Model):
    """A participant whom a message names as @name."""

    message = models.ForeignKey("Message", models.CASCADE, related_name="mentions")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "message"], name="one_mention_per_person")]

    def __str__(self) -> str:
        return f"mention of user {self.user_id} in message {self.message_id}"


def mention_everybody(message_id: int, room_id: int, sender_id: int) -> None:
    """Let a message mention all active people in its room but its sender."""
    with connection.cursor() as cursor:
        cursor.execute(_MENTION_EVERYBODY, [message_id, room_id, sender_id])
