from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from config.backup.archive import Refused
from config.backup.nightly import save_before_update
from rooms.models import ChatRoom

FIRST_ROOM = "general"
# Pages use htmx as a part of the bundle only, and the admin has no fields that complete what is typed.
UNUSED_FILES = ["django_htmx", "select2"]


class Command(BaseCommand):
    help = (
        "Make the database and static files ready, and a first room when there is none. Repeats nothing. "
        "Where nobody is staff, print a new link that makes staff of whoever opens it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--address", default="", help="of this Hearth, for the link")
        parser.add_argument("--no-backup", action="store_true", help="before an update changes the database")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["no_backup"]:
            self.save_before_update()
        call_command("migrate", interactive=False, verbosity=0)
        if settings.STATIC_ROOT != settings.STATIC_DIR:
            call_command("collectstatic", interactive=False, verbosity=0, ignore_patterns=UNUSED_FILES)
        if not ChatRoom.objects.groups().exists():
            ChatRoom.objects.create_group(FIRST_ROOM)
            self.stdout.write(f'Created a first room, "{FIRST_ROOM}".')
        if not User.objects.staff().exists():
            self.stdout.write(
                "Nobody is staff here yet. Whoever opens this link first, within a day, becomes staff:"
            )
            call_command("staff_link", options["address"], stdout=self.stdout)

    def save_before_update(self) -> None:
        try:
            path = save_before_update()
        except Refused as refused:
            raise CommandError(
                f"Nothing was updated, because there is no backup: {refused} (--no-backup does without one.)"
            ) from None
        if path:
            self.stdout.write(f"What was here before the update is in {path}.")
