from datetime import UTC, datetime, timedelta

import pytest
from django.db import OperationalError
from django.utils import timezone

from accounts.forms import SettingsForm
from accounts.models import User
from accounts.time_zones import is_time_zone, zones_by_region
from config.rates import Rate
from rooms.models import Membership
from rooms.unread import unread_of
from tests.support.factories import make_message
from tests.support.responses import page_of

URL = "/settings/"
USUAL = {
    "theme": "system",
    "contrast": "system",
    "text_size": "normal",
    "language": "",
    "time_zone": "",
    "notify": "all",
    "announcements": "all",
}


def test_settings_are_saved_and_announced(ada_client, ada, rung, committed):
    chosen = {
        "theme": "dark",
        "contrast": "more",
        "text_size": "large",
        "language": "de",
        "time_zone": "Asia/Kathmandu",
        "notify": "mentions",
        "announcements": "mentions",
    }
    with committed():
        response = ada_client.post(URL, chosen | {"plays_sound": "on"})
    assert (response.status_code, response.url) == (302, URL)
    ada.refresh_from_db()
    assert {name: getattr(ada, name) for name in chosen} == chosen
    assert (ada.sends_read_receipts, ada.shows_presence, ada.enter_sends) == (False, False, False)
    assert (ada.plays_sound, ada.replies_mention, ada.reactions_notify) == (True, False, False)
    assert rung == [("settings", {"user": ada.pk})]


def test_too_many_changes_are_refused_with_what_was_chosen(ada_client, ada, limit):
    limit(settings_per_user=Rate(1, 60))
    assert ada_client.post(URL, USUAL | {"theme": "dark"}).status_code == 302
    response = ada_client.post(URL, USUAL | {"theme": "light"})
    assert response.status_code == 429
    assert int(response["Retry-After"]) > 0
    page = page_of(response)
    assert "Wait" in page.all(css_class="error")[0].text
    assert "light" in [option["value"] for option in page.all("option") if "selected" in option.attributes]
    ada.refresh_from_db()
    assert ada.theme == "dark"


def test_that_they_were_saved_is_said_once(ada_client):
    def status():
        return [one.text for one in page_of(ada_client.get(URL)).all() if one.get("role") == "status"]

    assert status() == []
    ada_client.post(URL, USUAL)
    assert status() == ["Settings saved"]
    assert status() == []
    ada_client.post(URL, USUAL | {"theme": "loud"})
    assert status() == []


def test_other_fields_of_the_user_are_left_alone(ada_client, ada, monkeypatch):
    """Such as what was written between reading the user and saving the settings."""
    seen = timezone.now()
    whole = SettingsForm.full_clean

    def while_something_happens(form):
        User.objects.filter(pk=ada.pk).update(online_until=seen)
        whole(form)

    monkeypatch.setattr(SettingsForm, "full_clean", while_something_happens)
    ada_client.post(URL, USUAL | {"theme": "dark"})
    ada.refresh_from_db()
    assert (ada.theme, ada.online_until) == ("dark", seen)


def test_fields_are_grouped(ada_client):
    page = page_of(ada_client.get(URL))
    legends = [legend.text for legend in page.all("legend")]
    assert legends == ["Appearance", "Language and time", "Writing", "Notifications", "What others see"]
    assert len(page.all("fieldset")) == len(legends)
    grouped = [name for _legend, names in SettingsForm.GROUPS for name in names]
    assert grouped == list(SettingsForm.Meta.fields)


def test_nothing_else_can_be_set(ada_client, ada):
    ada_client.post(URL, USUAL | {"is_staff": "on", "username": "root"})
    ada.refresh_from_db()
    assert not ada.is_staff
    assert ada.username == "ada"


