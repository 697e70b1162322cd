"""Somebody deletes their account."""

import uuid
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.http import Http404
from django.utils import timezone

from accounts.models import Block, EntryLink, LoginSession, NameShape, User
from accounts.models.user import NAME_KEPT_FOR
from rooms import exports, housekeeping, jobs, leaving, moderation, removal
from rooms.models import Ban, Membership, Message, NotAdmitted, Reaction, Report, SavedMessage, StoredFile
from tests.accounts.test_login import enter
from tests.conftest import client_of
from tests.support.factories import (
    avatar_of,
    make_membership,
    make_message,
    make_message_with_file,
    make_messages,
    make_room,
    make_user,
)
from tests.support.jobs import work_off
from tests.support.responses import page_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quick_jobs")]

HERE = "/settings/data/delete/"
SURE = {"is_certain": "on"}
WAYS = ["keep", "erase"]


def delete(client, words, **fields):
    answer = client.post(HERE, {"words": words, **SURE, **fields})
    assert answer["Location"] == "/settings/data/deleted/"
    assert work_off()


@pytest.fixture
def story(ada, ben, room, private, root, django_capture_on_commit_callbacks):
    """ada, who owns the room, has left something everywhere."""
    ada.change_profile(display_name="Ada L.", status="Here")
    avatar_of(ada)
    make_message_with_file(room, ada, "Mine", "mine.pdf", b"mine")
    make_message(private, ada, "Between us")
    said = make_message(room, ben, "Hello @ada")
    said.save_mentions()
    said.react_as(ada, "👍")
    said.react_as(ben, "👍")
    said.save_for(ada, "Later")
    said.report(ada, reason="spam", details="")
    ada.block(root)
    LogEntry.objects.log_actions(root.pk, [ada], 2, "Deactivated.", single_object=True)
    with django_capture_on_commit_callbacks(execute=True):
        exports.ask(ada)
        work_off()
    return said


@pytest.mark.parametrize("words", WAYS)
def test_nothing_of_the_person_is_left_but_what_the_docs_say(
    words, story, ada, ben, room, private, ada_client, ben_client
):
    report = Report.objects.get()
    banned_from = make_room()
    Ban.objects.create(room=banned_from, user=ada)
    delete(ada_client, words)
    person = User.objects.get(pk=ada.pk)
    assert (person.shown_name, person.is_active, person.has_usable_password()) == (
        "Former member",
        False,
        False,
    )
    assert not any(kind.objects.filter(user=ada).exists() for kind in (LoginSession, EntryLink, SavedMessage))
    assert not Block.objects.exists()
    assert not Membership.objects.filter(user=ada, room__type="group").exists()
    assert room.memberships.get(user=ben).role == "owner"
    assert not hasattr(person, "export")
    assert not hasattr(person, "avatar")
    assert LogEntry.objects.filter(object_id=str(ada.pk)).exclude(object_repr=str(person)).count() == 0
    # What others need is there.
    assert Ban.objects.filter(user=ada, room=banned_from).exists()
    assert Report.objects.get(pk=report.pk, closed_at=None).reporter_id == ada.pk
    for address in (room.get_absolute_url(), private.get_absolute_url(), "/", f"/rooms/{room.pk}/about/"):
        text = page_of(ben_client.get(address)).text
        assert "Ada L." not in text
        assert "mine.pdf" not in text or words == "keep"
    assert "Former member" in ben_client.get(private.get_absolute_url()).content.decode()
    assert ben_client.get("/people/ada/").status_code == 404
    texts = set(Message.objects.filter(sender=ada).values_list("content", flat=True))
    assert texts == ({"Mine", "Between us"} if words == "keep" else {""})
    assert StoredFile.objects.exists() == (words == "keep")
    assert Reaction.objects.filter(user=ada).exists() == (words == "keep")
    [kind] = Message.objects.get(pk=story.pk).kinds
    assert kind.number == (2 if words == "keep" else 1)


def test_reported_text_stays_until_it_is_decided(ada, ben, room, ada_client):
    message = make_message(room, ada, "An insult")
    message.report(ben, reason="abuse", details="")
    delete(ada_client, "erase")
    assert Report.objects.get(closed_at=None).content == "An insult"


def test_nothing_is_posted_any_more(ada, private, ada_client):
    """Not even by a request that had begun before."""
    delete(ada_client, "erase")
    with pytest.raises(NotAdmitted):
        private.post_message(ada, "And this", uuid.uuid4())
    assert not private.messages.exists()


def test_nothing_is_reacted_to_any_more(ada, ben, private, ada_client):
    """Not even by a request that had begun before: nobody could take it back."""
    message = make_message(private, ben, "Between us")
    delete(ada_client, "erase")
    with pytest.raises(Http404):
        message.react_as(ada, "👍")
    assert not message.reactions.exists()


@pytest.mark.parametrize("address", ["{room}", "{private}", "/messages/{message}/"])
def test_name_leads_to_no_profile_any_more(address, ada, room, private, ada_client, ben_client):
    message = make_message(room, ada, "Mine")
    make_message(private, ada, "Between us")
    delete(ada_client, "keep")
    rooms = {"room": room.get_absolute_url(), "private": private.get_absolute_url()}
    page = page_of(ben_client.get(address.format(message=message.pk, **rooms)))
    assert "Former member" in page.text
    assert not [link for link in page.all("a") if f"{ada.pk}/profile/" in (link.get("href") or "")]


