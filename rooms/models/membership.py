"""A person's place in a room: what they have, what they have read, and what they want to be told."""

from collections.abc import Collection, Iterable

from django.conf import settings
from django.db import connection, models, transaction
from django.db.models import F, OuterRef, Subquery
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from rooms.live import doorbell
from rooms.models.message import Message

# Neither the ORM nor a loop does this in one statement, whatever the number of messages.
_INSERT_RECEIPTS = """
    INSERT INTO rooms_readreceipt (message_id, user_id, read_at)
    SELECT message.id, membership.user_id, %s
    FROM rooms_membership AS membership
    JOIN rooms_message AS message ON message.room_id = membership.room_id
    WHERE membership.id IN ({places}) AND message.sender_id <> membership.user_id
    AND message.id > membership.last_read AND message.id <= %s
    ON CONFLICT DO NOTHING
"""


class MembershipQuerySet(models.QuerySet["Membership"]):
    def mark_delivered(self, room_id: int, user_ids: Iterable[int], upto: int) -> int:
        """Note that messages up to `upto` reached these people; return how many of them it was new to."""
        behind = self.filter(room=room_id, user__in=list(user_ids), last_delivered__lt=upto)
        return behind.update(last_delivered=upto)

    def mark_list_delivered(self, user: User) -> None:
        """Note that `user` was shown the list of chats, and so the last message of each."""
        last = Message.objects.filter(room=OuterRef("room")).order_by("-pk").values("pk")[:1]
        behind = self.filter(user=user, last_delivered__lt=F("room__last_message"))
        room_ids = list(behind.values_list("room", flat=True))
        if not room_ids:
            return
        with transaction.atomic():
            self.filter(user=user, room__in=room_ids).update(last_delivered=Subquery(last))
            transaction.on_commit(lambda: _ring_all("receipt", room_ids), robust=True)

    def mark_all_read(self, user: User) -> dict[int, int]:
        """Mark everything of `user` as read, in a fixed number of statements.

        Returns the read markers as they were, by room, for `restore_read_markers`.
        """
        last = Message.objects.filter(room=OuterRef("room")).order_by("-pk").values("pk")[:1]
        with transaction.atomic():
            behind = self.filter(user=user, read_marker__lt=F("room__last_message")).select_for_update(
                of=("self",)
            )
            before = {row.room_id: row for row in behind}
            newest = Message.objects.order_by("-pk").values_list("pk", flat=True).first()
            if not (before and newest):
                return {}
            _insert_receipts([row.pk for row in before.values()], newest)
            self.filter(user=user, room__in=before).update(
                read_marker=Subquery(last), last_read=Subquery(last), last_delivered=Subquery(last)
            )
            transaction.on_commit(lambda: _ring_all("read", before, user=user.pk), robust=True)
        return {room_id: row.read_marker for room_id, row in before.items()}

    def restore_read_markers(self, user: User, markers: dict[int, int]) -> None:
        """Undo `mark_all_read` as far as `user` sees it; what others were told stays told."""
        with transaction.atomic():
            rows = list(self.filter(user=user, room__in=markers).select_for_update(of=("self",)))
            for row in rows:
                row.read_marker = min(row.read_marker, markers[row.room_id])
                row.marker_version += 1
            self.bulk_update(rows, ["read_marker", "marker_version"])
            transaction.on_commit(lambda: _ring_all("read", markers, user=user.pk), robust=True)


def _ring_all(kind: str, room_ids: Iterable[int], **ids: int) -> None:
    for room_id in room_ids:
        doorbell.ring(kind, room=room_id, **ids)


def _insert_receipts(membership_ids: Collection[int], upto: int) -> None:
    places = ", ".join(["%s"] * len(membership_ids))
    with connection.cursor() as cursor:
        now = connection.ops.adapt_datetimefield_value(timezone.now())
        cursor.execute(_INSERT_RECEIPTS.format(places=places), [now, *membership_ids, upto])


class Membership(models.Model):
    """A person in a room.

    `last_delivered` and `last_read` are message ids that only move forward: what others are told by ticks.

    `read_marker` is what the member's own badge counts from. It follows `last_read`, and goes back when the
    member marks messages as unread; `marker_version` then voids reports from pages that do not know it yet.
    """

    class Notify(models.TextChoices):
        ALL = "all", _("All messages")
        MENTIONS = "mentions", _("Only messages that mention me")
        NOTHING = "nothing", _("Nothing")

    room = models.ForeignKey("ChatRoom", models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships")
    joined_at = models.DateTimeField(default=timezone.now)
    last_delivered = models.PositiveBigIntegerField(default=0)
    last_read = models.PositiveBigIntegerField(default=0)
    read_marker = models.PositiveBigIntegerField(default=0)
    marker_version = models.PositiveIntegerField(default=0, editable=False)
    notify = models.CharField(max_length=8, choices=Notify, default=Notify.ALL)
    muted_until = models.DateTimeField(null=True, blank=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["room", "user"], name="one_membership_per_person")]

    def __str__(self) -> str:
        return f"user {self.user_id} in room {self.room_id}"

    def mark_read(self, upto: int, version: int | None = None) -> bool:
        """Move the marks forward to message id `upto`; return False if that changes nothing.

        Tabs report out of order, so the comparison happens in the UPDATE: a late report must not bring an
        unread badge back. An `upto` beyond the room's last message counts as that one. `version` is the
        marker version that the reporting page knows; an older one is from before something was marked unread.
        """
        with transaction.atomic():
            last = Message.objects.filter(room_id=self.room_id, pk__lte=upto).order_by("-pk").first()
            if last is None:
                return False
            mine = Membership.objects.filter(pk=self.pk)
            if version is not None:
                mine = mine.filter(marker_version=version)
            # Moves the lower mark first, which also locks the row for what follows.
            moved = mine.filter(read_marker__lt=last.pk).update(read_marker=last.pk)
            if mine.filter(last_read__lt=last.pk).exists():
                _insert_receipts([self.pk], last.pk)
                moved += mine.filter(last_read__lt=last.pk).update(last_read=last.pk)
                mine.filter(last_delivered__lt=last.pk).update(last_delivered=last.pk)
            if moved:
                self.read_marker = max(self.read_marker, last.pk)
                self.last_read = max(self.last_read, last.pk)
                self.last_delivered = max(self.last_delivered, last.pk)
                transaction.on_commit(
                    lambda: doorbell.ring("read", room=self.room_id, user=self.user_id), robust=True
                )
        return bool(moved)

    def mark_unread(self, message: Message) -> None:
        """Count `message` and what follows as unread again, on the member's own pages."""
        with transaction.atomic():
            Membership.objects.filter(pk=self.pk).update(
                read_marker=message.pk - 1, marker_version=F("marker_version") + 1
            )
            transaction.on_commit(
                lambda: doorbell.ring("read", room=self.room_id, user=self.user_id), robust=True
            )

    @property
    def is_muted(self) -> bool:
        return self.muted_until is not None and self.muted_until > timezone.now()

    def leave(self) -> None:
        """Leave the room; open pages of it end."""
        with transaction.atomic():
            self.delete()
            transaction.on_commit(lambda: doorbell.ring("access", user=self.user_id), robust=True)
            transaction.on_commit(lambda: doorbell.ring("receipt", room=self.room_id), robust=True)
