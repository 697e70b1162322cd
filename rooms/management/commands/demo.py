import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from rooms.demo.filling import AlreadyFilled, CannotFill, fill

MESSAGES = 5000


class Command(BaseCommand):
    help = "Fill the database with people and conversations to look at, or to measure with."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--messages", type=int, default=MESSAGES, help="how many; for scale data 1000000")
        parser.add_argument("--seed", type=int, default=1, help="another number makes other conversations")

    def handle(self, *args: Any, **options: Any) -> None:
        self.count, self.done = options["messages"], 0
        if self.count < 1:
            raise CommandError("--messages is a number from 1.")
        started = time.monotonic()
        try:
            people = fill(self.count, options["seed"], timezone.now(), self.progress)
        except AlreadyFilled as reason:
            self.stdout.write(str(reason))
            return
        except CannotFill as reason:
            raise CommandError(str(reason)) from None
        seconds = time.monotonic() - started
        self.stdout.write(f"Added {len(people)} people and {self.count:,} messages in {seconds:.0f} s.")
        first, *others = [user.username for user in people[:4]]
        self.stdout.write(
            f"Start Hearth with `make run`, or reload its pages if it runs, and enter as {first}"
        )
        self.stdout.write(f"or as somebody else: {', '.join(others)}, …")
        if settings.ENTERING == "claimed":
            self.stdout.write(f"Their names are locked: manage.py invite ADDRESS --for {first} makes a link.")

    def progress(self, added: int) -> None:
        """Keep one line up to date on a terminal; write one now and then elsewhere."""
        before, self.done = self.done, self.done + added
        text = f"{self.done:,} of {self.count:,} messages"
        if self.stdout.isatty():
            self.stdout.write(f"\r{text}", ending="\n" if self.done == self.count else "")
        elif self.done * 10 // self.count > before * 10 // self.count:
            self.stdout.write(text)
        self.stdout.flush()
