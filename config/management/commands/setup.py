from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand

from rooms.models import ChatRoom

FIRST_ROOM = "general"
# Pages use htmx as a part of the bundle only, and the admin has no fields that complete what is typed.
UNUSED_FILES = ["django_htmx", "select2"]


class Command(BaseCommand):
    help = "Make the database and static files ready, and a first room when there is none. Repeats nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("migrate", interactive=False, verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0, ignore_patterns=UNUSED_FILES)
        if not ChatRoom.objects.groups().exists():
            ChatRoom.objects.create_group(FIRST_ROOM)
            self.stdout.write(f'Created a first room, "{FIRST_ROOM}".')
