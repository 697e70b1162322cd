"""Hearth with something taken out of it that keeps it right, or with a point at which it fails.

`python -m tests.faults.broken <what> serve …` does what manage.py does. Tests that pass with it see nothing.
"""

import os
import random
import signal
import sys
from pathlib import Path
from uuid import uuid4

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


def without_tokens():
    """Each post is a message of its own."""
    from rooms.models import ChatRoom

    post = ChatRoom.post_message
    ChatRoom.post_message = lambda self, sender, content, token, **more: post(
        self, sender, content, uuid4(), **more
    )


def without_cursor():
    """A stream begins with what comes next, whatever its page has."""
    from rooms.live import access
    from rooms.models import ChatRoom

    def position(_event_request, room_id):
        return ChatRoom.objects.filter(pk=room_id or 0).values_list("revision", flat=True).first() or 0

    access._position = position


def without_positions():
    """The tail takes readers for further back than they are."""
    from rooms.live.channels import Change

    begin = Change.__init__

    def one_back(self, channel, html, revision, *more):
        begin(self, channel, html, revision, *more)
        self.id -= 1

    Change.__init__ = one_back


def without_poll():
    """Only doorbells tell of changes."""
    from rooms.live.poll import Poll

    async def look(self):
        self.has_looked.set()

    Poll.look = look


def without_bound():
    """A reader may owe as much as it likes."""
    from rooms.live.connection import Connection

    Connection._close_if_stalled = lambda self: self.is_ended


def without_access_checks():
    """Streams go on when their session has ended."""
    from rooms.live.process import Live

    async def end_nothing(self, connections):
        pass

    Live.end_forbidden = end_nothing


def without_immediate_transactions():
    """Transactions read first, and then find that they may not write."""
    from django.conf import settings

    settings.DATABASES["default"]["OPTIONS"]["transaction_mode"] = "DEFERRED"


def dies_before_it_rings():
    """After some of the commits nobody is told, nor is anything else done any more."""
    from rooms.live import doorbell

    ring = doorbell.ring

    def ring_or_die(kind, **ids):
        if "sender" in ids and random.random() < 0.1:
            os.kill(os.getpid(), signal.SIGKILL)
        ring(kind, **ids)

    doorbell.ring = ring_or_die


def has_a_clock_of_its_own():
    """The clock is as many seconds ahead as the file says that CLOCK names."""
    import threading
    import time

    import time_machine

    file = Path(os.environ["CLOCK"])
    wait = threading.Event()
    began = time.time() - time.monotonic()

    def follow():
        ahead = 0.0
        while not wait.wait(0.05):
            if (now := float(file.read_text() or ahead)) != ahead:
                ahead = now
                time_machine.travel(began + time.monotonic() + ahead, tick=True).start()

    threading.Thread(target=follow, daemon=True).start()


FAULTS = {
    function.__name__: function
    for function in (
        without_tokens,
        without_cursor,
        without_positions,
        without_poll,
        without_bound,
        without_access_checks,
        without_immediate_transactions,
        dies_before_it_rings,
        has_a_clock_of_its_own,
    )
}

if __name__ == "__main__":
    django.setup()
    FAULTS[sys.argv[1]]()
    from django.core.management import execute_from_command_line

    execute_from_command_line(["manage.py", *sys.argv[2:]])
