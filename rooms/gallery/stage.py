"""Made-up people who use the product itself, in a database in memory of which nothing is kept.

Names and texts have characters that would show where a template does not escape them: `<x-raw>` would be an
element.
"""

import io
import sys
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache, cached_property
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from django.apps import apps
from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.models import Session
from django.core.handlers.base import BaseHandler
from django.core.handlers.wsgi import WSGIRequest
from django.core.signals import got_request_exception
from django.db import connections, transaction
from django.db.backends.sqlite3.base import DatabaseWrapper
from django.http import HttpResponse, HttpResponseBase
from django.template.loader import render_to_string
from django.utils import timezone, translation

from accounts.models import LoginSession, User
from accounts.session_store import SessionStore
from config.context_processors import site
from rooms.chats import Chat
from rooms.history import HistoryPage, page_before
from rooms.models import ChatRoom, Membership, Message
from rooms.unread import Unread

RAW = "x-raw"  # no such element may ever be on a page
# Limits of this process are counted by people: nobody real has such an id.
FIRST_PERSON = 10**12
BACKEND = "django.contrib.auth.backends.ModelBackend"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0"
LANGUAGES = ("en", "de")


class Stage:
    """The people on stage, what they do, and what they see. Ada owns the room, Ben is in it, Cleo is not."""

    def __init__(self, look: dict[str, str] | None = None) -> None:
        self.look = look or {}  # how Ada chose pages to look, by fields of User
        self.address: str | None = None  # such as rooms/<id:room_id>/, of the page that was opened last
        self.host = next(
            (name for name in settings.ALLOWED_HOSTS if not name.startswith((".", "*"))), "localhost"
        )

    # People

    @cached_property
    def ada(self) -> User:
        ada = self.person("ada", f"Ada <{RAW}> & “Co”", is_staff=True, is_superuser=True, **self.look)
        ada.password = hashed()  # staff have one
        ada.save()
        return ada

    @cached_property
    def ben(self) -> User:
        return self.person("ben", f"Benedict <{RAW}>", status=f"At the lake <{RAW}> & back on Monday")

    @cached_property
    def cleo(self) -> User:
        return self.person("cleo", "כלאו")

    def person(self, username: str, display_name: str = "", **fields: Any) -> User:
        user = User.objects.create_user(username, None, **fields)
        if display_name:
            user.change_profile(display_name=display_name)
        return user

    # Rooms and messages

    @cached_property
    def room(self) -> ChatRoom:
        room = self.new_room(f"Garden & “Kitchen” <{RAW}>")
        room.change_head(description=f"Who cooks & who <{RAW}> digs")
        return room

    def new_room(self, name: str, owner: User | None = None, **fields: Any) -> ChatRoom:
        room = ChatRoom.objects.create_group(name, owner or self.ada, **fields)
        room.join(self.ben if (owner or self.ada) != self.ben else self.ada)
        return room

    @cached_property
    def private(self) -> ChatRoom:
        return ChatRoom.objects.private_between(self.ada, self.ben)

    def say(self, text: str, by: User | None = None, room: ChatRoom | None = None, **more: Any) -> Message:
        return (room or self.room).post_message(by or self.ben, text, uuid4(), **more)

    def say_many(self, count: int) -> list[Message]:
        """Say more than stands on one page."""
        room, now = self.room, timezone.now()
        said = Message.objects.bulk_create(
            Message(
                room=room,
                sender=self.ben,
                content=f"Line {number}",
                timestamp=now,
                token=uuid4(),
                position=room.revision + number,
                revision=room.revision + number,
            )
            for number in range(1, count + 1)
        )
        room.revision, room.last_message = room.revision + count, said[-1]
        room.save()
        return said

    def membership(self, user: User | None = None, room: ChatRoom | None = None) -> Membership:
        return Membership.objects.select_related("room", "user").get(
            room=room or self.room, user=user or self.ada
        )

    def history(self, room: ChatRoom | None = None) -> HistoryPage:
        return page_before(room or self.room)

    def drawn(self, message: Message) -> Message:
        """Return the message as pages get it."""
        return next(one for one in self.history(message.room).messages if one.pk == message.pk)

    def chat(self, **unread: Any) -> Chat:
        room = ChatRoom.objects.select_related("last_message__sender").get(pk=self.room.pk)
        return Chat(room, None, Unread(**unread), is_mine=True)

    # What is seen

    def part(self, template: str, /, **context: Any) -> str:
        """Draw one partial."""
        return render_to_string(template, site() | context)

    def page(self, template: str, reader: User | None, /, **context: Any) -> str:
        """Draw a page that settings of this Hearth keep from being asked for."""
        request = WSGIRequest(self.environment("GET", "/"))
        request.user = reader or AnonymousUser()
        request.reader = reader  # type: ignore[attr-defined]  # ours
        return render_to_string(template, context, request)

    def get(self, path: str, by: User | None = None, **more: Any) -> str:
        """Open a page as Ada, or as somebody else."""
        return self.ask("GET", path, b"", by or self.ada, **more)

    def post(
        self,
        path: str,
        fields: Mapping[str, object],
        by: User | None = None,
        *,
        htmx: bool = False,
        answers: int = 200,
    ) -> str:
        body = urlencode(fields, doseq=True).encode()
        return self.ask("POST", path, body, by or self.ada, answers, htmx=htmx)

    def as_stranger(self, path: str, **fields: Any) -> str:
        """Open a page, or send a form, before the login."""
        return self.ask("POST" if fields else "GET", path, urlencode(fields).encode(), None)

    def do(self, path: str, by: User | None = None, **fields: Any) -> None:
        """Do what leads to another page."""
        response = self.response("POST", path, urlencode(fields).encode(), by or self.ada)
        if response.status_code not in (200, 302):
            raise ValueError(f"{path} answered {response.status_code}")

    def after(self, path: str, then: str, by: User | None = None, **fields: Any) -> str:
        """Send a form, and open a page in the same session."""
        session = self.session(by or self.ada)
        self.response("POST", path, urlencode(fields).encode(), by or self.ada, session=session)
        return self.ask("GET", then, b"", by or self.ada, session=session)

    def ask(
        self, method: str, path: str, body: bytes, by: User | None, answers: int = 200, **more: Any
    ) -> str:
        """Return what is answered, with this status or to a form that was refused."""
        response = self.response(method, path, body, by, **more)
        if not isinstance(response, HttpResponse) or response.status_code not in (
            answers,
            200,
            201,
            409,
            422,
        ):
            where = response.headers.get("Location", "")
            raise ValueError(f"{path} answered {response.status_code} {where}")
        return response.content.decode()

    def response(
        self,
        method: str,
        path: str,
        body: bytes,
        by: User | None,
        htmx: bool = False,
        session: SessionStore | None = None,
    ) -> HttpResponseBase:
        request = WSGIRequest(self.environment(method, path, body, htmx))
        request._dont_enforce_csrf_checks = True  # type: ignore[attr-defined]  # Django's own, for tests
        if by:
            session = session or self.session(by)
            request.COOKIES[settings.SESSION_COOKIE_NAME] = session.session_key or ""
        thread = threading.get_ident()
        failed: list[BaseException | None] = []

        def note(**_signal: object) -> None:
            if threading.get_ident() == thread:
                failed.append(sys.exception())

        got_request_exception.connect(note)
        try:
            response = handler().get_response(request)
        finally:
            got_request_exception.disconnect(note)
        for error in filter(None, failed):
            raise error
        if method == "GET" and request.resolver_match:
            self.address = request.resolver_match.route
        return response

    def environment(self, method: str, path: str, body: bytes = b"", htmx: bool = False) -> dict[str, Any]:
        path, _, query = path.partition("?")
        return {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_TYPE": "application/x-www-form-urlencoded" if method == "POST" else "",
            "CONTENT_LENGTH": str(len(body)),
            "SERVER_NAME": self.host,
            "SERVER_PORT": "443",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_USER_AGENT": BROWSER,
            "HTTP_ACCEPT_LANGUAGE": translation.get_language() or "en",
            "wsgi.url_scheme": "https",
            "wsgi.input": io.BytesIO(body),
            **({"HTTP_HX_REQUEST": "true"} if htmx else {}),
        }

    def session(self, user: User) -> SessionStore:
        """Log somebody in."""
        session = SessionStore()
        request = WSGIRequest({"REQUEST_METHOD": "GET", "wsgi.input": io.BytesIO()})
        request.session = session
        login(request, user, backend=BACKEND)
        session.save()
        LoginSession.objects.create(
            session=Session.objects.get(pk=session.session_key),
            user=user,
            user_agent=BROWSER,
            last_seen=timezone.now(),
        )
        return session


