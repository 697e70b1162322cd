import asyncio
import errno
import socket
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

# A restart brings all readers back at once; with Twisted's default of 50 they would wait for whole seconds.
BACKLOG = 2048
# How long requests under way may take when the server is told to stop.
DRAIN_SECONDS = 8.0


class Command(BaseCommand):
    help = "Serve Hearth with Daphne."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)

    def handle(self, *args: Any, **options: Any) -> None:
        host, port = options["host"], options["port"]
        refuse_taken_port(host, port)
        self.stdout.write(f"Hearth is at http://{host}:{port}/ (Ctrl-C ends it)")
        self.stdout.flush()
        serve(host, port)


def refuse_taken_port(host: str, port: int) -> None:
    """Raise CommandError with a sentence that helps, where Daphne would only log."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise CommandError(f"Cannot listen on {host}:{port}: {error.strerror}.") from None
            raise CommandError(
                f"Port {port} is taken by another program. Choose another one: make run PORT={port + 1}"
            ) from None
        except OverflowError:
            raise CommandError("A port is a number from 0 to 65535.") from None


def serve(host: str, port: int) -> None:
    """Run until SIGINT or SIGTERM; then end streams, finish requests under way, and return."""
    # Importing it installs Twisted's reactor for asyncio, which other commands have no use for.
    from daphne.server import Server
    from twisted.internet import defer

    from config import asgi

    class DrainingServer(Server):  # type: ignore[misc]  # the package has no types
        def kill_all_applications(self) -> "defer.Deferred[None]":
            """Let requests under way finish before Daphne cancels what is left."""
            drained = defer.Deferred.fromFuture(asyncio.ensure_future(drain()))
            return drained.addBoth(lambda _result: self.kill_the_rest())

        def kill_the_rest(self) -> Any:
            # A connection whose request has not come in whole has no application, which Daphne trips over.
            self.connections: dict[Any, Any] = {
                protocol: details
                for protocol, details in self.connections.items()
                if "application_instance" in details
            }
            return super().kill_all_applications()

    async def drain() -> None:
        await asgi.live.stop()
        async with asyncio.timeout(DRAIN_SECONDS):
            while asgi.pages.under_way:
                await asyncio.sleep(0.02)

    DrainingServer(
        asgi.application,
        endpoints=[f"tcp:port={port}:interface={host}:backlog={BACKLOG}"],
        server_name="Hearth",
        application_close_timeout=2,
    ).run()
