"""No text of a request costs much, however long and odd: in no field, parameter, header or cookie.

Which there are is found by watching what is read while each address is asked. Then each gets the worst texts
that are known, 256 KB of them and as much as is let in. None may cost much more than a single character does.
A field has room for several at once: what takes time in the square of a text takes much with a quarter, too.
"""
# ruff: noqa: F401, F811 (fixtures of other files)

import functools
import re
import time
from contextlib import suppress
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import quote_from_bytes, urlencode

import pytest
from django import forms
from django.conf import settings
from django.contrib import admin
from django.forms.forms import BaseForm
from django.test import Client
from django.urls import reverse

from accounts.models import EntryLink, User
from config.fields import MomentField
from config.forms import Field
from config.serving import heads
from config.serving.heads import HEADER_MAX_BYTES, QUERY_MAX_BYTES
from rooms.live.endpoints.access import PARAMETERS, Refused, open_stream
from rooms.live.endpoints.stream import counted_address
from rooms.models import ModerationAct
from tests.conftest import client_of
from tests.rooms.test_permissions import TABLE, address, client_for
from tests.support.asking import TOKEN, ask, cookies_of, scope_of, undone
from tests.support.factories import make_user
from tests.support.reading import COOKIE, FIELD, HEADER, PARAMETER, Reading, plain
from tests.support.turns import Turns

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).resolve().parent.parent
MOST_SECONDS = 0.02  # of the processor, above what one character costs
SIZE = 256 * 1024
WORST = {
    "accents": ("a" + "\u0301\u0323" * SIZE).encode(),  # to be put in order
    "letters that become many": "\ufdfa".encode() * SIZE,
    "brackets": b"[(<{" * SIZE,
    "addresses": b"1a@b.io " * SIZE,
    "links": b"www.a.example/( " * SIZE,
    "semicolons": b";" * SIZE,
    "commas": b",a" * SIZE,
    "line ends": b"\r" * SIZE,
    "white space": b"x" + b" " * SIZE + b"x",
    "digits": b"9" * SIZE,
    "quotes": b'"\\' * SIZE,
    "no text": b"\xff" * SIZE,
}
# Of fields, which have room for some of them at once.
TOGETHER = {
    "marks": ("accents",),
    "signs": ("brackets", "addresses", "semicolons", "quotes"),
    "words": ("letters that become many", "links", "commas", "line ends", "white space"),
    "digits": ("digits",),
    "no text": ("no text",),
}
ONE = [b"a", b" ", b"\x07", b"\xff"]  # what is accepted, and what is refused with a page that says so
# Streams are no pages: they are further below.
PAGES = [(name, place) for name, place in TABLE if not name.endswith(("_stream", "_live"))]
HX = {b"hx-request": b"true"}
FOR_STAFF = ("template", "state")
CSRF = (FIELD, "csrfmiddlewaretoken")  # each form has it, and one place looks at it


@pytest.fixture(autouse=True)
def without_limits(settings):
    settings.LIMITS = dict.fromkeys(settings.LIMITS)


@pytest.fixture
def reading(monkeypatch):
    return Reading(monkeypatch)


# How one asks


def plausible(name, field):
    """Return what gets a form past this field, to what is looked at after it."""
    if isinstance(field, forms.ChoiceField):
        values = [value for value, label in field.choices if not isinstance(label, list | tuple)]
        return str(values[-1]) if values else ""
    if isinstance(field, forms.DateTimeField):
        return "2500-01-01T00:00"
    if isinstance(field, forms.IntegerField):
        return "1"
    if isinstance(field, forms.BooleanField):
        return "on"
    return "ben" if name == "name" else "harmless"


