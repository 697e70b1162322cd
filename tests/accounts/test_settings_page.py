from datetime import timedelta

import pytest
from django.db import OperationalError
from django.utils import timezone

from tests.responses import page_of

URL = "/settings/"
USUAL = {"theme": "system", "contrast": "system", "text_size": "normal", "announcements": "all"}


def test_settings_are_saved_and_announced(ada_client, ada, rung):
    response = ada_client.post(URL, USUAL | {"plays_sound": "on", "announcements": "mentions"})
    assert response.status_code == 302
    ada.refresh_from_db()
    assert (ada.sends_read_receipts, ada.shows_presence, ada.plays_sound) == (False, False, True)
    assert ada.announcements == "mentions"
    assert rung == [("settings", {"user": ada.pk})]


def test_nothing_else_can_be_set(ada_client, ada):
    ada_client.post(URL, USUAL | {"is_staff": "on", "username": "root"})
    ada.refresh_from_db()
    assert not ada.is_staff
    assert ada.username == "ada"


@pytest.mark.parametrize("name", USUAL)
@pytest.mark.parametrize("value", ["shouting", ""])
def test_unknown_choice_is_refused(ada_client, ada, rung, name, value):
    response = ada_client.post(URL, USUAL | {name: value})
    assert response.status_code == 422
    [error] = page_of(response).all(css_class="error")
    assert error["id"] == f"id_{name}_error"
    ada.refresh_from_db()
    assert getattr(ada, name) == USUAL[name]
    assert not rung


def test_anonymous_is_asked_to_log_in(client):
    assert client.get(URL).status_code == 302


def test_presence_is_shown_to_those_who_show_theirs(ada_client, ada, ben, private):
    ben.online_until = timezone.now() + timedelta(seconds=20)
    ben.save()
    assert "online" in ada_client.get(private.get_absolute_url()).content.decode()
    ada.shows_presence = False
    ada.save()
    assert 'class="presence' not in ada_client.get(private.get_absolute_url()).content.decode()


def test_hidden_presence_is_not_shown(ada_client, ben, private):
    ben.online_until = timezone.now() + timedelta(seconds=20)
    ben.shows_presence = False
    ben.save()
    page = ada_client.get(private.get_absolute_url()).content.decode()
    assert ">online<" not in page
    assert "last seen" not in page


def test_last_seen_is_when_the_last_stream_was_open(ada_client, ben, private):
    ben.online_until = timezone.now() - timedelta(minutes=5)
    ben.save()
    assert not ben.is_online
    assert "last seen" in ada_client.get(private.get_absolute_url()).content.decode()


# The look


def look_of(response):
    [html] = page_of(response).all("html")
    return {name: value for name, value in html.attributes.items() if name.startswith("data-")}


def colors_of(response):
    metas = {meta.attributes.get("name"): meta for meta in page_of(response).all("meta")}
    return metas["color-scheme"]["content"], metas["theme-color"].attributes.get("media")


PAGES = ["/", URL, "/help/", "/rooms/1/", "/nowhere/", "/logout/"]


@pytest.mark.parametrize("address", PAGES)
def test_look_is_in_every_page(ada_client, ada, room, address):
    address = address.replace("1", str(room.pk))
    assert look_of(ada_client.get(address)) == {}
    assert colors_of(ada_client.get(address))[0] == "light dark"
    ada.theme, ada.contrast, ada.text_size = "dark", "more", "larger"
    ada.save()
    response = ada_client.get(address)
    assert look_of(response) == {"data-theme": "dark", "data-contrast": "more", "data-text-size": "larger"}
    assert colors_of(response) == ("dark", None)


def test_browsers_are_told_each_theme(ada_client, ada):
    def colors():
        metas = page_of(ada_client.get("/")).all("meta")
        return [
            (meta["content"], meta.attributes.get("media"))
            for meta in metas
            if meta.attributes.get("name") == "theme-color"
        ]

    light, dark = colors()
    assert (light[1], dark[1]) == ("(prefers-color-scheme: light)", "(prefers-color-scheme: dark)")
    ada.theme = "light"
    ada.save()
    assert colors() == [(light[0], None)]
    ada.theme = "dark"
    ada.save()
    assert colors() == [(dark[0], None)]


@pytest.mark.parametrize(
    ("error", "status"), [(RuntimeError(), 500), (OperationalError("database is locked"), 503)]
)
def test_look_stays_when_something_fails(ada_client, ada, monkeypatch, error, status):
    def fail(*_args, **_options):
        raise error

    ada.theme = "dark"
    ada.save()
    monkeypatch.setattr("rooms.views.rooms.lobby_response", fail)
    ada_client.raise_request_exception = False
    response = ada_client.get("/")
    assert response.status_code == status
    assert look_of(response) == {"data-theme": "dark"}


def test_look_before_login_is_that_of_the_system(client, ada, ada_client):
    ada.theme = "dark"
    ada.save()
    assert look_of(client.get("/login/")) == {}
    ada_client.post("/logout/")
    assert look_of(ada_client.get("/login/")) == {}
