from argparse import ArgumentParser
from typing import Any
from urllib.parse import urljoin

from django.core.management.base import BaseCommand
from django.urls import reverse

from accounts.models import EntryLink


class Command(BaseCommand):
    help = (
        "Print a link that makes staff of one person, with a password, who may do everything in the admin. "
        "It works once, within a day, and replaces the last one."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "address", nargs="?", default="", help="of this Hearth, such as https://chat.example/"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        path = reverse("accounts:staff_link_detail", args=[EntryLink.objects.issue_for_staff()])
        self.stdout.write(urljoin(options["address"], path))
