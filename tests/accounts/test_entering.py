"""The three ways of entering: open, claimed, closed."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.hashers import MD5PasswordHasher
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from accounts import checks, claims
from accounts.models import Claim, EntryLink, User
from accounts.qr import qr_code
from accounts.views import entry_links
from config.rates import Rate
from tests.accounts.test_login import enter, user_of
from tests.conftest import client_of
from tests.support.factories import login_session_of, make_message, make_private_room, make_room, make_user
from tests.support.responses import HTMX, page_of, texts

pytestmark = pytest.mark.django_db

LINK = "/settings/browsers/"
INVITE = "/settings/invitations/"
GOOD = {"new_password": "correct horse battery", "repeated_password": "correct horse battery"}
ELSEWHERE = (
    "This name belongs to another browser. In that browser, open Settings and “Log in on another "
    "browser”, then open the link here. Or choose another name."
)


@pytest.fixture
def claimed(settings):
    settings.ENTERING = "claimed"


@pytest.fixture
def closed(settings):
    settings.ENTERING = "closed"


@pytest.fixture
def boss():
    return make_user("boss", "sesame street", is_staff=True)


LOCKED = (
    "This name is locked because it no longer belongs to a browser. Ask the staff for an entry link, or "
    "choose another name."
)


def errors(response):
    return texts(page_of(response), "error")


def act(client, action, *users, **options):
    """Do one of the admin's actions."""
    chosen = {"action": action, "_selected_action": [user.pk for user in users]}
    return client.post("/admin/accounts/user/", chosen, **options)


def link_of(client, url=LINK):
    """Ask for a link as `client` would; return its path."""
    response = client.post(url, follow=True)
    assert response.redirect_chain == [(url, 302)]
    return page_of(response).by_id("link")["value"].removeprefix("http://testserver")


@pytest.mark.usefixtures("claimed")
def test_link_is_shown_once_and_a_reload_makes_no_other(ada_client):
    shown = page_of(ada_client.post(LINK, follow=True))
    assert "Copy link" in shown.text
    assert page_of(ada_client.get(LINK)).by_id("link") is None
    assert EntryLink.objects.count() == 1
    ada_client.post(LINK)
    assert ada_client.head(LINK).status_code == 200  # programs look before people do
    assert page_of(ada_client.get("/help/")).by_id("link") is None
    assert page_of(ada_client.get(LINK)).by_id("link")


@pytest.mark.parametrize("url", [LINK, INVITE])
def test_links_are_limited(settings, url, limit):
    settings.ENTERING = "claimed" if url == LINK else "closed"
    limit(invitation_per_user=Rate(1, 3600))
    client = client_of(make_user("boss", None if url == LINK else "sesame street", is_staff=url == INVITE))
    assert client.post(url).status_code == 302
    assert client.post(url).status_code == 429


def deactivate_in_passing(user):
    User.objects.filter(pk=user.pk).update(is_active=False)


def deactivate_by_saving(user):
    user.is_active = False
    user.save()


def take_the_role(user):
    User.objects.filter(pk=user.pk).update(is_staff=False)


# Open


@pytest.mark.accessibility("A33")
@pytest.mark.parametrize(
    ("entering", "words"),
    [
        ("open", "Anyone can use a name that has no password"),
        ("claimed", "A new name will belong to this browser"),
        ("closed", "New people need an invitation"),
    ],
)
def test_login_page_says_who_gets_in(client, settings, entering, words):
    settings.ENTERING = entering
    assert words in client.get("/login/").content.decode()


@pytest.mark.parametrize("url", [LINK, INVITE])
@pytest.mark.parametrize("method", ["get", "post"])
def test_open_needs_no_links(ada_client, boss, url, method):
    assert getattr(ada_client, method)(url).status_code == 404
    assert getattr(client_of(boss), method)(url).status_code == 404


def test_open_makes_no_claims(client):
    enter(client, "ada")
    assert not Claim.objects.exists()


# Claimed


