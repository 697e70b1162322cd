"""What was read: marks that only move forward, and who read which message."""

from datetime import UTC, datetime

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from rooms.models import Membership, ReadReceipt
from tests.support.factories import make_membership, make_message, make_messages, make_room, make_user
from tests.support.responses import HTMX, page_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def membership(ada, room):
    return room.memberships.get(user=ada)


@pytest.fixture
def messages(ben, room):
    return make_messages(room, ben, 5)


def report(client, room, upto, headers=None):
    return client.post(f"/rooms/{room.pk}/read/", {"upto": upto}, headers=headers)


def read_by(user):
    return list(ReadReceipt.objects.filter(user=user).order_by("message").values_list("message", flat=True))


def test_plain_report_goes_back_to_the_room(ada_client, room, membership, messages):
    response = report(ada_client, room, messages[2].pk)
    assert (response.status_code, response.url) == (302, f"/rooms/{room.pk}/")
    membership.refresh_from_db()
    assert membership.last_read == messages[2].pk


def test_htmx_report_is_answered_with_nothing(ada_client, room, membership, messages):
    response = report(ada_client, room, messages[2].pk, HTMX)
    assert (response.status_code, response.content) == (204, b"")
    membership.refresh_from_db()
    assert membership.last_read == messages[2].pk


def test_document_reports_by_its_style(ada_client, mallory_client, room, membership, messages):
    """It is a GET, which changes something only where one of our own pages asks for it as for a picture."""
    path = f"/rooms/{room.pk}/seen/{messages[2].pk}/0/"
    picture = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Dest": "image"}
    others = [{}, {**picture, "Sec-Fetch-Site": "cross-site"}, {**picture, "Sec-Fetch-Dest": "document"}]
    assert [ada_client.get(path, headers=headers).status_code for headers in others] == [403, 403, 403]
    assert ada_client.post(path, headers=picture).status_code == 405
    assert mallory_client.get(path, headers=picture).status_code == 404
    assert not read_by(membership.user)
    membership.mark_unread(messages[4])
    assert ada_client.get(f"/rooms/{room.pk}/seen/{messages[4].pk}/0/", headers=picture).status_code == 204
    assert not read_by(membership.user), "its page does not know that this was marked as unread"
    assert ada_client.get(f"/rooms/{room.pk}/seen/{messages[2].pk}/1/", headers=picture).status_code == 204
    assert read_by(membership.user) == [message.pk for message in messages[:3]]


def test_report_is_announced_after_the_commit(ada, ada_client, room, messages, rung, committed):
    with committed():
        report(ada_client, room, messages[2].pk)
        assert rung == []
    assert rung == [("read", {"room": room.pk, "user": ada.pk})]


def test_receipts_say_who_read_what_and_when(ada, membership, messages):
    moment = datetime(2026, 3, 4, 5, 6, 7, 89, UTC)
    with time_machine.travel(moment, tick=False):
        assert membership.mark_read(messages[2].pk)
    assert membership.last_read == messages[2].pk
    assert read_by(ada) == [message.pk for message in messages[:3]]
    assert ReadReceipt.objects.filter(read_at=moment).count() == 3
    assert list(messages[0].read_by.all()) == [ada]
    assert list(messages[3].read_by.all()) == []


def test_next_report_adds_what_was_read_since(ada, membership, messages):
    membership.mark_read(messages[1].pk)
    before = list(ReadReceipt.objects.order_by("message").values_list("pk", "read_at"))
    membership.mark_read(messages[4].pk)
    assert read_by(ada) == [message.pk for message in messages]
    assert list(ReadReceipt.objects.order_by("message").values_list("pk", "read_at"))[:2] == before


@pytest.mark.parametrize("late", [0, 1, 2], ids=["earlier", "earlier too", "the same"])
def test_late_or_repeated_report_changes_nothing(
    ada_client, room, membership, messages, late, rung, committed
):
    report(ada_client, room, messages[2].pk)
    receipts = list(ReadReceipt.objects.values_list("pk", "read_at"))
    with committed():
        assert report(ada_client, room, messages[late].pk, HTMX).status_code == 204
    membership.refresh_from_db()
    assert membership.last_read == messages[2].pk
    assert list(ReadReceipt.objects.values_list("pk", "read_at")) == receipts
    assert rung == []


def test_report_of_a_tab_that_knows_less_changes_nothing(membership, messages):
    """Both tabs loaded the mark before either reported."""
    other_tab = Membership.objects.get(pk=membership.pk)
    assert membership.mark_read(messages[4].pk)
    assert not other_tab.mark_read(messages[1].pk)
    membership.refresh_from_db()
    assert membership.last_read == messages[4].pk


