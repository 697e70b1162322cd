"""Every address, form and field, with hostile values: python -m tests.faults.fuzz [--minutes 30] [--seed 1]

Somebody without a session, a member, a moderator and a member of staff ask for all that the URLconf has, of
both servers: first for each address as it is meant to be asked for, then with heads that are no requests,
then for what hypothesis makes of addresses and the texts of tests/support/hostile.py. No answer may be a
fault, no line of the log a stack trace, none may take a second, and memory may not grow. In the end every
route and every field of a form must have been reached on each server, which says itself what was
(tests/faults/broken.py).
"""

import argparse
import contextlib
import logging
import os
import random
import re
import socket
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from dataclasses import fields as dataclass_fields
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
if __name__ == "__main__":
    django.setup()

import httpx
from django.conf import settings as django_settings
from django.forms import BaseForm, BooleanField, ChoiceField, FileField
from django.urls import URLPattern, URLResolver, get_resolver
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import FlakyFailure

from accounts.hashers import Argon2Hasher
from accounts.time_zones import COOKIE as ZONE_COOKIE
from config.serving.bodies import takes_uploads
from tests.support.hostile import HEADS, LONG_TEXTS, NUMBERS, TEXTS, WITH_NUL
from tests.support.htmx import Page
from tests.support.server import Server

PROGRAMS = ("daphne", "uvicorn")
PEOPLE = ("anonymous", "member", "moderator", "staff")
PASSWORD = "correct horse battery"
SECONDS = 1.0
UPLOAD_SECONDS = 10.0  # for which a process of its own is started
MEMORY_BYTES = 64 * 1024 * 1024
COMPLAINT = re.compile(r"Traceback|ERROR|CRITICAL|Unhandled|never retrieved|^\S*(?:Error|Exception)\b", re.M)
EXAMPLES = 400  # in a round
URL_LENGTH = 60_000  # which is what can be asked for with httpx; `HEADS` has longer ones
LIVE = ("stream", "live")
NATIVE = ("healthz", "readyz", "metrics", "doctor")  # which no URLconf knows
HOSTILE = TEXTS + WITH_NUL + LONG_TEXTS + NUMBERS
TOKEN = "00000000-0000-4000-8000-000000000001"
# What some fields take, by name; those with choices take these.
VALUES = {
    "content": ["Hello", "https://example.org @{member}"],
    "current_password": [PASSWORD],
    "details": ["It is rude."],
    "person": ["{member}"],
    "until": ["2030-01-01T10:00"],
    "address": ["127.0.0.1"],
    "language": ["en", "de"],
    "lifetime": ["week"],
    "mute": ["hour", "no"],
    "role": ["moderator", "member"],
    "room": ["{room_id}"],
    "status_ends": ["hour", "never"],
    "time_zone": ["Europe/Berlin"],
    "display_name": ["Somebody Else"],
    "name": ["{member}", "{staff}", "Somewhere{number}"],
    "new_password": [PASSWORD],
    "password": [PASSWORD],
    "password1": [PASSWORD],
    "password2": [PASSWORD],
    "repeated_password": [PASSWORD],
    "since": ["1", "2020-01-01T10:00"],
    "status_until": ["2030-01-01T10:00"],
    "token": [TOKEN],
    "upto": ["{message_id}"],
    "username": ["newcomer{number}"],
    "version": ["1"],
}
QUERIES = [
    *(
        "before",
        "date",
        "unread",
        "page",
        "next",
        "chats",
        "profiles",
        "language",
        "release",
        "time_zone",
        "q",
        "o",
        "p",
    ),
    *("app_label", "model_name", "field_name", "term", "lastEventId", "channel"),
]
HEADERS = [
    *("Accept", "Accept-Encoding", "Accept-Language", "HX-Current-URL", "HX-Request", "If-Modified-Since"),
    *("If-None-Match", "Last-Event-ID", "Origin", "Range", "Referer", "User-Agent", "X-Forwarded-For"),
    *("X-Forwarded-Proto", "X-Requested-With"),
]
TYPES = [
    "application/x-www-form-urlencoded; charset=zlib",
    "application/x-www-form-urlencoded; charset=utf-16",
    "application/x-www-form-urlencoded; charset=undefined",
    "multipart/form-data",
    "multipart/form-data; boundary=" + "x" * 300,
    "multipart/form-data; boundary=x; charset=idna",
    "multipart/form-data; boundary=" + ";" * 4000,
    "text/plain; charset=unicode_escape",
    "application/json",
    "",
]


