"""Enter with a name, and leave again."""

from itertools import count

import pytest
from django.contrib.auth import SESSION_KEY
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.test import Client

from accounts import names
from accounts.models import NameTaken, User
from tests.support.factories import make_user
from tests.support.responses import HTMX, page_of, texts

pytestmark = pytest.mark.django_db


def enter(client, name, **fields):
    return client.post("/login/", {"name": name, **fields})


def user_of(client):
    """Return the id of who is logged in at `client`, or None."""
    user_id = client.session.get(SESSION_KEY)
    return int(user_id) if user_id else None


def test_page_asks_for_a_name_only(client):
    page = page_of(client.get("/login/"))
    assert page.by_id("id_name")["autocomplete"] == "username"
    assert page.by_id("id_password") is None


def test_new_name_makes_a_person_and_opens_the_lobby(client):
    response = enter(client, "ada")
    assert (response.status_code, response.url) == (302, "/")
    user = User.objects.get()
    assert (user.username, user_of(client)) == ("ada", user.pk)
    assert not user.has_usable_password()


def test_new_person_is_announced_after_the_commit(client, rung, committed):
    with committed():
        enter(client, "ada")
        assert rung == []
    assert rung == [("person", {"user": User.objects.get().pk})]


def test_entering_again_announces_nobody(client, ada, rung, committed):
    with committed():
        enter(client, "ada")
    assert rung == []


def test_doorbell_that_fails_does_not_keep_anybody_out(client, monkeypatch, committed):
    def ring(*_args, **_ids):
        raise ConnectionError

    monkeypatch.setattr("config.doorbell.ring", ring)
    with committed():
        assert enter(client, "ada").status_code == 302


def test_name_is_stored_normalised(client):
    enter(client, "  Ａｄａ ")
    assert User.objects.get().username == "Ada"


@pytest.mark.parametrize(
    ("name", "again"),
    [
        ("Bob", "bob"),
        ("Bob", " BOB "),
        ("ﬁle", "FILE"),
        ("x1", "x１"),
        ("straße", "STRASSE"),
        ("ΝΙΚ", "νικ"),  # look different, are the same
        ("Éva", "e\u0301va"),
    ],
)
def test_entering_again_is_the_same_person_however_written(client, name, again):
    enter(client, name)
    first = user_of(client)
    other_browser = Client()
    assert enter(other_browser, again).status_code == 302
    assert user_of(other_browser) == first
    assert User.objects.count() == 1


@pytest.mark.parametrize(
    ("name", "lookalike"),
    [("coco", "сосо"), ("BOB", "ВОВ"), ("ada", "ɑda"), ("lisa", "lısa"), ("123", "١٢٣"), ("MIKE", "МІКЕ")],
)
def test_lookalike_of_a_name_is_refused_and_stays_in_the_field(client, name, lookalike):
    make_user(name)
    response = enter(client, lookalike, next="/rooms/7/")
    page = page_of(response)
    assert response.status_code == 422
    assert texts(page, "error") == ["This name looks too much like someone else’s. Choose another."]
    assert page.by_id("id_name")["value"] == lookalike
    assert page.all("title")[0].text.startswith("Error:")
    assert [field["value"] for field in page.all("input") if field.get("name") == "next"] == ["/rooms/7/"]
    assert user_of(client) is None
    assert User.objects.count() == 1


@pytest.mark.accessibility("A34")
@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("", "Enter a name."),
        ("   ", "Enter a name."),
        ("a" * 33, "Use at most 32 characters; this name has 33."),
        ("ada @b", "Use only letters, digits and _ . - in a name; a space can’t be part of it."),
        ("a\x00b", "Use only letters, digits and _ . - in a name; U+0000 can’t be part of it."),
        ("Admin", "This name is reserved. Choose another."),
        ("<script>", "Use only letters, digits and _ . - in a name; “<” can’t be part of it."),
    ],
)
def test_unacceptable_name_is_refused_with_its_reason(client, name, sentence):
    response = enter(client, name)
    assert response.status_code == 422
    assert texts(page_of(response), "error") == [sentence]
    assert not User.objects.exists()


def test_name_with_spaces_is_agreed_to_before_it_is_taken(client):
    response = enter(client, "Anna  Müller (she/her)")
    page = page_of(response)
    assert response.status_code == 200
    assert not User.objects.exists()
    assert "see you as Anna Müller (she/her) and mention you as @Anna.Müller." in " ".join(page.text.split())
    fields = {name: page.by_id(f"id_{name}")["value"] for name in ("name", "display_name")}
    assert client.post("/login/", fields).url == "/"
    anna = User.objects.get()
    assert (anna.username, anna.display_name) == ("Anna.Müller", "Anna Müller (she/her)")
    assert user_of(client) == anna.pk