def test_report_beyond_the_last_message_counts_as_that_one(membership, messages, ben, room):
    assert membership.mark_read(2**63 - 1)
    assert membership.last_read == messages[4].pk
    later = make_message(room, ben)
    assert later.pk > membership.last_read


def test_id_of_another_room_counts_as_the_last_message_before_it(ada, ben, room, membership, messages):
    other = make_room(members=[ada, ben])
    foreign = make_message(other, ben)
    make_message(room, ben)
    assert membership.mark_read(foreign.pk)
    assert membership.last_read == messages[4].pk
    assert read_by(ada) == [message.pk for message in messages]
    assert other.memberships.get(user=ada).last_read == 0


def test_report_in_an_empty_room_changes_nothing(membership, rung, committed):
    with committed():
        assert not membership.mark_read(1)
    assert membership.last_read == 0
    assert rung == []


def test_own_messages_have_no_receipt_of_their_sender(ada, ben, room, membership):
    theirs, mine = make_message(room, ben), make_message(room, ada)
    assert membership.mark_read(mine.pk)
    assert read_by(ada) == [theirs.pk]


def test_others_are_not_touched(ben, room, membership, messages):
    other = make_membership(room, make_user())
    membership.mark_read(messages[4].pk)
    other.refresh_from_db()
    assert other.last_read == 0
    assert not ReadReceipt.objects.exclude(user=membership.user).exists()


def test_receipts_are_not_made_for_what_was_said_before_joining(mallory, mallory_client, room, messages, ben):
    mallory_client.get(f"/rooms/{room.pk}/")
    later = make_message(room, ben)
    report(mallory_client, room, later.pk)
    assert read_by(mallory) == [later.pk]


def test_receipts_of_who_left_and_came_back_are_made_once(ada, ben, ada_client, room, messages):
    report(ada_client, room, messages[4].pk)
    ada_client.post(f"/rooms/{room.pk}/leave/")
    make_membership(room, ada, last_read=messages[1].pk)
    report(ada_client, room, messages[4].pk)
    assert read_by(ada) == [message.pk for message in messages]


def test_report_after_leaving_changes_nothing(membership, messages, rung, committed):
    """Left in another tab, after this report had found its membership."""
    Membership.objects.filter(pk=membership.pk).delete()
    with committed():
        assert not membership.mark_read(messages[4].pk)
    assert not ReadReceipt.objects.exists()
    assert rung == []


@pytest.mark.parametrize(
    "upto", ["", "0", "-1", "x", "1.5", "1e3", str(2**63), "9" * 400, "\x00", "<script>"]
)
@pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])
def test_report_that_is_no_message_id_is_refused(ada_client, room, membership, messages, upto, headers):
    assert report(ada_client, room, upto, headers).status_code == 422
    membership.refresh_from_db()
    assert membership.last_read == 0


def test_page_reports_its_newest_message_without_script(ada_client, room, membership, messages):
    form = page_of(ada_client.get(f"/rooms/{room.pk}/")).by_id("read")
    fields = {field.get("name"): field["value"] for field in form.all("input")}
    assert form["method"] == "post"
    ada_client.post(form["action"], fields)
    membership.refresh_from_db()
    assert membership.last_read == messages[4].pk


def test_looking_at_a_page_marks_nothing(ada_client, room, membership, messages):
    ada_client.get(f"/rooms/{room.pk}/")
    membership.refresh_from_db()
    assert membership.last_read == 0


def test_number_of_statements_does_not_depend_on_the_number_of_messages(ada, ben, room):
    counts = []
    for amount in (3, 300):
        messages = make_messages(room, ben, amount)
        membership = room.memberships.get(user=ada)
        with CaptureQueriesContext(connection) as queries:
            membership.mark_read(messages[-1].pk)
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert ReadReceipt.objects.filter(user=ada).count() == 303


def test_outsider_cannot_report(mallory_client, room, private, ben, rung, committed):
    message = make_message(private, ben)
    with committed():
        assert report(mallory_client, private, message.pk).status_code == 404
        assert report(mallory_client, room, message.pk).status_code == 404
    assert not ReadReceipt.objects.exists()
    assert rung == []


def test_anonymous_cannot_report(client, room, messages):
    assert report(client, room, 1).url.startswith("/login/")
    assert report(client, room, 1, HTMX).status_code == 401


def test_database_keeps_receipts_apart(ada, membership, messages):
    membership.mark_read(messages[0].pk)
    with pytest.raises(IntegrityError), transaction.atomic():
        ReadReceipt.objects.create(message=messages[0], user=ada)