class Way:
    """A way to ask: a method at an address, by somebody, for a page or a fragment."""

    def __init__(self, method, path, client, headers=(), fields=(), parameters=()):
        self.method, self.path, self.headers = method, path, dict(headers)
        self.cookies = cookies_of(client)
        self.fields = {"csrfmiddlewaretoken": TOKEN} | dict(fields)
        self.parameters = dict(parameters)

    def __str__(self):
        return f"{self.method} {self.path}"

    def ask(self, kind="", key="", text=b"", **options):
        """Ask with a text in one place, and what is plausible in all others."""
        headers = self.headers | {b"cookie": self.cookies}
        query, body = self._without(self.parameters, key), self._without(self.fields, key)
        if kind == PARAMETER:
            query += b"&%s=%s" % (key.encode(), quote_from_bytes(text).encode())
        elif kind == FIELD:
            # As raw as it may be: written as %XX, less of it would fit.
            raw = re.sub(rb"[&+%=]", lambda found: b"%%%02X" % ord(found[0]), text)
            body += b"&%s=%s" % (key.encode(), raw)
        elif kind == COOKIE:
            headers[b"cookie"] = b"%s; %s=%s" % (self._cookies_without(key), key.encode(), text)
        elif kind == HEADER:
            headers[key.encode()] = text
        with undone():
            return ask(self.method, self.path, query, body, headers=headers, **options)

    def _without(self, values, key):
        return urlencode({name: value for name, value in values.items() if name != key}).encode()

    def _cookies_without(self, key):
        cookies = self.cookies.split(b"; ")
        return b"; ".join(cookie for cookie in cookies if not cookie.startswith(key.encode() + b"="))

    def most(self, kind):
        """Return how many bytes of a text are let in."""
        return {
            FIELD: settings.REQUEST_MAX_BYTES - 600,
            PARAMETER: QUERY_MAX_BYTES // 3 - 50,
            COOKIE: HEADER_MAX_BYTES - len(self.cookies) - 100,
            HEADER: HEADER_MAX_BYTES - 2,
        }[kind]

    def read(self, reading):
        """Return what is read; the second time with what was looked for in vain."""
        reading.forget()
        self.ask(environ_type=reading.environ_type)
        known = len(self.fields), len(self.parameters)
        for form in reading.forms.values():
            for name, field in form.fields.items():
                self.fields.setdefault(form.add_prefix(name), plausible(name, field))
        for kind, key in reading.keys:
            if kind == PARAMETER and key != "next":
                self.parameters.setdefault(key, "1")
        if (len(self.fields), len(self.parameters)) != known:
            self.ask(environ_type=reading.environ_type)
        return set(reading.keys)


def ways_to(name, place, address, client_for):
    """Yield ways of anybody, of the room's owner, and of staff, who have a password, where they may more."""
    path = address(name, place)
    yield Way("POST", path, client_for("anonymous"))
    for who in ("owner",) if place and place not in FOR_STAFF else ("owner", "staff"):
        client = client_for(who)
        for method, headers in (("POST", {}), ("GET", {}), ("GET", HX)):
            yield Way(method, path, client, headers)


LINKS = {
    "invitation_detail": "closed",
    "entry_link_detail": "claimed",
    "staff_link_detail": "open",
    "password_link_detail": "closed",
}


@pytest.fixture
def link_ways(ada, settings):
    """Ways on links of a kind, for which ENTERING is changed."""

    def ways(kind):
        settings.ENTERING = LINKS[kind]
        token = {
            "invitation_detail": EntryLink.objects.invite,
            "entry_link_detail": lambda: EntryLink.objects.issue(ada),
            "staff_link_detail": EntryLink.objects.issue_for_staff,
            "password_link_detail": lambda: EntryLink.objects.issue_for_password(ada),
        }[kind]()
        path = reverse(f"accounts:{kind}", args=[token])
        return [Way("POST", path, Client()), Way("GET", path, Client())]

    return ways


@pytest.fixture
def admin_ways(address, room, ada):
    """Ways on all that the admin offers, for a superuser, with something of each kind."""
    room.note_act(ada, ModerationAct.Act.ARCHIVE)
    client = client_of(make_user("greta", "a long secret", is_staff=True, is_superuser=True))
    return [way for model, shown in admin.site._registry.items() for way in ways_in(model, shown, client)]


def ways_in(model, shown, client):
    base = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
    found = model.objects.order_by("pk").first()
    pages = ["", "add/", *([f"{found.pk}/change/", f"{found.pk}/delete/"] if found else [])]
    for page in [*pages, *([f"{found.pk}/password/"] if model is User else [])]:
        yield from (Way(method, base + page, client) for method in ("GET", "POST"))
    for action in shown.actions or ():
        yield Way(
            "POST", base, client, fields={"action": action, "_selected_action": found.pk if found else 0}
        )
    names = [spec if isinstance(spec, str) else spec[0] for spec in shown.list_filter]
    for lookup in (f"{name}{end}" for name in names for end in ("__exact", "__gte", "__isempty")):
        yield Way("GET", base, client, parameters={lookup: "1"})


