from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.backup.archive import Reader, Refused
from config.backup.saving import verify


class Command(BaseCommand):
    help = "Read a backup and compare everything in it with its digests. Changes nothing."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with Reader(options["file"]) as archive:
                verify(archive)
                told = archive.manifest
        except Refused as refused:
            raise CommandError(str(refused)) from None
        rows = sum(table["rows"] for table in told["tables"].values())
        self.stdout.write(
            f"{options['file']} is whole: Hearth {told['hearth']}, {told['made']}, {told['database']}, "
            f"{rows:,} rows, {len(told['members']):,} parts."
        )