@pytest.mark.usefixtures("claimed")
def test_name_belongs_to_the_browser_that_took_it(client):
    assert enter(client, "ada").status_code == 302
    other = Client()
    response = enter(other, "ADA")
    assert response.status_code == 422
    assert errors(response) == [ELSEWHERE]
    assert page_of(response).by_id("id_name")["value"] == "ADA"
    assert page_of(response).by_id("id_password") is None
    assert user_of(other) is None
    client.post("/logout/")
    assert enter(other, "ada").status_code == 422
    assert enter(client, "ada").status_code == 302


@pytest.mark.django_db(transaction=True)
def test_free_name_is_taken_by_one_of_many_at_once(ada, rf):
    def attempt(_number):
        try:
            return claims.take(ada, rf.post("/login/"))
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(8))) == 1


@pytest.mark.usefixtures("claimed")
def test_cookie_of_a_browser_is_signed_and_out_of_reach(client):
    enter(client, "ada")
    cookie = client.cookies[claims.COOKIE]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")
    assert cookie["max-age"] == 400 * 86400
    assert Claim.objects.get().browser not in cookie.value
    client.post("/logout/")
    client.cookies[claims.COOKIE] = "forged:" + cookie.value
    assert enter(client, "ada").status_code == 422


@pytest.mark.usefixtures("claimed")
def test_one_browser_may_have_several_names(client):
    for name in ("ada", "ben", "ada"):
        assert enter(client, name).status_code == 302


@pytest.mark.usefixtures("claimed")
def test_name_that_nobody_has_claimed_is_free(ada, client):
    assert enter(client, "ada").status_code == 302
    assert enter(Client(), "ada").status_code == 422


def test_name_is_not_free_while_somebody_is_logged_in_with_it(ada_client, settings):
    login_session_of(ada_client)
    settings.ENTERING = "claimed"
    assert enter(Client(), "ada").status_code == 422


@pytest.mark.usefixtures("claimed")
def test_browser_that_is_logged_in_claims_its_name(ada_client):
    session = login_session_of(ada_client)
    assert session.claim is not None
    ada_client.post("/logout/")
    assert enter(ada_client, "ada").status_code == 302


@pytest.mark.usefixtures("claimed")
def test_password_lets_other_browsers_in_and_is_needed_then(ada_client):
    login_session_of(ada_client)
    ada_client.post("/settings/password/", GOOD)
    assert enter(Client(), "ada", password=GOOD["new_password"]).status_code == 302
    ada_client.post("/logout/")
    assert enter(ada_client, "ada").status_code == 422


@pytest.mark.usefixtures("claimed")
def test_browsers_from_before_a_password_stay_out_when_it_is_removed(ada_client):
    other = Client()
    other.post(link_of(ada_client))
    ada_client.post("/settings/password/", GOOD)
    ada_client.post("/settings/password/remove/", {"current_password": GOOD["new_password"]})
    assert enter(other, "ada").status_code == 422
    ada_client.post("/logout/")
    assert enter(ada_client, "ada").status_code == 302


@pytest.mark.usefixtures("claimed")
def test_link_lets_one_other_browser_in(ada, ada_client, mallory_client):
    path = link_of(ada_client)
    other = Client()
    assert "ada" in other.get(path).content.decode()
    assert other.get(path).status_code == 200  # looking does not use it up
    assert other.post(path).url == "/"
    assert user_of(other) == ada.pk
    other.post("/logout/")
    assert enter(other, "ada").status_code == 302
    for late in (Client(), mallory_client, other):
        for method in (late.get, late.post):
            response = method(path)
            assert response.status_code == 404
            assert "This link no longer works" in response.content.decode()
    assert ada_client.get("/").status_code == 200


@pytest.mark.usefixtures("claimed")
def test_link_is_shown_as_a_qr_code_and_kept_nowhere(ada_client):
    response = ada_client.post(LINK, follow=True)
    page = page_of(response)
    [image] = [element for element in page.all("svg") if element.get("role") == "img"]
    assert image["aria-label"]
    assert all(not element.get("style") for element in page.all())
    token = link_of(ada_client).split("/")[-2]
    assert len(token) >= 43
    assert EntryLink.objects.get().digest != token
    assert "no-store" in response["Cache-Control"]


