from argparse import ArgumentParser
from typing import Any
from urllib.parse import urljoin

from django.conf import settings
from django.core.management.base import BaseCommand
from django.urls import reverse

from accounts.models import EntryLink


class Command(BaseCommand):
    help = "Print a link with which one new person can come in, where ENTERING is closed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("address", help="of this Hearth, such as https://chat.example/")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.ENTERING != "closed":
            self.stderr.write("ENTERING is not closed, so that nobody needs an invitation.")
        path = reverse("accounts:invitation_detail", args=[EntryLink.objects.issue(None)])
        self.stdout.write(urljoin(options["address"], path))
