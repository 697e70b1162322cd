"""What every answer has in common, and what it says when something went wrong."""

import uuid

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, InterfaceError, OperationalError, connection
from django.http import UnreadablePostError
from django.test import Client

from rooms.models import ChatRoom
from tests.support.factories import make_message
from tests.support.responses import HTMX, page_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def quiet(client, ada):
    """A client that is given the page for a fault, as users are, instead of the fault."""
    client.force_login(ada)
    client.raise_request_exception = False
    return client


@pytest.fixture
def failing(monkeypatch):
    """`failing(error)` makes the lobby raise `error`."""

    def make(error):
        def lobby_response(*_args, **_options):
            raise error

        monkeypatch.setattr("rooms.views.lobby.lobby_response", lobby_response)

    return make


PAGES = ["/login/", "/", "/rooms/1/", "/rooms/1/?before=1", "/own/1.css", "/nowhere/", "/logout/"]


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])
@pytest.mark.parametrize("address", PAGES)
def test_every_answer_is_safe(ada, ada_client, room, address, headers):
    make_message(room, ada)
    response = ada_client.get(address.replace("1", str(room.pk)), headers=headers)
    assert response["Content-Security-Policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; "
        "connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types hearth"
    )
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["X-Frame-Options"] == "DENY"
    assert response["Referrer-Policy"] == "same-origin"
    assert response["Cross-Origin-Opener-Policy"] == "same-origin"
    assert response["Cross-Origin-Resource-Policy"] == "same-origin"
    assert response["Permissions-Policy"] == "camera=(), geolocation=(), microphone=()"
    assert response["Vary"].startswith("Accept-Language, Cookie, HX-Request")
    assert response["Content-Language"] == "en"
    assert "no-store" in response["Cache-Control"] or address.endswith(".css")
    assert "public" not in response["Cache-Control"]
    assert "Access-Control-Allow-Origin" not in response


def test_answer_to_anonymous_is_not_stored_either(client):
    assert client.get("/")["Cache-Control"] == "private, no-store"
    assert client.get("/login/")["Cache-Control"] == "private, no-store"


def test_style_sheet_of_a_person_is_kept_by_their_browser_only(ada, ada_client):
    response = ada_client.get(f"/own/{ada.pk}.css")
    assert response["Content-Type"] == "text/css; charset=utf-8"
    assert response["Cache-Control"] == "private, max-age=300"


@pytest.mark.parametrize("address", ["/login/", "/", "/rooms/1/"])
def test_page_has_nothing_that_the_policy_forbids(ada, ada_client, room, client, address):
    make_message(room, ada)
    reader = client if address == "/login/" else ada_client
    page = page_of(reader.get(address.replace("1", str(room.pk))))
    assert not page.all("style")
    assert all(script.get("src") and not script.text.strip() for script in page.all("script"))
    attributes = {name for element in page.all() for name in element.attributes}
    assert not [
        name for name in attributes if name == "style" or name.startswith(("on", "hx-on", "data-hx-on"))
    ]
    assert "js:" not in reader.get(address.replace("1", str(room.pk))).content.decode()


CASES = [
    (
        "/nowhere/",
        "get",
        404,
        "This page doesn’t exist, or you don’t have access to it.",
        "This is no longer here.",
    ),
    (
        "/rooms/999/",
        "get",
        404,
        "This page doesn’t exist, or you don’t have access to it.",
        "This is no longer here.",
    ),
    ("/logout/", "get", 405, "This can’t be done here.", "This can’t be done here."),
    ("/rooms/", "get", 405, "This can’t be done here.", "This can’t be done here."),
    ("/", "post", 405, "This can’t be done here.", "This can’t be done here."),
]


@pytest.mark.accessibility("A90", "A91")
@pytest.mark.parametrize(("address", "method", "status", "explanation", "sentence"), CASES)
def test_refusal_is_a_page_or_a_fragment(ada_client, address, method, status, explanation, sentence):
    response = getattr(ada_client, method)(address)
    assert response.status_code == status
    page = page_of(response)
    assert explanation in [paragraph.text for paragraph in page.all("p")]
    assert page.all("h1")
    assert "/" in [link["href"] for link in page.all("a")]
    assert_is_fragment(getattr(ada_client, method)(address, headers=HTMX), status, sentence)


