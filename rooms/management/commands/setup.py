from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand

from rooms.models import ChatRoom

FIRST_ROOM = "general"


class Command(BaseCommand):
    help = "Make the database and static files ready, and a first room when there is none. Repeats nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("migrate", interactive=False, verbosity=0)
        # Pages use htmx as a part of the bundle only.
        call_command("collectstatic", interactive=False, verbosity=0, ignore_patterns=["django_htmx"])
        if not ChatRoom.objects.groups().exists():
            ChatRoom.objects.create_group(FIRST_ROOM)
            self.stdout.write(f'Created a first room, "{FIRST_ROOM}".')
