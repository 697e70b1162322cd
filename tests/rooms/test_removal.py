"""Rooms that staff hide, show again and delete."""

import re
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client

from accounts.models import User
from rooms import removal
from rooms.chats import chats_of
from rooms.models import (
    ChatRoom,
    HiddenRoom,
    Membership,
    Mention,
    Message,
    MessageVersion,
    ModerationAct,
    ReadReceipt,
    Report,
    RoomInvitation,
)
from rooms.unread import total_unread
from tests.conftest import client_of
from tests.support.factories import make_message, make_messages, make_room

pytestmark = pytest.mark.django_db
ADDRESS = "/admin/rooms/chatroom/"


def choose(client, action, *rooms, **fields):
    return client.post(ADDRESS, {"action": action, "_selected_action": [room.pk for room in rooms], **fields})


def addresses_of(room, message):
    inside = [
        "/",
        "/about/",
        "/edit/",
        "/members/",
        "/bans/",
        "/log/",
        "/reports/",
        "/invitations/",
        "/notifications/",
    ]
    of_message = ("", "edit/", "delete/", "report/")
    return [f"/rooms/{room.pk}{part}" for part in inside] + [
        f"/messages/{message.pk}/{part}" for part in of_message
    ]


@pytest.fixture
def message(room, ben):
    return make_message(room, ben, "as it was said")


# Hiding


def test_hidden_room_is_there_for_nobody(room, message, root, ada, ada_client, ben_client, mallory_client):
    assert removal.hide(room, root)
    for client in (ada_client, ben_client, mallory_client):
        for address in addresses_of(room, message):
            answer = client.post(address) if address.endswith("members/") else client.get(address)
            assert answer.status_code == 404, address
        for address in ("/", "/rooms/all/"):
            assert "Kitchen" not in client.get(address).content.decode()
        assert client.post(f"/rooms/{room.pk}/messages/", {"content": "hello"}).status_code == 404
    assert room not in [chat.room for chat in chats_of(ada)]
    assert total_unread([ada.pk]) == {ada.pk: 0}
    assert not Message.objects.filter(content="hello").exists()


def test_link_into_a_hidden_room_leads_nowhere(room, root, ada, mallory_client):
    token = RoomInvitation.objects.issue(room, ada, timedelta(days=1), 5)
    removal.hide(room, root)
    assert mallory_client.get(f"/rooms/join/{token}/").status_code == 404
    removal.show(room, root)
    assert mallory_client.get(f"/rooms/join/{token}/").status_code == 200


def test_room_that_is_shown_again_is_as_it_was(room, message, root, ada, ben, ada_client):
    Membership.objects.filter(room=room, user=ada).update(muted_until="2031-01-01T00:00Z", notify="nothing")
    Membership.objects.get(room=room, user=ada).mark_unread(message)
    Membership.objects.filter(room=room).update(joined_at="2026-01-02T03:04:05Z")  # kept to the millisecond
    before = list(Membership.objects.filter(room=room).order_by("pk").values())
    removal.hide(room, root)
    assert removal.show(room, root)
    assert list(Membership.objects.filter(room=room).order_by("pk").values()) == before
    assert ada_client.get(f"/rooms/{room.pk}/").status_code == 200
    room.refresh_from_db()
    assert not room.is_by_invitation
    assert not HiddenRoom.objects.exists()
    acts = [(act.act, act.actor) for act in ModerationAct.objects.order_by("pk")]
    assert acts == [("hide", root), ("show", root)]


def test_room_by_invitation_is_one_again(root, ada):
    room = ChatRoom.objects.create_group("Closet", ada, is_by_invitation=True)
    removal.hide(room, root)
    removal.show(room, root)
    room.refresh_from_db()
    assert room.is_by_invitation


def test_who_is_no_longer_there_is_not_brought_back(room, root, ada, mallory):
    room.join(mallory)
    removal.hide(room, root)
    mallory.delete()
    removal.show(room, root)
    assert room.memberships.count() == 2


@pytest.mark.parametrize("verb", [removal.hide, removal.show])
def test_twice_is_once(room, root, verb):
    if verb is removal.show:
        removal.hide(room, root)
    assert verb(room, root)
    acts = ModerationAct.objects.count()
    assert not verb(room, root)
    assert ModerationAct.objects.count() == acts


def test_private_chat_is_not_hidden(private, root, ada):
    assert not removal.hide(private, root)
    assert private.memberships.count() == 2


def test_reports_of_a_hidden_room_are_for_staff(room, message, root, root_client, ada, ada_client):
    message.report(ada, reason="spam")
    assert not Report.objects.open_for(root).exists()
    removal.hide(room, root)
    assert Report.objects.open_for(root).count() == 1
    root_client.post(f"/messages/{message.pk}/delete/")
    message.refresh_from_db()
    assert message.is_deleted


def test_hidden_room_keeps_its_name_and_is_not_counted_as_owned(room, root, ada_client, settings):
    settings.ROOMS_PER_OWNER = 1
    removal.hide(room, root)
    assert ada_client.post("/rooms/", {"name": "kitchen"}).status_code == 422
    assert ada_client.post("/rooms/", {"name": "Scullery"}).status_code == 302


