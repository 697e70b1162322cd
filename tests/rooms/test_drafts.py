"""What somebody has typed and not sent, as the server keeps it."""

import uuid

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import limits
from config.rates import Rate
from rooms.chats import chats_of
from rooms.models import Membership, membership
from rooms.unread import unread_of
from tests.support.factories import make_message, make_room
from tests.support.responses import HTMX, page_of

pytestmark = pytest.mark.django_db


def save(client, room, content, token=None, **fields):
    fields = {"content": content, "token": token or uuid.uuid4(), **fields}
    return client.post(f"/rooms/{room.pk}/draft/", fields, headers=HTMX)


def box(client, room):
    page = page_of(client.get(f"/rooms/{room.pk}/"))
    return page.by_id("content").text.strip("\n")


def test_draft_is_there_again_with_what_it_answers_for_its_author_only(
    ada_client, ben_client, ada, ben, room
):
    answered = make_message(room, ben, "Which day?")
    assert save(ada_client, room, "On\r\nMonday", reply=answered.pk).status_code == 200
    assert box(ada_client, room) == "On\nMonday"
    page = page_of(ada_client.get(f"/rooms/{room.pk}/"))
    answers = [field["value"] for field in page.all("input") if field.get("name") == "reply"]
    assert answers == [str(answered.pk)]
    assert box(ben_client, room) == ""
    assert unread_of(ada, room).has_draft
    assert not unread_of(ben, room).has_draft
    for client, words in ((ada_client, ["Draft"]), (ben_client, [])):
        found = page_of(client.get("/")).all(css_class="draft-word")
        assert [one.text.replace(",", "").strip() for one in found] == words


def test_form_without_scripts_leads_back(ada_client, room):
    response = ada_client.post(f"/rooms/{room.pk}/draft/", {"content": "Later"})
    assert (response.status_code, response.url) == (302, f"/rooms/{room.pk}/#content")
    assert box(ada_client, room) == "Later"


def test_latest_wins_and_nothing_forgets_it(ada_client, ada, room):
    for text in ("One", "Two"):
        save(ada_client, room, text)
    assert box(ada_client, room) == "Two"
    save(ada_client, room, " \n")
    assert box(ada_client, room) == ""
    assert not unread_of(ada, room).has_draft


def test_page_is_told_of_the_draft_that_another_one_has_saved(ada_client, ben_client, room):
    def saved(text, base, **fields):
        return save(ada_client, room, text, base=base, **fields).json()

    def asked(base, client=ada_client):
        return client.get(f"/rooms/{room.pk}/draft/", {"base": base}, headers=HTMX).json()

    here = there = 0  # two pages that know no draft
    with time_machine.travel("2026-11-30 10:00:00Z", tick=False) as clock:
        there = saved("Hello Ben", there)["base"]
        clock.shift(1)
        assert asked(here) == {"base": there, "text": "Hello Ben"}
        assert asked(there) == {"base": there, "text": ""}
        assert asked(0, ben_client) == {"base": 0, "text": ""}, "it is nobody else's"
        answer = saved("Hel", here)
        assert answer["text"] == "Hello Ben", "the latest wins, and the other one is offered"
        assert box(ada_client, room) == "Hel"
        assert saved("Hell", answer["base"])["text"] == ""
        clock.shift(1)
        assert saved("Hell", there)["text"] == "", "it is the same"
        assert saved("", 0) == {"base": 0, "text": "Hell"}
        assert asked("9" * 400) == asked("x") == {"base": 0, "text": ""}
    page = page_of(ada_client.get(f"/rooms/{room.pk}/"))
    assert page.by_id("composer")["data-base"] == "0"
    saved("Kept", 0)
    page = page_of(ada_client.get(f"/rooms/{room.pk}/"))
    assert page.by_id("composer")["data-base"] == str(asked(0)["base"])


def test_what_was_sent_does_not_come_back(ada_client, ada, room):
    token = uuid.uuid4()
    save(ada_client, room, "Hello", token)
    make_message(room, ada, "Hello", token)
    assert box(ada_client, room) == ""
    save(ada_client, room, "Hello", token)  # arrives late
    assert box(ada_client, room) == ""
    assert not chats_of(ada).mine[0].unread.has_draft
    # A copy of another message is not what was being written.
    save(ada_client, room, "To be finished")
    room.forward(ada, room.messages.get(), uuid.uuid4())
    assert box(ada_client, room) == "To be finished"


def test_post_without_a_draft_costs_nothing_more(ada, ben, room):
    def statements_of_a_post():
        with CaptureQueriesContext(connection) as queries:
            make_message(room, ada)
        return len(queries)

    statements_of_a_post()
    without = statements_of_a_post()
    Membership.objects.get(room=room, user=ben).keep_draft("Of ben", uuid.uuid4(), None)
    assert statements_of_a_post() == without
    Membership.objects.get(room=room, user=ada).keep_draft("Of ada", uuid.uuid4(), None)
    assert statements_of_a_post() == without + 1
    assert Membership.objects.get(room=room, user=ben).draft == "Of ben"


def test_drafts_end_with_what_they_are_in(ada_client, ada, ben, room, private):
    save(ada_client, room, "In the room")
    save(ada_client, private, "In private")
    Membership.objects.get(room=room, user=ada).leave()
    room.join(ada)
    assert box(ada_client, room) == ""
    ada.is_active = False
    ada.save()
    assert not Membership.objects.filter(user=ada).exclude(draft="").exists()


def test_only_so_many_are_kept(ada, monkeypatch):
    monkeypatch.setattr(membership, "DRAFTS_PER_PERSON", 2)
    rooms = [make_room(members=[ada]) for _number in range(3)]
    for room in rooms:
        Membership.objects.get(room=room, user=ada).keep_draft("Text", uuid.uuid4(), None)
    kept = Membership.objects.filter(user=ada, draft="Text").values_list("room", flat=True)
    assert set(kept) == {room.pk for room in rooms[1:]}


@pytest.mark.parametrize("fields", [{"content": "x" * 4001}, {"content": "\x00"}, {"reply": "x"}])
def test_what_is_no_draft_is_refused(ada_client, room, fields):
    assert save(ada_client, room, **{"content": "Text", **fields}).status_code == 422
    assert box(ada_client, room) == ""


def test_saving_is_limited(ada_client, room, limit, monkeypatch):
    monkeypatch.setattr(limits, "memory", limits.Memory())
    limit(draft_per_user=Rate(1, 60))
    assert [save(ada_client, room, text).status_code for text in ("One", "Two")] == [200, 429]
    assert box(ada_client, room) == "One"
