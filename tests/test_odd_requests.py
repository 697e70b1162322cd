"""Requests that no browser sends are answered without a fault of ours, and without a word in the log."""
# ruff: noqa: F401, F811 (fixtures of other files)

import logging

import pytest
from django.db import connection

from accounts.models import User
from config.converters import ID_MAX
from tests.conftest import client_of
from tests.rooms.test_permissions import address, client_for
from tests.support.asking import FORM, TOKEN, ask, cookies_of, undone
from tests.support.reading import FIELD, PARAMETER, Reading
from tests.support.turns import Turns
from tests.test_unbounded import CSRF, PAGES, Way, admin_ways, ways_to

pytestmark = pytest.mark.django_db

CODECS = [
    "zlib",
    "hex",
    "rot13",
    "undefined",
    "idna",
    "punycode",
    "unicode_escape",
    "utf-7",
    "utf-16",
    "x" * 90,
]
CONTENT_TYPES = [
    *(b"text/plain; charset=" + codec.encode() for codec in CODECS),
    *(FORM + b"; charset=" + codec.encode() for codec in CODECS),
    *(b"multipart/form-data; boundary=x; charset=" + codec.encode() for codec in CODECS),
    FORM + b"; charset*=utf-8''zlib",
    b"multipart/form-data",
    b"multipart/form-data; boundary=",
    b"multipart/form-data; boundary=x",
    b"multipart/mixed; boundary=x",
    b"application/json",
    b"text/xml;" + b";" * 200,
    b"",
    b"\xff\xfe",
    b"nothing",
]
QUERIES = [
    b"%",
    b"%ff=%ff",
    b"&" * 5000,
    b"=",
    b"a=1&" * 1001,
    b"next=%00&page=%00&before=%00&q=%00",
    b"before=9223372036854775808&page=9223372036854775808&unread=1",
    b"message=%00&after=9223372036854775808",
    b"before=-1&page=-1&unread=-1",
    b"before=1&unread=9999999999999999999999",
    b"page=" + b"9" * 5000,
    b"before=%D9%A1&page=%C2%B2&unread=%C2%B2",  # digits of other scripts, and those that are no numbers
    b"lastEventId=%ff&chats=%00&profiles=99999999999999",
]
METHODS = ["TRACE", "PATCH", "CONNECT", "get", "HEAD", "OPTIONS", "X" * 200]
HEADERS = [
    {b"cookie": b'hearth_session="\\000aaaaaaaaaaa"; hearth_csrf="\\000"'},
    {b"cookie": b"hearth_timezone=../../etc/passwd; django_language=" + b"x" * 600},
    {b"cookie": b"hearth_timezone=Europe; hearth_session=; hearth_browser=a:b:c"},
    {b"cookie": b";=;=\xff=;;\xc3("},
    {b"host": b""},
    {b"host": b"\xff"},
    {b"host": b"testserver:99999999"},
    {b"referer": b"http://["},
    {b"referer": b"//\xff"},
    {b"referer": b"http://testserver/" + b"x" * 5000},
    {b"origin": b"http://["},
    {b"accept-language": b"de;q=x,en;q=9" * 300},
    {b"accept": b"text/html;q=x;;;,*"},
    {b"if-modified-since": b"Thu, 99 Jan 9999 99:99:99 GMT", b"if-none-match": b'"', b"range": b"bytes=-"},
    {b"content-length": b"1e3"},
    {b"x-forwarded-for": b"\xff, [::, unknown", b"x-forwarded-proto": b",https"},
    {b"user-agent": b"\xff\x01"},
    {b"hx-request": b"true", b"hx-current-url": b"http://[", b"hx-target": b"\xff"},
]
BODIES = [
    b"\xff=\xff",
    b"%",
    b"&" * 5000,
    b"a=1&" * 1001,
    b"--x\r\n\r\n--x--",
    b"--x\r\nContent-Disposition: form-data; name=\"a\"; filename*=undefined''x\r\n\r\ny\r\n--x--\r\n",
    b"--x\r\nContent-Disposition: form-data; name=\"picture\"; filename*=idna''%ff\r\n\r\ny\r\n--x--\r\n",
    b"--x\r\nContent-Disposition: form-data; name*=zlib''%ff\r\n\r\ny\r\n--x--\r\n",
    b'--x\r\nContent-Disposition: form-data; name="picture"; filename="x"\r\n'
    b"Content-Type: image/png; charset=undefined\r\n"
    b"Content-Transfer-Encoding: base64\r\n\r\n====\r\n--x--\r\n",
]
IDS = ["0", "00", "1" * 18, str(ID_MAX), str(ID_MAX + 1), "9" * 20, "9" * 900, "9" * 4400]
TEXTS = [
    "\0",
    "\x1f",
    "9" * 4000,
    str(ID_MAX),
    str(ID_MAX + 1),
    "-1",
    "1e400",
    "NaN",
    "\u0661",
    "\u00b2",
    "\ud800",
]
MOMENTS = ["0001-01-01T00:00", "9999-12-31T23:59", "2999-12-31T23:59", "2026-03-29T02:30", "2026-02-30T25:61"]
MOMENTS += ["1999-12-31T23:59:59.999999", "9999-12-31T23:59:59+00:00", "0001-01-01T00:00-23:59", "2026-13-01"]
TEXTS += MOMENTS[:3]


@pytest.fixture(autouse=True)
def without_limits(settings):
    settings.LIMITS = dict.fromkeys(settings.LIMITS)