@pytest.mark.parametrize("typed", ["anna müller", "Anna  Müller", "Anna.Müller"])
def test_who_is_there_already_comes_in_by_either_name(client, typed):
    anna = make_user("Anna.Müller", display_name="Anna Müller")
    assert enter(client, typed).status_code == 302
    assert user_of(client) == anna.pk


def test_display_name_asks_for_the_password_of_its_person(client):
    make_user("grace", "sesame street", display_name="Grace H.")
    assert texts(page_of(enter(client, "Grace H.")), "error") == [
        "This name is protected. Enter its password."
    ]
    assert client.post("/login/", {"name": "Grace H.", "password": "sesame street"}).status_code == 302


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"name": "ada", "display_name": "Ada L"}, "Someone already has this name. Choose another."),
        ({"name": "Ada (she/her)"}, "This name looks too much like someone else’s. Choose another."),
        (
            {"name": "eva", "display_name": "ADA"},
            "This name looks too much like someone else’s. Choose another.",
        ),
    ],
)
def test_suggested_name_is_nobody_elses(client, ada, fields, sentence):
    response = client.post("/login/", fields)
    assert (response.status_code, texts(page_of(response), "error")) == (422, [sentence])
    assert User.objects.get() == ada


def test_suggested_name_is_a_free_one(client):
    make_user("Eva.Wolf")
    make_user("eva.wolf2")
    response = enter(client, "Eva Wolf")
    assert page_of(response).by_id("id_name")["value"] == "Eva.Wolf3"


def test_first_visit_shows_first_steps_until_they_are_dismissed(client):
    enter(client, "ada")
    for _visit in range(2):
        assert page_of(client.get("/")).by_id("first-steps")
    assert client.post("/first-steps/dismiss/", follow=True).redirect_chain == [("/", 302)]
    assert page_of(client.get("/")).by_id("first-steps") is None
    client.post("/logout/")
    enter(client, "ada")
    assert page_of(client.get("/")).by_id("first-steps") is None


def test_post_without_fields_is_refused(client):
    assert client.post("/login/").status_code == 422


def test_refused_name_is_escaped(client):
    response = enter(client, '"><script>alert(1)</script>')
    assert b"<script>alert" not in response.content


@pytest.mark.parametrize("name", ["admin", "Root", "a b", "ada\0", ""])
def test_name_that_nobody_can_enter_is_given_to_nobody(monkeypatch, name):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "correct horse")
    with pytest.raises(CommandError):
        call_command("createsuperuser", interactive=False, username=name)
    with pytest.raises(ValidationError):
        User.objects.create_user(name)
    assert not User.objects.exists()


@pytest.mark.parametrize("entering", ["open", "claimed", "closed"])
def test_who_got_a_name_before_it_was_reserved_enters_with_it(client, settings, entering):
    settings.ENTERING = entering
    owner = make_user("amina", "sesame")
    User.objects.filter(pk=owner.pk).update(username="admin", canonical_name="admin")
    assert enter(client, "Admin").status_code == 422
    assert enter(client, "Admin", password="sesame").status_code == 302
    assert user_of(client) == owner.pk


def test_closed_does_not_tell_which_reserved_names_there_are(client, settings):
    settings.ENTERING = "closed"
    answers = {
        tuple(texts(page_of(enter(client, name, password="guessed")), "error"))
        for name in ("admin", "nobody", "ada b", "ada\0", "ada")
    }
    assert answers == {("Wrong password for this name.",)}


@pytest.fixture
def late(monkeypatch):
    """Let the first look for a user find none, as when another tab makes it at the same moment."""
    named, looks = User.objects.named, count()
    monkeypatch.setattr(User.objects, "named", lambda name: named(name) if next(looks) else None)


@pytest.mark.usefixtures("late")
def test_same_name_from_two_tabs_at_once_is_the_same_person(ada):
    assert User.objects.enter("ADA") == ada


@pytest.mark.usefixtures("late")
def test_lookalike_from_two_tabs_at_once_is_refused(ada):
    with pytest.raises(NameTaken):
        User.objects.enter("ɑda")


@pytest.mark.parametrize("field", ["username", "canonical_name", "skeleton"])
def test_database_keeps_names_apart(ada, ben, field):
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.filter(pk=ben.pk).update(**{field: getattr(ada, field)})


PROTECTED = [
    {"password": "sesame"},
    {"is_staff": True},
    {"is_superuser": True},
    {"is_staff": True, "password": "sesame"},
    {"is_active": False},
]