def assert_is_fragment(response, status, sentence):
    assert response.status_code == status
    [partial] = page_of(response).all("hx-partial")
    assert (partial["hx-target"], partial["hx-swap"]) == ("#notice", "innerHTML")
    assert partial.text == sentence
    assert response["HX-Reswap"] == "none"
    assert "no-store" in response["Cache-Control"]


ERRORS = [
    (
        PermissionDenied("secret"),
        403,
        "You are not allowed to do this.",
        "This was refused. Reload the page and try again.",
    ),
    (
        RuntimeError("secret"),
        500,
        "The error has been logged. Try again.",
        "Something went wrong on the server. Try again.",
    ),
]


@pytest.mark.parametrize(("error", "status", "explanation", "sentence"), ERRORS)
def test_fault_is_told_without_its_details(quiet, failing, error, status, explanation, sentence):
    failing(error)
    response = quiet.get("/")
    assert response.status_code == status
    assert explanation in [paragraph.text for paragraph in page_of(response).all("p")]
    assert_is_fragment(quiet.get("/", headers=HTMX), status, sentence)
    for answer in (response, quiet.get("/", headers=HTMX)):
        assert "secret" not in answer.content.decode()
        assert "Traceback" not in answer.content.decode()


def test_fault_is_logged(quiet, failing, caplog):
    failing(RuntimeError("secret"))
    quiet.get("/")
    assert [(record.levelname, record.exc_info[1].args) for record in caplog.records] == [
        ("ERROR", ("secret",))
    ]


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])
def test_page_for_a_fault_needs_no_database(quiet, monkeypatch, headers):
    def load(_session):
        raise OperationalError("database is locked")

    monkeypatch.setattr("accounts.session_store.SessionStore.load", load)
    response = quiet.get("/", headers=headers)
    assert response.status_code == 503
    assert response["Retry-After"] == "2"
    assert "The database isn’t responding. Try again in a moment." in response.content.decode()
    assert ("hx-partial" in response.content.decode()) == bool(headers)


@pytest.mark.parametrize(
    "error", [OperationalError("database is locked\nat line 3"), InterfaceError("closed")]
)
def test_database_that_is_away_is_one_line_in_the_log(quiet, failing, caplog, error):
    failing(error)
    assert quiet.get("/").status_code == 503
    (record,) = caplog.records
    said = str(error).partition("\n")[0]
    assert record.getMessage() == f"Service Unavailable: /: {type(error).__name__}: {said}"
    assert record.exc_info is None


@pytest.mark.django_db(transaction=True)
def test_database_that_may_only_be_read_still_shows_rooms(quiet, room, ben, caplog):
    make_message(room, ben)  # which is noted as delivered by whoever shows it
    is_sqlite = connection.vendor == "sqlite"
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA query_only = ON" if is_sqlite else "SET default_transaction_read_only = on")
    try:
        assert quiet.get(f"/rooms/{room.pk}/").status_code == 200
        assert quiet.get("/").status_code == 200
        answer = quiet.post(f"/rooms/{room.pk}/messages/", {"content": "Hi", "token": str(uuid.uuid4())})
    finally:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA query_only = OFF" if is_sqlite else "RESET default_transaction_read_only")
    assert answer.status_code == 503
    assert "Hi</textarea>" in answer.content.decode()
    assert [record.exc_info for record in caplog.records] == [None]


def test_other_faults_keep_their_stack_trace(quiet, failing, caplog):
    failing(IntegrityError("odd"))
    assert quiet.get("/").status_code == 500
    assert caplog.records[0].exc_info


def test_text_that_the_database_did_not_take_stays_in_a_form(quiet, room, monkeypatch):
    def post_message(*_args, **_options):
        raise OperationalError("database is locked")

    monkeypatch.setattr(ChatRoom, "post_message", post_message)
    address, token = f"/rooms/{room.pk}/messages/", str(uuid.uuid4())
    page = page_of(quiet.post(address, {"content": "\n<b>dear</b>", "token": token}))
    (form,) = page.all("form")
    fields = {field["name"]: field["value"] for field in form.all("input")}
    assert form["action"] == address
    assert fields["token"] == token
    assert fields["csrfmiddlewaretoken"]
    assert form.all("textarea")[0].text.removeprefix("\n") == "\n<b>dear</b>"
    monkeypatch.undo()
    again = quiet.post(address, {"content": "<b>dear</b>", "token": token})
    assert again.status_code == 302


