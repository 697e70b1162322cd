"""Set, change and remove a password, and what ends with it."""

import pytest
from django.contrib.auth import get_user
from django.contrib.auth.hashers import get_hasher, make_password
from django.test import Client

from config.rates import Rate
from tests.accounts.test_login import enter
from tests.conftest import client_of
from tests.support.factories import make_user
from tests.support.responses import page_of, texts

pytestmark = pytest.mark.django_db

URL = "/settings/password/"
REMOVE = "/settings/password/remove/"
GOOD = "correct horse battery"


@pytest.fixture
def grace():
    return make_user("grace", "sesame street")


@pytest.fixture
def grace_client(grace):
    return client_of(grace)


def set_password(client, new=GOOD, again=None, **fields):
    again = new if again is None else again
    return client.post(URL, {"new_password": new, "repeated_password": again, **fields})


def errors(response):
    return texts(page_of(response), "error")


def kinds(rung):
    return [kind for kind, _ids in rung]


def test_name_gets_a_password(ada, ada_client):
    response = set_password(ada_client)
    assert (response.status_code, response.url) == (302, "/settings/")
    ada.refresh_from_db()
    assert ada.check_password(GOOD)
    assert enter(Client(), "ada").status_code == 422
    assert enter(Client(), "ada", password=GOOD).status_code == 302


def test_other_sessions_end_and_the_own_goes_on(ada, ada_client, rung, committed):
    other, key = client_of(ada), ada_client.session.session_key
    with committed():
        set_password(ada_client)
        assert rung == []
    assert rung == [("settings", {"user": ada.pk}), ("access", {"user": ada.pk})]
    assert ada_client.get("/").status_code == 200
    assert ada_client.session.session_key != key
    assert other.get("/").status_code == 302


def test_password_changes_for_those_who_know_it(grace, grace_client):
    assert set_password(grace_client, current_password="sesame street").status_code == 302
    grace.refresh_from_db()
    assert grace.check_password(GOOD)


@pytest.mark.parametrize(
    ("current", "sentence"),
    [("", "Enter your current password."), ("wrong", "This is not your current password.")],
)
@pytest.mark.parametrize("url", [URL, REMOVE])
def test_password_does_not_change_for_others(grace, grace_client, rung, committed, url, current, sentence):
    fields = {"new_password": GOOD, "repeated_password": GOOD, "current_password": current}
    with committed():
        response = grace_client.post(url, fields)
    assert response.status_code == 422
    assert errors(response) == [sentence]
    assert page_of(response).all("title")[0].text.startswith("Error:")
    grace.refresh_from_db()
    assert grace.check_password("sesame street")
    assert rung == []


@pytest.mark.parametrize(
    ("new", "again", "expected"),
    [
        ("", "", ["Enter a new password.", "Enter it again."]),
        (GOOD, "other", ["The two passwords are not the same."]),
        (GOOD, "", ["Enter it again."]),
        ("short", "short", ["This password is too short. It must contain at least 8 characters."]),
        ("password1", "password1", ["This password is too common."]),
        ("5093184627", "5093184627", ["This password is entirely numeric."]),
    ],
)
def test_new_password_must_be_good(ada, ada_client, new, again, expected):
    response = set_password(ada_client, new, again)
    assert response.status_code == 422
    assert errors(response) == expected
    ada.refresh_from_db()
    assert not ada.has_usable_password()


def test_password_like_the_name_is_refused():
    user = make_user("gracehopper")
    response = set_password(client_of(user), "gracehopper1")
    assert errors(response) == ["The password is too similar to the name."]


def test_no_password_stands_in_the_page(grace_client):
    response = set_password(grace_client, "abc", current_password="wrong one")
    assert b"wrong one" not in response.content
    assert all(
        not field.get("value") for field in page_of(response).all("input") if field["type"] == "password"
    )


def test_fields_say_what_they_are(grace_client, ada_client):
    page = page_of(grace_client.get(URL))
    found = {field["id"]: field["autocomplete"] for field in page.all("input") if field["type"] == "password"}
    assert found == {
        "id_current_password": "current-password",
        "id_new_password": "new-password",
        "id_repeated_password": "new-password",
        "remove_current_password": "current-password",
    }
    assert page_of(ada_client.get(URL)).by_id("id_current_password") is None


def test_password_is_removed(grace, grace_client, rung, committed):
    other = client_of(grace)
    with committed():
        response = grace_client.post(REMOVE, {"current_password": "sesame street"})
    assert (response.status_code, response.url) == (302, "/settings/")
    assert kinds(rung) == ["settings", "access"]
    assert grace_client.get("/").status_code == 200
    assert other.get("/").status_code == 302
    assert enter(Client(), "grace").status_code == 302


def test_name_without_a_password_has_none_to_remove(ada_client):
    response = ada_client.post(REMOVE)
    assert response.status_code == 422
    assert errors(response) == ["You have no password."]


@pytest.mark.parametrize("fields", [{"is_staff": True}, {"is_superuser": True}], ids=str)
def test_staff_never_go_without(fields):
    boss = make_user("boss", "sesame street", **fields)
    client = client_of(boss)
    assert page_of(client.get(URL)).by_id("remove_current_password") is None
    response = client.post(REMOVE, {"current_password": "sesame street"})
    assert errors(response) == ["Your name needs a password."]
    boss.refresh_from_db()
    assert boss.has_usable_password()
    assert enter(Client(), "boss").status_code == 422


@pytest.mark.parametrize("role", ["is_staff", "is_superuser"])
def test_session_begun_without_a_password_ends_when_somebody_is_made_staff(ada, ada_client, role):
    assert ada_client.get("/").status_code == 200
    setattr(ada, role, True)
    ada.save()
    assert ada_client.get("/").status_code == 302


@pytest.mark.parametrize("url", [URL, REMOVE])
def test_tries_at_the_current_password_are_limited_like_those_at_the_door(
    grace, grace_client, clock, limit, url
):
    limit(password_per_name=Rate(1, 60))
    enter(Client(), "grace", password="wrong")
    response = grace_client.post(url, {"current_password": "sesame street"})
    assert (response.status_code, response["Retry-After"]) == (429, "60")
    assert "You have done this too often. Wait 60 seconds, then try again." in errors(response)


def test_session_from_before_a_password_ends_at_once(ada, ada_client, rf):
    request = rf.get("/")
    request.session = ada_client.session
    ada.change_password(GOOD)
    assert not get_user(request).is_authenticated


def test_passwords_are_kept_as_argon2(settings):
    from config import settings as shipped

    settings.PASSWORD_HASHERS = shipped.PASSWORD_HASHERS
    encoded = make_password("sesame")
    assert encoded.startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")
    assert get_hasher().verify("sesame", encoded)
    assert not get_hasher().verify("Sesame", encoded)