WRONG = [
    (name, value)
    for name, usual in USUAL.items()
    for value in ("shouting", "../../etc/passwd", "x" * 5000, *([""] if usual else []))
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_unknown_choice_is_refused(ada_client, ada, rung, name, value):
    response = ada_client.post(URL, USUAL | {"theme": "dark", name: value, "plays_sound": "on"})
    assert response.status_code == 422
    page = page_of(response)
    [error] = page.all(css_class="error")
    assert error["id"] == f"id_{name}_error"
    assert "checked" in page.by_id("id_plays_sound").attributes  # as it was typed
    assert look_of(response) == {}  # as it is saved
    ada.refresh_from_db()
    assert (getattr(ada, name), ada.plays_sound) == (USUAL[name], False)
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
    monkeypatch.setattr("rooms.views.lobby.lobby_response", fail)
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


# What the others do


def wants(ada, room, message):
    return unread_of(ada, room).wants(message, ada.pk)


@pytest.mark.parametrize(
    ("setting", "own", "expected"),
    [
        # In a group: any message, one that mentions; in a private chat: any message.
        ("all", "default", [True, True, True]),
        ("mentions", "default", [False, True, True]),
        ("nothing", "default", [False, False, False]),
        ("nothing", "all", [True, True, True]),
        ("all", "mentions", [False, True, False]),
        ("all", "nothing", [False, False, False]),
    ],
)
def test_notifications_follow_the_setting_unless_the_room_has_its_own(
    ada, ben, room, private, setting, own, expected
):
    User.objects.filter(pk=ada.pk).update(notify=setting)
    Membership.objects.filter(user=ada).update(notify=own)
    said = [(room, "Hello"), (room, "Hello @ada"), (private, "Hello")]
    assert [wants(ada, place, make_message(place, ben, text)) for place, text in said] == expected


def test_enter_sends_or_begins_a_line(ada_client, ada, room):
    def composer():
        page = page_of(ada_client.get(room.get_absolute_url()))
        box, hint = page.by_id("content"), page.by_id("composer-hint")
        assert hint.text == ""  # without scripts there is no such key
        return box["enterkeyhint"], hint["data-hint"]

    assert composer() == ("send", "Enter sends. Shift+Enter starts a new line.")
    ada.enter_sends = False
    ada.save()
    assert composer() == ("enter", "Ctrl+Enter or Cmd+Enter sends. Enter starts a new line.")
    edit = ada_client.get(f"/messages/{make_message(room, ada).pk}/edit/")
    assert [box["enterkeyhint"] for box in page_of(edit).all("textarea")] == ["enter"]


def clock_of(client, room):
    response = client.get(room.get_absolute_url())
    [body] = page_of(response).all("body")
    return page_of(response).all(css_class="meta")[0].all("time")[0].text, body.attributes.get(
        "data-time-zone"
    )


def test_times_are_in_the_chosen_zone(ada_client, ada, room):
    message = make_message(room, ada)
    message.timestamp = datetime(2026, 1, 1, 12, tzinfo=UTC)
    message.save()
    ada_client.cookies["hearth_timezone"] = "Asia/Tokyo"
    assert clock_of(ada_client, room) == ("21:00", None)
    ada.time_zone = "Asia/Kathmandu"
    ada.save()
    assert clock_of(ada_client, room) == ("17:45", "Asia/Kathmandu")
    ada.time_zone = "Gone/Away"  # as after a change of the machine
    ada.save()
    assert clock_of(ada_client, room)[0] == "21:00"


@pytest.mark.parametrize(
    ("moment", "clock"),
    [
        (datetime(2026, 3, 29, 0, 59, tzinfo=UTC), "01:59"),
        (datetime(2026, 3, 29, 1, 0, tzinfo=UTC), "03:00"),
        (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "02:30"),
        (datetime(2026, 10, 25, 1, 30, tzinfo=UTC), "02:30"),
    ],
)
def test_times_around_the_change_of_the_clocks(ada_client, ada, room, moment, clock):
    message = make_message(room, ada)
    message.timestamp = moment
    message.save()
    ada.time_zone = "Europe/Berlin"
    ada.save()
    assert clock_of(ada_client, room)[0] == clock


def test_zones_to_choose_from_are_places(ada_client):
    groups = dict(zones_by_region())
    assert ("Europe/Berlin", "Berlin") in groups["Europe"]
    assert ("America/Argentina/Buenos_Aires", "Argentina/Buenos Aires") in groups["America"]
    names = [name for zones in groups.values() for name, _label in zones]
    assert all(is_time_zone(name) for name in names)
    assert not [name for name in names if name.startswith(("Etc/", "US/", "posix"))]


def test_languages_have_their_own_names(ada_client):
    select = page_of(ada_client.get(URL)).by_id("id_language")
    assert [(option.attributes.get("lang"), option.text) for option in select.all("option")] == [
        (None, "Same as browser"),
        ("en", "English"),
        ("de", "Deutsch"),
    ]
