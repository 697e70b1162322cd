import errno
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from twisted.internet.error import CannotListenError


class Command(BaseCommand):
    help = "Serve Hearth with Daphne."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)

    def handle(self, *args: Any, **options: Any) -> None:
        # Importing it makes the application and chooses the event loop, which other commands have no use for.
        from config.server import Server

        host, port = options["host"], options["port"]
        shown = f"[{host}]" if ":" in host else host

        def announce() -> None:
            self.stdout.write(f"Hearth is at http://{shown}:{port}/ (Ctrl-C ends it)")
            self.stdout.flush()

        try:
            Server(host, port, announce).run()
        except CannotListenError as error:
            raise CommandError(explain(error, host, port)) from None
        except OverflowError:
            raise CommandError("A port is a number from 0 to 65535.") from None


def explain(error: CannotListenError, host: str, port: int) -> str:
    reason = error.socketError
    if isinstance(reason, OSError) and reason.errno == errno.EADDRINUSE:
        return f"Port {port} is taken by another program. Choose another one: make run PORT={port + 1}"
    return f"Cannot listen on {host}:{port}: {getattr(reason, 'strerror', None) or reason}."
