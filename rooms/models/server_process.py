from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


class ServerProcessManager(models.Manager["ServerProcess"]):
    def exchange(self, key: UUID, stream_count: int) -> int:
        """Say how many streams this process has; return how many all processes have together."""
        now = timezone.now()
        self.update_or_create(key=key, defaults={"stream_count": stream_count, "seen_at": now})
        # A moment in the future is from before the clock was set back.
        is_gone = Q(seen_at__lt=now - ServerProcess.GONE_AFTER) | Q(
            seen_at__gt=now + ServerProcess.GONE_AFTER
        )
        self.filter(is_gone).delete()
        return sum(self.values_list("stream_count", flat=True))


class ServerProcess(models.Model):
    """A process that serves streams. One that was killed is forgotten after a while."""

    GONE_AFTER = 3 * settings.HEARTBEAT_INTERVAL

    key = models.UUIDField(primary_key=True)
    stream_count = models.PositiveIntegerField()
    seen_at = models.DateTimeField()

    objects = ServerProcessManager()

    def __str__(self) -> str:
        return str(self.key)