@pytest.mark.parametrize("fields", PROTECTED, ids=str)
@pytest.mark.parametrize("name", ["grace", "GRACE"])
def test_protected_name_is_never_entered_by_name_alone(client, fields, name):
    make_user("grace", **fields)
    response = enter(client, name)
    page = page_of(response)
    assert response.status_code == 422
    assert texts(page, "error") == ["This name is protected. Enter its password."]
    assert page.by_id("id_password")["type"] == "password"
    assert user_of(client) is None


@pytest.mark.parametrize("fields", PROTECTED, ids=str)
def test_protected_name_is_not_entered_with_another_password(client, fields):
    make_user("grace", **fields)
    response = enter(client, "grace", password="wrong")
    page = page_of(response)
    assert response.status_code == 422
    assert texts(page, "error") == ["Wrong password for this name."]
    assert page.by_id("id_password").get("value") == ""
    assert user_of(client) is None


@pytest.mark.parametrize("name", ["grace", "Grace", "ｇrace"])
def test_password_enters_a_protected_name(client, name):
    user = make_user("grace", "sesame", is_staff=True)
    assert enter(client, name, password="sesame").status_code == 302
    assert user_of(client) == user.pk


def test_inactive_person_is_not_entered_with_the_right_password(client):
    make_user("grace", "sesame", is_active=False)
    assert enter(client, "grace", password="sesame").status_code == 422
    assert user_of(client) is None


def test_session_ends_when_its_person_is_made_inactive(ada, ada_client):
    User.objects.filter(pk=ada.pk).update(is_active=False)
    assert ada_client.get("/").status_code == 302


def test_password_is_not_trimmed(client):
    make_user("grace", " sesame ")
    assert enter(client, "grace", password="sesame").status_code == 422
    assert enter(client, "grace", password=" sesame ").status_code == 302


def test_form_cannot_make_anybody_staff(client):
    enter(client, "ada", is_staff="on", is_superuser="on", skeleton="x")
    user = User.objects.get()
    assert (user.is_staff, user.is_superuser) == (False, False)
    assert user.skeleton == names.skeleton("ada")


@pytest.mark.parametrize("address", ["/rooms/7/", "/people/ben/?a=b#c", "http://testserver/rooms/7/"])
@pytest.mark.parametrize("way", ["in the form", "in the address"])
def test_page_that_was_asked_for_opens_after_login(client, address, way):
    if way == "in the form":
        response = enter(client, "ada", next=address)
    else:
        response = client.post("/login/", {"name": "ada"}, query_params={"next": address})
    assert response.url == address


def test_page_that_was_asked_for_is_in_the_form(client):
    response = client.get("/rooms/7/?before=3", follow=True)
    fields = {field.get("name"): field.get("value") for field in page_of(response).all("input")}
    assert fields["next"] == "/rooms/7/?before=3"


FOREIGN = [
    "//evil.example",
    "///evil.example",
    "\\\\evil.example",
    "/\\evil.example",
    "https:evil.example",
    "https:///evil.example",
    "https://evil.example/",
    "http://testserver@evil.example/",
    "http://testserver.evil.example/",
    "javascript:alert(1)",
    "data:text/html,x",
    " //evil.example",
    "\t//evil.example",
    "ftp://testserver/",
    "",
]


@pytest.mark.parametrize("address", FOREIGN)
def test_foreign_address_opens_the_lobby_after_login(client, address):
    assert enter(client, "ada", next=address).url == "/"


@pytest.mark.parametrize("address", FOREIGN)
def test_foreign_address_is_not_put_into_the_form(client, address):
    page = page_of(client.get("/login/", {"next": address}))
    assert [field["value"] for field in page.all("input") if field.get("name") == "next"] == ["/"]


def test_who_is_logged_in_is_sent_on(ada_client):
    assert ada_client.get("/login/", {"next": "/rooms/7/"}).url == "/rooms/7/"
    assert ada_client.get("/login/", {"next": "//evil.example"}).url == "/"


def test_entering_with_another_name_changes_the_person(ada, ben, ada_client):
    enter(ada_client, "ben")
    assert user_of(ada_client) == ben.pk


def test_entering_begins_a_new_session(client):
    session = client.session
    session["planted"] = True
    session.save()
    client.cookies["hearth_session"] = session.session_key
    enter(client, "ada")
    assert client.cookies["hearth_session"].value != session.session_key
    assert not Client(headers={"Cookie": f"hearth_session={session.session_key}"}).session.get(SESSION_KEY)


