"""People who are banned from a room hear nothing of it, and no visit, link or invitation lets them back."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from rooms import moderation
from rooms.models import Ban, Membership, NotAdmitted
from tests.support.factories import make_membership, make_user, make_users
from tests.support.responses import page_of

pytestmark = pytest.mark.django_db

OWNER, MODERATOR = Membership.Role.OWNER, Membership.Role.MODERATOR


@pytest.fixture
def owner(ada, room):
    return room.memberships.get(user=ada)


@pytest.fixture
def ban(owner, ben, room):
    """ben is banned for an hour."""
    moderation.ban(owner, ben, timezone.now() + timedelta(hours=1), "Shouted")
    return Ban.objects.get()


def test_ban_ends_the_membership_and_says_why(ada_client, ben, ben_client, room, rung, committed):
    with committed():
        response = ada_client.post(
            f"/rooms/{room.pk}/members/{ben.pk}/ban/", {"duration": "day", "reason": "Shouted"}
        )
    assert (response.status_code, response.url) == (302, f"/rooms/{room.pk}/bans/")
    assert not room.memberships.filter(user=ben).exists()
    entry = room.moderation_acts.get()
    assert (entry.act, entry.person, entry.reason) == ("ban", ben, "Shouted")
    assert rung == [("act", {"act": entry.pk, "room": room.pk, "person": ben.pk})]
    answer = ben_client.get(room.get_absolute_url())
    assert answer.status_code == 403
    assert "Shouted" in answer.content.decode()
    assert page_of(answer).all("time")
    assert not room.memberships.filter(user=ben).exists()


def test_ban_for_good_has_no_end(ada_client, ben, ben_client, room):
    ada_client.post(f"/rooms/{room.pk}/members/{ben.pk}/ban/", {"duration": "good"})
    assert Ban.objects.get().until is None
    assert "The ban has no end." in ben_client.get(room.get_absolute_url()).content.decode()


@pytest.mark.parametrize("fields", [{}, {"duration": "ever"}, {"duration": "day", "reason": "x" * 201}])
def test_ban_that_is_not_understood_changes_nothing(ada_client, ben, room, fields):
    assert ada_client.post(f"/rooms/{room.pk}/members/{ben.pk}/ban/", fields).status_code == 422
    assert room.memberships.filter(user=ben).exists()


def test_banned_person_sees_nothing_of_an_open_room(ban, ben, ben_client, room):
    assert room not in type(room).objects.visible_to(ben)
    assert f"room-{room.pk}" not in ben_client.get("/").content.decode()
    for address in ("about", "notifications", "log"):
        assert ben_client.get(f"/rooms/{room.pk}/{address}/").status_code == 404
    assert ben_client.post(f"/rooms/{room.pk}/messages/", {"content": "Hi"}).status_code == 404
    assert ben_client.post(f"/rooms/{room.pk}/leave/").status_code == 404


def test_banned_person_learns_no_new_name_of_a_room_by_invitation(ban, owner, ben_client, room):
    path = f"/rooms/join/{moderation.invite(owner, timedelta(days=1), 1)}/"
    moderation.update(owner, "The surprise", "", is_by_invitation=True)
    for address in (room.get_absolute_url(), path):
        answer = ben_client.get(address)
        assert answer.status_code == 404
        assert "Shouted" in answer.content.decode()
        assert "surprise" not in answer.content.decode()
    assert "surprise" not in ben_client.get("/").content.decode()


def test_ban_is_for_one_room_and_one_person(ban, ben_client, mallory_client, room):
    ben_client.post("/rooms/", {"name": "Garden"})
    assert ben_client.get("/").status_code == 200
    assert mallory_client.get(room.get_absolute_url()).status_code == 200


def test_ban_ends_by_itself(ban, ben_client, room, clock):
    Ban.objects.update(until=timezone.now() + timedelta(minutes=5))
    assert ben_client.get(room.get_absolute_url()).status_code == 403
    clock.shift(301)
    assert ben_client.get(room.get_absolute_url()).status_code == 200


def test_bans_are_listed_while_they_last_and_can_be_lifted(ban, ada_client, ben, ben_client, room):
    page = page_of(ada_client.get(f"/rooms/{room.pk}/bans/"))
    assert page.by_id(f"ban-{ben.pk}").text == "ben"
    assert ada_client.post(f"/rooms/{room.pk}/bans/{ben.pk}/lift/").status_code == 302
    assert ben_client.get(room.get_absolute_url()).status_code == 200
    assert [entry.act for entry in room.moderation_acts.order_by("pk")] == ["ban", "unban"]
    assert "No one is banned." in ada_client.get(f"/rooms/{room.pk}/bans/").content.decode()
    assert ada_client.post(f"/rooms/{room.pk}/bans/{ben.pk}/lift/").status_code == 404


def test_ban_that_is_over_is_not_listed(ban, ada_client, room):
    Ban.objects.update(until=timezone.now() - timedelta(seconds=1))
    assert "No one is banned." in ada_client.get(f"/rooms/{room.pk}/bans/").content.decode()


def test_who_is_banned_again_has_the_new_ban(ban, owner, ben, room):
    Ban.objects.update(until=timezone.now() - timedelta(seconds=1))
    room.join(ben)
    moderation.ban(owner, ben, None, "Again")
    again = Ban.objects.get()
    assert (again.pk, again.until, again.reason) == (ban.pk, None, "Again")


@pytest.mark.parametrize("is_member", [False, True])
def test_person_is_banned_by_name_in_the_room_or_not(ada_client, mallory, mallory_client, room, is_member):
    if is_member:
        make_membership(room, mallory)
    fields = {"name": "Mallory", "duration": "week", "reason": "Spam"}
    assert ada_client.post(f"/rooms/{room.pk}/bans/", fields).status_code == 302
    answer = mallory_client.get(room.get_absolute_url())
    assert answer.status_code == 403
    assert "Spam" in answer.content.decode()
    assert not room.memberships.filter(user=mallory).exists()
    assert [(act.act, act.person) for act in room.moderation_acts.all()] == [("ban", mallory)]


@pytest.mark.parametrize(
    "fields", [{"name": "nobody"}, {"name": "ada"}, {"name": "mallory", "duration": ""}, {}]
)
def test_ban_by_name_that_cannot_be_is_refused_in_its_place(ada_client, ada, mallory, room, fields):
    answer = ada_client.post(f"/rooms/{room.pk}/bans/", {"duration": "good", **fields})
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.content.decode()
    assert not Ban.objects.exists()


def test_moderator_bans_no_owner_by_name(ada, ben, ben_client, room):
    room.memberships.filter(user=ben).update(role=MODERATOR)
    fields = {"name": "ada", "duration": "good"}
    assert ben_client.post(f"/rooms/{room.pk}/bans/", fields).status_code == 422
    assert room.memberships.filter(user=ada).exists()
    assert not Ban.objects.exists()


def test_banned_person_is_not_let_in_by_anybody(ban, owner, ben, room):
    for verb in (
        lambda: room.join(ben),
        lambda: room.join(ben, is_invited=True),
        lambda: moderation.add(owner, ben),
    ):
        with pytest.raises(NotAdmitted):
            verb()
    assert not room.memberships.filter(user=ben).exists()


def test_moderator_bans_no_owner_and_nobody_themselves(ada, ben, ben_client, ada_client, room):
    room.memberships.filter(user=ben).update(role=MODERATOR)
    fields = {"duration": "good"}
    assert ben_client.post(f"/rooms/{room.pk}/members/{ada.pk}/ban/", fields).status_code == 403
    assert ada_client.post(f"/rooms/{room.pk}/members/{ada.pk}/ban/", fields).status_code == 403
    assert not Ban.objects.exists()


def test_member_neither_bans_nor_looks_nor_lifts(owner, ben_client, mallory, room):
    room.join(mallory)
    moderation.ban(owner, mallory, None)
    cleo = make_membership(room, make_user("cleo")).user
    assert (
        ben_client.post(f"/rooms/{room.pk}/members/{cleo.pk}/ban/", {"duration": "good"}).status_code == 403
    )
    assert ben_client.get(f"/rooms/{room.pk}/bans/").status_code == 403
    assert ben_client.post(f"/rooms/{room.pk}/bans/{mallory.pk}/lift/").status_code == 403
    assert Ban.objects.count() == 1


def test_nobody_is_banned_from_a_private_chat(ada, ben, ada_client, private):
    private.memberships.update(role=OWNER)
    with pytest.raises(PermissionDenied):
        moderation.ban(private.memberships.get(user=ada), ben, None)
    fields = {"duration": "good"}
    assert ada_client.post(f"/rooms/{private.pk}/members/{ben.pk}/ban/", fields).status_code == 404
    assert private.memberships.count() == 2


def test_list_of_bans_costs_the_same_for_200(owner, ada_client, room, django_assert_num_queries):
    address = f"/rooms/{room.pk}/bans/"
    Ban.objects.create(room=room, user=make_user(), by=owner.user)
    ada_client.get(address)
    with django_assert_num_queries(3) as little:
        ada_client.get(address)
    Ban.objects.bulk_create(Ban(room=room, user=person, by=owner.user) for person in make_users(200))
    with django_assert_num_queries(len(little)):
        page = page_of(ada_client.get(address))
    assert len(page.all("strong")) == 50