class Found(AssertionError):
    """A request that does what none may."""


@dataclass(frozen=True)
class Route:
    """A route as the URLconf has it, and a template of its addresses."""

    name: str
    template: str

    @property
    def takes_files(self) -> bool:
        return takes_uploads(re.sub(r"{\w+}", "1", self.template))

    @property
    def arguments(self) -> list[str]:
        return re.findall(r"{(\w+)}", self.template)


@cache
def routes() -> list[Route]:
    def within(resolver: URLResolver, before: str, template: str) -> Iterator[Route]:
        for found in resolver.url_patterns:
            name = before + str(found.pattern).removeprefix("^" if before else "")
            path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", str(found.pattern))
            path = template + re.sub(r"\(\?P{(\w+)}[^)]*\)", r"{\1}", path).strip("^$")
            if isinstance(found, URLPattern):
                yield Route(name, path)
            else:
                yield from within(found, name, path)

    native = [Route(name, name) for name in NATIVE]
    return [*within(get_resolver(), "", "/"), *(Route(one.name, f"/{one.template}") for one in native)]


def all_forms(kind: type[BaseForm] = BaseForm) -> Iterator[type[BaseForm]]:
    for one in kind.__subclasses__():
        if one.__module__.partition(".")[0] in ("accounts", "rooms", "config"):
            yield one
        yield from all_forms(one)


@cache
def fields() -> dict[str, Any]:
    """Return the fields of all forms of Hearth, by the names of form and field."""
    get_resolver().url_patterns  # noqa: B018 (which imports all views)
    return {
        f"{form.__module__}.{form.__qualname__}.{name}": one
        for form in all_forms()
        for name, one in getattr(form, "base_fields", {}).items()
    }


@cache
def values() -> dict[str, list[str]]:
    """Return what fields take, by their names."""
    found: dict[str, list[str]] = {}
    for key, one in fields().items():
        name = key.rpartition(".")[2]
        if name in VALUES:
            found[name] = VALUES[name]
        elif isinstance(one, ChoiceField):
            found[name] = [str(value) for value, _label in list(one.choices)[:6]]
        elif isinstance(one, BooleanField):
            found[name] = ["on"]
        elif not isinstance(one, FileField):
            found[name] = ["Some text"]
    return found


@cache
def file_fields() -> set[str]:
    return {key.rpartition(".")[2] for key, one in fields().items() if isinstance(one, FileField)}


@cache
def fields_beside_files() -> set[str]:
    """Return the names of what forms with files have besides these."""
    both = [key.rpartition(".") for key in fields()]
    forms = {form for form, _dot, name in both if name in file_fields()}
    return {name for form, _dot, name in both if form in forms} - file_fields()


@dataclass(frozen=True, repr=False)
class Request:
    """What somebody asks for. What it does not say is as it should be, in one of some variants."""

    who: str
    route: Route
    method: str = "GET"
    arguments: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    fields: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    kind: str = "form"  # or parts, or the type of a body that is no form
    has_token: bool = True
    variant: int = 0

    def __repr__(self) -> str:
        parts = (f"{one.name}={getattr(self, one.name)!r:.600}" for one in dataclass_fields(self))
        return f"Request({', '.join(parts)})"

    def _repr_pretty_(self, printer: Any, _is_cycle: bool) -> None:
        printer.text(repr(self))  # for hypothesis

    @property
    def filled(self) -> dict[str, str]:
        luck = random.Random(self.variant)
        return {name: luck.choice(some) for name, some in values().items()} | self.fields


