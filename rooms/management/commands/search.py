import uuid
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.progress import Progress
from rooms import search_index
from rooms.models import Message, SearchText


class Command(BaseCommand):
    help = "Make the index of searches anew, or compare it with all messages."

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--rebuild", action="store_true", help="make it anew; chat goes on meanwhile")
        what.add_argument("--check", action="store_true", help="compare it with all messages; change nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        self.count, self.bar = Message.objects.count(), Progress()
        if options["rebuild"]:
            self.rebuild()
        else:
            self.check_all()

    def rebuild(self) -> None:
        key = uuid.uuid4()
        search_index.begin_anew(key)
        for turn, _batch in enumerate(search_index.following(key), 1):
            self.show(min(turn * search_index.BATCH, self.count - 1))
        self.show(self.count)
        search_index.end(key)
        self.stdout.write(f"{SearchText.objects.count():,} messages are in the index.")
        if search_index.is_behind():
            self.stdout.write("The server adds what is said meanwhile.")

    def check_all(self) -> None:
        problems: list[str] = []
        for done, found in search_index.compared():
            problems += found
            self.show(done)
        for problem in problems[:20]:
            self.stderr.write(problem)
        if problems:
            raise CommandError(f"{len(problems):,} faults. manage.py search --rebuild makes the index anew.")
        self.stdout.write("The index agrees with all messages.")

    def show(self, done: int) -> None:
        self.bar.show(done, self.count, "messages")
