"""The link by which somebody who has forgotten their password sets a new one."""

import re
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import EntryLink, User
from tests.accounts.test_entering import act
from tests.conftest import client_of
from tests.support.factories import make_user
from tests.support.responses import page_of

pytestmark = pytest.mark.django_db

GOOD = {"new_password": "correct horse battery", "repeated_password": "correct horse battery"}


@pytest.fixture
def grace(settings):
    settings.ENTERING = "closed"
    return make_user("grace", "forgotten long ago")


def new_link(name="grace"):
    printed = StringIO()
    call_command("password_link", name, "https://chat.example/", stdout=printed)
    return printed.getvalue().strip().removeprefix("https://chat.example")


def test_somebody_sets_a_new_password_once_and_is_logged_out_elsewhere(client, grace):
    elsewhere = client_of(grace)
    link = new_link()
    page = page_of(client.get(link))
    assert "Set a new password for grace." in " ".join(page.text.split())
    assert client.post(link, {**GOOD, "repeated_password": "another"}).status_code == 422
    assert client.post(link, {"new_password": "grace", "repeated_password": "grace"}).status_code == 422
    assert elsewhere.get("/").status_code == 200
    assert client.post(link, GOOD).url == "/"
    grace.refresh_from_db()
    assert grace.check_password(GOOD["new_password"])
    assert client.get("/").status_code == 200
    assert elsewhere.get("/").url.startswith("/login/")
    assert Client().post(link, GOOD).status_code == 404


def test_link_ends_after_a_day_with_the_next_one_and_with_the_account(client, grace, clock):
    first, second = new_link(), new_link()
    assert [client.get(link).status_code for link in (first, second)] == [404, 200]
    clock.shift(timedelta(days=1))
    assert client.get(second).status_code == 404
    third = new_link()
    User.objects.filter(pk=grace.pk).update(is_active=False)
    assert client.post(third, GOOD).status_code == 404


def test_only_its_hash_is_kept_and_it_is_no_other_link(settings, client, grace):
    token = new_link().split("/")[-2]
    assert token not in str(list(EntryLink.objects.values()))
    assert not EntryLink.objects.invitations()
    for entering, place in (("closed", "join"), ("claimed", "enter"), ("open", "staff")):
        settings.ENTERING = entering
        grace.set_password(None)
        grace.save(update_fields=["password"])
        assert client.get(f"/{place}/{token}/").status_code == 404
    assert client.get(f"/password/{EntryLink.objects.invite()}/").status_code == 404
    assert client.get(f"/password/{EntryLink.objects.issue(grace)}/").status_code == 404


def test_staff_make_links_that_end_with_their_role(settings, client, grace):
    root = User.objects.create_superuser("root1", "correct horse")
    page = act(client_of(root), "make_password_links", grace)
    [link] = re.findall(r'href="[^"]*(/password/[^"]*)"', page.content.decode())
    assert client.get(link).status_code == 200
    User.objects.filter(pk=root.pk).update(is_staff=False)
    assert client.get(link).status_code == 404
    EntryLink.objects.all().delete()
    # Neither where names are enough, nor by people who may not change others, nor for nobody.
    User.objects.filter(pk=root.pk).update(is_staff=True)
    act(client_of(root), "make_password_links", make_user("gone", is_active=False))
    act(client_of(make_user("clerk", "a long secret", is_staff=True)), "make_password_links", grace)
    settings.ENTERING = "open"
    act(client_of(root), "make_password_links", grace)
    assert not EntryLink.objects.exists()


def test_command_knows_nobody_who_is_not_there(grace):
    for name in ("nobody", "\0"):
        with pytest.raises(CommandError, match="Nobody who can log in is called"):
            new_link(name)
