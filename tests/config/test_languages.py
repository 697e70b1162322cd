"""The language in which each reader is answered."""

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils import translation

from accounts.models import User
from config.languages import accepted_language, chosen_language
from tests.support.factories import make_message
from tests.support.responses import HTMX, page_of

pytestmark = pytest.mark.django_db

GERMAN = {"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}
ENGLISH = {"Accept-Language": "en"}


def speaks(response, language):
    [html] = page_of(response).all("html")
    return (html["lang"], html["dir"], response["Content-Language"]) == (language, "ltr", language)


def words(response):
    return " ".join(page_of(response).text.split())


def test_browser_says_it_before_the_login(client):
    response = client.get("/login/", headers=GERMAN)
    assert speaks(response, "de")
    assert "Wähle einen Namen, um hereinzukommen." in words(response)
    assert speaks(client.get("/login/", headers=ENGLISH), "en")


@pytest.mark.parametrize(
    "header", ["", "fr", "xx;q=2", "*", "x" * 5000, "\N{LATIN SMALL LETTER E WITH ACUTE}"]
)
def test_english_where_the_browser_wants_none_of_the_others(client, header):
    assert speaks(client.get("/login/", headers={"Accept-Language": header}), "en")


def test_setting_says_it_after_the_login(ada_client, ada):
    assert speaks(ada_client.get("/", headers=GERMAN), "de")
    User.objects.filter(pk=ada.pk).update(language="en")
    assert speaks(ada_client.get("/", headers=GERMAN), "en")
    User.objects.filter(pk=ada.pk).update(language="de")
    assert speaks(ada_client.get("/", headers=ENGLISH), "de")
    User.objects.filter(pk=ada.pk).update(language="tlh")  # was taken away since
    assert speaks(ada_client.get("/", headers=GERMAN), "de")


def test_what_is_said_after_saving_is_in_the_new_language(ada_client, ada):
    usual = {
        name: getattr(ada, name) for name in ("theme", "contrast", "text_size", "notify", "announcements")
    }
    response = ada_client.post("/settings/", {**usual, "time_zone": "", "language": "de"}, follow=True)
    assert speaks(response, "de")
    assert "Einstellungen gespeichert" in words(response)


def test_one_request_leaves_no_language_to_the_next(ada_client, ada):
    User.objects.filter(pk=ada.pk).update(language="de")
    ada_client.get("/")
    assert translation.get_language() == "en"
    assert speaks(Client().get("/login/"), "en")


@pytest.mark.parametrize(
    ("address", "method", "sentence"),
    [
        ("/nowhere/", "get", "Diese Seite gibt es nicht, oder du hast keinen Zugang dazu."),
        ("/logout/", "get", "Das geht hier nicht."),
    ],
)
def test_refusals(ada_client, ada, address, method, sentence):
    User.objects.filter(pk=ada.pk).update(language="de")
    response = getattr(ada_client, method)(address, headers=ENGLISH)
    assert speaks(response, "de")
    assert sentence in words(response)


def test_refusal_for_htmx(client, ada_client, ada, room):
    User.objects.filter(pk=ada.pk).update(language="de")
    response = ada_client.post(f"{room.get_absolute_url()}messages/", {"content": ""}, headers=HTMX)
    assert response.status_code == 422
    assert "Diese Nachricht ist leer" in words(response)
    refused = client.post(f"{room.get_absolute_url()}messages/", headers=HTMX | GERMAN)
    assert (refused.status_code, refused["Content-Language"]) == (401, "de")
    assert "Deine Sitzung ist beendet." in words(refused)


@pytest.mark.parametrize(
    ("error", "status", "sentence"),
    [
        (RuntimeError(), 500, "Der Fehler wurde protokolliert."),
        (OperationalError("database is locked"), 503, "Die Datenbank antwortet nicht."),
    ],
)
def test_faults(ada_client, ada, monkeypatch, error, status, sentence):
    def fail(*_args, **_options):
        raise error

    User.objects.filter(pk=ada.pk).update(language="de")
    monkeypatch.setattr("rooms.views.lobby.lobby_response", fail)
    ada_client.raise_request_exception = False
    response = ada_client.get("/", headers=ENGLISH)
    assert response.status_code == status
    assert speaks(response, "de")
    assert sentence in words(response)


def test_fault_before_it_is_known_who_reads(ada_client, monkeypatch):
    def fail(_session):
        raise OperationalError("database is locked")

    monkeypatch.setattr("accounts.session_store.SessionStore.load", fail)
    ada_client.raise_request_exception = False
    response = ada_client.get("/", headers=GERMAN)
    assert response.status_code == 503
    assert speaks(response, "de")


def test_forged_form_is_refused_in_the_language_of_the_reader(ada):
    client = Client(enforce_csrf_checks=True)
    client.force_login(ada)
    User.objects.filter(pk=ada.pk).update(language="de")
    response = client.post("/settings/", headers=ENGLISH)
    assert response.status_code == 403
    assert speaks(response, "de")
    assert "Diese Seite ist abgelaufen" in words(response)


async def test_what_is_refused_before_it_is_read():
    from config.asgi import refuse  # wants the folder of static files

    sent = []

    async def receive():
        return {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    await refuse({"headers": [(b"accept-language", b"de")]}, receive, send, 413)
    assert sent[1]["body"].decode() == "Das ist zu groß."


def test_plurals(ada_client, ada, ben, room):
    User.objects.filter(pk=ada.pk).update(language="de")
    ada_client.get(room.get_absolute_url())
    make_message(room, ben)
    assert ", 1 ungelesene Nachricht" in words(ada_client.get("/"))
    make_message(room, ben, "@ada")
    assert ", 2 ungelesene Nachrichten, 1 erwähnt dich" in words(ada_client.get("/"))


def test_django_speaks_it_too(ada_client, ada):
    User.objects.filter(pk=ada.pk).update(language="de")
    data = {"new_password": "123", "repeated_password": "123"}
    assert "Dieses Passwort ist zu kurz." in words(ada_client.post("/settings/password/", data))


def test_dates_are_written_as_the_language_does(ada_client, ada, room):
    message = make_message(room, ada)
    message.timestamp = "2026-03-05T12:00:00Z"
    message.save()
    User.objects.filter(pk=ada.pk).update(language="de")
    assert "5. März 2026, 12:00" in words(ada_client.get(f"/messages/{message.pk}/"))
    assert "5. März 2026" in words(ada_client.get(room.get_absolute_url()))


def test_helpers():
    assert chosen_language("", None, "xx", "de", "en") == "de"
    assert chosen_language("", None, "de-AT") is None
    assert accepted_language({"headers": [(b"accept-language", b"fr"), (b"accept-language", b"de")]}) == "de"
    assert accepted_language({"headers": [(b"accept-language", b"\xff\xfe")]}) == "en"