class Site:
    """A server, and a world to ask for: people, a room, messages, links."""

    def __init__(self, folder: Path, program: str, stack: ExitStack) -> None:
        folder.mkdir()
        self.stack = stack
        self.program = program
        self.reached = folder / "reached"
        self.reached.touch()
        unlimited = {f"LIMIT_{name.upper()}": "off" for name in django_settings.LIMITS}
        self.server = Server(
            folder,
            program=program,
            fault="tells_what_it_reaches",
            REACHED=str(self.reached),
            DATABASE_URL="",
            ROOMS_PER_OWNER="100000",
            METRICS_TOKEN="t" * 40,
            **unlimited,
        )
        [self.staff_link] = re.findall(r"/staff/([\w-]{16,})/", self.server.manage("setup"))
        stack.callback(self.server.kill)
        self.server.start()
        self.number = 0
        self.requests = 0
        self.hash = Argon2Hasher().encode(PASSWORD, "0" * 16)  # not the one that tests have
        self.people: dict[str, httpx.Client] = {}
        self.read_log = len(self.server.log)
        self.recent: deque[Request | bytes | str] = deque(maxlen=3)  # what is logged may be of one of them
        self.memory = 0
        self.findings: list[str] = []
        self.renew()

    # The world

    def renew(self) -> None:
        """Begin with new people, and what they need to be asked for."""
        self.number += 1
        for client in self.people.values():
            client.close()
        self.people = {who: self.client() for who in PEOPLE}
        self.known = {who: f"{who}{self.number}" for who in PEOPLE} | {"number": str(self.number)}
        for who in PEOPLE[1:]:
            self.enter(who)
        with self.server.rows() as rows:
            rows.execute(
                "UPDATE accounts_user SET password = ?, is_staff = 1, is_superuser = 1 WHERE username = ?",
                [self.hash, self.known["staff"]],
            )
        self.people["staff"].cookies.clear()
        self.enter("staff", password=PASSWORD)
        room = self.post("moderator", "/rooms/", name=f"Room {self.number}")
        self.known["room_id"] = room.headers["location"].split("/")[2]
        here = f"/rooms/{self.known['room_id']}/"
        for who in ("member", "staff"):
            self.people[who].get(here)
            introduction = {"content": f"I am @{self.known['moderator']}", "token": ""}
            self.post(who, f"{here}messages/", {"file": ("notes.txt", b"What I bring")}, **introduction)
        self.post("moderator", f"{here}messages/", content="Welcome", token="")
        self.people["member"].get(f"/people/{self.known['staff']}/")
        self.know_links()
        self.know_rows()
        self.post(
            "moderator", f"/messages/{self.known['message_id']}/report/", reason="other", details="Rude"
        )
        self.read_complaints("renewing the world")

    def know_links(self) -> None:
        here = f"/rooms/{self.known['room_id']}/"
        links = [
            ("moderator", self.post("moderator", f"{here}invitations/", lifetime="week", max_uses="5")),
            ("staff", self.post("staff", "/settings/invitations/")),
            ("member", self.post("member", "/settings/browsers/")),
        ]
        for who, answer in links:
            # The page that made a link shows it, once.
            page = self.people[who].get(answer.headers["location"]) if answer.is_redirect else answer
            for kind, token in re.findall(r"/(rooms/join|join|enter)/([\w-]{16,})/", page.text):
                self.known[kind] = token

    def serve(self, entering: str) -> None:
        """Start anew with another way to enter."""
        self.server.stop()
        self.server.environment["ENTERING"] = entering
        self.server.start()
        if entering != "closed":
            return self.renew()
        with self.server.rows() as rows:
            rows.execute("UPDATE accounts_user SET password = ?", [self.hash])
        for who in PEOPLE[1:]:
            self.people[who].cookies.clear()
            self.enter(who, password=PASSWORD)
        self.know_links()

    def keep(self) -> None:
        """Make the world anew where something of it is gone that most of what can be asked for needs."""
        here, names = self.known["room_id"], [self.known[who] for who in PEOPLE[1:]]
        with self.server.rows() as rows:
            members = rows.execute(
                "SELECT username FROM rooms_membership JOIN accounts_user ON accounts_user.id = user_id"
                " JOIN rooms_chatroom ON rooms_chatroom.id = room_id"
                " WHERE room_id = ? AND archived_at IS NULL AND (role = 'owner' OR username <> ?)",
                [here, self.known["moderator"]],
            )
            entered = rows.execute(
                "SELECT username, is_staff FROM accounts_user WHERE is_active AND username IN (?, ?, ?)"
                " AND id IN (SELECT user_id FROM accounts_loginsession)",
                names,
            )
            said = rows.execute(
                "SELECT 1 FROM rooms_message JOIN rooms_attachment ON message_id = rooms_message.id"
                " WHERE rooms_message.id = ? AND deleted_at IS NULL",
                [self.known["message_id"]],
            )
        is_whole = len(entered) == 3 and (self.known["staff"], 1) in entered and bool(said)
        has_cookies = all("hearth_session" in self.people[who].cookies for who in PEOPLE[1:])
        if not (is_whole and has_cookies and {(name,) for name in names[:2]} <= set(members)):
            self.renew()

    def client(self) -> httpx.Client:
        # Plain HTTP needs no certificates, which take long to load.
        return self.stack.enter_context(
            httpx.Client(base_url=self.server.url, verify=False, timeout=60)  # noqa: S501
        )

    def enter(self, who: str, **more: str) -> None:
        token = Page(self.people[who].get("/login/").text).csrf_token
        form = {"csrfmiddlewaretoken": token, "name": self.known[who], **more}
        answer = self.people[who].post("/login/", data=form)
        assert answer.status_code == 302, answer.text

    def post(self, who: str, path: str, files: Any = None, **fields: str) -> httpx.Response:
        form = {"csrfmiddlewaretoken": self.token(who), **fields}
        return self.people[who].post(path, data=form, files=files)

    def token(self, who: str) -> str:
        return next(
            (one.value or "" for one in self.people[who].cookies.jar if one.name == "hearth_csrf"), ""
        )

    def know_rows(self) -> None:
        statements = {
            "user_id": f"accounts_user WHERE username = '{self.known['member']}'",
            "message_id": f"rooms_message WHERE room_id = {self.known['room_id']}",
            "file_id": "rooms_storedfile",
            "invitation_id": "rooms_roominvitation",
            "login_session_id": "accounts_loginsession",
            "report_id": "rooms_report",
            "ban_id": "rooms_ban",
            "act_id": "rooms_moderationact",
            "entry_id": "django_admin_log",
        }
        with self.server.rows() as rows:
            for name, source in statements.items():
                self.known[name] = str(rows.execute(f"SELECT COALESCE(MIN(id), 1) FROM {source}")[0][0])  # noqa: S608
            for name in ("file_id", "invitation_id", "login_session_id"):
                table = statements[name]
                self.known[name] = str(rows.execute(f"SELECT COALESCE(MAX(id), 1) FROM {table}")[0][0])  # noqa: S608

    def argument(self, route: Route, name: str) -> str:
        """Return what there is for an argument of a route."""
        objects = {"user": "user_id", "chatroom": "room_id", "message": "message_id", "report": "report_id"}
        objects |= {"ban": "ban_id", "moderationact": "act_id", "logentry": "entry_id"}
        by_name = {
            "username": self.known["member"],
            "token": self.staff_link
            if route.template.startswith("/staff/")
            else self.known.get(route.template.strip("/").rpartition("/{")[0], "x"),
            "digest": "0123456789abcdef",
            "size": "48",
            "object_id": self.known[objects.get(route.template.split("/")[3:4][0], "user_id")]
            if "object_id" in route.template
            else "1",
            "id": self.known["user_id"],
            "content_type_id": "1",
            "app_label": "rooms",
            "url": "nowhere/",
        }
        return by_name.get(name) or self.known.get(name, "1")

    # Asking

    def url(self, request: Request) -> str:
        values = {name: self.argument(request.route, name) for name in request.route.arguments}
        values |= {name: text for name, text in request.arguments.items() if name in values}
        path = request.route.template.format(**{name: quote(text, safe="") for name, text in values.items()})
        query = "&".join(f"{name}={quote(text, safe='')}" for name, text in request.query.items())
        return (f"{path}?{query}" if query else path)[:URL_LENGTH]

    def ask(self, request: Request) -> int:
        """Ask for it; return the status. Raises Found."""
        slow = 0
        is_upload = request.route.takes_files
        while True:
            status, seconds = self._ask(request)
            if status >= 500 and not (status == 503 and is_upload):  # others are sent just now
                raise Found(f"{self.program}: {status} for {self.url(request)[:300]}: {request!r}")
            self.read_complaints(request)
            if seconds < (UPLOAD_SECONDS if is_upload else SECONDS):
                return status
            slow += 1
            if slow == 3:  # a busy machine is slow at times
                raise Found(f"{self.program}: {seconds:.1f} s for {self.url(request)[:300]}: {request!r}")

    def _ask(self, request: Request) -> tuple[int, float]:
        client = self.people[request.who]
        headers = {name: _header(text) for name, text in request.headers.items()}
        data: dict[str, Any] = {}
        if request.method == "POST":
            token = {"csrfmiddlewaretoken": self.token(request.who)} if request.has_token else {}
            filled = {name: self.fill(text) for name, text in request.filled.items()}
            if request.kind == "form":
                data = {"data": {**token, **filled}}
            elif request.kind == "parts":  # of which there may be few
                names = fields_beside_files() | request.fields.keys()
                few = {name: text for name, text in filled.items() if name in names}
                files = dict.fromkeys(file_fields(), ("x.jpg", b"x", "image/jpeg"))
                data = {"data": {**token, **few}, "files": files}
            else:
                body = "&".join(f"{name}={quote(text)}" for name, text in (token | filled).items())
                data = {"content": body.encode()}
                headers["Content-Type"] = request.kind.encode()
        self.requests += 1
        began = time.monotonic()
        try:
            with client.stream(request.method, self.url(request), headers=headers, **data) as answer:
                if request.route.template.endswith(LIVE) and answer.status_code == 200:
                    next(answer.iter_raw(), b"")
                else:
                    answer.read()
        except httpx.TransportError as error:
            raise Found(f"{self.program}: {error!r} for {self.url(request)[:300]}: {request!r}") from None
        return answer.status_code, time.monotonic() - began

    def fill(self, text: str) -> str:
        """Put what is known in place of {names}."""
        return re.sub(r"{(\w+)}", lambda match: self.known.get(match[1], match[0]), text)

    def send_raw(self, data: bytes) -> None:
        """Send what is no request, and see that it is refused."""
        began = time.monotonic()
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=20) as connection:
            answer = b""
            with contextlib.suppress(OSError):
                connection.sendall(data)
                connection.shutdown(socket.SHUT_WR)
                while chunk := connection.recv(65536):
                    answer += chunk
        status = re.match(rb"HTTP/1\.[01] (\d+)", answer)
        if status and int(status[1]) >= 500 and int(status[1]) not in (501, 505):
            raise Found(f"{self.program}: {status[0]!r} for {data[:200]!r}")
        if time.monotonic() - began > 10:
            raise Found(f"{self.program}: an answer to {data[:200]!r} takes {time.monotonic() - began:.0f} s")
        self.read_complaints(data[:200])

    # What came of it

    def attempt(self, step: Callable[..., object], *arguments: Any) -> None:
        """Go on whatever is found, and keep it."""
        try:
            step(*arguments)
        except (Found, FlakyFailure) as found:
            # Flaky: what is in the world, or came before, has a part in it.
            said = [str(one) for one in (found.exceptions if isinstance(found, FlakyFailure) else [found])]
            self.findings += said
            print(*said, sep="\n", flush=True)

    def read_complaints(self, about: Request | bytes | str) -> None:
        self.recent.append(about)
        log = self.server.log
        news, self.read_log = log[self.read_log :], len(log)
        if COMPLAINT.search(news):
            raise Found(f"{self.program}: after {list(self.recent)} the log says {news[-3000:]}")

    def remember_memory(self) -> None:
        """Keep what the server needs that has done everything once."""
        self.memory = self.server.memory

    def check_memory(self) -> None:
        grown = self.server.memory - self.memory
        if grown > MEMORY_BYTES:
            raise Found(f"{self.program}: memory grew by {grown / 2**20:.0f} MiB in {self.requests} requests")