@cache
def hashed() -> str:
    return make_password("secret")


class Handler(BaseHandler):
    """All of the middleware, and the views, as the product has them."""

    def __init__(self) -> None:
        super().__init__()
        self.load_middleware()


@cache
def handler() -> Handler:
    with warnings.catch_warnings(
        action="ignore"
    ):  # there may be no collected static files, and none are needed
        return Handler()


_databases = threading.local()


@contextmanager
def staged(look: dict[str, str] | None = None, language: str = "en") -> Iterator[Stage]:
    """Set the stage, with an empty database for this thread; nothing of what happens there remains."""
    usual = connections["default"]
    connections["default"] = memory()
    try:
        with transaction.atomic(), translation.override(language):
            yield Stage({**(look or {}), "language": language})
            transaction.set_rollback(True)  # so the database is empty again, and no bell rings
    finally:
        connections["default"] = usual


def memory() -> DatabaseWrapper:
    """Return a database in memory, with the tables of the product, that is free in this thread."""
    kept: list[DatabaseWrapper] = vars(_databases).setdefault("kept", [])
    if free := next((one for one in kept if not one.in_atomic_block), None):
        return free
    options = connections.configure_settings({"default": {"ENGINE": "", "NAME": ":memory:"}})["default"]
    connection = DatabaseWrapper({**options, "CONN_MAX_AGE": None}, "default")
    connection.ensure_connection()
    connection.disable_constraint_checking()
    with connection.schema_editor() as editor:
        for model in apps.get_models():
            editor.create_model(model)
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO sqlite_sequence VALUES (%s, %s)", [User._meta.db_table, FIRST_PERSON])
    kept.append(connection)
    return connection
