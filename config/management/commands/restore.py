from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config import environment
from config.backup.archive import KEY, Reader, Refused
from config.backup.restoring import restore


class Command(BaseCommand):
    help = (
        "Make this Hearth the one that a backup was made of, also with the other kind of database. All "
        "processes have to be stopped."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--replace", action="store_true", help="even if somebody has an account here")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with Reader(options["file"]) as archive:
                before = restore(archive, options["replace"])
                told, key = archive.manifest, archive.text(KEY)
        except Refused as refused:
            raise CommandError(str(refused)) from None
        self.stdout.write(f"This is the Hearth of {told['made']} now. Run `manage.py setup`, and start it.")
        if before:
            self.stdout.write(f"What was here before is in {before}. Remove it when you no longer need it.")
        if environment.text("SECRET_KEY") not in ("", key):
            self.stderr.write("SECRET_KEY is another one than before: everybody has to log in again.")
        if told["entering"] != settings.ENTERING:
            self.stderr.write(
                f"Take care: before, ENTERING was {told['entering']}, and now it is {settings.ENTERING}."
            )
