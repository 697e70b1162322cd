"""The log of what moderators did."""

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from rooms.models import Membership, ModerationAct
from rooms.models.moderation_act import AppendOnly
from tests.support.factories import make_users
from tests.support.responses import page_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def entry(ada, ben, room):
    return room.note_act(ada, ModerationAct.Act.MODERATOR, ben, message_id=7, reason="Knows the house")


def test_log_names_actor_act_person_message_and_reason(ada_client, room, entry):
    item = page_of(ada_client.get(f"/rooms/{room.pk}/log/")).all("ul", "entries")[0].all("li")[0]
    lines = [" ".join(line.text.split()) for line in item.all("p")]
    assert lines[1:] == ["ada · made moderator #7 · ben", "Reason: Knows the house"]


def test_log_of_another_room_stays_there(ada, ada_client, entry):
    ada_client.post("/rooms/", {"name": "Garden"})
    garden = Membership.objects.exclude(room=entry.room).get(user=ada).room
    assert "Nothing yet." in ada_client.get(f"/rooms/{garden.pk}/log/").content.decode()


def test_log_is_for_moderators(ben, ben_client, mallory_client, room):
    assert ben_client.get(f"/rooms/{room.pk}/log/").status_code == 403
    assert mallory_client.get(f"/rooms/{room.pk}/log/").status_code == 404
    room.memberships.filter(user=ben).update(role=Membership.Role.MODERATOR)
    assert ben_client.get(f"/rooms/{room.pk}/log/").status_code == 200


def test_log_can_only_grow(entry):
    for change in (
        entry.save,
        entry.delete,
        ModerationAct.objects.all().delete,
        lambda: ModerationAct.objects.update(reason=""),
        lambda: entry.room.moderation_acts.all().delete(),
    ):
        with pytest.raises(AppendOnly):
            change()
    assert ModerationAct.objects.get().reason == "Knows the house"


def test_entry_outlives_the_people_it_names(ada, ben, room, entry):
    room.memberships.all().delete()
    ben.delete()
    assert ModerationAct.objects.get().person is None


def test_entry_is_announced_after_the_commit_and_not_without_it(ada, ben, room, rung, committed):
    def act_and_fail():
        with transaction.atomic():
            room.note_act(ada, ModerationAct.Act.MODERATOR, ben)
            raise RuntimeError

    with committed(), pytest.raises(RuntimeError):
        act_and_fail()
    assert (rung, ModerationAct.objects.count()) == ([], 0)
    with committed():
        entry = room.note_act(ada, ModerationAct.Act.MODERATOR, ben)
    assert rung == [("act", {"act": entry.pk, "room": room.pk, "person": ben.pk})]


@pytest.mark.django_db(transaction=True)
def test_entry_needs_the_transaction_of_the_act(ada, room):
    with pytest.raises(transaction.TransactionManagementError):
        room.note_act(ada, ModerationAct.Act.MODERATOR)
    assert not ModerationAct.objects.exists()


def test_log_is_shown_a_page_at_a_time_for_the_same_price(ada, ada_client, room):
    counts, address = [], f"/rooms/{room.pk}/log/"
    ada_client.get(address)
    for amount in (2, 198):
        for person in make_users(amount):
            room.note_act(ada, ModerationAct.Act.MEMBER, person)
        with CaptureQueriesContext(connection) as queries:
            page = page_of(ada_client.get(address))
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert len(page.all("time")) == 50
    assert len(page_of(ada_client.get(f"{address}?page=3")).all("time")) == 50
    assert len(page_of(ada_client.get(f"{address}?page=4")).all("time")) == 0
