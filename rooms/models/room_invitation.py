import secrets
from datetime import timedelta
from typing import Self

from django.conf import settings
from django.db import models, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts.models import User
from rooms.models.chat_room import ChatRoom
from rooms.models.membership import Membership
from rooms.models.moderation_act import ModerationAct


def digest_of(token: str) -> str:
    return salted_hmac("rooms.RoomInvitation", token, algorithm="sha256").hexdigest()


class RoomInvitationQuerySet(models.QuerySet["RoomInvitation"]):
    def issue(self, room: ChatRoom, user: User, lifetime: timedelta, max_uses: int) -> str:
        """Return the token of a new link, which is kept nowhere."""
        token = secrets.token_urlsafe(32)
        self.create(
            room=room,
            created_by=user,
            digest=digest_of(token),
            expires_at=timezone.now() + lifetime,
            max_uses=max_uses,
        )
        return token

    def valid(self) -> Self:
        """Links that work now: their makers still have to moderate the room."""
        moderators = Membership.objects.moderators()
        maker = moderators.filter(room=OuterRef("room"), user=OuterRef("created_by"))
        return self.filter(Exists(maker), expires_at__gt=timezone.now(), uses__lt=F("max_uses"))

    def over(self) -> Self:
        return self.filter(Q(expires_at__lte=timezone.now()) | Q(uses__gte=F("max_uses")))

    def with_token(self, token: str) -> "RoomInvitation | None":
        return self.valid().select_related("room", "created_by").filter(digest=digest_of(token)).first()


class RoomInvitation(models.Model):
    """A link that lets a number of people into one room, until it expires or is revoked."""

    room = models.ForeignKey("ChatRoom", models.CASCADE, related_name="invitations")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()
    max_uses = models.PositiveIntegerField()
    uses = models.PositiveIntegerField(default=0)

    objects = RoomInvitationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(name="invitation_is_not_overused", condition=Q(uses__lte=F("max_uses")))
        ]

    def __str__(self) -> str:
        return f"invitation {self.pk} to room {self.room_id}"

    def accept(self, user: User) -> Membership | None:
        """Let `user` into the room; None if the link no longer works. Raises NotAdmitted.

        People who are members already use nothing up.
        """
        with transaction.atomic():
            self.room.lock()
            if membership := Membership.objects.filter(room=self.room_id, user=user).first():
                return membership
            if not RoomInvitation.objects.valid().filter(pk=self.pk).update(uses=F("uses") + 1):
                return None
            membership = self.room.join(user, is_invited=True)
            self.room.note_act(self.created_by, ModerationAct.Act.LET_IN, user)
            return membership
