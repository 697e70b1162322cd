import os
from importlib import import_module
from typing import Any

from django.conf import settings
from django.core.management.commands import runserver
from django.utils import autoreload
from twisted.internet.error import CannotListenError

from config.management.commands.serve import SERVERS, explain


class Command(runserver.Command):
    help = (
        "Serve Hearth with its streams, and start it anew when a file changes: for people who work on it. "
        "With DEBUG=1, templates, styles and scripts are read anew on each request."
    )

    addr: str
    port: str
    _raw_ipv6: bool

    def inner_run(self, *args: Any, **options: Any) -> None:
        """Check and serve, in a thread beside the one that watches the files."""
        autoreload.raise_last_exception()
        if not options["skip_checks"]:
            self.check(display_num_errors=True)
        self.check_migrations()
        shown = f"[{self.addr}]" if self._raw_ipv6 else self.addr

        def announce() -> None:
            hint = "" if settings.DEBUG else " DEBUG=1 is not set."
            self.stdout.write(f"Hearth is at http://{shown}:{self.port}/ (Ctrl-C ends it).{hint}")
            self.stdout.flush()

        server = import_module(SERVERS["daphne"]).Server(self.addr, int(self.port), announce)
        server.signal_handlers = not options["use_reloader"]
        try:
            server.run()
        except CannotListenError as error:
            self.stderr.write(explain(error.socketError, self.addr, int(self.port)))
            os._exit(1)  # the thread that watches the files would go on
