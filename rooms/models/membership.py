from django.conf import settings
from django.db import connection, models, transaction
from django.utils import timezone

from rooms.live import doorbell
from rooms.models.message import Message

# Neither the ORM nor a loop does this in one statement, whatever the number of messages.
_INSERT_RECEIPTS = """
    INSERT INTO rooms_readreceipt (message_id, user_id, read_at)
    SELECT id, %s, %s FROM rooms_message WHERE room_id = %s AND id > %s AND id <= %s AND sender_id <> %s
    ON CONFLICT DO NOTHING
"""


class Membership(models.Model):
    """A person's place in a room. The marks are message ids that only move forward."""

    room = models.ForeignKey("ChatRoom", models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships")
    joined_at = models.DateTimeField(default=timezone.now)
    last_read = models.PositiveBigIntegerField(default=0)
    last_delivered = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["room", "user"], name="one_membership_per_person")]

    def __str__(self) -> str:
        return f"user {self.user_id} in room {self.room_id}"

    def mark_read(self, upto: int) -> bool:
        """Move the read marker forward to message id `upto`; return False if it is already there or past it.

        Tabs report out of order, so the comparison happens in the UPDATE: a late report must not bring an
        unread badge back. An `upto` beyond the room's last message counts as that one.
        """
        with transaction.atomic():
            last = Message.objects.filter(room_id=self.room_id, pk__lte=upto).order_by("-pk").first()
            mine = Membership.objects.filter(pk=self.pk)
            before = mine.select_for_update().values_list("last_read", flat=True).first()
            moved = last and mine.filter(last_read__lt=last.pk).update(last_read=last.pk)
            if not (last and moved):
                return False
            now = connection.ops.adapt_datetimefield_value(timezone.now())
            with connection.cursor() as cursor:
                cursor.execute(
                    _INSERT_RECEIPTS, [self.user_id, now, self.room_id, before, last.pk, self.user_id]
                )
            transaction.on_commit(
                lambda: doorbell.ring("read", room=self.room_id, user=self.user_id), robust=True
            )
        self.last_read = last.pk
        return True

    def leave(self) -> None:
        """Leave the room; open pages of it end."""
        with transaction.atomic():
            self.delete()
            transaction.on_commit(lambda: doorbell.ring("access", user=self.user_id), robust=True)
