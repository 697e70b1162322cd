from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Self

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone

from rooms.models.job import Job


class ExportQuerySet(models.QuerySet["Export"]):
    def over(self) -> Self:
        return self.filter(expires_at__lte=timezone.now())

    def remove(self) -> int:
        """Delete these, and their files after the commit; return how many there were."""
        with transaction.atomic():
            for export in self:
                transaction.on_commit(partial(export.path.unlink, missing_ok=True), robust=True)
            count, _by_model = self.delete()
        return count


class Export(models.Model):
    """A ZIP file that somebody has asked for: of everything of theirs, or of a room that they own.

    Everybody has one at most, so that nobody fills the disk with them.
    """

    KEPT_FOR = timedelta(days=7)

    person = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="export")
    # None for everything of the person.
    room = models.ForeignKey("ChatRoom", models.CASCADE, null=True, db_constraint=False, related_name="+")
    job = models.ForeignKey(Job, models.SET_NULL, null=True, db_constraint=False, related_name="+")
    name = models.CharField(max_length=64, unique=True)  # of the file
    asked_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(db_index=True)
    ready_at = models.DateTimeField(null=True)
    size = models.PositiveBigIntegerField(default=0)
    left_out = models.PositiveIntegerField(default=0)  # files that would have made it too large

    objects = ExportQuerySet.as_manager()

    def __str__(self) -> str:
        return f"export {self.pk}"

    @property
    def path(self) -> Path:
        return Path(settings.EXPORTS_DIR) / self.name

    @property
    def is_there(self) -> bool:
        return self.ready_at is not None and self.expires_at > timezone.now() and self.path.is_file()

    @property
    def has_failed(self) -> bool:
        """Whether it will not be ready, and may be asked for again."""
        if self.ready_at:
            return not self.is_there
        return self.job is None or self.job.has_ended

    @property
    def is_being_made(self) -> bool:
        return not self.ready_at and not self.has_failed