def test_qr_code_is_drawn_square_by_square():
    code = qr_code("https://chat.example/enter/x/")
    assert code["size"] >= 29
    assert code["path"].startswith("M4 4h1v1h-1z")


@pytest.mark.usefixtures("claimed")
def test_link_ends_after_ten_minutes_and_with_the_next(ada_client, clock):
    first = link_of(ada_client)
    second = link_of(ada_client)
    assert Client().get(first).status_code == 404
    clock.shift(timedelta(minutes=9, seconds=59))
    assert Client().get(second).status_code == 200
    clock.shift(1)
    assert Client().post(second).status_code == 404


@pytest.mark.usefixtures("claimed")
@pytest.mark.parametrize("what", [("/settings/password/", GOOD), ("/settings/sessions/end/",)], ids=str)
def test_link_ends_with_the_other_sessions(ada_client, what):
    path = link_of(ada_client)
    ada_client.post(*what)
    assert Client().post(path).status_code == 404


@pytest.mark.usefixtures("claimed")
@pytest.mark.parametrize("method", ["get", "post"])
def test_name_with_a_password_has_no_links(method):
    client = client_of(make_user("grace", "sesame street"))
    assert getattr(client, method)(LINK).status_code == 404


@pytest.mark.usefixtures("claimed")
def test_link_does_not_let_in_who_needs_a_password_by_now(ada, ada_client):
    path = link_of(ada_client)
    User.objects.filter(pk=ada.pk).update(is_staff=True)
    assert Client().post(path).status_code == 404


@pytest.mark.usefixtures("claimed")
def test_link_that_two_browsers_use_at_once_lets_one_in(ada_client, monkeypatch):
    path = link_of(ada_client)
    monkeypatch.setattr(EntryLink, "use", lambda link: False)
    other = Client()
    assert other.post(path).status_code == 404
    assert user_of(other) is None


@pytest.mark.usefixtures("claimed")
def test_browser_that_was_logged_out_from_afar_has_lost_the_name(ada_client):
    other = Client()
    other.post(link_of(ada_client))
    ada_client.post(f"/settings/sessions/{login_session_of(other).pk}/end/")
    assert enter(other, "ada").status_code == 422
    assert ada_client.get("/").status_code == 200


@pytest.mark.usefixtures("claimed")
def test_logging_out_all_others_takes_the_name_from_browsers_that_have_left_too(ada_client):
    other = Client()
    other.post(link_of(ada_client))
    other.post("/logout/")
    login_session_of(ada_client)
    ada_client.post("/settings/sessions/end/")
    assert enter(other, "ada").status_code == 422
    ada_client.post("/logout/")
    assert enter(ada_client, "ada").status_code == 302


def log_out_everywhere(user, client):
    act(client_of(User.objects.create_superuser("root1", "correct horse")), "end_sessions", user)


def deactivate_and_activate(user, client):
    root = client_of(User.objects.create_superuser("root1", "correct horse"))
    act(root, "deactivate", user)
    act(root, "activate", user)


def take_the_password_away(user, client):
    user.change_password("correct horse")
    root = client_of(User.objects.create_superuser("root1", "correct horse"))
    root.post(f"/admin/accounts/user/{user.pk}/password/", {"usable_password": "false", "unset-password": ""})


def log_out_from_afar(user, client):
    client.post(f"/settings/sessions/{login_session_of(client).pk}/end/")


def lose_all_rows(user, client):
    Claim.objects.all().delete()
    Session.objects.all().delete()


@pytest.mark.usefixtures("claimed")
@pytest.mark.parametrize(
    "lose",
    [log_out_everywhere, deactivate_and_activate, take_the_password_away, log_out_from_afar, lose_all_rows],
)
def test_name_that_has_lost_its_browsers_is_locked(client, lose):
    enter(client, "ada")
    ada = User.objects.named("ada")
    lose(ada, client)
    for browser in (Client(), client):
        response = enter(browser, "Ada")
        assert response.status_code == 422
        assert errors(response) == [LOCKED]
        assert user_of(browser) is None
    assert not ada.claims.exists()


