"""Raids that staff undo: what is chosen, what is said before, what goes, and who may do it."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Permission
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from accounts.models import UsedAddress, User
from rooms import raids
from rooms.models import ChatRoom, HiddenRoom, Mention, Message, ModerationAct, Raid, Report
from rooms.raids import Choice
from tests.conftest import client_of
from tests.support.factories import make_message, make_messages, make_room, make_user

pytestmark = pytest.mark.django_db
ADDRESS = "/admin/rooms/raid/add/"
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def root(db):
    return User.objects.create_superuser("root1", "correct horse", date_joined=NOON - timedelta(days=9))


@pytest.fixture
def raider(room, clock):
    """Somebody who comes at noon, makes a room and writes in three: in it, in the kitchen, and to ada."""
    raider = make_user("raider")
    clock.shift(60)
    made = make_room("Buy now", [raider])
    room.join(raider)
    for number in range(3):
        make_message(made, raider, f"spam {number}")
        make_message(room, raider, f"@ada spam {number}")
    make_message(ChatRoom.objects.private_between(raider, User.objects.get(username="ada")), raider, "psst")
    clock.shift(60)
    return raider


def left_of(user):
    return Message.objects.filter(sender=user, deleted_at=None).count()


def undone(choice, by=None, **options):
    raid = raids.begin(choice, by, options.pop("deactivates", False))
    assert raids.go_on(raid)
    return raid


# What goes


def test_rooms_are_hidden_and_messages_deleted_everywhere(room, ada, ben, raider, root):
    kept = make_message(room, ben, "what ben said")
    raid = undone(Choice(timezone.now(), person=raider), by=root)
    assert (raid.rooms_hidden, raid.messages_deleted, raid.people_deactivated) == (1, 7, 0)
    assert raid.finished_at
    assert left_of(raider) == 0
    assert not Mention.objects.filter(message__sender=raider).exists()
    assert HiddenRoom.objects.get().room.name == "Buy now"
    kept.refresh_from_db()
    assert kept.content == "what ben said"
    raider.refresh_from_db()
    assert raider.is_active


def test_deleted_messages_are_as_if_a_moderator_had_deleted_each(room, ada, raider, root):
    message = Message.objects.filter(room=room, sender=raider).earliest("pk")
    message.edit("spam again")
    message.report(ada, reason="spam")
    room.refresh_from_db()
    before = room.revision
    undone(Choice(timezone.now(), person=raider), by=root)
    message.refresh_from_db()
    assert (message.content, message.mentioned, message.edited_at) == ("", {}, None)
    assert message.deleted_by_moderator
    assert not message.versions.exists()
    report = Report.objects.get()
    assert report.closed_at
    assert report.content == ""
    room.refresh_from_db()
    numbers = room.messages.filter(sender=raider).order_by("revision").values_list("revision", flat=True)
    assert list(numbers) == list(range(before + 1, before + 4))
    assert room.revision == before + 3


def test_log_of_a_room_says_it_once(room, raider, root, monkeypatch):
    monkeypatch.setattr(raids, "BATCH", 1)
    undone(Choice(timezone.now(), person=raider), by=root)
    acts = ModerationAct.objects.filter(act="undo_raid")
    assert {(act.room.name, act.actor) for act in acts} == {("Kitchen", root), ("Buy now", root)}
    assert acts.count() == 2


def test_time_bounds_what_goes(room, raider, clock):
    later = timezone.now()
    clock.shift(3600)
    make_message(room, raider, "an hour later")
    undone(Choice(timezone.now(), since=later, person=raider))
    assert left_of(raider) == 7
    assert not HiddenRoom.objects.exists()
    undone(Choice(later, since=NOON, person=raider))
    assert left_of(raider) == 0
    assert HiddenRoom.objects.count() == 1


def test_address_finds_who_came_from_it_then(room, raider, ada, ben, clock):
    for user in (raider, ben):
        UsedAddress.objects.note(user, "203.0.113.7")
    UsedAddress.objects.note(ada, "203.0.113.8")
    make_message(room, ben, "what ben said")
    make_message(room, ada, "what ada said")
    choice = Choice(timezone.now(), since=NOON, address="203.0.113.7")
    look = raids.look(choice)
    assert set(look.people_names) == {"raider", "ben"}
    assert look.addresses == [("203.0.113.7", 2)]
    before = Choice(NOON - timedelta(hours=1), address="203.0.113.7")
    assert raids.look(before).people == 0
    undone(choice)
    assert [left_of(user) for user in (raider, ben, ada)] == [0, 0, 1]


def test_newcomers_of_an_address_leave_its_others_alone(room, raider, ben, clock):
    User.objects.filter(pk=ben.pk).update(date_joined=NOON - timedelta(days=9))
    for user in (raider, ben):
        UsedAddress.objects.note(user, "203.0.113.7")
    make_message(room, ben, "what ben said")
    undone(Choice(timezone.now(), since=NOON, address="203.0.113.7", only_newcomers=True), deactivates=True)
    assert [left_of(user) for user in (raider, ben)] == [0, 1]
    assert not User.objects.get(pk=raider.pk).is_active
    assert User.objects.get(pk=ben.pk).is_active


def test_time_alone_is_everybodys_but_staffs_and_leaves_private_chats(room, raider, ben, private, root):
    User.objects.filter(pk=ben.pk).update(date_joined=NOON - timedelta(days=9))
    make_message(room, ben, "what ben said")
    make_message(private, ben, "between us")
    room.join(root)
    make_message(room, root, "what root said")
    make_room("Of root", [root])
    raid = undone(Choice(timezone.now(), since=NOON + timedelta(seconds=30)), deactivates=True)
    assert raid.is_of_everybody
    assert [left_of(user) for user in (raider, ben, root)] == [1, 1, 1]
    assert [hidden.room.name for hidden in HiddenRoom.objects.all()] == ["Buy now"]
    assert not raid.people_deactivated  # nobody came in that half a minute


def test_nothing_of_staff_goes_though_an_address_is_theirs(room, raider, root, clock):
    for user in (raider, root):
        UsedAddress.objects.note(user, "203.0.113.7")
    room.join(root)
    make_message(room, root, "what root said")
    undone(Choice(timezone.now(), address="203.0.113.7"), deactivates=True)
    assert left_of(root) == 1
    assert User.objects.get(pk=root.pk).is_active


def test_who_was_made_staff_meanwhile_is_left_alone(raider):
    raid = raids.begin(Choice(timezone.now(), person=raider), None, deactivates=True)
    User.objects.filter(pk=raider.pk).update(is_staff=True)
    assert raids.go_on(raid)
    assert left_of(raider) == 7


def test_people_are_deactivated_and_their_sessions_end(raider, rung, committed):
    client = client_of(raider)
    assert client.get("/").status_code == 200
    with committed():
        raid = undone(Choice(timezone.now(), person=raider), deactivates=True)
    assert raid.people_deactivated == 1
    assert client.get("/").status_code == 302
    assert ("access", {"user": raider.pk}) in rung


# In batches


class Killed(Exception):
    """The process ended here."""


@pytest.mark.parametrize("survived", range(1, 9))
def test_undoing_that_is_killed_anywhere_is_gone_on_with(room, raider, ben, survived, monkeypatch):
    make_message(room, ben, "what ben said")
    monkeypatch.setattr(raids, "BATCH", 1)
    count, done = raids._count, []

    def count_until_killed(*arguments, **numbers):
        count(*arguments, **numbers)
        done.append(numbers)
        if len(done) == survived:
            raise Killed

    monkeypatch.setattr(raids, "_count", count_until_killed)
    raid = raids.begin(Choice(timezone.now(), person=raider), None, deactivates=True)
    with pytest.raises(Killed):
        raids.go_on(raid)
    raid.refresh_from_db()
    assert raid.finished_at is None
    assert raid.rooms_hidden + raid.messages_deleted + raid.people_deactivated == survived - 1
    assert raids.go_on(Raid.objects.get(pk=raid.pk))
    raid.refresh_from_db()
    assert (raid.rooms_hidden, raid.messages_deleted, raid.people_deactivated) == (1, 7, 1)
    assert left_of(raider) == 0
    assert left_of(ben) == 1


def test_doing_it_twice_changes_nothing(room, raider):
    raid = undone(Choice(timezone.now(), person=raider), deactivates=True)
    room.refresh_from_db()
    assert raids.go_on(raid)
    again = undone(Choice(timezone.now(), person=raider), deactivates=True)
    assert (again.rooms_hidden, again.messages_deleted, again.people_deactivated) == (0, 0, 0)
    raid.refresh_from_db()
    assert raid.messages_deleted == 7
    assert ChatRoom.objects.get(pk=room.pk).revision == room.revision


def test_each_batch_has_a_bound_and_is_rung_for(room, raider, rung, committed, monkeypatch):
    monkeypatch.setattr(raids, "BATCH", 4)
    make_messages(room, raider, 10)
    with committed():
        undone(Choice(timezone.now(), person=raider))
    assert 3 <= sum(kind == "room" and ids["room"] == room.pk for kind, ids in rung) <= 6


def test_a_batch_takes_as_many_statements_for_many_messages(room, raider, django_assert_max_num_queries):
    make_messages(room, raider, 90)
    raid = raids.begin(Choice(timezone.now(), person=raider), None, deactivates=False)
    with django_assert_max_num_queries(85):  # one room hidden, and messages in three rooms
        raids.go_on(raid)


def test_what_takes_too_long_is_gone_on_with(raider):
    raid = raids.begin(Choice(timezone.now(), person=raider), None, deactivates=False)
    presses = 1
    while not raids.go_on(raid, seconds=-1):
        presses += 1
    assert 1 < presses < 9
    assert left_of(raider) == 0


# In the admin


def moment(at):
    return f"{at:%Y-%m-%dT%H:%M:%S}"


def numbers_on(page):
    return [int(number) for number in re.findall(r"<td>(\d+)</td>", page)]


def test_staff_look_and_then_do(root, root_client, raider, clock):
    fields = {"person": "raider", "deactivates": "on"}
    page = root_client.post(ADDRESS, fields).content.decode()
    assert numbers_on(page) == [1, 7, 1]
    assert "Buy now" in page
    assert not Raid.objects.exists()
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
    assert hidden["person"] == "raider"
    clock.shift(60)
    make_message(ChatRoom.objects.get(name="Buy now"), raider, "after the look")
    answer = root_client.post(ADDRESS, {**hidden, "sure": "yes"})
    assert answer.status_code == 302
    raid = Raid.objects.get()
    assert (raid.by, raid.messages_deleted, raid.people_deactivated) == (root, 7, 1)
    assert left_of(raider) == 1
    listed = root_client.get(f"/admin/rooms/raid/{raid.pk}/change/").content.decode()
    assert "raider" in listed


def test_what_is_not_finished_goes_on_by_an_action(root_client, raider, monkeypatch):
    monkeypatch.setattr("rooms.admin.SECONDS", -1.0)
    root_client.post(ADDRESS, {"person": "raider", "sure": "yes"})
    raid = Raid.objects.get()
    assert raid.finished_at is None
    assert "to continue" in root_client.get("/admin/rooms/raid/").content.decode()
    monkeypatch.undo()
    root_client.post("/admin/rooms/raid/", {"action": "go_on", "_selected_action": [raid.pk]})
    raid.refresh_from_db()
    assert raid.finished_at
    assert left_of(raider) == 0


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, "Choose a person, an address or a time."),
        ({"until": "2026-11-23T13:00"}, "Choose a person, an address or a time."),
        ({"person": "nobody1"}, "No one here has that name."),
        ({"person": "root1"}, "What staff did can’t be undone here."),
        ({"person": "x" * 500}, "at most 128 characters"),
        ({"person": "x" * 5000}, "far too long: 5000 characters"),
        ({"address": "203.0.113.99"}, "No one has used this address recently."),
        ({"address": "127.0.0.1"}, "No one has used this address recently."),
        ({"address": "<b>"}, "No one has used this address recently."),
        ({"address": "1" * 300}, "at most 45 characters"),
        ({"person": "ada", "only_newcomers": "on"}, "Say when it began."),
        ({"since": "2026-11-23T13:00", "until": "2026-11-23T12:00"}, "This is before the start."),
        ({"since": "2999-01-01T00:00"}, "This is before the start."),
        ({"since": "soon"}, "Enter a valid date/time."),
        ({"person": "\0"}, "Null characters are not allowed."),
        ({"since": "0001-01-01T00:00"}, "Enter a valid date/time."),
        ({"since": "2026-11-23T00:00", "until": "9999-12-31T23:59"}, "Enter a valid date/time."),
    ],
)
def test_wrong_choices_are_refused_with_a_reason_and_kept(root_client, ada, fields, reason):
    for sure in ({}, {"sure": "yes"}):
        answer = root_client.post(ADDRESS, {**fields, **sure})
        assert answer.status_code == 422
        assert reason in answer.content.decode()
        assert not Raid.objects.exists()


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_nobody_else_undoes_raids(raider, ada_client, method):
    fields = {"person": "raider", "sure": "yes"} if method == "POST" else None
    verb = getattr
    helper = User.objects.create_user("helper", "correct horse", is_staff=True)
    helper.user_permissions.set(
        Permission.objects.filter(codename__in=["view_raid", "delete_chatroom", "delete_message"])
    )
    for client, status in ((ada_client, 404), (Client(), 302), (client_of(helper), 403)):
        assert verb(client, method.lower())(ADDRESS, fields).status_code == status
    assert left_of(raider) == 7
    helper.user_permissions.add(Permission.objects.get(codename="add_raid"))
    answer = verb(client_of(User.objects.get(pk=helper.pk)), method.lower())(ADDRESS, fields)
    assert answer.status_code == (302 if method == "POST" else 200)


def test_only_who_may_change_people_deactivates_them(raider):
    helper = User.objects.create_user("helper", "correct horse", is_staff=True)
    helper.user_permissions.set(Permission.objects.filter(codename="add_raid"))
    client = client_of(helper)
    assert "deactivates" not in client.get(ADDRESS).content.decode()
    client.post(ADDRESS, {"person": "raider", "deactivates": "on", "sure": "yes"})
    assert left_of(raider) == 0
    raider.refresh_from_db()
    assert raider.is_active


def test_who_only_looks_goes_on_with_nothing(raider):
    raid = raids.begin(Choice(timezone.now(), person=raider), None, deactivates=False)
    helper = User.objects.create_user("helper", "correct horse", is_staff=True)
    helper.user_permissions.set(Permission.objects.filter(codename="view_raid"))
    client_of(helper).post("/admin/rooms/raid/", {"action": "go_on", "_selected_action": [raid.pk]})
    assert left_of(raider) == 7


# On the command line


def test_command_shows_and_then_does(raider, capsys):
    call_command("undo_raid", person="raider", deactivate=True)
    assert "7 messages" in capsys.readouterr().out
    assert left_of(raider) == 7
    call_command("undo_raid", person="raider", deactivate=True, yes=True)
    assert "Hid 1 rooms, deleted 7 messages, deactivated 1 people." in capsys.readouterr().out
    assert left_of(raider) == 0


def test_command_takes_times_and_newcomers(raider, ben, room, clock):
    User.objects.filter(pk=ben.pk).update(date_joined=NOON - timedelta(days=9))
    make_message(room, ben, "what ben said")
    until = moment(timezone.now())
    call_command("undo_raid", since=moment(NOON), until=until, only_newcomers=True, yes=True)
    assert [left_of(user) for user in (raider, ben)] == [0, 1]


def test_command_goes_on_with_what_was_interrupted(raider, capsys):
    raids.begin(Choice(timezone.now(), person=raider), None, deactivates=False)
    call_command("undo_raid", go_on=True)
    assert left_of(raider) == 0
    assert Raid.objects.get().finished_at


@pytest.mark.parametrize("options", [{}, {"person": "nobody1"}, {"since": "soon"}])
def test_command_refuses_what_the_form_refuses(options):
    with pytest.raises(CommandError):
        call_command("undo_raid", yes=True, **options)
