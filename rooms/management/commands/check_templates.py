import logging
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from rooms.gallery.check import check


class Command(BaseCommand):
    help = (
        "Draw everything there is to see with the templates of Hearth and with those of the theme, and say "
        "what would stop working, with file and line. The database is not touched."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("theme", nargs="?", type=Path, help="a folder; without it, that of HEARTH_THEME")
        parser.add_argument("--hearth", action="store_true", help="check the templates of Hearth instead")

    def handle(self, *args: Any, **options: Any) -> None:
        theme: Path | None = None if options["hearth"] else options["theme"] or settings.THEME
        if theme and not theme.is_dir():
            raise CommandError(f"{theme} is no folder.")
        theme = theme and theme.resolve()
        logging.disable(logging.ERROR)  # what fails is told once, as a finding
        try:
            findings = check(theme)
        finally:
            logging.disable(logging.NOTSET)
        for finding in findings:
            self.stdout.write(str(finding))
        if findings:
            raise CommandError(f"{len(findings)} to mend.")
        self.stdout.write(f"Nothing to mend in {theme or 'the templates of Hearth'}.")
