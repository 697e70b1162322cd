from typing import Any

from django.core import serializers
from django.db import models
from django.utils import timezone

from accounts.models import User
from rooms.models.membership import Membership


class HiddenRoom(models.Model):
    """A group room that staff have hidden: nobody is in it, and nobody finds it.

    Its members are kept here, so nothing else has to know about hidden rooms: a query for the members of one
    finds nobody, even in a release that knows no hidden rooms. `is_doomed`: it is being deleted for good.
    """

    room = models.OneToOneField("ChatRoom", models.CASCADE, related_name="hidden")
    at = models.DateTimeField(default=timezone.now)
    was_by_invitation = models.BooleanField()
    is_doomed = models.BooleanField(default=False)
    member_count = models.PositiveIntegerField()
    members = models.TextField()  # memberships, as Django writes them

    def __str__(self) -> str:
        return f"hidden room {self.room_id}"

    @classmethod
    def keep(cls, room: Any) -> None:
        """Take all members out of a room, which is locked, and keep their places."""
        members = list(Membership.objects.filter(room=room).order_by("pk"))
        cls.objects.create(
            room=room,
            was_by_invitation=room.is_by_invitation,
            member_count=len(members),
            members=serializers.serialize("json", members),
        )
        Membership.objects.filter(room=room).delete()

    def give_back(self) -> None:
        """Let all who were members into the room again, but for those who have deleted their accounts."""
        found = serializers.deserialize("json", self.members, ignorenonexistent=True)
        places = [one.object for one in found if isinstance(one.object, Membership)]
        here = User.objects.filter(pk__in=[it.user_id for it in places], former_since=None)
        people = set(here.values_list("pk", flat=True))
        Membership.objects.bulk_create((it for it in places if it.user_id in people), batch_size=1000)
        self.delete()
