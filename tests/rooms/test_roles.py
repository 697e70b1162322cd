"""Owners, moderators and members of a room."""

from importlib import import_module

import pytest
from django.apps import apps

from rooms.models import Membership, ModerationAct
from tests.support.factories import make_membership, make_private_room, make_room, make_user

pytestmark = pytest.mark.django_db

OWNER, MODERATOR, MEMBER = Membership.Role.OWNER, Membership.Role.MODERATOR, Membership.Role.MEMBER


def roles_in(room):
    return dict(room.memberships.values_list("user__username", "role"))


def test_creator_owns_the_room(ada, ada_client):
    ada_client.post("/rooms/", {"name": "Garden"})
    assert Membership.objects.get(user=ada).role == OWNER


def test_who_visits_joins_as_a_member(mallory_client, room):
    mallory_client.get(f"/rooms/{room.pk}/")
    assert roles_in(room) == {"ada": OWNER, "ben": MEMBER, "mallory": MEMBER}


def test_who_comes_first_into_a_room_of_nobody_owns_it(ada_client, mallory_client):
    room = make_room()
    ada_client.get(f"/rooms/{room.pk}/")
    mallory_client.get(f"/rooms/{room.pk}/")
    assert roles_in(room) == {"ada": OWNER, "mallory": MEMBER}


def test_nobody_owns_a_private_chat(private, ada):
    private.keep_owned()
    assert set(roles_in(private).values()) == {MEMBER}


def test_last_owner_who_leaves_is_followed_by_the_longest_moderator(ada_client, room):
    make_membership(room, make_user("cleo"), role=MODERATOR)
    make_membership(room, make_user("dora"), role=MODERATOR)
    ada_client.post(f"/rooms/{room.pk}/leave/")
    assert roles_in(room) == {"ben": MEMBER, "cleo": OWNER, "dora": MODERATOR}


def test_last_owner_who_leaves_is_followed_by_the_longest_member_where_nobody_moderates(ada_client, room):
    make_membership(room, make_user("cleo"))
    ada_client.post(f"/rooms/{room.pk}/leave/")
    assert roles_in(room) == {"ben": OWNER, "cleo": MEMBER}
    entry = ModerationAct.objects.get(room=room)
    assert (entry.actor, entry.act, entry.person.username) == (None, "owner", "ben")


def test_nobody_follows_an_owner_where_another_one_stays(ada_client, room):
    make_membership(room, make_user("cleo"), role=OWNER)
    ada_client.post(f"/rooms/{room.pk}/leave/")
    assert roles_in(room) == {"ben": MEMBER, "cleo": OWNER}


def test_room_that_everybody_left_belongs_to_who_joins_next(ada_client, ben_client, mallory_client, room):
    for client in (ada_client, ben_client):
        client.post(f"/rooms/{room.pk}/leave/")
    assert roles_in(room) == {}
    mallory_client.get(f"/rooms/{room.pk}/")
    assert roles_in(room) == {"mallory": OWNER}


@pytest.mark.parametrize(
    ("actor", "other", "may"),
    [
        (OWNER, OWNER, True),
        (OWNER, MODERATOR, True),
        (OWNER, MEMBER, True),
        (MODERATOR, OWNER, False),
        (MODERATOR, MODERATOR, True),
        (MODERATOR, MEMBER, True),
        (MEMBER, OWNER, False),
        (MEMBER, MODERATOR, False),
        (MEMBER, MEMBER, False),
    ],
)
def test_who_may_act_on_whom(room, actor, other, may):
    one = make_membership(room, make_user(), role=actor)
    assert one.may_act_on(make_membership(room, make_user(), role=other)) is may
    assert not one.may_act_on(one)


def test_migration_makes_the_first_member_of_each_group_its_owner(ada, ben, mallory):
    room, other, private = make_room(), make_room(members=[mallory]), make_private_room(ada, ben)
    for user in (ben, ada):
        make_membership(room, user)
    Membership.objects.update(role=MEMBER)
    import_module("rooms.migrations.0004_roles").first_member_becomes_owner(apps, None)
    assert roles_in(room) == {"ben": OWNER, "ada": MEMBER}
    assert roles_in(other) == {"mallory": OWNER}
    assert set(roles_in(private).values()) == {MEMBER}
