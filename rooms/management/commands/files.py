from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from rooms import sweeping


class Command(BaseCommand):
    help = "Compare the files in the storage with their rows."

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--check", action="store_true", help="say what has no row or no file")
        what.add_argument("--sweep", action="store_true", help="delete what has no row, once it is a day old")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["sweep"]:
            self.stdout.write(f"Deleted {sweeping.sweep()} files without a row.")
        problems = 0
        for name in sweeping.without_rows():
            problems += 1
            self.stdout.write(f"No row: {name}")
        for path in sweeping.left_over():
            problems += 1
            self.stdout.write(f"Left over: {path.name}")
        for row in sweeping.without_bytes():
            problems += 1
            self.stdout.write(f"No file: {row} ({row.stored_as})")
        if problems:
            raise CommandError(f"{problems} files do not agree with their rows.")
        self.stdout.write("Every file has its row, and every row its file.")
