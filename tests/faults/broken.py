"""Hearth with something taken out of it that keeps it right, or with a point at which it fails.

`python -m tests.faults.broken <what> serve …` does what manage.py does. Tests that pass with it see nothing.
"""

import os
import random
import signal
import sys
from contextlib import suppress
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


def without_unique_tokens():
    """The database takes a token twice."""
    from django.db import DatabaseError, connection

    from rooms.models import Message

    [constraint] = [one for one in Message._meta.constraints if one.name == "one_message_per_token"]
    Message._meta.constraints.remove(constraint)  # the table is made anew from what is left
    with suppress(DatabaseError), connection.schema_editor() as editor:  # the other process did it
        editor.remove_constraint(Message, constraint)


def without_room_lock():
    """Messages get the next number of all rooms, as ids do; who is slow to commit holds up nobody."""
    from django.db import DatabaseError, connection

    from rooms.models import ChatRoom, Message

    with suppress(DatabaseError), connection.cursor() as cursor:  # the other process did it
        cursor.execute("CREATE SEQUENCE numbers")

    def take_turn(self, _sender):
        with connection.cursor() as cursor:
            cursor.execute("SELECT nextval('numbers')")
            (self.revision,) = cursor.fetchone()

    def save_last(self, *arguments, **options):
        save(self, *arguments, **options)
        earlier = ChatRoom.objects.filter(pk=self.room_id, revision__lt=self.position)
        earlier.update(revision=self.position)

    save = Message.insert
    Message.insert = save_last
    ChatRoom._take_turn = take_turn


def without_cursor():
    """A stream begins with what comes next, whatever its page has."""
    from rooms.live.endpoints import access
    from rooms.models import ChatRoom

    def position(_event_request, room_id):
        return ChatRoom.objects.filter(pk=room_id or 0).values_list("revision", flat=True).first() or 0

    access._position = position


def without_positions():
    """The tail takes readers for further back than they are."""
    from rooms.live.wire.channels import Change

    begin = Change.__init__

    def one_back(self, room_id, since, revision, *more, **others):
        begin(self, room_id, since, revision, *more, **others)
        self.id -= 1

    Change.__init__ = one_back


def without_poll():
    """Only doorbells tell of changes."""
    from rooms.live.process.poll import Poll

    async def look(self):
        self.has_looked.set()

    Poll.look = look


def without_bound():
    """A reader may owe as much as it likes."""
    from rooms.live.wire.connection import Connection

    Connection._close_if_stalled = lambda self: self.is_ended
    has_small_buffers()


def without_access_checks():
    """Streams go on when their session has ended."""
    from rooms.live.news.revocations import Revocations

    async def end_nothing(self, connections):
        pass

    Revocations.end_forbidden = end_nothing


def without_membership_checks():
    """The tail of a room takes those who were members when they came for members."""
    from rooms.live.news.tail import Tail

    read = Tail._read

    def read_for_all(self, wanted, users):
        changes, _members = read(self, wanted, users)
        return changes, users

    Tail._read = read_for_all


def without_immediate_transactions():
    """Transactions read first, and then find that they may not write."""
    from django.conf import settings

    settings.DATABASES["default"]["OPTIONS"]["transaction_mode"] = "DEFERRED"


def without_asking_who_uploads():
    """Anybody may send large bodies, and any number of them at a time."""
    import itertools

    from django.conf import settings

    from config import asgi
    from rooms.senders import Sender

    numbers = itertools.count()
    asgi.sender_of = lambda _scope, _length: Sender(next(numbers))
    settings.UPLOADS_AT_ONCE = settings.UPLOADS_PER_ADDRESS = 1_000_000


def without_end_of_patience():
    """Nobody looks who sends slowly, or is too many."""
    from config.serving.senders import Senders

    Senders.look = lambda self: None


def without_bound_of_names():
    """Marks are put in order however many there are."""
    from config import forms, text

    forms.TEXT_MAX_LENGTH = text.NORMALIZED_MAX_LENGTH = sys.maxsize


def without_deaf_twisted():
    """Twisted parses all forms for itself, in the event loop, and nobody reads what comes of it."""
    from config.serving.daphne_server import Request

    begin = Request.__init__

    def begin_to_parse(self, *arguments, **options):
        begin(self, *arguments, **options)
        self._parsePOSTFormSubmission = True

    Request.__init__ = begin_to_parse


def without_bound_of_decoders():
    """All pictures are taken that come, and wait for a decoder in threads that pages need."""
    import itertools
    from threading import BoundedSemaphore

    from accounts import avatars
    from config import asgi
    from config.serving.uploads import Place, Uploads

    numbers = itertools.count()
    Uploads.place_for = lambda self, _user_id, _scope: Place(self, next(numbers), None)
    asgi.pages.upload_application = asgi.pages.application
    free = BoundedSemaphore(avatars.AT_ONCE)
    avatars.turn_of = lambda _person: free


def without_bound_of_messages():
    """All addresses become links, each time anew, and a page has as many messages as are unread."""
    from django.conf import settings

    from config.drawn import Drawings
    from rooms.models import message_text

    message_text.LINKS = message_text.WORDS_LOOKED_AT = settings.HISTORY_PAGE_BYTES = sys.maxsize
    Drawings.once = lambda _drawings, _key, draw: draw()


def without_bound_of_lists():
    """Every page has all rooms."""
    from django.conf import settings

    settings.SMALL_HOUSE_ROOMS = settings.SMALL_HOUSE_PEOPLE = 1_000_000


def dies_before_it_rings():
    """After some of the commits nobody is told, nor is anything else done any more."""
    from config import doorbell

    ring = doorbell.ring

    def ring_or_die(kind, **ids):
        if "sender" in ids and random.random() < 0.1:
            os.kill(os.getpid(), signal.SIGKILL)
        ring(kind, **ids)

    doorbell.ring = ring_or_die


