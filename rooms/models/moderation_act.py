from typing import Any, Never

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from config import doorbell


class AppendOnly(Exception):
    """What was done stays written."""


class ModerationActQuerySet(models.QuerySet["ModerationAct"]):
    def record(
        self,
        room_id: int,
        actor: User | None,
        act: "ModerationAct.Act",
        person: User | None = None,
        message_id: int | None = None,
        reason: str = "",
    ) -> "ModerationAct":
        """Write down what was done, in the transaction that does it, and tell open pages after it.

        An act on a message changes nothing else for its author, and the room's own bell tells them about the
        message: they must not notice that a report was dismissed.
        """
        if not transaction.get_connection().in_atomic_block:
            raise transaction.TransactionManagementError("An act and its record belong into one transaction.")
        entry = self.create(
            room_id=room_id, actor=actor, act=act, person=person, message_id=message_id, reason=reason
        )
        ids = {"act": entry.pk, "room": room_id, "person": person.pk if person else 0}
        if message_id is None:
            doorbell.ring_after_commit("act", **ids)
        return entry

    def update(self, **_values: Any) -> Never:
        raise AppendOnly

    def delete(self) -> Never:
        raise AppendOnly


def acts() -> list[tuple[str, Any]]:
    """Return the choices of `ModerationAct.act`. Migrations name this function: a new act needs none."""
    return ModerationAct.Act.choices


class ModerationAct(models.Model):
    """What somebody did to a room or to others there, for its moderators. It holds no text of messages.

    Rows are only ever added. They are deleted with their room, but outlive the people they name.
    """

    class Act(models.TextChoices):
        OWNER = "owner", _("made owner")
        MODERATOR = "moderator", _("made moderator")
        MEMBER = "member", _("made member")
        RENAME = "rename", _("changed the name")
        DESCRIBE = "describe", _("changed the description")
        OPEN = "open", _("opened the room to everyone")
        CLOSE = "close", _("made the room invitation-only")
        POSTING = "posting", _("changed who can write")
        SLOW = "slow", _("changed slow mode")
        PINNING = "pinning", _("changed who can pin messages")
        PIN = "pin", _("pinned the message")
        UNPIN = "unpin", _("unpinned the message")
        ARCHIVE = "archive", _("archived the room")
        UNARCHIVE = "unarchive", _("unarchived the room")
        HIDE = "hide", _("hid the room")
        SHOW = "show", _("showed the room again")
        ADD = "add", _("invited")
        INVITE = "invite", _("created an invite link")
        REVOKE = "revoke", _("revoked an invite link")
        LET_IN = "let in", _("let in by an invite link")
        REMOVE = "remove", _("removed")
        DELETE_MESSAGE = "delete_message", _("deleted the message")
        UNDO_RAID = "undo_raid", _("deleted the messages of a raid")
        DISMISS_REPORT = "dismiss_report", _("dismissed the report of the message")
        BAN = "ban", _("banned")
        UNBAN = "unban", _("lifted the ban")

    room = models.ForeignKey("ChatRoom", models.CASCADE, related_name="moderation_acts")
    # None for what Hearth did by itself.
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    act = models.CharField(max_length=20, choices=acts)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    # A number, since the message may be gone.
    message_id = models.PositiveBigIntegerField(null=True)
    reason = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField(default=timezone.now)

    objects = ModerationActQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["room", "-id"], name="moderation_act_room")]

    def __str__(self) -> str:
        return f"{self.act} in room {self.room_id}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise AppendOnly
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Never:
        raise AppendOnly
