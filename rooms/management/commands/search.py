import uuid
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from rooms import search_index
from rooms.models import Message, SearchText


class Command(BaseCommand):
    help = "Make the index of searches anew, or compare it with all messages."

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--rebuild", action="store_true", help="make it anew; chat goes on meanwhile")
        what.add_argument("--check", action="store_true", help="compare it with all messages; change nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        self.count, self.done = Message.objects.count(), 0
        if options["rebuild"]:
            self.rebuild()
        else:
            self.check_all()

    def rebuild(self) -> None:
        key = uuid.uuid4()
        search_index.begin_anew(key)
        for _batch in search_index.following(key):
            self.progress(self.done + search_index.BATCH)
        search_index.end(key)
        self.stdout.write(f"{SearchText.objects.count():,} messages are in the index.")
        if search_index.is_behind():
            self.stdout.write("The server adds what is said meanwhile.")

    def check_all(self) -> None:
        problems: list[str] = []
        for done, found in search_index.compared():
            problems += found
            self.progress(done)
        for problem in problems[:20]:
            self.stderr.write(problem)
        if problems:
            raise CommandError(f"{len(problems):,} faults. manage.py search --rebuild makes the index anew.")
        self.stdout.write("The index agrees with all messages.")

    def progress(self, done: int) -> None:
        """Keep one line up to date on a terminal; write one now and then elsewhere."""
        before, self.done = self.done, min(done, self.count)
        text = f"{self.done:,} of {self.count:,} messages"
        if self.stdout.isatty():
            self.stdout.write(f"\r{text}", ending="\n" if self.done == self.count else "")
        elif self.count and self.done * 10 // self.count > before * 10 // self.count:
            self.stdout.write(text)
        self.stdout.flush()
