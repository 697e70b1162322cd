"""What is over is removed, by itself."""

import re
import time
from datetime import timedelta

import pytest
from django.apps import apps
from django.contrib.sessions.models import Session
from django.db import connection
from django.db.models import DateTimeField, FloatField
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import limits
from accounts.models import Allowance, Claim, EntryLink, LoginSession, UsedAddress, User
from rooms import housekeeping, removal
from rooms.models import Ban, ChatRoom, RoomInvitation
from tests.accounts.test_login import enter
from tests.support.factories import login_session_of, make_messages, make_room, make_user

pytestmark = pytest.mark.django_db

LONG = 60.0
WEEK = timedelta(days=7)

SAYS_WHEN_IT_ENDS = re.compile(r"until|expire|whole_at|last_used|last_seen|seen_at")
# What has a moment like these, and stays or goes in another way.
ENDS_IN_ANOTHER_WAY = {
    "accounts.User": "people stay; what is until then is a status, or being online",
    "accounts.LoginSession": "goes with its session",
    "rooms.Export": "goes with its file: tests/rooms/test_exports.py",
    "rooms.Membership": "is muted until then, and stays",
    "rooms.Raid": "is about messages until then, and part of the log",
    "rooms.SearchProgress": "is one row, of which the next process takes the lease",
    "rooms.ServerProcess": "is removed where processes are counted",
}


def tidy():
    assert housekeeping.tidy(LONG)


@pytest.fixture
def over_and_not(settings, clock, ada, ben, room):
    """Rows of each kind: some that end within a day, and as many that do not."""
    settings.ENTERING, settings.ADDRESS_DAYS = "claimed", 7
    boss = make_user("boss", "sesame street", is_staff=True)
    for is_over in (True, False):
        if not is_over:
            clock.shift(timedelta(days=1))
        client = Client(REMOTE_ADDR="203.0.113.7" if is_over else "203.0.113.8")
        enter(client, "grace" if is_over else "heidi")
        login_session_of(client)
        EntryLink.objects.invite(boss)
        EntryLink.objects.issue(ada if is_over else ben)
        EntryLink.objects.filter(user=ben).update(expires_at=timezone.now() + WEEK)
        RoomInvitation.objects.issue(room, ada, timedelta(days=7), 1)
        limits.take("room_per_user", is_over)
        Ban.objects.create(room=room, user=make_user(), until=timezone.now() + WEEK)
    soon = timezone.now() + timedelta(days=1)
    Session.objects.filter(login_session__user__username="grace").update(expire_date=soon)
    Claim.objects.filter(user__username="grace").update(last_used=timezone.now() - timedelta(days=393.5))
    Ban.objects.create(room=room, user=make_user(), until=None)
    used_up = RoomInvitation.objects.issue(make_room(members=[ada]), ada, 99 * WEEK, 1)
    RoomInvitation.objects.with_token(used_up).accept(ben)
    clock.shift(timedelta(days=6, hours=12))
    Allowance.objects.filter(pk=Allowance.objects.last().pk).update(whole_at=time.time() + 60)


def counts():
    models = [Session, LoginSession, EntryLink, RoomInvitation, Claim, Ban, UsedAddress, Allowance]
    return {model.__name__: model.objects.count() for model in models}


def test_everything_that_is_over_goes_and_nothing_else(over_and_not):
    before = counts()
    people = User.objects.count()
    tidy()
    assert counts() == {
        "Session": 1,
        "LoginSession": 1,
        "EntryLink": 2,
        "RoomInvitation": 1,
        "Claim": 1,
        "Ban": 2,
        "UsedAddress": 1,
        "Allowance": 1,
    }
    assert all(before[name] > count for name, count in counts().items())
    assert LoginSession.objects.get().user.username == "heidi"
    assert set(Ban.objects.values_list("until", flat=True)) > {None}
    assert User.objects.count() == people


def test_every_model_whose_rows_end_is_looked_at():
    models = {
        model._meta.label
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if isinstance(field, DateTimeField | FloatField) and SAYS_WHEN_IT_ENDS.search(field.name)
    }
    looked_at = {over().model._meta.label for over in housekeeping.OVER}
    assert models == looked_at | ENDS_IN_ANOTHER_WAY.keys()
    assert not looked_at & ENDS_IN_ANOTHER_WAY.keys()


def test_much_is_removed_in_batches_and_gone_on_with(monkeypatch):
    monkeypatch.setattr(housekeeping, "BATCH", 10)
    past = timezone.now() - WEEK
    Session.objects.bulk_create(Session(session_key=f"over{n}", expire_date=past) for n in range(35))
    assert not housekeeping.tidy(0.0)
    assert Session.objects.count() == 25
    with CaptureQueriesContext(connection) as captured:
        tidy()
    assert not Session.objects.exists()
    assert len([query for query in captured if query["sql"].startswith('DELETE FROM "django_session"')]) == 3


def test_what_was_renewed_meanwhile_stays(monkeypatch):
    session = Session.objects.create(session_key="a", expire_date=timezone.now() - WEEK)
    looks = []

    def renewed_after_the_first_look():
        found = housekeeping.expired_sessions()
        if len(looks) == 1:
            Session.objects.filter(pk=session.pk).update(expire_date=timezone.now() + WEEK)
        looks.append(1)
        return found

    monkeypatch.setattr(housekeeping, "OVER", (renewed_after_the_first_look,))
    tidy()
    assert Session.objects.exists()


def test_claim_lives_as_long_as_its_browser_comes_back(settings, clock, client):
    settings.ENTERING = "claimed"
    enter(client, "ada")
    for _ in range(4):
        clock.shift(timedelta(days=300))
        tidy()
        assert enter(client, "ada").status_code == 302
    assert Claim.objects.count() == 1
    clock.shift(timedelta(days=401))
    tidy()
    assert not Claim.objects.exists()
    assert "it no longer belongs to a browser" in enter(client, "ada").content.decode()


def test_nothing_to_do_costs_some_queries(django_assert_max_num_queries):
    with django_assert_max_num_queries(len(housekeeping.OVER) + 13):
        # Also rooms without owners, deleted rooms, people and rooms whose names are not folded, new
        # messages that have other texts by now, downloads, and names of people who have left.
        tidy()


def test_deletion_of_a_room_that_was_interrupted_goes_on(room, ben, monkeypatch):
    monkeypatch.setattr(removal, "BATCH", 2)
    make_messages(room, ben, 5)
    removal.delete(room, make_user("boss", is_superuser=True), -1)
    assert ChatRoom.objects.filter(pk=room.pk).exists()
    tidy()
    assert not ChatRoom.objects.filter(pk=room.pk).exists()
