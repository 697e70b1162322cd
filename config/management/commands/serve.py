import errno
import os
from argparse import ArgumentParser
from importlib import import_module
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections
from twisted.internet.error import CannotListenError

from config.serving.senders import raise_descriptors

SERVERS = {"daphne": "config.serving.daphne_server", "uvicorn": "config.serving.uvicorn_server"}


class Command(BaseCommand):
    help = "Serve Hearth."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--server", choices=SERVERS, default="daphne", help="uvicorn bears more; see docs/operating.md"
        )
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--setup", action="store_true", help="run setup first")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["setup"]:
            call_command("setup", stdout=self.stdout)
            connections.close_all()  # no thread that serves has this one
        raise_descriptors()
        try:
            # Importing it makes the application and chooses the event loop, which no other command wants.
            module = import_module(SERVERS[options["server"]])
        except ModuleNotFoundError as error:
            if error.name != "uvicorn":
                raise
            raise CommandError("uvicorn is not installed: bin/setup --uvicorn") from None
        host, port = options["host"], options["port"]
        shown = f"[{host}]" if ":" in host else host

        def announce() -> None:
            self.stdout.write(f"Hearth is at http://{shown}:{port}/ (Ctrl-C ends it)")
            self.stdout.flush()

        try:
            module.Server(host, port, announce).run()
        except CannotListenError as error:
            raise CommandError(explain(error.socketError, host, port)) from None
        except OSError as error:
            raise CommandError(explain(error, host, port)) from None
        except OverflowError:
            raise CommandError("A port is a number from 0 to 65535.") from None


def explain(reason: Exception, host: str, port: int) -> str:
    if isinstance(reason, OSError) and reason.errno == errno.EADDRINUSE:
        return f"Port {port} is taken by another program. Choose another one: make run PORT={port + 1}"
    number = getattr(reason, "errno", None)
    return f"Cannot listen on {host}:{port}: {os.strerror(number) if number else reason}."
