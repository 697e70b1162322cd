from django.conf import settings
from django.db import models

from accounts import names


class NameShape(models.Model):
    """How a name or display name of somebody looks: no two people may look the same, in either.

    A table of its own, because no constraint of the database spans two columns.
    """

    skeleton = models.CharField(max_length=4 * names.MAX_LENGTH, primary_key=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="name_shapes")

    def __str__(self) -> str:
        return self.skeleton
