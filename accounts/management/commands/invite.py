from argparse import ArgumentParser
from typing import Any
from urllib.parse import urljoin

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse

from accounts.models import EntryLink, User


class Command(BaseCommand):
    help = (
        "Print a link that lets one new person in, where ENTERING is closed. With --for, and where it is "
        "claimed, let somebody in whose name is locked."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("address", help="of this Hearth, such as https://chat.example/")
        parser.add_argument("--for", dest="name", metavar="NAME", help="who is logged out everywhere else")

    def handle(self, *args: Any, **options: Any) -> None:
        path = self._handed(options["name"]) if options["name"] else self._invitation()
        self.stdout.write(urljoin(options["address"], path))

    def _invitation(self) -> str:
        if settings.ENTERING != "closed":
            self.stderr.write("ENTERING is not closed, so that nobody needs an invitation.")
        return reverse("accounts:invitation_detail", args=[EntryLink.objects.invite()])

    def _handed(self, name: str) -> str:
        if settings.ENTERING != "claimed":
            raise CommandError("ENTERING is not claimed, so that nobody can enter by such a link.")
        user = User.objects.named(name)
        if user is None:
            raise CommandError(f"Nobody has the name {name}.")
        if not user.is_entered_by_name:
            raise CommandError(
                f"{name} enters with a password, which changepassword sets, or is deactivated."
            )
        return reverse("accounts:entry_link_detail", args=[EntryLink.objects.issue_anew(user)])
