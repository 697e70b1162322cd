import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config.backup.archive import Refused
from config.backup.nightly import folder, keep_nightly
from config.backup.saving import save


class Command(BaseCommand):
    help = (
        "Save everything into one file while people write: rows, files and keys. Keep it safe: it has "
        "private messages, hashes of passwords, and the key that signs sessions."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        where = parser.add_mutually_exclusive_group(required=True)
        where.add_argument("file", nargs="?", type=Path, help="the file to write")
        where.add_argument(
            "--nightly", action="store_true", help="into DATA_DIR/backups, and remove those over BACKUP_DAYS"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["nightly"]:
                os.nice(10)  # pages come first
                path = keep_nightly()
            else:
                path = options["file"]
                if path.absolute().parent == settings.DATA_DIR / "backups":
                    folder()  # it is made with the first backup
                save(path)
        except Refused as refused:
            raise CommandError(str(refused)) from None
        if path:
            self.stdout.write(
                f"{path}: {path.stat().st_size / 1e6:,.1f} MB. It holds keys and private messages."
            )
