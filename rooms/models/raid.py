from django.conf import settings
from django.db import models
from django.utils import timezone

from accounts.models import User


class Raid(models.Model):
    """What staff undid or are undoing: what some people made and wrote in some time. It is the log, too.

    The people are settled when it begins, so that what is done is what was shown before.
    """

    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    since = models.DateTimeField(null=True)
    until = models.DateTimeField()
    people: "models.ManyToManyField[User, models.Model]" = models.ManyToManyField(
        settings.AUTH_USER_MODEL, related_name="+"
    )
    # Then `people` are those who came in that time, and the rooms and messages in groups are everybody's.
    is_of_everybody = models.BooleanField(default=False)
    deactivates = models.BooleanField(default=False)
    # What was done so far.
    rooms_hidden = models.PositiveIntegerField(default=0)
    messages_deleted = models.PositiveIntegerField(default=0)
    people_deactivated = models.PositiveIntegerField(default=0)
    finished_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"raid {self.pk}"