def _header(text: str) -> bytes:
    """Return what can be said in a header; what cannot, `HEADS` says."""
    return re.sub(r"[\x00-\x1f\x7f]", "", text).strip().encode("utf-8", "replace")[:8000]


def walk(site: Site, luck: random.Random, ways: Sequence[Route]) -> None:
    """Ask for these routes once, and send everybody's forms with all fields that there are."""
    for route in ways:
        visit(site, route, luck)
    for entering in ("claimed", "closed", "open"):
        site.serve(entering)
        for route in ways:
            if route.template.startswith(("/enter", "/join", "/login", "/settings/invitations")):
                visit(site, route, luck)


def visit(site: Site, route: Route, luck: random.Random) -> None:
    site.attempt(site.ask, Request(luck.choice(PEOPLE), route))
    site.attempt(site.ask, Request("member", route, query={"q": "some", "date": "2030-01-01"}))
    for who in luck.sample(PEOPLE, len(PEOPLE)):
        site.keep()
        kind = "parts" if route.takes_files else "form"
        site.attempt(site.ask, Request(who, route, "POST", kind=kind, variant=luck.randrange(99)))


@st.composite
def requests(draw: Any) -> Request:
    """Requests that are in order, but for some parts that are hostile."""
    hostile = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=60), st.integers().map(str))
    route = draw(st.sampled_from(routes()))
    some = draw(st.lists(st.sampled_from(sorted(values())), max_size=3, unique=True))
    few = {"max_size": 2}
    return Request(
        who=draw(st.sampled_from(PEOPLE)),
        route=route,
        method=draw(st.sampled_from(["GET", "POST", "POST", "HEAD", "PUT", "OPTIONS"])),
        arguments=draw(st.dictionaries(st.sampled_from(route.arguments), hostile, max_size=1))
        if route.arguments
        else {},
        query=draw(st.dictionaries(st.sampled_from(QUERIES), hostile, **few)),
        fields={name: draw(hostile) for name in some},
        headers=draw(st.dictionaries(st.sampled_from(HEADERS), hostile, **few))
        | draw(
            st.dictionaries(st.just("Cookie"), hostile.map(lambda text: f"{ZONE_COOKIE}={text}"), max_size=1)
        ),
        kind=draw(st.one_of(st.sampled_from(["form", "form", "parts"]), st.sampled_from(TYPES))),
        has_token=draw(st.sampled_from([True, True, True, False])),
        variant=draw(st.integers(0, 99)),
    )


