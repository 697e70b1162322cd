"""Moderators delete messages of others; people report messages to them, or to staff where there are none."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from config.rates import Rate
from rooms.models import ChangeRefused, Membership, ModerationAct, Report
from tests.conftest import client_of
from tests.support.factories import make_membership, make_message, make_room, make_user
from tests.support.responses import page_of, texts

pytestmark = pytest.mark.django_db

STAFF_PAGE = "/reports/"


def address(name, message):
    return reverse(f"rooms:{name}", args=[message.pk])


def report(client, message, **fields):
    return client.post(address("report_create", message), {"reason": "abuse", "details": "", **fields})


def reports_page(room):
    return reverse("rooms:report_list", args=[room.pk])


@pytest.fixture
def cem(room):
    """A member, like ben; ada owns the room."""
    cem = make_user("cem")
    make_membership(room, cem)
    return cem


# Deleting


def test_moderator_deletes_and_it_is_logged(ada_client, ada, ben, cem, room):
    message = make_message(room, ben, "Nasty")
    assert "Nasty" in ada_client.get(address("message_delete", message)).content.decode()
    response = ada_client.post(address("message_delete", message))
    assert response.url == f"/rooms/{room.pk}/?message={message.pk}"
    page = page_of(client_of(cem).get(room.get_absolute_url()))
    assert texts(page, "tombstone") == ["This message was deleted by a moderator."]
    act = ModerationAct.objects.get()
    assert (act.actor, act.act, act.person, act.message_id) == (ada, "delete_message", ben, message.pk)
    log = ada_client.get(reverse("rooms:moderation_act_list", args=[room.pk])).content.decode()
    assert "deleted the message" in log
    assert "Nasty" not in log


def test_moderator_never_rewrites(ada_client, ben, room):
    message = make_message(room, ben, "Hello")
    fields = {"content": "Changed", "since": message.revision}
    assert ada_client.post(address("message_update", message), fields).status_code == 404


def test_own_message_of_a_moderator_is_no_moderation(ada_client, ada, room):
    message = make_message(room, ada)
    ada_client.post(address("message_delete", message))
    message.refresh_from_db()
    assert not message.deleted_by_moderator
    assert not ModerationAct.objects.exists()


def test_moderator_elsewhere_deletes_nothing_here(ben, cem, room):
    make_room(members=[cem])
    message = make_message(room, ben)
    assert client_of(cem).post(address("message_delete", message)).status_code == 404


def test_private_chat_has_no_moderators(ada_client, ada, ben, private):
    message = make_message(private, ben)
    assert ada_client.post(address("message_delete", message)).status_code == 404
    assert "Delete" not in ada_client.get(address("message_detail", message)).content.decode()


# Reporting


def test_report_reaches_the_moderators_and_nobody_else(ada_client, ben_client, ben, cem, room, root):
    message = make_message(room, ben, "Nasty <b>")
    client = client_of(cem)
    response = client.post(
        address("report_create", message), {"reason": "abuse", "details": "He <i> did"}, follow=True
    )
    assert "You have reported this message." in response.content.decode()
    assert "1" in texts(page_of(ada_client.get(room.get_absolute_url())), "badge")
    page = ada_client.get(reports_page(room)).content.decode()
    for words in ("Nasty &lt;b&gt;", "Insult or harassment", "He &lt;i&gt; did", "cem"):
        assert words in page
    for other in (ben_client, client):
        assert other.get(reports_page(room)).status_code == 403
        assert "reported" not in other.get(room.get_absolute_url()).content.decode()
    assert "Nasty" not in client_of(root).get(STAFF_PAGE).content.decode()
    assert "eported" not in ben_client.get(address("message_detail", message)).content.decode()


def test_report_says_who_gets_it(ada_client, ada, ben, ben_client, room, private):
    """Moderators, staff, or nobody in a Hearth without staff; none of them the author."""
    own, direct = make_message(room, ada), make_message(private, ben)
    said = {"nobody": [], "staff": []}
    said["moderators"] = [said_of_reports(ada_client, make_message(room, ben))]
    said["nobody"] = [said_of_reports(ben_client, own), said_of_reports(ada_client, direct)]
    assert report(ben_client, own).status_code == 302
    said["nobody"].append(said_of_reports(ben_client, own))
    make_user("greta", "sesame street", is_staff=True)
    said["staff"] = [said_of_reports(ben_client, own), said_of_reports(ada_client, direct)]
    words = {"moderators": "oderators will", "nobody": "there is no staff", "staff": "he staff"}
    for recipient, texts_of_pages in said.items():
        for text in texts_of_pages:
            assert [key for key, word in words.items() if word in text] == [recipient]


def said_of_reports(client, message):
    return page_of(client.get(address("report_create", message))).all("main")[0].text


def test_message_is_reported_once_by_each(ben, cem, room):
    message = make_message(room, ben)
    client = client_of(cem)
    assert [report(client, message).status_code for _ in range(2)] == [302, 200]
    assert Report.objects.count() == 1
    message.report(room.participants.first(), reason="spam")
    assert Report.objects.count() == 2


@pytest.mark.parametrize(
    "fields", [{"reason": ""}, {"reason": "x"}, {"details": "x" * 501}, {"details": "\x01"}]
)
def test_report_that_is_not_understood_is_refused_with_what_was_typed(ben, cem, room, fields):
    message = make_message(room, ben)
    response = report(client_of(cem), message, **fields)
    assert response.status_code == 422
    assert page_of(response).by_id("id_details").text.strip() == fields.get("details", "")
    assert not Report.objects.exists()


def test_message_that_was_edited_after_the_decision_is_reported_anew(ada_client, ada, ben, cem, room, clock):
    message = make_message(room, ben, "Harmless")
    client = client_of(cem)
    report(client, message)
    clock.shift(1)
    message.edit("Still harmless")
    assert report(client, message).status_code == 200  # it waits for its decision
    clock.shift(1)
    ada_client.post(address("report_dismiss", message))
    assert report(client, message).status_code == 200  # this text was decided
    clock.shift(1)
    message.edit("Nasty")
    assert report(client, message).status_code == 302
    assert [(one.content, one.closed_at) for one in Report.objects.open_for(ada)] == [("Nasty", None)]


def test_too_many_reports_are_refused(ben, cem, room, limit):
    limit(report_per_user=Rate(1, 60))
    client = client_of(cem)
    report(client, make_message(room, ben))
    response = report(client, make_message(room, ben), details="Again")
    assert response.status_code == 429
    assert page_of(response).by_id("id_details").text.strip() == "Again"
    assert Report.objects.count() == 1


def test_what_was_deleted_cannot_be_reported(ben, cem, room):
    message = make_message(room, ben)
    message.erase()
    assert report(client_of(cem), message).status_code == 200
    with pytest.raises(ChangeRefused):
        message.report(cem, reason="spam")
    assert not Report.objects.exists()


def test_editing_or_deleting_does_not_hide_what_was_reported(ada_client, ben, cem, room):
    message = make_message(room, ben, "Nasty")
    message.report(cem, reason="abuse")
    message.edit("Nice")
    message.erase()
    page = ada_client.get(reports_page(room)).content.decode()
    assert "Nasty" in page
    assert "It has been deleted since." in page


def test_decision_closes_all_reports_and_drops_the_copies(ada_client, ada, ben, cem, room):
    dot = make_user("dot")
    make_membership(room, dot)
    for name, expected in (("message_delete", "delete_message"), ("report_dismiss", "dismiss_report")):
        message = make_message(room, ben, "Nasty")
        for person in (cem, dot):
            message.report(person, reason="abuse")
        assert ada_client.post(address(name, message)).status_code == 302
        assert ModerationAct.objects.latest("pk").act == expected
    assert not Report.objects.open_for(ada).exists()
    assert set(Report.objects.values_list("content", flat=True)) == {""}
    assert "There are no reports." in ada_client.get(reports_page(room)).content.decode()
    message.refresh_from_db()
    assert message.content == "Nasty"


def test_page_leads_to_where_the_sender_can_be_removed(ada_client, ben, cem, room):
    make_message(room, ben).report(cem, reason="spam")
    link = reverse("rooms:member_detail", args=[room.pk, ben.pk])
    assert link in ada_client.get(reports_page(room)).content.decode()
    room.memberships.get(user=ben).leave()
    assert link not in ada_client.get(reports_page(room)).content.decode()


def test_who_was_reported_is_told_nothing_of_a_dismissal(ada_client, ben, cem, room, rung, committed):
    message = make_message(room, ben)
    with committed():
        message.report(cem, reason="spam")
        ada_client.post(address("report_dismiss", message))
    assert ModerationAct.objects.exists()
    # Only those who decide look at these, and never for messages of their own.
    assert rung == [("report", {"room": room.pk, "person": ben.pk})] * 2


def test_dismissing_twice_is_logged_once(ada_client, ben, cem, room):
    message = make_message(room, ben)
    message.report(cem, reason="spam")
    answers = [ada_client.post(address("report_dismiss", message)).status_code for _ in range(2)]
    assert answers == [302, 404]
    assert ModerationAct.objects.count() == 1


@pytest.mark.parametrize("what", ["delete", "dismiss"])
def test_who_is_demoted_meanwhile_decides_nothing(ada_client, ada, ben, cem, room, meanwhile, what):
    message = make_message(room, ben, "Buy now")
    message.report(cem, reason="spam")
    meanwhile(lambda: room.memberships.filter(user=ada).update(role="member"))
    ada_client.post(f"/messages/{message.pk}/{what}/")
    message.refresh_from_db()
    assert message.content == "Buy now"
    assert Report.objects.get().closed_at is None
    assert not ModerationAct.objects.exists()


def test_reports_of_a_moderator_are_for_the_others(ada, ben, cem, room, root):
    message = make_message(room, ada, "Nasty")
    message.report(ben, reason="abuse")
    assert not Report.objects.open_for(ada).exists()
    assert Report.objects.open_for(root).exists()
    room.memberships.filter(user=cem).update(role=Membership.Role.MODERATOR)
    assert Report.objects.open_for(cem).exists()
    assert not Report.objects.open_for(ada).exists()
    assert not Report.objects.open_for(root).exists()


def test_staff_decide_on_private_chats_and_see_no_more_of_them(ada_client, ada, ben, private, root):
    client = client_of(root)
    make_message(private, ben, "Before it")
    message = make_message(private, ben, "Nasty")
    assert client.get(address("message_delete", message)).status_code == 404
    report(ada_client, message)
    page = client.get(STAFF_PAGE).content.decode()
    assert "Nasty" in page
    assert "In a direct message" in page
    assert "Before it" not in page
    assert client.get(address("message_detail", message)).status_code == 404
    assert client.get(private.get_absolute_url()).status_code == 404
    for path in ("/", "/people/ada/profile/"):
        assert "1\xa0reported message" in page_of(client.get(path)).by_id("staff-reports").text
    assert "Nasty" in client.get(address("message_delete", message)).content.decode()
    assert client.post(address("message_delete", message)).url == STAFF_PAGE
    message.refresh_from_db()
    assert message.is_deleted
    assert client.get(address("message_delete", message)).status_code == 404
    assert client.post(address("message_delete", make_message(private, ben))).status_code == 404


def test_list_takes_as_many_queries_with_much(ada_client, ben, cem, room):
    ada_client.get("/settings/")
    counts = []
    for amount in (2, 20):
        for _number in range(amount):
            make_message(room, ben).report(cem, reason="spam")
        with CaptureQueriesContext(connection) as queries:
            ada_client.get(reports_page(room))
        counts.append(len(queries))
    assert counts[0] == counts[1]