@pytest.fixture
def answered(caplog):
    """`answered(request)` for anything that is asked: it must have been no fault of ours."""
    caplog.set_level(logging.WARNING)

    def answered(answer, what):
        assert answer.status < 500, what
        faults = [record for record in caplog.records if record.levelno >= logging.ERROR or record.exc_info]
        assert not faults, (what, caplog.text[-3000:])

    return answered


def odd_requests():
    """Yield what is odd in a request, each with everything else as usual."""
    for kind in CONTENT_TYPES:
        yield {"content_type": kind, "body": b"a=1", "query": b"next=1&before=1"}
        yield {"content_type": kind, "body": BODIES[0]}
    yield from ({"query": query} for query in QUERIES)
    yield from ({"headers": headers} for headers in HEADERS)
    yield from ({"body": body} for body in BODIES)
    yield from ({"content_type": b"multipart/form-data; boundary=x", "body": body} for body in BODIES)


def usual_headers(client):
    return {b"cookie": cookies_of(client), b"x-csrftoken": TOKEN.encode()}


@pytest.mark.parametrize("who", ["anonymous", "owner"])
@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("accounts:login", None),
        ("accounts:avatar_update", None),
        ("accounts:profile_update", None),
        ("rooms:lobby", None),
        ("rooms:chat_room_detail", "group"),
        ("rooms:message_create", "group"),
    ],
)
def test_odd_request_is_no_fault(name, place, who, address, client_for, answered):
    path, usual = address(name, place), usual_headers(client_for(who))
    for odd in odd_requests():
        # To GET, a body alone is nothing odd.
        methods = ["POST", "GET"] if odd.keys() - {"body", "content_type"} else ["POST"]
        odd = {**odd, "headers": usual | odd.get("headers", {})}
        for method in methods:
            with undone():
                answered(ask(method, path, **odd), (method, path, odd))


@pytest.mark.parametrize("who", ["anonymous", "owner"])
def test_odd_method_and_query_are_no_fault_anywhere(who, address, client_for, answered):
    usual = usual_headers(client_for(who))
    methods, queries = Turns(METHODS), Turns(QUERIES)
    for name, place in PAGES:
        path = address(name, place)
        odd = [(method, b"") for method in methods(1)] + [("GET", query) for query in queries(2)]
        for method, query in [*odd, ("POST", QUERIES[0])]:
            with undone():
                answered(ask(method, path, query, headers=usual), (method, path, query))


@pytest.mark.parametrize("who", ["anonymous", "owner"])
def test_number_that_no_row_has_is_no_fault(who, address, client_for, answered):
    usual = usual_headers(client_for(who))
    ids = Turns(IDS)
    for name, place in PAGES:
        parts = address(name, place).split("/")
        for index in (index for index, part in enumerate(parts) if part.partition(".")[0].isdigit()):
            end = parts[index].lstrip("0123456789")
            for number in {str(ID_MAX), *ids(2)}:
                path = "/".join([*parts[:index], number + end, *parts[index + 1 :]])
                for method in ("GET", "POST"):
                    with undone():
                        answered(ask(method, path, headers=usual), (method, path))


# All pages together get all of them; with PostgreSQL that takes twice as long.
EACH = 4 if connection.vendor == "sqlite" else 2


def ask_with_odd_texts(ways, reading, answered, turn=0):
    # Each page has a token in its forms, and one place looks at it.
    swept, texts = {CSRF} if turn else set(), Turns(TEXTS, turn)
    for way in ways:
        for kind, key in sorted(way.read(reading) | {(PARAMETER, key) for key in way.parameters}):
            if kind in (FIELD, PARAMETER) and (kind, key) not in swept:
                swept.add((kind, key))
                for text in texts(EACH):
                    sent = text.encode("utf-8", "surrogatepass")
                    answered(way.ask(kind, key, sent), (str(way), kind, key, text))


@pytest.mark.parametrize(("name", "place"), PAGES, ids=map(str, PAGES))
def test_odd_text_in_a_field_is_no_fault(name, place, address, client_for, answered, monkeypatch):
    ways = ways_to(name, place, address, client_for)
    ask_with_odd_texts(ways, Reading(monkeypatch), answered, PAGES.index((name, place)))


def test_odd_text_in_the_admin_is_no_fault(admin_ways, answered, monkeypatch):
    ask_with_odd_texts(admin_ways, Reading(monkeypatch), answered)


@pytest.mark.parametrize(
    "time_zone", ["America/New_York", "Pacific/Kiritimati", "Pacific/Niue", "Etc/GMT+12"]
)
def test_no_moment_is_a_fault_in_any_time_zone(time_zone, ada, ada_client, answered):
    User.objects.filter(pk=ada.pk).update(time_zone=time_zone, is_staff=True, is_superuser=True, password="x")
    client = client_of(User.objects.get(pk=ada.pk))
    status = {"status": "x", "status_ends": "time"}
    for moment in MOMENTS:
        for path, fields in (
            ("/settings/profile/", {**status, "status_until": moment}),
            ("/admin/rooms/raid/add/", {"since": moment, "until": moment}),
        ):
            answered(Way("POST", path, client, fields=fields).ask(), (path, moment))
    # Without an offset, Django warns of them.
    for moment in ("0001-01-01T00:00+23:59", "9999-12-31T23:59-12:00", "9999-12-31 23:59:59.999999+00:00"):
        query = {"timestamp__gte": moment, "timestamp__lt": moment}
        answered(Way("GET", "/admin/rooms/message/", client, parameters=query).ask(), moment)