def test_session_of_one_person_is_not_carried_over_to_the_next(client):
    enter(client, "ada")
    session = client.session
    session["draft"] = "secret"
    session.save()
    enter(client, "ben")
    assert "draft" not in client.session


def test_logout_ends_the_session(ada, ada_client, rung, committed):
    key = ada_client.session.session_key
    with committed():
        response = ada_client.post("/logout/")
    assert (response.status_code, response.url) == (302, "/login/")
    assert rung == [("access", {"user": ada.pk})]
    assert ada_client.get("/").status_code == 302
    assert Client(headers={"Cookie": f"hearth_session={key}"}).get("/").status_code == 302


def test_logout_leaves_other_browsers_alone(ada, ada_client):
    other_browser = Client()
    other_browser.force_login(ada)
    ada_client.post("/logout/")
    assert other_browser.get("/").status_code == 200


def test_logout_without_login_rings_nobody(client, rung):
    assert client.post("/logout/").url == "/login/"
    assert rung == []


@pytest.mark.parametrize("method", ["get", "head", "put", "delete", "options"])
def test_logout_needs_a_post(ada, ada_client, method):
    response = getattr(ada_client, method)("/logout/")
    assert (response.status_code, response["Allow"]) == (405, "POST")
    assert user_of(ada_client) == ada.pk


@pytest.mark.parametrize(
    "address",
    [
        *("/login/", "/logout/", "/rooms/", "/rooms/1/messages/", "/rooms/1/read/"),
        *("/settings/", "/settings/password/", "/settings/password/remove/", "/settings/browsers/"),
        *("/settings/sessions/end/", "/settings/sessions/1/end/", "/settings/invitations/"),
        *("/enter/token/", "/join/token/"),
    ],
)
@pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])
def test_post_without_its_token_is_refused(ada, address, headers):
    client = Client(enforce_csrf_checks=True)
    client.force_login(ada)
    response = client.post(address, {"name": "ben"}, headers=headers)
    assert response.status_code == 403
    assert user_of(client) == ada.pk


def test_login_form_carries_its_token(db):
    client = Client(enforce_csrf_checks=True)
    fields = {field.get("name"): field.get("value") for field in page_of(client.get("/login/")).all("input")}
    assert enter(client, "ada", csrfmiddlewaretoken=fields["csrfmiddlewaretoken"]).status_code == 302


def test_cookies_are_out_of_reach_for_scripts_and_other_sites(client):
    client.get("/login/")
    enter(client, "ada")
    for name in ("hearth_session", "hearth_csrf"):
        cookie = client.cookies[name]
        assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")


def test_no_other_cookies_are_set(client):
    client.get("/login/")
    enter(client, "ada")
    client.get("/")
    assert set(client.cookies) == {"hearth_session", "hearth_csrf"}


def test_who_is_not_logged_in_is_sent_to_the_login_page(client):
    assert client.get("/rooms/7/?before=3").url == "/login/?next=/rooms/7/%3Fbefore%3D3"


def test_form_sent_without_login_leads_back_to_its_page(client, room):
    address = f"http://testserver/rooms/{room.pk}/"
    response = client.post(f"{address}messages/", {"content": "Hello"}, headers={"Referer": address})
    fields = {
        field.get("name"): field.get("value") for field in page_of(client.get(response.url)).all("input")
    }
    assert fields["next"] == address
    assert enter(client, "ada", next=fields["next"]).url == address


@pytest.mark.parametrize(
    "referer", [None, "", "https://evil.example/rooms/1/", "//evil.example", "about:blank"]
)
def test_form_sent_without_login_from_elsewhere_leads_to_the_lobby(client, room, referer):
    headers = {} if referer is None else {"Referer": referer}
    response = client.post(f"/rooms/{room.pk}/messages/", {"content": "Hello"}, headers=headers)
    assert client.post(response.url, {"name": "ada"}).url == "/"


def test_htmx_request_without_login_gets_a_sentence_and_no_redirect(client):
    response = client.get("/", headers=HTMX)
    assert response.status_code == 401
    assert "Location" not in response
    [partial] = page_of(response).all("hx-partial")
    assert partial["hx-target"] == "#notice"
    assert partial.text == "Your session has ended. Log in again to continue."


@pytest.mark.parametrize("key", ["unknown", "x" * 5000, '"aaaaaaaaaaaaaaa\\000"'])
def test_cookie_of_no_session_is_nobodys(client, key):
    """The last one is decoded to a NUL, which PostgreSQL does not take."""
    response = client.get("/", headers={"Cookie": f"hearth_session={key}"})
    assert (response.status_code, response.url) == (302, "/login/?next=/")