def test_copies_that_others_made_stay(ada, ben, room, ada_client):
    message = make_message_with_file(room, ada, "Mine", "mine.pdf", b"mine")
    make_room("Garden", [ben]).forward(ben, message, uuid.uuid4())
    delete(ada_client, "erase")
    copy = Message.objects.get(is_forwarded=True)
    assert (copy.content, copy.forwarded_from.shown_name) == ("Mine", "Former member")
    assert StoredFile.objects.count() == 1


def test_all_browsers_are_out_at_once_and_open_pages_hear_of_it(
    ada, ada_client, ada_elsewhere, rung, committed
):
    began = timezone.now()
    with committed():
        assert ada_client.post(HERE, {"words": "keep", **SURE}).status_code == 302
    assert ("access", {"user": ada.pk}) in rung
    assert ("profile", {"user": ada.pk}) in rung
    assert [client.get("/")["Location"] for client in (ada_client, ada_elsewhere)] == ["/login/?next=/"] * 2
    assert ada in User.objects.changed_between(began, timezone.now()), "the poll of another process finds it"


def test_what_is_missing_is_said_and_nothing_happens(ada, ada_client):
    for fields, said in (
        ({}, "Choose what becomes of your messages."),
        ({"words": "all", **SURE}, "Select a valid choice"),
        ({"words": "keep"}, "Confirm that you know that nobody can undo this."),
    ):
        answer = ada_client.post(HERE, fields)
        assert (answer.status_code, said in answer.content.decode()) == (422, True)
    assert User.objects.get(pk=ada.pk).is_active


def test_password_is_asked_for_where_there_is_one():
    client = client_of(make_user("grace", "a long secret"))
    for password in ("", "wrong"):
        answer = client.post(HERE, {"words": "keep", **SURE, "current_password": password})
        assert answer.status_code == 422
    delete(client, "keep", current_password="a long secret")


def test_name_is_kept_from_others_for_a_while_and_then_free(ada, room, ada_client, client, clock):
    make_message(room, ada, "Mine")
    delete(ada_client, "keep")
    assert "looks too much like" in enter(client, "ada").content.decode()
    clock.shift(NAME_KEPT_FOR - timedelta(hours=1))
    assert housekeeping.tidy(60.0)
    assert NameShape.objects.filter(user=ada).exists()
    clock.shift(timedelta(hours=1))
    assert housekeeping.tidy(60.0)
    assert enter(client, "ada").status_code == 302
    assert User.objects.get(username="ada").pk != ada.pk
    assert Message.objects.get().sender.shown_name == "Former member"


def test_last_who_administers_stays(root):
    client = client_of(root)
    answer = client.post(HERE, {"words": "keep", **SURE, "current_password": "correct horse"})
    assert answer.status_code == 409
    assert "Nobody else administers this site" in answer.content.decode()
    make_user("rita", "a long secret", is_staff=True)
    with pytest.raises(leaving.LastOfStaff):
        leaving.leave(root, erases=False)
    make_user("rosa", "a long secret", is_staff=True, is_superuser=True)
    delete(client, "keep", current_password="correct horse")
    assert not User.objects.get(pk=root.pk).is_superuser


def test_staff_cannot_bring_it_back(ada, ada_client, root):
    delete(ada_client, "keep")
    staff = client_of(root)
    staff.post("/admin/accounts/user/", {"action": "activate", "_selected_action": [ada.pk]})
    staff.post(f"/admin/accounts/user/{ada.pk}/change/", {"is_active": "on"})
    staff.post(
        f"/admin/accounts/user/{ada.pk}/password/",
        {"password1": "a long secret", "password2": "a long secret"},
    )
    person = User.objects.get(pk=ada.pk)
    assert (person.is_active, person.has_usable_password()) == (False, False)


def test_interrupted_at_any_step_it_is_done_in_the_end(monkeypatch, ada, ben, room, private, ada_client):
    monkeypatch.setattr(leaving, "BATCH", 3)
    rooms = [make_room(members=[ada, ben]) for _number in range(2)]
    for place in (room, private, *rooms):
        make_messages(place, ada, 4)
    make_message(room, ben, "Hello").react_as(ada, "👍")
    make_membership(make_room(members=[ben]), ada)
    ada_client.post(HERE, {"words": "erase", **SURE})
    interruptions = 0
    while True:
        looks = iter([False, False])
        assert work_off(lambda looks=looks: next(looks, True))
        if leaving.finish.get_result(str(jobs.Job.objects.get().pk)).is_finished:
            break
        interruptions += 1
    assert interruptions > 5
    assert not Message.objects.filter(sender=ada, deleted_at=None).exists()
    assert not Reaction.objects.exists()
    assert Message.objects.get(sender=ben).reacted is None


def test_raids_and_bans_do_not_stumble_over_it(ada, ben, room, ada_client):
    mine = room.memberships.get(user=ada)
    make_membership(room, make_user("cleo"))
    moderation.ban(mine, ben, None)
    delete(ada_client, "keep")
    assert Ban.objects.get(user=ben).by.shown_name == "Former member"


def test_hidden_room_that_is_shown_again_has_no_former_members(ada, ben, room, ada_client):
    removal.hide(room, None)
    delete(ada_client, "keep")
    assert removal.show(room, None)
    assert [membership.user for membership in room.memberships.all()] == [ben]