def open_a_private_chat(user, other):
    make_private_room(user, other)


def write_and_leave(user, other):
    room = make_room(members=[user])
    make_message(room, user)
    room.memberships.all().delete()


@pytest.mark.parametrize("have", [open_a_private_chat, write_and_leave])
@pytest.mark.usefixtures("claimed")
def test_name_that_holds_anything_is_never_free(ada, ben, have):
    have(ada, ben)
    assert ada.last_login is None
    assert errors(enter(Client(), "ada")) == [LOCKED]


def test_name_that_was_used_while_it_was_open_is_not_free(client, settings, clock):
    enter(client, "ada")
    settings.ENTERING = "claimed"
    assert errors(enter(Client(), "ada")) == [ELSEWHERE]
    clock.shift(timedelta(days=15))  # no session is left
    assert errors(enter(Client(), "ada")) == [LOCKED]


@pytest.mark.usefixtures("claimed")
def test_staff_let_somebody_in_again_by_a_link_that_is_shown_once(ada, ben, rung, committed):
    boss = User.objects.create_superuser("root1", "correct horse")
    root, thief = client_of(boss), client_of(ada)
    login_session_of(thief)
    with committed():
        page = act(root, "make_entry_links", ada)
    assert ("access", {"user": ada.pk}) in rung
    assert thief.get("/").status_code == 302  # a link by staff is noticed
    assert errors(enter(thief, "ada")) == [LOCKED]
    [link] = re.findall(r'href="([^"]*/enter/[^"]*)"', page.content.decode())
    assert "no-store" in page["Cache-Control"]
    assert "/enter/" not in root.get("/admin/accounts/user/").content.decode()
    path = link.removeprefix("http://testserver")
    assert path.split("/")[-2] not in EntryLink.objects.values_list("digest", flat=True)
    friend = Client()
    assert friend.post(path).url == "/"
    assert user_of(friend) == ada.pk
    friend.post("/logout/")
    assert enter(friend, "ada").status_code == 302
    assert Client().post(path).status_code == 404
    assert errors(enter(Client(), "ada")) == [ELSEWHERE]
    assert LogEntry.objects.get(object_id=str(ada.pk)).user == boss


@pytest.mark.usefixtures("claimed")
@pytest.mark.parametrize("end", [deactivate_in_passing, deactivate_by_saving, take_the_role])
def test_link_by_staff_ends_with_the_role_of_who_made_it_and_after_a_day(ada, boss, clock, end):
    token = EntryLink.objects.issue_anew(ada, boss)
    clock.shift(timedelta(hours=23))
    assert Client().get(f"/enter/{token}/").status_code == 200
    end(boss)
    assert Client().post(f"/enter/{token}/").status_code == 404
    token = EntryLink.objects.issue_anew(ada)
    clock.shift(timedelta(hours=24))
    assert Client().post(f"/enter/{token}/").status_code == 404


@pytest.mark.usefixtures("claimed")
def test_staff_make_links_for_people_without_a_password_only(ada, boss):
    root = client_of(User.objects.create_superuser("root1", "correct horse"))
    grace, gone = make_user("grace", "sesame street"), make_user("gone", is_active=False)
    people = [[grace], [gone], [boss], [make_user() for _ in range(21)]]
    for some in people:
        assert "without a password" in act(root, "make_entry_links", *some, follow=True).content.decode()
    assert not EntryLink.objects.exists()


def test_who_may_not_change_people_makes_no_links(ada, ada_client, boss, settings):
    for entering, client in (("open", None), ("closed", None), ("claimed", client_of(boss))):
        settings.ENTERING = entering
        root = User.objects.named("root1") or User.objects.create_superuser("root1", "correct horse")
        act(client or client_of(root), "make_entry_links", ada)
        assert not EntryLink.objects.exists()
    assert act(ada_client, "make_entry_links", ada).status_code == 404


@pytest.mark.usefixtures("claimed")
def test_command_lets_somebody_in_again(ada, ada_client, capsys):
    login_session_of(ada_client)
    call_command("invite", "https://chat.example/", name="Ada")
    address = capsys.readouterr().out.split()[-1]
    assert errors(enter(ada_client, "ada")) == [LOCKED]
    browser = Client()
    assert browser.post(address.removeprefix("https://chat.example")).url == "/"
    assert user_of(browser) == ada.pk


