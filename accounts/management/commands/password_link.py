from argparse import ArgumentParser
from typing import Any
from urllib.parse import urljoin

from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse

from accounts.models import EntryLink, User


class Command(BaseCommand):
    help = (
        "Print a link with which somebody who has forgotten their password sets a new one. It works once, "
        "within a day, and replaces the last one."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="of the person")
        parser.add_argument(
            "address", nargs="?", default="", help="of this Hearth, such as https://chat.example/"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.named(options["name"])
        if user is None or not user.is_active:
            raise CommandError(f"Nobody who can log in is called {options['name']}.")
        path = reverse("accounts:password_link_detail", args=[EntryLink.objects.issue_for_password(user)])
        self.stdout.write(urljoin(options["address"], path))
