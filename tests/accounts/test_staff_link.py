"""The link that a new Hearth prints, by which somebody becomes staff."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.test import Client

from accounts.models import EntryLink, User
from tests.conftest import client_of
from tests.support.factories import make_user
from tests.support.responses import page_of

pytestmark = pytest.mark.django_db

GOOD = {"new_password": "correct horse battery", "repeated_password": "correct horse battery"}


def new_link():
    printed = StringIO()
    call_command("staff_link", "https://chat.example/", stdout=printed)
    return printed.getvalue().strip().removeprefix("https://chat.example")


def is_staff(user):
    user.refresh_from_db()
    return user.is_staff and user.is_superuser


@pytest.mark.parametrize("entering", ["open", "closed"])
def test_somebody_new_becomes_staff_once(settings, client, entering):
    settings.ENTERING = entering
    link = new_link()
    assert client.get(link).status_code == 200
    assert client.post(link, {"name": "greta", **GOOD}).url == "/"
    greta = User.objects.get(username="greta")
    assert is_staff(greta)
    assert greta.check_password(GOOD["new_password"])
    assert client.get("/reports/").status_code == 200
    assert Client().post(link, {"name": "mallory", **GOOD}).status_code == 404
    assert not User.objects.filter(username="mallory").exists()


def test_who_is_logged_in_becomes_staff_and_is_logged_out_elsewhere(ada, ada_client, ada_elsewhere):
    link = new_link()
    ada_elsewhere.get("/")
    assert "You will be staff as ada." in " ".join(page_of(ada_client.get(link)).text.split())
    assert ada_client.post(link, {**GOOD, "repeated_password": "x"}).status_code == 422
    assert not is_staff(ada)
    assert ada_client.post(link, GOOD).url == "/"
    assert is_staff(ada)
    assert ada.check_password(GOOD["new_password"])
    assert ada_client.get("/reports/").status_code == 200
    assert ada_elsewhere.get("/").url.startswith("/login/")


def test_two_who_open_it_at_once_make_one(ada, ada_client, monkeypatch):
    link = new_link()
    monkeypatch.setattr(EntryLink, "use", lambda _link: False)
    assert ada_client.post(link, GOOD).status_code == 422
    assert not is_staff(ada)


def test_link_ends_after_a_day_and_with_the_next_one(client, clock):
    first, second = new_link(), new_link()
    assert [client.get(link).status_code for link in (first, second)] == [404, 200]
    clock.shift(timedelta(days=1))
    assert client.get(second).status_code == 404


def test_only_its_hash_is_kept_and_it_is_no_other_link(settings, client, ada):
    token = new_link().split("/")[-2]
    assert len(token) >= 43
    assert token not in str(list(EntryLink.objects.values()))
    assert not EntryLink.objects.invitations()
    for entering, place in (("closed", "join"), ("claimed", "enter")):
        settings.ENTERING = entering
        assert client.get(f"/{place}/{token}/").status_code == 404
    assert client.get(f"/staff/{EntryLink.objects.invite()}/").status_code == 404
    assert client_of(ada).get(f"/staff/{EntryLink.objects.issue(ada)}/").status_code == 404


def test_setup_prints_a_link_until_somebody_is_staff(monkeypatch):
    monkeypatch.setattr("config.management.commands.setup.call_command", without_files)
    assert "http://a.example/staff/" in printed_by_setup()
    make_user("greta", "sesame street", is_staff=True, is_active=False)
    assert "/staff/" in printed_by_setup()
    User.objects.update(is_active=True)
    assert "/staff/" not in printed_by_setup()


def without_files(name, *args, **options):
    if name == "staff_link":
        call_command(name, *args, **options)


def printed_by_setup():
    printed = StringIO()
    call_command("setup", "--address", "http://a.example/", stdout=printed)
    return printed.getvalue()