@pytest.mark.parametrize(
    ("entering", "name", "reason"),
    [
        ("open", "ada", "not claimed"),
        ("closed", "ada", "not claimed"),
        ("claimed", "nobody1", "Nobody"),
        ("claimed", "boss", "password"),
    ],
)
def test_command_says_for_whom_there_is_no_link(ada, boss, settings, entering, name, reason):
    settings.ENTERING = entering
    with pytest.raises(CommandError, match=reason):
        call_command("invite", "https://chat.example/", name=name)
    assert not EntryLink.objects.exists()


@pytest.mark.usefixtures("claimed")
def test_entering_with_a_link_needs_its_token_and_a_post(ada_client):
    path = link_of(ada_client)
    assert Client(enforce_csrf_checks=True).post(path).status_code == 403
    assert Client().put(path).status_code == 405


# Closed


@pytest.mark.usefixtures("closed")
def test_closed_makes_nobody_of_a_name(client):
    assert page_of(client.get("/login/")).by_id("id_password")["autocomplete"] == "current-password"
    assert enter(client, "ada").status_code == 422
    assert enter(client, "ada", password="x").status_code == 422
    assert not User.objects.exists()


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])
def test_sessions_without_a_password_end_when_it_is_closed(ada_client, boss, settings, headers):
    boss_client = client_of(boss)
    assert ada_client.get("/").status_code == 200
    settings.ENTERING = "closed"
    assert ada_client.get("/", headers=headers).status_code in (302, 401)
    assert user_of(ada_client) is None
    assert boss_client.get("/", headers=headers).status_code == 200


@pytest.mark.usefixtures("closed")
def test_closed_does_not_tell_which_names_there_are(ada, boss):
    answers = [enter(Client(), name, password="wrong") for name in ("ada", "boss", "nobody1")]
    assert [errors(answer) for answer in answers] == [["Wrong password for this name."]] * 3
    answers = [enter(Client(), name) for name in ("ada", "boss", "nobody1")]
    assert [errors(answer) for answer in answers] == [["This name is protected. Enter its password."]] * 3


@pytest.mark.usefixtures("closed")
@pytest.mark.parametrize("name", ["ada", "boss", "nobody1"])
def test_closed_takes_as_long_whether_a_name_exists_or_not(ada, boss, monkeypatch, name):
    """Hashing is all that takes time: once for a name with a password, without one, and for none."""
    hashed = []
    encode = MD5PasswordHasher.encode
    monkeypatch.setattr(
        MD5PasswordHasher, "encode", lambda *arguments: hashed.append(1) or encode(*arguments)
    )
    enter(Client(), name, password="wrong")
    assert hashed == [1]


@pytest.mark.usefixtures("closed")
def test_tries_are_limited_for_names_that_are_none(clock, limit):
    limit(password_per_name=Rate(1, 60))
    enter(Client(), "nobody1", password="x")
    assert enter(Client(), "NOBODY1", password="x").status_code == 429


@pytest.mark.usefixtures("closed")
def test_password_enters(boss, client):
    assert enter(client, "boss", password="sesame street").status_code == 302


@pytest.mark.usefixtures("closed")
def test_password_cannot_be_removed(client):
    make_user("grace", "sesame street")
    enter(client, "grace", password="sesame street")
    response = client.post("/settings/password/remove/", {"current_password": "sesame street"})
    assert errors(response) == ["Your name needs a password."]


@pytest.mark.usefixtures("closed")
@pytest.mark.parametrize("method", ["get", "post"])
def test_only_staff_invite(boss, method):
    member = client_of(make_user("grace", "sesame street"))
    assert getattr(member, method)(INVITE).status_code == 404
    assert getattr(client_of(boss), method)(LINK).status_code == 404
    assert getattr(client_of(boss), method)(INVITE).status_code in (200, 302)
    assert "Invite people" in client_of(boss).get("/settings/").content.decode()