def dies_while_it_keeps_a_file():
    """It is killed at the step of a message with a file that STEP names."""
    from config.serving.spool import Spool
    from rooms import uploads
    from rooms.models import ChatRoom, message

    def die_at(name):
        if os.environ["STEP"] == name:
            os.kill(os.getpid(), signal.SIGKILL)

    def at(name, function):
        def dying(*arguments, **options):
            result = function(*arguments, **options)
            die_at(name)
            return result

        return dying

    async def take_and_die(self, receive):
        body = await take(self, receive)
        die_at("spooled")
        return body

    take, Spool.take = Spool.take, take_and_die
    uploads._put = at("stored", uploads._put)
    message.attach = at("saved", message.attach)
    ChatRoom.post_message = at("committed", ChatRoom.post_message)


def dies_at_a_step_of_a_job():
    """It is killed at the step of jobs that STEP names, from 0; the next process may begin at once."""
    from datetime import timedelta

    from rooms import jobs
    from rooms.models import Job

    Job.LEASE, Job.ATTEMPTS, left = timedelta(0), 1000, int(os.environ["STEP"])

    def dying_steps(*arguments):
        def step():
            nonlocal left
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1
            go_on()

        go_on = steps(*arguments)
        return step

    steps, jobs._steps = jobs._steps, dying_steps


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


def lives_fast():
    """The clock goes as the file says, and housekeeping is done every other second."""
    from rooms.live.process import housekeeping

    housekeeping.FIRST = housekeeping.PERIOD = 2.0
    has_a_clock_of_its_own()


def has_a_disk_of_its_own():
    """While the file that DISK names says so, the database may not grow, or takes no writes."""
    from django.db.backends.signals import connection_created

    file = Path(os.environ["DISK"])
    pragmas = {"full": "max_page_count=1", "read-only": "query_only=ON"}
    usual = "max_page_count=1000000", "query_only=OFF"

    def obey(execute, statement, parameters, many, context):
        state, database = file.read_text(), context["connection"]
        if state != database.disk_state:
            for pragma in [pragmas[state]] if state else usual:
                database.connection.execute(f"PRAGMA {pragma}").fetchall()
            database.disk_state = state
        return execute(statement, parameters, many, context)

    def install(connection, **_kwargs):
        connection.disk_state = ""
        connection.execute_wrappers.append(obey)

    connection_created.connect(install, weak=False)


def tells_what_it_reaches():
    """The file that REACHED names gets a line for each route and each field of a form that was reached.

    Streams, and what the URLconf does not know, such as /healthz, are routes by their paths.
    """
    from django.core.handlers.base import BaseHandler
    from django.forms import BaseForm
    from django.urls import Resolver404
    from django.urls import resolve as resolve_path

    from config import asgi

    file = Path(os.environ["REACHED"])
    told = set()

    def tell(what):
        if what not in told:
            told.add(what)
            with file.open("a") as lines:
                lines.write(f"{what}\n")

    def resolve(self, request):
        match = resolve_request(self, request)
        tell(f"route {match.route}")
        return match

    def clean(self):
        for form in type(self).__mro__:
            for name in getattr(form, "base_fields", ()) if self.is_bound else ():
                if self.add_prefix(name) in {*self.data, *self.files}:
                    tell(f"field {form.__module__}.{form.__qualname__}.{name}")
        full_clean(self)

    async def answer(scope, receive, send):
        path = scope["path"]
        if path.endswith(("/stream", "/live")):  # which the URLconf knows as well
            with suppress(Resolver404):
                path = f"/{resolve_path(path).route}"
        tell(f"route {path.removeprefix('/')}")
        await router(scope, receive, send)

    resolve_request, BaseHandler.resolve_request = BaseHandler.resolve_request, resolve
    full_clean, BaseForm.full_clean = BaseForm.full_clean, clean
    router, asgi.router = asgi.router, answer


def has_small_buffers():
    """The system takes in less for readers who do not read, so that it takes fewer messages to see them."""
    import socket

    listen = socket.socket.listen

    def listen_small(self, *arguments):
        self.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 32 * 1024)
        listen(self, *arguments)

    socket.socket.listen = listen_small


def is_of_another_release():
    """As after an update: what pages are made of is not what it was."""
    from config import release

    release.current = lambda: "another"


def fails_outside_of_django():
    """Before a page begins, and in the middle of an answer."""
    from config.asgi import Pages

    async def fail(self, scope, receive, send):
        if scope["path"] == "/begun/":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"so far", "more_body": True})
        if scope["path"] != "/login/":  # by which it is known that it serves
            raise RuntimeError("a fault of ours")
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    Pages.__call__ = fail


FAULTS = {
    function.__name__: function
    for function in (
        without_unique_tokens,
        without_room_lock,
        without_cursor,
        without_positions,
        without_poll,
        without_bound,
        without_access_checks,
        without_membership_checks,
        without_immediate_transactions,
        without_asking_who_uploads,
        without_end_of_patience,
        without_bound_of_names,
        without_deaf_twisted,
        without_bound_of_decoders,
        without_bound_of_messages,
        without_bound_of_lists,
        dies_before_it_rings,
        dies_while_it_keeps_a_file,
        dies_at_a_step_of_a_job,
        has_a_clock_of_its_own,
        lives_fast,
        has_a_disk_of_its_own,
        tells_what_it_reaches,
        has_small_buffers,
        is_of_another_release,
        fails_outside_of_django,
    )
}

if __name__ == "__main__":
    django.setup()
    FAULTS[sys.argv[1]]()
    from django.core.management import execute_from_command_line

    execute_from_command_line(["manage.py", *sys.argv[2:]])
