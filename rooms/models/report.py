from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from rooms.models.membership import Membership
from rooms.models.stored_file import ShownFile, StoredFile

if TYPE_CHECKING:
    from rooms.models.message import Message


class ReportQuerySet(models.QuerySet["Report"]):
    def open_for(self, user: User) -> Self:
        """Open reports that `user` decides on, never those of their own messages.

        Moderators of the room decide; staff do in direct messages, and where only the author of the message
        moderates.
        """
        moderators = Membership.objects.moderators().filter(room=OuterRef("message__room"))
        others = moderators.exclude(user=OuterRef("message__sender"))
        decides = Q(Exists(moderators.filter(user=user)))
        if user.is_staff and user.is_active:
            decides |= Q(~Exists(others))
        return self.filter(decides, closed_at=None).exclude(message__sender=user)

    def close(self) -> None:
        """Mark reports as decided. The copy of the text, and the hold on the files, were only for that."""
        with transaction.atomic():
            ids = list(self.filter(closed_at=None).values_list("pk", flat=True))
            kept = Report.files.through._default_manager.filter(report__in=ids)
            files = set(kept.values_list("storedfile", flat=True))
            self.filter(pk__in=ids).update(closed_at=timezone.now(), content="")
            if files:
                kept.delete()
                StoredFile.objects.discard(files)


class Recipient(models.TextChoices):
    """The people who decide on a report."""

    MODERATORS = "moderators"
    STAFF = "staff"
    NOBODY = "nobody"


class Report(models.Model):
    """A person asks moderators to look at a message.

    It keeps the text and files that were reported while it is open: editing or deleting hides nothing.
    """

    class Reason(models.TextChoices):
        SPAM = "spam", _("Spam")
        ABUSE = "abuse", _("Insult or harassment")
        THREAT = "threat", _("Threat or violence")
        PRIVACY = "privacy", _("Someone’s private information")
        OTHER = "other", _("Something else")

    message = models.ForeignKey("Message", models.CASCADE, related_name="reports")
    reporter = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    reason = models.CharField(_("What is wrong with it?"), max_length=7, choices=Reason)
    details = models.CharField(_("More details (optional)"), max_length=500, blank=True)
    content = models.TextField(editable=False)
    files: "models.ManyToManyField[StoredFile, models.Model]" = models.ManyToManyField(
        StoredFile, editable=False, db_constraint=False, related_name="reports"
    )
    created_at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(null=True, editable=False)

    objects = ReportQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["message", "reporter"], name="one_report_per_person")]
        # Without it SQLite would look for reports of every message of a room.
        indexes = [models.Index(fields=["closed_at"], name="report_closed_at")]

    def __str__(self) -> str:
        return f"report of message {self.message_id}"

    @property
    def shown_files(self) -> "list[ShownFile]":
        """The files as they were reported. It asks the database, unless they are prefetched."""
        return [file.shown for file in self.files.all()]

    @staticmethod
    def recipient(message: "Message") -> Recipient:
        """Return who decides on reports of a message, as `open_for` has it."""
        moderators = Membership.objects.moderators().filter(room=message.room_id)
        if moderators.exclude(user=message.sender_id).exists():
            return Recipient.MODERATORS
        staff = User.objects.staff().exclude(pk=message.sender_id)
        return Recipient.STAFF if staff.exists() else Recipient.NOBODY
