"""Where a user is logged in, and how that ends."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.models import Session
from django.db import OperationalError
from django.test import Client, RequestFactory
from django.utils import timezone

from accounts import sessions
from accounts.browsers import browser_in_words
from accounts.models import LoginSession, User
from accounts.session_store import SessionStore
from tests.accounts.test_login import enter
from tests.conftest import client_of
from tests.support.factories import login_session_of, make_user
from tests.support.responses import HTMX, page_of

pytestmark = pytest.mark.django_db

URL = "/settings/sessions/"
OTHERS = "/settings/sessions/end/"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:146.0) Gecko/20100101 Firefox/146.0"


def listed(client):
    """Return the browsers elsewhere, as the page shows them."""
    rows = page_of(client.get(URL)).all("th")
    return [row.text for row in rows if row.get("scope") == "row"]


def end(client, session):
    return client.post(f"{URL}{session.pk}/end/")


def someone_else(session, user):
    LoginSession.objects.filter(session=session.pk).update(user=make_user("ben"))


def deactivated(session, user):
    User.objects.filter(pk=user.pk).update(is_active=False)


def gone(session, user):
    session.login_session.delete()
    user.delete()


def new_password(session, user):
    user.set_password("correct horse")
    User.objects.filter(pk=user.pk).update(password=user.password)


def never_noted(session, user):
    session.login_session.delete()


def over(session, user):
    Session.objects.update(expire_date=timezone.now())


def ended(session, user):
    user.end_other_sessions(None)


def with_other_data(**changes):
    def change(session, user):
        data = {name: value for name, value in (session.get_decoded() | changes).items() if value is not None}
        Session.objects.update(session_data=SessionStore().encode(data))

    return change


UNTOUCHED = {"nothing": lambda session, user: None, "never noted": never_noted}
CHANGES = UNTOUCHED | {
    "noted as someone else’s": someone_else,
    "deactivated": deactivated,
    "deleted": gone,
    "new password": new_password,
    "expired": over,
    "ended": ended,
    "somebody else in it": with_other_data(_auth_user_id="0"),
    "nobody in it": with_other_data(_auth_user_id=None),
    "another backend": with_other_data(_auth_user_backend="backends.Other"),
    "no backend": with_other_data(_auth_user_backend=None),
    "another hash": with_other_data(_auth_user_hash="0" * 64),
    "empty hash": with_other_data(_auth_user_hash=""),
    "no hash": with_other_data(_auth_user_hash=None),
}


def asked_with(key):
    request = RequestFactory().get("/")
    request.session = SessionStore(key)
    return request


@pytest.mark.parametrize("change", CHANGES)
def test_who_is_logged_in_is_what_django_says(ada, ada_client, change):
    noted = login_session_of(ada_client)
    CHANGES[change](noted.session, ada)
    user = sessions.user_of(asked_with(noted.session_id))
    assert user == get_user(asked_with(noted.session_id))
    is_still_ada = change in UNTOUCHED or change == "noted as someone else’s"
    assert user == (ada if is_still_ada else AnonymousUser())


def test_session_is_read_with_its_user(ada_client, django_assert_num_queries):
    noted = login_session_of(ada_client)
    with django_assert_num_queries(1):
        assert sessions.user_of(asked_with(noted.session_id)).username == "ada"


def test_key_that_was_replaced_logs_nobody_out(ada_client, settings):
    noted = login_session_of(ada_client)
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another one"
    assert sessions.user_of(asked_with(noted.session_id)).username == "ada"


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        (FIREFOX, "Firefox on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36", "Chrome on Windows"),
        (
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0",
            "Edge on Windows",
        ),
        (
            "Mozilla/5.0 (Linux; Android 15) SamsungBrowser/28.0 Chrome/130.0 Mobile Safari/537.36",
            "Samsung Internet on Android",
        ),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0) Version/19.0 Mobile Safari/604.1", "Safari on iPhone"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X) Version/19.0 Safari/605.1.15", "Safari on macOS"),
        ("Mozilla/5.0 (iPad; CPU OS 19_0) CriOS/140.0 Mobile Safari/604.1", "Chrome on iPad"),
        ("curl/8.0 (Linux)", "Linux"),
        ("", "Unknown browser"),
        ("<script>", "Unknown browser"),
    ],
)
def test_browser_in_words(user_agent, words):
    assert browser_in_words(user_agent) == words


def test_page_shows_this_browser_and_others(ada, ada_client, mallory_client):
    other = Client(headers={"User-Agent": FIREFOX})
    other.force_login(ada)
    other.get("/")
    mallory_client.get("/")
    assert listed(ada_client) == ["Firefox on Linux"]
    assert "this browser" in ada_client.get(URL).content.decode()
    assert len(listed(other)) == 1


def test_page_has_fifty_others_at_a_time(ada, ada_client):
    ada_client.get(URL)
    for _ in range(51):
        login_session_of(client_of(ada))
    pages = [page_of(ada_client.get(f"/settings/sessions/{query}")) for query in ("", "?page=1")]
    assert [len(page.all("tr")) - 1 for page in pages] == [50, 1]
    assert ["this browser" in page.by_id("main").text for page in pages] == [True, True]


def test_no_session_key_stands_in_the_page(ada_client, ada_elsewhere):
    login_session_of(ada_elsewhere)
    page = ada_client.get(URL).content.decode()
    assert ada_client.session.session_key not in page
    assert ada_elsewhere.session.session_key not in page


def test_one_session_is_ended(ada, ada_client, ada_elsewhere, rung, committed):
    session = login_session_of(ada_elsewhere)
    with committed():
        response = end(ada_client, session)
        assert rung == []
    assert (response.status_code, response.url) == (302, URL)
    assert rung == [("access", {"user": ada.pk})]
    assert ada_elsewhere.get("/").status_code == 302
    assert listed(ada_client) == []


def test_all_others_are_ended(ada, ada_client, ada_elsewhere, ben_client, rung, committed):
    third = Client()
    third.force_login(ada)
    for client in (ada_elsewhere, third, ben_client):
        login_session_of(client)
    with committed():
        assert ada_client.post(OTHERS).url == URL
    assert rung == [("access", {"user": ada.pk})]
    assert [client.get("/").status_code for client in (ada_client, ada_elsewhere, third)] == [200, 302, 302]
    assert ben_client.get("/").status_code == 200


def test_nobody_ends_sessions_of_others(ada_client, ben_client, rung, committed):
    session = login_session_of(ben_client)
    with committed():
        assert end(ada_client, session).status_code == 404
    assert ada_client.post(f"{URL}{10**30}/end/").status_code == 404
    assert ben_client.get("/").status_code == 200
    assert rung == []


def test_session_that_is_ended_here_leads_to_the_login_page(ada_client):
    response = ada_client.post(f"{URL}{login_session_of(ada_client).pk}/end/", follow=True)
    assert response.redirect_chain[-1][0].startswith("/login/")


def test_nothing_is_left_of_a_session_that_is_over(ada_client):
    login_session_of(ada_client)
    ada_client.post("/logout/")
    assert not LoginSession.objects.exists()


def test_sessions_that_cannot_go_on_are_not_shown(ada, ada_client):
    expired, stale = (Client() for _ in range(2))
    for client in (expired, stale):
        client.force_login(ada)
        login_session_of(client)
    Session.objects.filter(pk=expired.session.session_key).update(expire_date=timezone.now())
    ada.set_password("changed by a command")
    ada.save()
    ada_client.force_login(ada)
    assert listed(ada_client) == []


def test_new_password_ends_what_is_listed(ada_client, ada_elsewhere):
    login_session_of(ada_elsewhere)
    fields = {"new_password": "correct horse battery", "repeated_password": "correct horse battery"}
    ada_client.post("/settings/password/", fields)
    assert not Session.objects.filter(pk=ada_elsewhere.session.session_key).exists()
    assert ada_client.get("/").status_code == 200


def test_login_itself_is_noted(client):
    enter(client, "ada")
    assert LoginSession.objects.get().session_id == client.session.session_key


def test_entering_as_somebody_else_is_noted_for_them(client):
    enter(client, "ada")
    client.get("/")
    enter(client, "ben")
    assert [session.user.username for session in LoginSession.objects.all()] == ["ben"]


def test_last_seen_moves_once_a_minute(ada_client, clock, monkeypatch):
    now = 1000.0
    monkeypatch.setattr(sessions.time, "monotonic", lambda: now)
    before = login_session_of(ada_client).last_seen
    clock.shift(59)
    now += 59
    assert login_session_of(ada_client).last_seen == before
    clock.shift(1)
    now += 1
    assert login_session_of(ada_client).last_seen == before + timedelta(minutes=1)


def test_typing_leaves_no_trace(ada_client, room):
    assert ada_client.post(f"{room.get_absolute_url()}typing/", headers=HTMX).status_code == 204
    assert not LoginSession.objects.exists()


def test_page_does_not_fail_where_nothing_can_be_noted(ada_client, monkeypatch):
    def fail(*_args):
        raise OperationalError("database is locked")

    monkeypatch.setattr(sessions, "_save", fail)
    assert ada_client.get("/settings/").status_code == 200


def test_long_name_of_a_browser_is_cut(ada):
    client = Client(headers={"User-Agent": "x" * 5000})
    client.force_login(ada)
    assert len(login_session_of(client).user_agent) == 300


def test_memory_of_what_was_noted_is_bounded(ada_client, monkeypatch):
    monkeypatch.setattr(sessions, "_noted", {str(number): 0.0 for number in range(3)})
    monkeypatch.setattr(sessions, "_FORGET_FROM", 3)
    login_session_of(ada_client)
    assert list(sessions._noted) == [ada_client.session.session_key]