def test_text_of_another_site_is_not_shown(ada, monkeypatch):
    def process_view(*_args):
        raise OperationalError("database is locked")

    monkeypatch.setattr("django.middleware.csrf.CsrfViewMiddleware.process_view", process_view)
    client = Client(raise_request_exception=False)
    response = client.post("/rooms/1/messages/", {"content": "Buy this"})
    assert response.status_code == 503
    assert "Buy this" not in response.content.decode()


@pytest.mark.parametrize(
    ("options", "explanation"),
    [
        ({"headers": {"Host": "evil.example"}}, "Go back, reload the page and try again."),
        (
            {"headers": {"Host": "evil.example"}, **{"HTTP_HX_REQUEST": "true"}},
            "The request was not understood.",
        ),
    ],
)
def test_foreign_host_is_refused(client, options, explanation):
    response = client.get("/login/", **options)
    assert response.status_code == 400
    assert explanation in response.content.decode()
    assert "Set-Cookie" not in response


@pytest.mark.parametrize("content_type", ["multipart/form-data", "multipart/form-data; boundary=b"])
@pytest.mark.parametrize("body", [b"", b"--b\r\nnonsense"])
def test_form_that_cannot_be_read_is_no_fault_of_ours(quiet, room, content_type, body):
    response = quiet.post(f"/rooms/{room.pk}/messages/", body, content_type=content_type)
    assert response.status_code in (400, 422)


def test_form_in_another_encoding_is_refused(quiet, room):
    response = quiet.post(
        f"/rooms/{room.pk}/messages/",
        "content=a",
        content_type="application/x-www-form-urlencoded; charset=latin1",
    )
    assert response.status_code == 400


def test_form_with_too_many_fields_is_refused(quiet, room):
    fields = "&".join(f"field{number}=" for number in range(1001))
    form = "application/x-www-form-urlencoded"
    assert quiet.post(f"/rooms/{room.pk}/messages/", fields, content_type=form).status_code == 400


@pytest.mark.parametrize(
    "content_type", ["multipart/form-data; boundary=b", "application/x-www-form-urlencoded", "x/y"]
)
@pytest.mark.parametrize(
    ("headers", "element"),
    [({}, "p"), (HTMX, "hx-partial")],
    ids=["plain", "htmx"],
)
def test_body_that_is_too_large_is_refused(quiet, room, settings, content_type, headers, element):
    body = b"a" * (settings.REQUEST_MAX_BYTES + 1)
    response = quiet.post(f"/rooms/{room.pk}/read/", body, content_type=content_type, headers=headers)
    assert response.status_code == 413
    assert page_of(response).all(element)[0].text == "This is too large."


def test_connection_that_breaks_is_not_logged_as_a_fault(quiet, room, monkeypatch, caplog):
    def read(request, *_args):
        raise UnreadablePostError("connection lost")

    monkeypatch.setattr("django.core.handlers.wsgi.WSGIRequest.read", read)
    assert quiet.post(f"/rooms/{room.pk}/read/").status_code == 400
    assert not caplog.records


def test_refused_method_says_what_is_allowed(ada_client, room):
    for headers in ({}, HTMX):
        assert ada_client.get(f"/rooms/{room.pk}/messages/", headers=headers)["Allow"] == "POST"
        assert ada_client.put("/", headers=headers)["Allow"] == "GET, HEAD"


def test_refusal_of_htmx_that_has_no_words_of_its_own_gets_some(ada_client, room):
    response = ada_client.post(f"/rooms/{room.pk}/read/", {"upto": "x"}, headers=HTMX)
    assert_is_fragment(response, 422, "This was not accepted. Check it and try again.")


@pytest.mark.parametrize("address", ["/", "/rooms/1/", "/rooms/999/", "/people/nobody/", "/own/1.css"])
def test_head_is_a_get_without_its_body(ada_client, room, address):
    address = address.replace("/1", f"/{room.pk}")
    get, head = ada_client.get(address), ada_client.head(address)
    assert (head.status_code, head.content) == (get.status_code, b"")
    assert head["Content-Type"] == get["Content-Type"]
