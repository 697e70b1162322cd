from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config.checks import LOCAL
from config.doctor import inside, outside
from config.doctor.finding import Finding


class Command(BaseCommand):
    help = (
        "Look for what is wrong with a Hearth that serves: on this machine, and through its public address, "
        "where it opens a stream to itself. Ends with status 1 if there is a problem."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "address", nargs="?", help="such as https://chat.example/; else from ALLOWED_HOSTS"
        )
        parser.add_argument("--quiet", action="store_true", help="say nothing of what is well")

    def handle(self, *args: Any, **options: Any) -> None:
        findings = list(self.tell(options["address"] or usual_address(), options["quiet"]))
        problems = [one for one in findings if one.mark == "PROBLEM"]
        if problems:
            raise CommandError(f"{len(problems)} problem{'s' if len(problems) > 1 else ''} found.")

    def tell(self, address: str, is_quiet: bool) -> Iterator[Finding]:
        """Say each thing when it is found, since some take their time."""
        for examine in (inside.examine, lambda: outside.examine(address)):
            for finding in examine():
                if finding.fix or not is_quiet:
                    self.stdout.write(f"{finding.mark:8}{finding.name}: {finding.sentence}")
                if finding.fix:
                    self.stdout.write(f"{'':8}{finding.fix}")
                self.stdout.flush()
                yield finding


def usual_address() -> str:
    names = [name for name in settings.ALLOWED_HOSTS if name not in LOCAL and not name.startswith((".", "*"))]
    if not names:
        raise CommandError("Say the address by which people reach Hearth, such as https://chat.example/.")
    return f"{'https' if settings.HTTPS else 'http'}://{names[0]}/"
