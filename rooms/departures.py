"""What happens to the rooms of a person who is deactivated: their links end, and others take over."""

from typing import Any

from django.db import transaction
from django.dispatch import receiver

from accounts.models import User
from accounts.signals import deactivated
from config import doorbell
from rooms.models import ChatRoom, Membership, RoomInvitation


@receiver(deactivated)
def follow(user: User, **_signal: Any) -> None:
    RoomInvitation.objects.filter(created_by=user).delete()
    Membership.objects.filter(user=user, draft_at__isnull=False).forget_drafts()
    moderated = Membership.objects.filter(user=user).with_a_role().values("room")
    for room in ChatRoom.objects.filter(pk__in=moderated).order_by("pk"):
        _keep_owned(room)
        # Reports may be for staff now.
        doorbell.ring_after_commit("report", room=room.pk, person=0)


def keep_all_owned(at_once: int) -> int:
    """Give up to `at_once` rooms whose owners are all inactive another one; return how many there were.

    It finds owners who were deactivated without a signal, such as by a statement in the database.
    """
    rooms = list(ChatRoom.objects.without_owner().order_by("pk")[:at_once])
    for room in rooms:
        _keep_owned(room)
    return len(rooms)


def _keep_owned(room: ChatRoom) -> None:
    with transaction.atomic():
        room.lock()
        room.keep_owned()
