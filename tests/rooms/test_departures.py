"""Nothing that somebody could do outlives their deactivation, whichever way they were deactivated."""

import ast
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client

from accounts.models import EntryLink, LoginSession, User
from rooms import departures, moderation
from rooms.live.news.reports import counts_for
from rooms.models import Membership, Report, RoomInvitation
from tests.conftest import client_of
from tests.support.factories import login_session_of, make_membership, make_message, make_room, make_user

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).parents[2]

ROLES = [Membership.Role.OWNER, Membership.Role.MODERATOR]


def by_action(user, root):
    chosen = {"action": "deactivate", "_selected_action": [user.pk]}
    client_of(root).post("/admin/accounts/user/", chosen)


def by_form(user, root):
    rights = {"is_staff": "on"} if user.is_staff else {}
    client_of(root).post(f"/admin/accounts/user/{user.pk}/change/", rights)  # the box "active" is not ticked


def by_saving(user, root):
    user.is_active = False
    user.save()


def by_saving_one_field(user, root):
    user.is_active = False
    user.save(update_fields=["is_active"])


def in_passing(user, root):
    User.objects.filter(pk=user.pk).update(is_active=False)


SAVED = [by_action, by_form, by_saving, by_saving_one_field]
WAYS = [*SAVED, in_passing]


@pytest.mark.parametrize("deactivate", WAYS)
@pytest.mark.parametrize("role", ROLES)
def test_reports_reach_staff_where_nobody_active_moderates(root, ada, ben, deactivate, role):
    room = make_room(members=[])
    make_membership(room, ada, role=role)
    make_membership(room, ben)
    message = make_message(room, ben)
    message.report(make_user(), reason="spam")
    assert not Report.objects.open_for(root)
    assert (ada.pk, room.pk) in counts_for({room.pk: {0}}, [ada.pk, root.pk])
    deactivate(ada, root)
    Membership.objects.filter(user=ben).update(role=Membership.Role.MEMBER)  # there is no heir
    assert [report.message for report in Report.objects.open_for(root)] == [message]
    counts = counts_for({room.pk: {0}}, [ada.pk, root.pk])
    assert counts == {(root.pk, None): 1}
    assert "1" in client_of(root).get("/").content.decode()


@pytest.mark.parametrize("deactivate", WAYS)
def test_reports_reach_no_staff_that_was_deactivated(root, ada, ben, private, deactivate):
    boss = make_user("boss", "sesame street", is_staff=True)
    make_message(private, ada).report(ben, reason="spam")
    assert Report.objects.open_for(boss)
    deactivate(boss, root)
    boss.refresh_from_db()
    assert not Report.objects.open_for(boss)
    assert counts_for({private.pk: {0}}, [boss.pk]) == {}


@pytest.mark.parametrize("deactivate", WAYS)
@pytest.mark.parametrize("role", ROLES)
def test_links_into_rooms_let_nobody_in(root, ada, mallory_client, ben_client, room, deactivate, role):
    Membership.objects.filter(user=ada).update(role=role)
    mine = room.memberships.get(user=ada)
    path = f"/rooms/join/{moderation.invite(mine, timedelta(days=1), 9)}/"
    link = RoomInvitation.objects.get()
    deactivate(ada, root)
    assert mallory_client.get(path).status_code == 404
    assert mallory_client.post(path).status_code == 404
    assert link.accept(make_user()) is None  # whoever had the page open already
    Membership.objects.filter(user__username="ben").update(role=Membership.Role.OWNER)
    assert "Active links" not in ben_client.get(f"/rooms/{room.pk}/invitations/").content.decode()


@pytest.mark.parametrize("deactivate", SAVED)
def test_nothing_comes_back_with_who_is_activated_again(root, ada, ada_client, room, deactivate, settings):
    settings.ENTERING = "claimed"
    token = moderation.invite(room.memberships.get(user=ada), timedelta(days=1), 9)
    entry = EntryLink.objects.issue(ada)
    login_session_of(ada_client)
    deactivate(ada, root)
    User.objects.filter(pk=ada.pk).update(is_active=True)
    assert RoomInvitation.objects.with_token(token) is None
    assert Client().post(f"/enter/{entry}/").status_code == 404
    assert not LoginSession.objects.filter(user=ada).exists()
    assert not ada.claims.exists()


