"""What a plain client sees of accessibility: answers and their HTML, without a browser."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from accounts import sessions
from tests.conftest import client_of
from tests.support.factories import make_message
from tests.support.htmx import Element
from tests.support.responses import page_of

pytestmark = pytest.mark.django_db
TEMPLATES = Path(settings.BASE_DIR) / "templates"


def title(page: Element) -> str:
    [element] = page.all("title")
    return element.text


def described(page: Element, field: Element) -> str:
    parts = [page.by_id(name) for name in field.get("aria-describedby").split()]
    return " ".join(part.text for part in parts if part)


@pytest.fixture
def faulty(ada_client, monkeypatch) -> Client:
    """Somebody whose lobby fails."""

    def fail(*_args):
        raise RuntimeError("fault")

    monkeypatch.setattr("rooms.views.lobby.chats_context", fail)
    ada_client.raise_request_exception = False
    return ada_client


@pytest.mark.accessibility("A01", "A90", "A02")
@pytest.mark.parametrize(("address", "status"), [("/nowhere/", 404), ("/", 500), ("/rooms/x%00/", 404)])
def test_pages_for_errors_are_pages(faulty, address, status):
    response = faulty.get(address)
    assert response.status_code == status
    page = page_of(response)
    [html] = page.all("html")
    assert (html["lang"], html["dir"]) == ("en", "ltr")
    [heading] = page.all("h1")
    assert title(page) == f"{heading.text} – Hearth"
    [main] = page.all("main")
    assert [link["href"] for link in main.all("a")] == ["/"]
    assert main.all("p")[0].text.endswith(".")


@pytest.mark.accessibility("A04", "A24")
def test_head_is_the_same_on_all_pages(client, ada_client, room):
    addresses = ("/", room.get_absolute_url(), "/settings/", "/settings/profile/", "/help/", "/nowhere/")
    heads = [
        [link.text.strip() for link in page_of(ada_client.get(address)).all("header")[0].all("a")]
        for address in addresses
    ]
    assert heads[0][-3:] == ["Your profile", "Settings", "Help"]
    assert all(head == heads[0] for head in heads)
    strangers = page_of(client.get("/login/")).all("header")[0]
    assert [link.text.strip() for link in strangers.all("a")] == ["Hearth, all chats", "Help"]


@pytest.mark.accessibility("A90")
def test_form_without_its_token_gets_a_page(ada):
    client = Client(enforce_csrf_checks=True)
    client.force_login(ada)
    page = page_of(client.post("/settings/"))
    assert page.all("h1")[0].text == "This page has expired"


REFUSED = {
    "login": (reverse("accounts:login"), {"name": "!!!"}, "name"),
    "room": (reverse("rooms:chat_room_create"), {"name": "!"}, "name"),
    "password": (
        reverse("accounts:password_update"),
        {"new_password": "1", "repeated_password": "2"},
        "new_password",
    ),
    "message": ("/rooms/{room}/messages/", {"content": "x" * 4001}, "content"),
}


@pytest.mark.accessibility("A02", "A29", "A30", "A31")
@pytest.mark.parametrize("form", REFUSED)
def test_refused_form_says_so_why_and_where(ada, ada_client, room, form):
    address, fields, name = REFUSED[form]
    client = Client() if form == "login" else ada_client
    response = client.post(address.format(room=room.pk), fields)
    assert response.status_code == 422
    page = page_of(response)
    assert title(page).startswith("Error: ")
    [field] = [one for one in page.all("input") + page.all("textarea") if one.get("name") == name]
    assert field["aria-invalid"] == "true"
    assert "autofocus" in field.attributes
    focused = [one for one in page.all("input") + page.all("textarea") if "autofocus" in one.attributes]
    assert focused == [field]
    assert described(page, field)
    if name != "new_password":  # which is not sent back
        assert fields[name] in (field.get("value"), field.text.strip())


@pytest.mark.accessibility("A29")
def test_several_errors_are_told_at_once_with_links_to_their_fields(ada_client):
    address, fields, _name = REFUSED["password"]
    page = page_of(ada_client.post(address, fields))
    [alert] = [one for one in page.all("div") + page.all("p") if one.get("role") == "alert"]
    refused = [field for field in page.all("input") if field.get("aria-invalid") == "true"]
    assert [link["href"] for link in alert.all("a")] == [f"#{field['id']}" for field in refused]
    assert len(refused) == 2
    assert all(described(page, field).split(". ")[-1].strip() in alert.text for field in refused)


@pytest.mark.accessibility("A29")
@pytest.mark.parametrize("form", ["login", "room", "message"])
def test_one_error_is_told_at_its_field_alone(ada_client, room, form):
    address, fields, name = REFUSED[form]
    client = Client() if form == "login" else ada_client
    page = page_of(client.post(address.format(room=room.pk), fields))
    [alert] = [
        one for one in page.all("div") + page.all("p") if one.get("role") == "alert" and one.text.strip()
    ]
    [field] = [one for one in page.all("input") + page.all("textarea") if one.get("name") == name]
    assert alert["id"] in field["aria-describedby"].split()


@pytest.mark.accessibility("A27", "A33", "A34")
def test_login_form_tells_what_it_wants(client):
    page = page_of(client.get("/login/"))
    [name] = [field for field in page.all("input") if field.get("name") == "name"]
    assert (name["autocomplete"], name["autocapitalize"], name["spellcheck"]) == ("username", "none", "false")
    [main] = page.all("main")
    words = main.text
    assert words.index("password") < words.index("Up to 32 letters")
    assert "letters, digits, _ . and -" in described(page, name)


@pytest.mark.accessibility("A27")
def test_password_fields_tell_which_password(ada_client):
    page = page_of(ada_client.get("/settings/password/"))
    fields = {field.get("name"): field.get("autocomplete") for field in page.all("input")}
    assert fields["new_password"] == fields["repeated_password"] == "new-password"


@pytest.mark.accessibility("A20")
def test_no_fragment_takes_the_focus():
    fragments = [path for path in TEMPLATES.rglob("*.html") if path.name.startswith("_")]
    assert len(fragments) > 20
    on_pages_only = {"_composer.html", "_linked_line.html", "_search_box.html"}
    taking = {path.name for path in fragments if "autofocus" in path.read_text()}
    assert taking <= on_pages_only


@pytest.mark.accessibility("A45", "A47")
def test_announcer_is_in_the_page_and_empty(ada_client, room):
    page = page_of(ada_client.get(room.get_absolute_url()))
    announcer = page.by_id("announcer")
    assert (announcer["role"], announcer["aria-live"], announcer.text) == ("log", "polite", "")
    status = page.by_id("older-status")
    assert (status["role"], status.text.strip()) == ("status", "")


@pytest.mark.accessibility("A54")
def test_who_wants_nothing_announced_has_no_announcer(ada, ada_client, room):
    ada.announcements = "none"
    ada.save()
    page = page_of(ada_client.get(room.get_absolute_url()))
    assert page.by_id("announcer").get("role") == ""
    assert page.by_id("older-status").get("role") == ""


@pytest.mark.accessibility("A43", "A108")
def test_chats_say_in_words_what_they_are(ada_client, ben, room, private):
    ada_client.post(f"{room.get_absolute_url()}notifications/", {"notify": "all", "mute": "always"})
    page = page_of(ada_client.get("/"))
    [group, chat] = [page.by_id(name) for name in (f"room-{room.pk}", f"person-{ben.pk}")]
    assert "muted" in group.text
    assert "direct message" not in group.text
    assert "direct message" in chat.text
    for line in (group, chat):
        name = line.all(css_class="chat-name")[0].all("bdi")[0]
        assert name["translate"] == "no"


@pytest.mark.accessibility("A108", "A71", "A69")
def test_message_isolates_what_people_wrote(ada_client, room, ben):
    message = make_message(room, ben, "שלום")
    line = page_of(ada_client.get(room.get_absolute_url())).by_id(f"message-{message.pk}")
    [name] = line.all("bdi")
    assert name["translate"] == "no"
    [content] = line.all(css_class="content")
    assert content["dir"] == "auto"
    [moment] = line.all("time")
    assert moment["datetime"].startswith(f"{message.timestamp:%Y-%m-%dT%H:%M}")


@pytest.mark.accessibility("A105")
@pytest.mark.parametrize("address", ["/", "room", "/settings/", "/help/"])
def test_pages_do_not_reload_by_themselves(ada_client, room, address):
    page = page_of(ada_client.get(room.get_absolute_url() if address == "room" else address))
    assert [meta for meta in page.all("meta") if meta.get("http-equiv")] == []


@pytest.mark.accessibility("A107")
def test_sessions_last_for_days(ada_client):
    assert timedelta(seconds=settings.SESSION_COOKIE_AGE) >= timedelta(days=14)
    assert not settings.SESSION_EXPIRE_AT_BROWSER_CLOSE
    assert ada_client.session.get_expiry_age() >= timedelta(hours=20).total_seconds()


@pytest.mark.accessibility("A107")
def test_session_that_is_used_goes_on(ada, clock, monkeypatch):
    client, elsewhere = client_of(ada), client_of(ada)
    for _visit in range(3):
        clock.shift(timedelta(days=10))
        monkeypatch.setattr(sessions, "_noted", {})  # the clock of that one cannot be moved
        assert client.get("/").status_code == 200
    assert elsewhere.get("/").status_code == 302