def play(site: Site, number: int) -> None:
    """Ask for so many requests that hypothesis makes, from a seed. Raises Found, with the simplest one."""
    site.renew()

    @seed(number)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
        print_blob=False,
        report_multiple_bugs=False,
    )
    @given(requests())
    def ask(request: Request) -> None:
        site.keep()
        site.ask(request)

    ask()


def look_for_faults(sites: list[Site], number: int, end: float, share: bool = False) -> list[str]:
    """Do all of it once, and go on with further seeds until the `end`; return what was found.

    Sites that `share` the routes have each of them asked for at one of them, instead of at all.
    """
    for turn, site in enumerate(sites):
        walk(site, random.Random(number), routes()[turn :: len(sites)] if share else routes())
        for head in HEADS:
            site.attempt(site.send_raw, head)
        site.remember_memory()
    while True:
        for site in sites:
            site.attempt(play, site, number)
            site.attempt(site.check_memory)
        if time.monotonic() > end:
            break
        number += 1
    reached = [{*site.reached.read_text().splitlines()} for site in sites]
    if share:
        reached = [set().union(*reached)]
    return [found for site in sites for found in site.findings] + [
        f"not reached: {name}" for names in reached for name in sorted(wanted() - names)
    ]


def wanted() -> set[str]:
    """Return the routes and fields that requests have to come to."""
    return {f"route {one.name}" for one in routes()} | {f"field {name}" for name in fields()}


def main() -> int:
    logging.getLogger("httpx").setLevel(logging.WARNING)
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="hearth-fuzz-") as name, ExitStack() as stack:
        end = time.monotonic() + 60 * options.minutes
        sites = [Site(Path(name) / program, program, stack) for program in PROGRAMS]
        findings = look_for_faults(sites, options.seed, end)
        asked = sum(site.requests for site in sites)
    print(f"{asked} requests, {len(findings)} findings", *findings, sep="\n")
    return bool(findings)


if __name__ == "__main__":
    sys.exit(main())