@pytest.mark.usefixtures("closed")
def test_invitation_makes_one_person(boss, client):
    path = link_of(client_of(boss), INVITE)
    page = page_of(client.get(path))
    assert "boss invited you to Hearth." in " ".join(page.text.split())
    assert page.by_id("id_name")["autocomplete"] == "username"
    assert page.by_id("id_new_password")["autocomplete"] == "new-password"
    assert client.post(path, {"name": "ada", **GOOD}).url == "/"
    ada = User.objects.get(username="ada")
    assert user_of(client) == ada.pk
    assert ada.check_password(GOOD["new_password"])
    assert not ada.is_staff
    assert Client().post(path, {"name": "ben", **GOOD}).status_code == 404
    assert enter(Client(), "ada", password=GOOD["new_password"]).status_code == 302


@pytest.mark.usefixtures("closed")
@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"name": "BOSS"}, ["Someone already has this name. Choose another."]),
        ({"name": "bоss"}, ["Use letters from one alphabet only: mixed alphabets can imitate other "
                            "names."]),
        ({"name": ""}, ["Enter a name."]),
        ({"name": "ada", "repeated_password": "x"}, ["The two passwords are not the same."]),
        ({"name": "verylongname", "new_password": "verylongname1", "repeated_password": "verylongname1"},
         ["The password is too similar to the name."]),
    ],
)  # fmt: skip
def test_invitation_is_kept_while_something_is_wrong(boss, client, fields, expected):
    path = link_of(client_of(boss), INVITE)
    response = client.post(path, {**GOOD, **fields})
    assert response.status_code == 422
    assert errors(response) == expected
    assert page_of(response).by_id("id_name").get("value") == fields["name"]
    assert User.objects.count() == 1
    assert client.get(path).status_code == 200


@pytest.mark.usefixtures("closed")
def test_lookalike_is_refused_and_the_invitation_kept(client, boss):
    make_user("coco")
    path = link_of(client_of(boss), INVITE)
    response = client.post(path, {"name": "сосо", **GOOD})
    assert errors(response) == ["This name looks too much like someone else’s. Choose another."]
    assert client.get(path).status_code == 200


@pytest.mark.usefixtures("closed")
def test_invitation_that_two_people_use_at_once_makes_one(boss, client, monkeypatch):
    path = link_of(client_of(boss), INVITE)
    monkeypatch.setattr(EntryLink, "use", lambda link: False)
    response = client.post(path, {"name": "ada", **GOOD})
    assert errors(response) == ["This invitation has already been used."]
    assert not User.objects.filter(username="ada").exists()


@pytest.mark.usefixtures("closed")
def test_invitation_ends_after_a_week_and_others_go_on(boss, clock, client):
    path = link_of(client_of(boss), INVITE)
    other = link_of(client_of(boss), INVITE)
    assert [client.get(one).status_code for one in (path, other)] == [200, 200]
    clock.shift(timedelta(days=7))
    assert client.get(path).status_code == 404


@pytest.mark.usefixtures("closed")
def test_links_of_one_kind_are_not_those_of_the_other(boss, ada, client):
    invitation = EntryLink.objects.invite()
    entry = EntryLink.objects.issue(ada)
    assert client.post(f"/join/{entry}/", {"name": "eve", **GOOD}).status_code == 404
    assert client.post(f"/enter/{invitation}/").status_code == 404


@pytest.mark.usefixtures("closed")
def test_invitations_are_listed_with_who_made_them_and_can_be_revoked(boss, client):
    path = link_of(client_of(boss), INVITE)
    EntryLink.objects.invite()  # as a command does
    other = client_of(make_user("chief", "sesame street", is_staff=True))
    by_boss, by_command = EntryLink.objects.order_by("pk")
    page = page_of(other.get(INVITE))
    assert "boss" in page.by_id(f"invitation-{by_boss.pk}").text
    assert "Created with a command." in page.by_id(f"invitation-{by_command.pk}").text
    assert all(page.by_id(f"until-{link.pk}").all("time") for link in (by_boss, by_command))
    assert other.post(f"{INVITE}{by_boss.pk}/revoke/").url == INVITE
    assert client.post(path, {"name": "ada", **GOOD}).status_code == 404
    assert EntryLink.objects.get() == by_command
    assert other.post(f"{INVITE}{by_boss.pk}/revoke/").status_code == 404