@pytest.mark.parametrize("deactivate", WAYS)
@pytest.mark.parametrize("others", [["moderator"], ["member", "moderator"], ["member"]])
def test_room_goes_to_its_longest_moderator_or_member(root, ada, rung, committed, deactivate, others):
    room = make_room(members=[ada])
    gone = make_user(is_active=False)
    make_membership(room, gone, role=Membership.Role.MODERATOR)
    people = [make_membership(room, make_user(), role=role).user for role in others]
    with committed():
        deactivate(ada, root)
        departures.keep_all_owned(9)  # as housekeeping does
    owners = list(room.memberships.owners())
    assert [owner.user for owner in owners] == [people[-1]]
    act = room.moderation_acts.get()
    assert (act.actor, act.act, act.person) == (None, "owner", people[-1])
    assert ("act", {"act": act.pk, "room": room.pk, "person": people[-1].pk}) in rung


# Queries for a role that do not ask whether people are active, and why they need not.
ABOUT_NO_OTHERS = {
    ("accounts/models/user.py", "create_superuser"): "makes one",
    ("rooms/gallery/stage.py", "ada"): "makes one",
    ("rooms/gallery/states/about_rooms.py", "of_a_moderator"): "makes one",
    ("rooms/gallery/states/variants.py", "deeds_of_somebody_who_is_gone"): "about one whom it has made",
    ("rooms/gallery/states/variants.py", "reports_of_all_kinds"): "about one whom it has made",
    ("rooms/live/news/revocations.py", "lost"): "looks at active people, and ends streams",
    ("rooms/models/chat_room.py", "create_group"): "about who makes the room",
    ("rooms/models/chat_room.py", "keep_owned"): "one of the heirs, who are active",
    ("rooms/models/chat_room.py", "_take_turn"): "about who posts, whose session has ended if inactive",
    ("rooms/models/membership.py", "with_a_role"): "says so",
    ("rooms/models/message.py", "deletable_by"): "about who is logged in",
    ("rooms/raids.py", ""): "keeps staff from harm, inactive ones, too",
    ("rooms/views/chat_rooms.py", ""): "orders active members",
}


def queries_for_a_role():
    """Return (file, function) of each query in which a role is asked for, and not whether they are active."""
    for path in sorted([*ROOT.glob("accounts/**/*.py"), *ROOT.glob("rooms/**/*.py")]):
        if "migrations" in path.parts:
            continue
        text = path.read_text()
        tree = ast.parse(text)
        functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            fields = {field for keyword in call.keywords for field in (keyword.arg or "").split("__")}
            chain = ast.get_source_segment(text, call) or ""
            if fields & {"role", "is_staff", "is_superuser"} and "is_active=True" not in chain:
                around = [one.name for one in functions if one.lineno <= call.lineno <= one.end_lineno]
                yield path.relative_to(ROOT).as_posix(), (around or [""])[-1]


def test_whoever_asks_for_a_role_asks_whether_they_are_active():
    assert set(queries_for_a_role()) == ABOUT_NO_OTHERS.keys()


def test_pages_of_staff_are_told_that_reports_are_theirs_now(root, ada, rung, committed):
    room = make_room(members=[ada])
    with committed():
        by_action(ada, root)
    assert ("report", {"room": room.pk, "person": 0}) in rung


def test_room_with_an_active_owner_keeps_its_roles(root, ada, ben, room):
    Membership.objects.filter(user=ben).update(role=Membership.Role.OWNER)
    make_membership(room, make_user(), role=Membership.Role.MODERATOR)
    by_action(ada, root)
    assert departures.keep_all_owned(9) == 0
    assert [owner.user for owner in room.memberships.owners()] == [ben]
    assert not room.moderation_acts.exists()


def test_empty_room_and_one_of_inactive_people_belong_to_who_comes_next(root, ada, mallory):
    room = make_room(members=[ada])
    by_action(ada, root)
    assert departures.keep_all_owned(9) == 0
    assert room.join(mallory).is_owner


def test_owner_who_leaves_hands_over_to_somebody_active(ada, ben, mallory, room):
    User.objects.filter(pk=ben.pk).update(is_active=False)
    make_membership(room, mallory)
    room.memberships.get(user=ada).leave()
    assert [owner.user for owner in room.memberships.owners()] == [mallory]


def test_rooms_are_given_owners_some_at_a_time(ada, ben):
    rooms = [make_room(members=[ada, ben]) for _ in range(3)]
    in_passing(ada, None)
    assert [departures.keep_all_owned(2), departures.keep_all_owned(2)] == [2, 1]
    assert all(room.memberships.owners().get().user == ben for room in rooms)
