from datetime import timedelta
from typing import Any, Self
from uuid import UUID

from django.db import models
from django.db.models import F
from django.tasks import TaskResultStatus
from django.utils import timezone


class JobQuerySet(models.QuerySet["Job"]):
    def claim(self, worker: UUID) -> "Job | None":
        """Return the job that is due for longest, for `worker` alone; None if none is due.

        Of two who find the same one, the second finds that it is no longer due.
        """
        now = timezone.now()
        for job in self.filter(due_at__lte=now).order_by("due_at", "pk")[: Job.LOOKED_AT]:
            mine = {"status": TaskResultStatus.RUNNING, "worker": worker, "due_at": now + Job.LEASE}
            same = self.filter(pk=job.pk, due_at=job.due_at)
            if same.update(**mine, attempts=F("attempts") + 1, attempted_at=now):
                job.refresh_from_db()
                return job
        return None

    def over(self) -> Self:
        return self.filter(kept_until__lte=timezone.now())


class Job(models.Model):
    """Work that outlives the request that asked for it: a task of Django's Tasks API, and how far it is.

    It is worked on by whoever has claimed it last, until `due_at`, moved on while they are at it: so what
    a killed process has left is due again by itself.
    """

    LEASE = timedelta(minutes=1)
    ATTEMPTS = 5
    KEPT_FOR = timedelta(days=7)  # after its end
    LOOKED_AT = 5  # of those that are due, since others may take the first ones
    ERROR_MAX_LENGTH = 4000

    task = models.CharField(max_length=200)
    arguments = models.JSONField(default=dict)  # `args` and `kwargs`
    status = models.CharField(max_length=10, default=TaskResultStatus.READY.value)
    enqueued_at = models.DateTimeField(default=timezone.now)
    # When somebody may work on it, or where somebody does, when others may; None once it has ended.
    due_at = models.DateTimeField(null=True, default=timezone.now)
    worker = models.UUIDField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    attempted_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    kept_until = models.DateTimeField(null=True, db_index=True)
    result = models.JSONField(null=True)
    error_class = models.CharField(max_length=200, blank=True)
    error = models.CharField(max_length=ERROR_MAX_LENGTH, blank=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["due_at", "id"], name="job_due", condition=models.Q(due_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"job {self.pk}"

    @property
    def has_ended(self) -> bool:
        return self.due_at is None

    def renew(self, worker: UUID) -> bool:
        """Say that `worker` is still at it; return whether they are."""
        mine = Job.objects.filter(pk=self.pk, worker=worker, status=TaskResultStatus.RUNNING)
        return bool(mine.update(due_at=timezone.now() + self.LEASE))

    def leave(self, worker: UUID, **fields: Any) -> bool:
        """Note what became of it; return False if somebody else has claimed it meanwhile."""
        mine = Job.objects.filter(pk=self.pk, worker=worker, status=TaskResultStatus.RUNNING)
        return bool(mine.update(worker=None, **fields))

    def end(self, worker: UUID, status: TaskResultStatus, **fields: Any) -> bool:
        now = timezone.now()
        moments = {"due_at": None, "finished_at": now, "kept_until": now + self.KEPT_FOR}
        return self.leave(worker, status=status, **moments, **fields)