@pytest.mark.usefixtures("closed")
def test_only_staff_revoke_and_only_invitations(boss, ada):
    invitation, entry = (EntryLink.objects.invite(boss), EntryLink.objects.issue(ada))
    for number in EntryLink.objects.values_list("pk", flat=True):
        address = f"{INVITE}{number}/revoke/"
        assert client_of(make_user(password="sesame street")).post(address).status_code == 404
        assert Client().post(address).status_code == 302
        assert client_of(boss).get(address).status_code == 405
        token = Client(enforce_csrf_checks=True)
        token.force_login(boss)
        assert token.post(address).status_code == 403
    assert {EntryLink.objects.with_token(token) for token in (invitation, entry)} == {
        *EntryLink.objects.all()
    }
    entry_id = EntryLink.objects.get(user=ada).pk
    assert client_of(boss).post(f"{INVITE}{entry_id}/revoke/").status_code == 404
    assert client_of(boss).post(f"{INVITE}{10**30}/revoke/").status_code == 404


@pytest.mark.parametrize("entering", ["open", "claimed"])
def test_nobody_revokes_where_nobody_is_invited(boss, settings, entering):
    EntryLink.objects.invite(boss)
    settings.ENTERING = entering
    assert client_of(boss).post(f"{INVITE}{EntryLink.objects.get().pk}/revoke/").status_code == 404


@pytest.mark.usefixtures("closed")
def test_list_of_invitations_is_shown_a_page_at_a_time(boss, monkeypatch):
    monkeypatch.setattr(entry_links, "INVITATIONS_PER_PAGE", 2)
    for _ in range(3):
        EntryLink.objects.invite(boss)
    pages = [page_of(client_of(boss).get(f"{INVITE}?page={number}")) for number in (0, 1)]
    assert [len(page.all("time")) for page in pages] == [2, 1]


@pytest.mark.usefixtures("closed")
@pytest.mark.parametrize("end", [deactivate_in_passing, deactivate_by_saving, take_the_role])
def test_invitation_ends_with_the_role_of_who_made_it(boss, client, end):
    path = link_of(client_of(boss), INVITE)
    link = EntryLink.objects.get()
    end(boss)
    assert client.get(path).status_code == 404
    assert client.post(path, {"name": "ada", **GOOD}).status_code == 404
    assert not link.use()  # whoever had the page open already
    chief = make_user("chief", "sesame street", is_staff=True)
    assert not page_of(client_of(chief).get(INVITE)).all("time")


@pytest.mark.usefixtures("closed")
def test_invitations_do_not_come_back_with_who_made_them(boss, client):
    path = link_of(client_of(boss), INVITE)
    for boss.is_active in (False, True):
        boss.save()
    assert client.get(path).status_code == 404


@pytest.mark.usefixtures("closed")
def test_command_invites(capsys, client):
    call_command("invite", "https://chat.example/")
    address = capsys.readouterr().out.split()[-1]
    assert address.startswith("https://chat.example/join/")
    assert client.get(address.removeprefix("https://chat.example")).status_code == 200


# The check


@pytest.mark.parametrize(
    ("hosts", "is_warned"),
    [
        (["localhost", "127.0.0.1", "[::1]"], False),
        (["192.168.1.7", "10.0.0.1", "fe80::1", "nas", "nas.local", "chat.home.arpa", ".lan"], False),
        (["chat.example"], True),
        (["*"], True),
        ([".example.org"], True),
        (["8.8.8.8"], True),
        (["[2606:4700::1111]"], True),
    ],
)
def test_open_to_strangers_is_warned_of(settings, hosts, is_warned):
    settings.ALLOWED_HOSTS = hosts
    assert bool(checks.open_to_strangers(None)) is is_warned
    for entering in ("claimed", "closed"):
        settings.ENTERING = entering
        assert checks.open_to_strangers(None) == []
