from datetime import timedelta
from typing import Any, Self

from django.conf import settings
from django.db import models, transaction
from django.db.models.functions import Length
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from rooms.live import doorbell
from rooms.models.mention import Mention
from rooms.models.read_receipt import ReadReceipt
from rooms.models.tick import Marks, Tick


class TokenReused(Exception):
    """The token of a form came back with another message than the one that was saved with it."""


class MessageQuerySet(models.QuerySet["Message"]):
    def before(self, message_id: int) -> Self:
        return self.filter(pk__lt=message_id)

    def newest(self, count: int) -> "list[Message]":
        """Return the newest `count` messages with their senders, oldest first."""
        return list(self.select_related("sender").order_by("-pk")[:count])[::-1]

    def posted_by(self, sender: Any) -> Self:
        """Messages of one person, newest first."""
        return self.filter(sender=sender).order_by("-pk")

    def changed_since(self, revision: int) -> Self:
        """Messages posted or changed after the room had `revision`, in the order they were posted."""
        return self.filter(revision__gt=revision).select_related("sender").order_by("position")


class Message(models.Model):
    """One message. Its place is `position`, the revision of the room that it made; clocks order nothing."""

    GROUPING_INTERVAL = timedelta(minutes=5)

    room = models.ForeignKey("ChatRoom", models.CASCADE, related_name="messages")
    sender = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="messages")
    content = models.TextField(_("message"), max_length=settings.MESSAGE_MAX_LENGTH)
    timestamp = models.DateTimeField(default=timezone.now)
    edited_at = models.DateTimeField(null=True, editable=False)
    read_by: "models.ManyToManyField[models.Model, ReadReceipt]" = models.ManyToManyField(
        settings.AUTH_USER_MODEL, through=ReadReceipt, related_name="+"
    )
    # Made by the form, so that the same form sent twice saves one message.
    token = models.UUIDField(editable=False)
    position = models.PositiveBigIntegerField(editable=False)
    # The room's revision at the last change of this message; equal to `position` while it is as posted.
    revision = models.PositiveBigIntegerField(editable=False)
    # Whom it mentions, for showing: canonical name → user id. `Mention` is what is counted.
    mentioned = models.JSONField(default=dict, blank=True, editable=False)
    # Whether it stands right below a message of the same sender, and needs no name of its own.
    continues = models.BooleanField(default=False, editable=False)

    objects = MessageQuerySet.as_manager()

    # Pages set it for the reader's own messages; what goes to everybody says no more than that it was sent.
    tick: Tick = Marks().tick(0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["sender", "token"], name="one_message_per_token"),
            models.UniqueConstraint(fields=["room", "position"], name="one_message_per_position"),
            models.CheckConstraint(
                name="message_is_not_too_long",
                condition=models.Q(content__length__lte=settings.MESSAGE_MAX_LENGTH),
            ),
        ]
        indexes = [
            models.Index(fields=["room", "id"], name="message_room_id"),
            models.Index(fields=["room", "revision"], name="message_room_revision"),
        ]

    def __str__(self) -> str:
        return f"message {self.pk}"

    def edit(self, content: str) -> None:
        """Change the text. Marks and receipts stay: they say who read the message, not which version."""
        with transaction.atomic():
            self.revision = self.room.next_revision()
            self.content = content
            self.edited_at = timezone.now()
            self.mentioned = self.room.mentioned_in(content)
            self.save(update_fields=["revision", "content", "edited_at", "mentioned"])
            self.save_mentions()
            transaction.on_commit(lambda: doorbell.ring("room", room=self.room_id), robust=True)

    def save_mentions(self) -> None:
        """Make `Mention` say what `mentioned` says; nobody is told of a message of their own."""
        others = set(self.mentioned.values()) - {self.sender_id}
        Mention.objects.filter(message=self).exclude(user__in=others).delete()
        Mention.objects.bulk_create(
            [Mention(message=self, user_id=pk) for pk in others], ignore_conflicts=True
        )

    def follows_closely(self, previous: "Message | None") -> bool:
        return (
            previous is not None
            and previous.sender_id == self.sender_id
            and abs(self.timestamp - previous.timestamp) < self.GROUPING_INTERVAL
        )


models.TextField.register_lookup(Length)