# What it costs


def whole(text):
    """Return the text without a part of a character at its end."""
    return text if text[:1] == b"\xff" else text.decode(errors="ignore").encode()


def together(names, size):
    """Return a text of so many bytes with as much of each."""
    return b"".join(whole(WORST[name][: size // len(names)]) for name in names)


def texts_for(way, kind, turns):
    """Return the worst texts by name, or three of them where they take turns."""
    groups = TOGETHER if kind == FIELD else {name: (name,) for name in WORST}
    names = turns[kind](3) if turns else groups
    return [(name, together(groups[name], way.most(kind))) for name in names]


def excesses(way, kind, key, turns):
    one = way.ask(kind, key, ONE[0]).seconds
    # What is too long is refused by its length, whatever it says.
    for name, part in [*texts_for(way, kind, turns), ("too much", WORST["accents"][:SIZE])]:
        for _try in range(4):  # another process may have held this one up
            if (excess := way.ask(kind, key, part).seconds - one) <= MOST_SECONDS:
                break
            one = max(way.ask(kind, key, character).seconds for character in ONE)
        else:
            yield f"{way}, {kind} {key}: {len(part)} bytes of {name} cost {excess:.3f} s more"


def assert_cheap(way, kind, key, turns=None):
    found = list(excesses(way, kind, key, turns))
    assert not found, "\n".join(found)


@pytest.mark.parametrize(("name", "place"), PAGES, ids=map(str, PAGES))
def test_no_field_and_no_parameter_costs_much(name, place, address, client_for, reading):
    swept = {CSRF}
    for way in ways_to(name, place, address, client_for):
        for kind, key in sorted(way.read(reading) - swept):
            swept.add((kind, key))
            if kind in (FIELD, PARAMETER):
                assert_cheap(way, kind, key)


@pytest.mark.parametrize("kind", LINKS)
def test_no_field_of_a_link_costs_much(link_ways, kind, reading):
    for way in link_ways(kind):
        for what, key in way.read(reading) - {CSRF}:
            if what in (FIELD, PARAMETER):
                assert_cheap(way, what, key)


def test_no_field_and_no_parameter_of_the_admin_costs_much(admin_ways, reading):
    swept, turns = set(), {FIELD: Turns(TOGETHER), PARAMETER: Turns(WORST)}
    for way in admin_ways:
        read = way.read(reading) | {(PARAMETER, key) for key in way.parameters}
        for kind, key in sorted(read - {CSRF}):
            # Lists share the code behind most of what they read.
            what = (kind, key) if key.startswith("_") or kind == FIELD else (way.path, kind, key)
            if kind in (FIELD, PARAMETER) and what not in swept:
                swept.add(what)
                assert_cheap(way, kind, key, turns)


@pytest.mark.parametrize("cookie", ["hearth_browser", "hearth_session"])
def test_no_cookie_of_a_link_costs_much(link_ways, cookie):
    [enter, _look] = link_ways("entry_link_detail")
    assert_cheap(enter, COOKIE, cookie)


# What opens streams


def seconds_to_open(client, key, text, kind):
    query, headers = b"", {b"cookie": cookies_of(client)}
    if kind == PARAMETER:
        query = key.encode() + b"=" + quote_from_bytes(text).encode()
    else:
        headers[key.encode()] = (headers[b"cookie"] + b"; a=" if key == "cookie" else b"") + text
    scope = scope_of("GET", "/stream", query, headers)
    begun = time.thread_time()
    if heads.is_acceptable(scope):
        counted_address(scope)
        with suppress(Refused):
            open_stream(scope, None)
    return time.thread_time() - begun


STREAM_READS = [(PARAMETER, key) for key in sorted(PARAMETERS)] + [
    (HEADER, key) for key in ("last-event-id", "accept-language", "x-forwarded-for", "cookie", "user-agent")
]


@pytest.mark.parametrize(("kind", "key"), STREAM_READS)
def test_no_parameter_and_no_header_of_a_stream_costs_much(ada_client, settings, kind, key):
    settings.TRUSTED_PROXIES = [ip_network("0.0.0.0/0")]
    most = QUERY_MAX_BYTES // 3 - 10 if kind == PARAMETER else HEADER_MAX_BYTES - 200
    one = seconds_to_open(ada_client, key, b"a", kind)
    for name, text in WORST.items():
        for part in (text[:SIZE], whole(text[:most])):
            costs = (seconds_to_open(ada_client, key, part, kind) - one for _try in range(4))
            assert any(cost <= MOST_SECONDS for cost in costs), (name, len(part))


# That nothing is forgotten

READ = re.compile(
    r"""(GET|POST|COOKIES|headers|META)(?:\.get(?:list)?\(|\[)\s*"([^"]+)"
    | "([^"]+)"\ in\ request\.(GET|POST)\b""",
    re.VERBOSE,
)
ASKING = {"doctor", "gallery"}  # folders that read of answers, as they ask themselves
KINDS = {"GET": PARAMETER, "POST": FIELD, "COOKIES": COOKIE, "headers": HEADER, "META": HEADER}

# Given by the server, the body, and of streams
ELSEWHERE = {(HEADER, "remote-addr"), (HEADER, "wsgi.input"), (HEADER, "last-event-id")}


def written_reads():
    """Return what the code names that it reads of requests, be it on the rarest way."""
    for folder in ("accounts", "config", "rooms"):
        for file in (ROOT / folder).rglob("*.py"):
            if ASKING & {*file.parts}:
                continue
            for part, key, other_key, other_part in READ.findall(file.read_text()):
                kind = KINDS[part or other_part]
                yield kind, plain(key) if kind == HEADER else key or other_key


def forms_of_hearth(form=BaseForm):
    for kind in form.__subclasses__():
        if kind.__module__.partition(".")[0] in ("accounts", "rooms", "config"):
            yield kind
        yield from forms_of_hearth(kind)


FORMS = sorted(set(forms_of_hearth()), key=str)


def test_no_header_and_no_cookie_costs_much_and_nothing_is_forgotten(
    address, client_for, link_ways, admin_ways, reading
):
    """Both ask for everything, which takes its time."""
    seen, filled, client_for = {}, set(), functools.cache(client_for)

    def look(ways):
        for way in ways:
            seen.update(dict.fromkeys(way.read(reading) - seen.keys(), way))
            filled.update(reading.forms.keys())

    look(way for name, place in PAGES for way in ways_to(name, place, address, client_for))
    file, part = address("rooms:file_content", "file"), {b"range": b"bytes=0-0"}
    look([Way("GET", file, client_for("owner"), part)])
    # A day is looked for only where no message is asked for that is not there.
    room = address("rooms:chat_room_detail", "group")
    look([Way("GET", room, client_for("owner"), parameters={"date": "1"})])
    assert seen.keys() >= {
        CSRF,
        (HEADER, "referer"),
        (HEADER, "accept-language"),
        (HEADER, "x-forwarded-for"),
        (HEADER, "if-range"),
    }
    for kind, key in sorted(seen):
        if kind in (COOKIE, HEADER) or (kind, key) == CSRF:
            assert_cheap(seen[kind, key], kind, key)
    look(admin_ways)
    User.objects.update(is_staff=False)  # else nobody becomes staff by a link
    [staff_link, _look] = link_ways("staff_link_detail")
    look([Way("POST", staff_link.path, client_for("owner"))])
    look(link_ways("invitation_detail"))
    assert set(written_reads()) - seen.keys() - ELSEWHERE == set()
    assert set(FORMS) - {kind for form in filled for kind in form.__mro__} == set()


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_no_form_goes_around_the_bound(form):
    assert form.bound_field_class in (None, Field)
    for name, field in getattr(form, "base_fields", {}).items():
        assert field.bound_field_class in (None, Field), name
        assert not isinstance(field, forms.DateTimeField) or isinstance(field, MomentField), name
        assert not isinstance(field, forms.IntegerField) or field.max_value is not None, name
