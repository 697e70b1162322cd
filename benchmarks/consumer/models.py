from django.db import models
from django.utils import timezone


class Message(models.Model):
    room = models.CharField(max_length=60)
    sender = models.CharField(max_length=60)
    content = models.TextField()
    timestamp = models.DateTimeField(default=timezone.now)

    class Meta:
        app_label = "consumer"

    def __str__(self) -> str:
        return self.content
