"""Letting people into a room: by a link, or by their name."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from config.rates import Rate
from rooms import moderation
from rooms.models import ChatRoom, Membership, RoomInvitation
from tests.conftest import client_of
from tests.support.factories import make_user
from tests.support.responses import page_of

pytestmark = pytest.mark.django_db

MODERATOR, MEMBER = Membership.Role.MODERATOR, Membership.Role.MEMBER
WEEK = timedelta(weeks=1)


@pytest.fixture
def owner(ada, room):
    return room.memberships.get(user=ada)


@pytest.fixture
def closed(owner, room):
    moderation.update(owner, room.name, "For cooks", is_by_invitation=True)
    return ChatRoom.objects.get(pk=room.pk)


@pytest.fixture
def link(owner, closed):
    """The address of a link that lets two people in."""
    return f"/rooms/join/{moderation.invite(owner, WEEK, 2)}/"


def test_link_is_shown_once_with_its_qr_code(ada_client, closed):
    address = f"/rooms/{closed.pk}/invitations/"
    response = ada_client.post(address, {"lifetime": "day", "max_uses": "5"}, follow=True)
    assert response.redirect_chain == [(address, 302)]
    page = page_of(response)
    token = re.search("/rooms/join/(.+)/", page.by_id("link")["value"])[1]
    assert page.all("svg", "qr")
    assert token not in ada_client.get(address).content.decode()
    invitation = RoomInvitation.objects.get()
    assert (invitation.max_uses, invitation.uses) == (5, 0)
    assert timedelta(hours=23) < invitation.expires_at - timezone.now() <= timedelta(days=1)


def test_token_cannot_be_guessed_and_is_not_kept(owner, link):
    token = link.split("/")[-2]
    assert len(token) * 6 >= 256
    assert token not in str(list(RoomInvitation.objects.values()))
    assert moderation.invite(owner, WEEK, 1) != token


@pytest.mark.parametrize(
    "fields",
    [{}, {"lifetime": "ever", "max_uses": "1"}, {"lifetime": "day", "max_uses": "0"}, {"lifetime": "day"}],
)
def test_link_that_is_not_understood_is_not_made(ada_client, closed, fields):
    assert ada_client.post(f"/rooms/{closed.pk}/invitations/", fields).status_code == 422
    assert not RoomInvitation.objects.exists()


def test_link_says_which_room_and_who_invites_and_lets_in_by_a_button(link, mallory, mallory_client, closed):
    text = " ".join(page_of(mallory_client.get(link)).all("main")[0].text.split())
    assert "ada invited you to the room Kitchen." in text
    assert "For cooks" in text
    assert not closed.memberships.filter(user=mallory).exists()
    response = mallory_client.post(link)
    assert (response.status_code, response.url) == (302, closed.get_absolute_url())
    assert closed.memberships.get(user=mallory).role == MEMBER
    assert mallory_client.get(closed.get_absolute_url()).status_code == 200
    entry = closed.moderation_acts.latest("pk")
    assert (entry.actor.username, entry.act, entry.person) == ("ada", "let in", mallory)


def test_who_is_not_logged_in_is_told_who_invites_and_comes_back_to_the_link(link, client, closed):
    page = page_of(client.get(link))
    assert "ada invited you to the room Kitchen." in " ".join(page.text.split())
    assert f"/login/?next={link}" in [element["href"] for element in page.all("a")]
    assert client.post(link).status_code == 200  # the same page
    assert not closed.memberships.filter(user__username="newcomer").exists()
    response = client.post("/login/", {"name": "newcomer", "next": link})
    assert (response.status_code, response.url) == (302, link)
    assert client.post(link).url == closed.get_absolute_url()


def test_link_lets_in_so_many_people(link, closed):
    statuses = [client_of(make_user()).post(link).status_code for _person in range(3)]
    assert statuses == [302, 302, 404]
    assert closed.memberships.count() == 4
    assert Client().get(link).status_code == 404


def test_who_is_in_the_room_uses_nothing_up(link, ben_client, closed):
    for method in (ben_client.get, ben_client.post):
        assert method(link).url == closed.get_absolute_url()
    assert RoomInvitation.objects.get().uses == 0


def test_link_ends_with_its_time(link, mallory_client, clock):
    RoomInvitation.objects.update(expires_at=timezone.now() + WEEK)
    clock.shift(WEEK.total_seconds() - 1)
    assert RoomInvitation.objects.valid().exists()
    clock.shift(1)
    assert mallory_client.get(link).status_code == 404
    assert mallory_client.post(link).status_code == 404


def test_link_that_was_revoked_lets_nobody_in(link, ada_client, mallory_client, closed):
    invitation = RoomInvitation.objects.get()
    address = f"/rooms/{closed.pk}/invitations/"
    assert page_of(ada_client.get(address)).by_id(f"invitation-{invitation.pk}")
    assert ada_client.post(f"{address}{invitation.pk}/revoke/").status_code == 302
    assert mallory_client.post(link).status_code == 404
    assert page_of(ada_client.get(address)).by_id(f"invitation-{invitation.pk}") is None
    assert [entry.act for entry in closed.moderation_acts.order_by("pk")][-2:] == ["invite", "revoke"]


@pytest.mark.parametrize("what", ["demoted", "removed", "left"])
def test_link_ends_with_the_power_of_who_made_it(what, owner, ben, mallory_client, closed):
    closed.memberships.filter(user=ben).update(role=MODERATOR)
    bens = closed.memberships.get(user=ben)
    link = f"/rooms/join/{moderation.invite(bens, WEEK, 1)}/"
    assert mallory_client.get(link).status_code == 200
    {
        "demoted": lambda: moderation.set_role(owner, ben, MEMBER),
        "removed": lambda: moderation.remove(owner, ben),
        "left": lambda: bens.leave(),
    }[what]()
    assert mallory_client.get(link).status_code == 404
    assert mallory_client.post(link).status_code == 404


def test_link_of_one_room_says_nothing_of_another(link, ada, ada_client, mallory, mallory_client, closed):
    ada_client.post("/rooms/", {"name": "Garden", "is_by_invitation": "on"})
    garden = ChatRoom.objects.get(name="Garden")
    invitation = RoomInvitation.objects.get()
    assert ada_client.post(f"/rooms/{garden.pk}/invitations/{invitation.pk}/revoke/").status_code == 404
    mallory_client.post(link)
    assert mallory_client.get(garden.get_absolute_url()).status_code == 404


def test_banned_person_is_told_so_by_the_link(link, owner, mallory, mallory_client, closed):
    closed.join(mallory, is_invited=True)
    moderation.ban(owner, mallory, None, "Shouted")
    for method in (mallory_client.get, mallory_client.post):
        answer = method(link)
        assert answer.status_code == 404
        assert "Shouted" in answer.content.decode()
    assert RoomInvitation.objects.get().uses == 0
    assert not closed.memberships.filter(user=mallory).exists()


def test_ban_that_comes_while_somebody_joins_uses_nothing_up(link, owner, ben, closed, monkeypatch):
    """The link was looked at before the ban."""
    moderation.ban(owner, ben, None)
    monkeypatch.setattr("rooms.views.invitations.ban_of", lambda _request, _room_id: None)
    assert client_of(ben).post(link).status_code == 404
    assert RoomInvitation.objects.get().uses == 0


def test_members_and_outsiders_make_no_links(ben_client, mallory_client, closed):
    fields = {"lifetime": "day", "max_uses": "5"}
    assert ben_client.post(f"/rooms/{closed.pk}/invitations/", fields).status_code == 403
    assert mallory_client.post(f"/rooms/{closed.pk}/invitations/", fields).status_code == 404
    assert not RoomInvitation.objects.exists()


def test_nobody_makes_links_without_end(ada_client, closed, limit):
    limit(invitation_per_user=Rate(1, 60))
    fields = {"lifetime": "day", "max_uses": "25"}
    assert ada_client.post(f"/rooms/{closed.pk}/invitations/", fields).status_code == 302
    response = ada_client.post(f"/rooms/{closed.pk}/invitations/", fields)
    assert response.status_code == 429
    assert response["Retry-After"]
    assert RoomInvitation.objects.count() == 1


def test_nobody_is_invited_into_a_private_chat(ada, ada_client, private):
    private.memberships.update(role=Membership.Role.OWNER)
    fields = {"lifetime": "day", "max_uses": "5", "name": "mallory"}
    for address in ("invitations/", "members/"):
        assert ada_client.post(f"/rooms/{private.pk}/{address}", fields).status_code == 404
    assert not RoomInvitation.objects.exists()
    # Not even by a link that a fault had made.
    token = RoomInvitation.objects.issue(private, ada, WEEK, 1)
    assert client_of(make_user()).post(f"/rooms/join/{token}/").status_code == 404
    assert private.memberships.count() == 2


def test_list_of_links_costs_the_same_for_many(owner, ada_client, closed, django_assert_num_queries):
    address = f"/rooms/{closed.pk}/invitations/"
    for _link in range(2):
        moderation.invite(owner, WEEK, 1)
    ada_client.get(address)
    with django_assert_num_queries(3) as little:
        ada_client.get(address)
    for _link in range(60):
        moderation.invite(owner, WEEK, 1)
    with django_assert_num_queries(len(little)):
        page = page_of(ada_client.get(address))
    assert len(page.all("time")) == 50


# By name


def add(client, room, name):
    return client.post(f"/rooms/{room.pk}/members/", {"name": name})


def test_nobody_is_added_by_somebody_they_have_blocked(ada, ada_client, mallory, closed):
    mallory.block(ada)
    response = add(ada_client, closed, "mallory")
    assert response.status_code == 422
    assert "You can’t add this person." in response.content.decode()
    assert not closed.memberships.filter(user=mallory).exists()
    mallory.unblock(ada)
    assert add(ada_client, closed, "mallory").status_code == 302


def test_person_is_added_by_name(ada_client, mallory, mallory_client, closed, rung, committed):
    with committed():
        assert add(ada_client, closed, "MALLORY").status_code == 302
    assert closed.memberships.get(user=mallory).role == MEMBER
    assert page_of(mallory_client.get("/")).by_id(f"room-{closed.pk}")
    entry = closed.moderation_acts.latest("pk")
    assert ("act", {"act": entry.pk, "room": closed.pk, "person": mallory.pk}) in rung


@pytest.mark.parametrize("name", ["", "nobody-here", "a\x00b", "x" * 5000])
def test_nobody_is_added_where_there_is_nobody(ada_client, closed, name):
    response = add(ada_client, closed, name)
    assert response.status_code == 422
    assert page_of(response).by_id("id_name_error")
    assert closed.memberships.count() == 2


def test_who_is_there_already_is_added_once(ada_client, closed):
    before = closed.moderation_acts.count()
    assert add(ada_client, closed, "ben").status_code == 302
    assert (closed.memberships.count(), closed.moderation_acts.count()) == (2, before)


def test_banned_person_is_not_added(owner, ben, ada_client, closed):
    moderation.ban(owner, ben, None)
    response = add(ada_client, closed, "ben")
    assert response.status_code == 422
    assert "Lift the ban first." in response.content.decode()
    assert not closed.memberships.filter(user=ben).exists()
