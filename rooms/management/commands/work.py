import signal
import threading
import uuid
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import DatabaseError, connections

from config.text import one_line
from rooms import jobs

PERIOD = 2.0  # seconds between looks


class Command(BaseCommand):
    help = "Work off jobs, such as downloads that people have asked for, beside the processes that serve."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="end when no job is due")

    def handle(self, *args: Any, **options: Any) -> None:
        key, stopping = uuid.uuid4(), threading.Event()
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, lambda *_: stopping.set())
        while not stopping.is_set():
            if not self.look(key, stopping) and (options["once"] or stopping.wait(PERIOD)):
                return

    def look(self, key: uuid.UUID, stopping: threading.Event) -> bool:
        """Do the next job; return whether there was one. A database that is away comes back."""
        try:
            return jobs.work_off(key, stopping.is_set)
        except DatabaseError as error:
            self.stderr.write(f"The database: {one_line(error)}")
            connections.close_all()
            return False