def test_pages_of_it_are_rung_for_after_the_commit(room, root, rung, committed):
    with committed():
        removal.hide(room, root)
    assert [kind for kind, _ids in rung] == ["act", "report"]
    assert all(ids["room"] == room.pk for _kind, ids in rung)


# Deleting


def test_deleted_room_is_gone_with_all_that_was_said_there(room, private, root, ada, ben):
    message = make_message(room, ben, "@ada look")
    message.edit("@ada look here")
    room.memberships.get(user=ada).mark_read(message.pk)
    message.report(ada, reason="spam")
    elsewhere = make_message(private, ben, "stays")
    assert removal.delete(room, root, 60)
    for model in (Mention, MessageVersion, ReadReceipt, Report, ModerationAct, HiddenRoom):
        assert not model.objects.exists(), model
    assert list(Message.objects.all()) == [elsewhere]
    assert not ChatRoom.objects.filter(pk=room.pk).exists()
    make_room("Kitchen")  # the name is free
    entry = LogEntry.objects.first()
    assert (entry.user, entry.object_repr) == (root, "Kitchen")
    assert entry.change_message == "Deleted for good, with 1 messages."


def test_deletion_that_was_interrupted_is_gone_on_with(room, root, ben, monkeypatch):
    monkeypatch.setattr(removal, "BATCH", 2)
    make_messages(room, ben, 5)
    assert not removal.delete(room, root, -1)
    assert room.messages.count() == 3
    assert not removal.show(room, root)
    assert not removal.finish(-1)
    assert room.messages.count() == 1
    assert removal.delete(room, root, 60)
    assert not ChatRoom.objects.filter(pk=room.pk).exists()
    assert [entry.action_flag for entry in LogEntry.objects.order_by("pk")] == [2, 3]


def test_deletion_is_finished_without_naming_the_room(room, root, ben, monkeypatch):
    monkeypatch.setattr(removal, "BATCH", 2)
    make_messages(room, ben, 5)
    removal.delete(room, root, -1)
    assert removal.finish(60)
    assert not ChatRoom.objects.filter(pk=room.pk).exists()


# In the admin


def test_what_goes_is_said_before(root_client, room, ben, ada):
    make_messages(room, ben, 7)
    make_message(room, ben).report(ada, reason="spam")
    for action in ("hide", "remove"):
        page = choose(root_client, action, room).content.decode()
        assert "Kitchen" in page
        assert re.findall(r"<td>(\d+)</td>", page) == ["8", "2", "1"]
        assert not HiddenRoom.objects.exists()
    assert room.messages.count() == 8


def test_staff_hide_show_and_delete(root_client, room, message):
    choose(root_client, "hide", room, sure="yes")
    assert HiddenRoom.objects.get().room == room
    listed = root_client.get(ADDRESS, {"hidden__isempty": "0"}).content.decode()
    assert "Kitchen" in listed
    choose(root_client, "show", room)
    assert room.memberships.count() == 2
    choose(root_client, "remove", room, sure="yes")
    assert not ChatRoom.objects.filter(pk=room.pk).exists()
    log = root_client.get("/admin/admin/logentry/").content.decode()
    for text in ("Hidden.", "Shown again.", "Deleted for good, with 1 messages."):
        assert text in log


def test_so_much_is_not_deleted_at_once(root_client, room, ben, monkeypatch):
    monkeypatch.setattr("rooms.admin.SECONDS", -1.0)
    monkeypatch.setattr(removal, "BATCH", 1)
    make_messages(room, ben, 4)
    choose(root_client, "remove", room, sure="yes")
    assert "choose Delete again" in root_client.get(ADDRESS).content.decode()
    monkeypatch.undo()
    choose(root_client, "remove", room, sure="yes")
    assert not ChatRoom.objects.filter(pk=room.pk).exists()


def test_too_many_rooms_are_not_removed_at_once(root_client, room, monkeypatch):
    monkeypatch.setattr("rooms.admin.AT_ONCE", 1)
    other = make_room()
    for action in ("hide", "remove"):
        choose(root_client, action, room, other, sure="yes")
    assert not HiddenRoom.objects.exists()
    assert "at most 1 rooms" in root_client.get(ADDRESS).content.decode()


def test_private_chats_cannot_be_chosen_by_number(root_client, private, ada):
    make_message(private, ada, "between us")
    for action in ("hide", "show", "remove"):
        choose(root_client, action, private, sure="yes")
    assert private.memberships.count() == 2
    assert private.messages.count() == 1


@pytest.mark.parametrize("action", ["hide", "remove"])
def test_nobody_else_removes_rooms(room, ada_client, action):
    assert choose(ada_client, action, room, sure="yes").status_code == 404  # she owns it
    assert choose(Client(), action, room, sure="yes").status_code == 302
    helper = User.objects.create_user("helper", "correct horse", is_staff=True)
    helper.user_permissions.set(
        Permission.objects.filter(codename__in=["view_chatroom", "delete_message", "view_message"])
    )
    choose(client_of(helper), action, room, sure="yes")
    assert ChatRoom.objects.filter(pk=room.pk, hidden=None).exists()
    helper.user_permissions.add(Permission.objects.get(codename="delete_chatroom"))
    choose(client_of(User.objects.get(pk=helper.pk)), action, room, sure="yes")
    assert not ChatRoom.objects.filter(pk=room.pk, hidden=None).exists()
