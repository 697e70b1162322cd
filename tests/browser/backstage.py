"""Django beside a server, for what people would take too long to do."""

import json
import re
import subprocess
import sys
from typing import Self

from tests.support.server import ROOT, Server

LOOP = """
import json, sys, traceback
import django
django.setup()
from accounts.models import EntryLink, User
from accounts.models.entry_link import digest_of
from rooms.models import ChatRoom, Membership, Message
from tests.support import factories
for line in sys.stdin:
    try:
        exec(json.loads(line))
    except Exception:
        traceback.print_exc()
        print("failed", flush=True)
    else:
        print("done", flush=True)
"""


class Backstage:
    """A process with the server's database."""

    def __init__(self, server: Server) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", LOOP],
            cwd=ROOT, env={**server.environment, "DJANGO_SETTINGS_MODULE": "config.settings"},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.process.communicate()

    def run(self, code: str) -> None:
        print(json.dumps(code), file=self.process.stdin, flush=True)
        assert self.process.stdout.readline() == "done\n"

    def fill(self, room: str, sender: str, amount: int, text: str = "Line") -> list[str]:
        """Post `amount` messages at once: "Line 1", "Line 2", …; return them."""
        self.run(
            f"factories.make_messages(ChatRoom.objects.get(pk={re.search('[0-9]+', room)[0]}), "
            f"User.objects.get(username={sender!r}), {amount}, {text!r})"
        )
        return [f"{text} {number}" for number in range(1, amount + 1)]

    def make_rooms(self, member: str, amount: int) -> None:
        """Make rooms that somebody is in, with a message in each, one later than the other."""
        self.run(
            f"user = User.objects.get(username={member!r})\n"
            f"for number in range({amount}):\n"
            f"    room = factories.make_room(f'Old room {{number}} of {member}', [user])\n"
            "    factories.make_message(room, user)"
        )
