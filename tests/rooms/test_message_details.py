from datetime import UTC, datetime, timedelta

import pytest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from hypothesis import given
from hypothesis import strategies as st

from rooms.models import Membership
from rooms.models.tick import Mark, Marks
from rooms.receipts import marks_for
from tests.support.factories import make_membership, make_message, make_room, make_user


def details(message):
    return reverse("rooms:message_detail", args=[message.pk])


def mark_read(room, user, message):
    Membership.objects.get(room=room, user=user).mark_read(message.pk)


@pytest.mark.usefixtures("contexts")
def test_author_sees_who_has_read_and_who_has_it(ada_client, ada, ben, room):
    cem = make_user("cem")
    make_membership(room, cem)
    message = make_message(room, ada)
    mark_read(room, ben, message)
    Membership.objects.mark_delivered(room.pk, [cem.pk], message.pk)
    receipts = {receipt.user: receipt for receipt in ada_client.get(details(message)).context["receipts"]}
    assert receipts[ben].is_read
    assert receipts[ben].read_at is not None
    assert receipts[cem].is_delivered
    assert not receipts[cem].is_read


def test_author_sees_the_tick_in_words(ada_client, ada, ben, room):
    make_membership(room, make_user())
    message = make_message(room, ada)
    mark_read(room, ben, message)
    assert "Read by 1 of 2" in ada_client.get(details(message)).content.decode()


@pytest.mark.usefixtures("contexts")
def test_others_see_the_message_but_no_receipts(ben_client, ada, ben, room):
    message = make_message(room, ada, "Hello all")
    mark_read(room, ben, message)
    response = ben_client.get(details(message))
    assert "Hello all" in response.content.decode()
    assert "receipts" not in response.context


def test_outsider_gets_404(mallory_client, ada, private):
    assert mallory_client.get(details(make_message(private, ada))).status_code == 404


def test_anonymous_is_asked_to_log_in(client, ada, room):
    assert client.get(details(make_message(room, ada))).status_code == 302


@pytest.mark.usefixtures("contexts")
def test_who_hides_receipts_is_not_shown_as_reader(ada_client, ada, ben, room):
    ben.sends_read_receipts = False
    ben.save()
    message = make_message(room, ada)
    mark_read(room, ben, message)
    receipt = ada_client.get(details(message)).context["receipts"][0]
    assert receipt.is_delivered
    assert not receipt.is_read
    assert receipt.read_at is None


@pytest.mark.usefixtures("contexts")
def test_who_hides_receipts_sees_none(ada_client, ada, ben, room):
    ada.sends_read_receipts = False
    ada.save()
    message = make_message(room, ada)
    mark_read(room, ben, message)
    response = ada_client.get(details(message))
    assert not response.context["receipts"][0].is_read
    assert "you don’t send read receipts" in response.content.decode().lower()


@pytest.mark.usefixtures("contexts")
def test_receipts_are_paged(ada_client, ada, room):
    for _number in range(60):
        make_membership(room, make_user())
    message = make_message(room, ada)
    first = ada_client.get(details(message))
    second = ada_client.get(details(message) + "?page=1")
    assert len(first.context["receipts"]) == 50
    assert first.context["next_page"] == 1
    assert len(second.context["receipts"]) == 11
    assert second.context["next_page"] is None


@pytest.mark.parametrize("page", ["x", "-1", "99999999999999999999", "%00"])
def test_senseless_page_is_an_empty_or_the_first_one(ada_client, ada, room, page):
    assert ada_client.get(f"{details(make_message(room, ada))}?page={page}").status_code == 200


def test_query_count_does_not_depend_on_the_participants(ada_client, ada, django_assert_max_num_queries):
    room = make_room(members=[ada])
    message = make_message(room, ada)
    for _number in range(45):
        make_membership(room, make_user())
    ada_client.get("/help/")  # the first visit of a day notes the session
    with django_assert_max_num_queries(14):
        ada_client.get(details(message))


def test_opening_a_page_delivers(ben_client, ada, ben, room):
    message = make_message(room, ada)
    assert Membership.objects.get(room=room, user=ben).last_delivered == 0
    ben_client.get("/")
    assert Membership.objects.get(room=room, user=ben).last_delivered == message.pk


def test_own_messages_carry_their_tick_on_a_page(ada_client, ada, ben, room):
    message = make_message(room, ada)
    mark_read(room, ben, message)
    page = ada_client.get(room.get_absolute_url()).content.decode()
    assert 'data-state="read"' in page
    assert 'aria-label="Read"' in page


def test_mark_unread_from_here_brings_the_badge_back(ben_client, ada, ben, room):
    messages = [make_message(room, ada) for _number in range(3)]
    mark_read(room, ben, messages[-1])
    response = ben_client.post(reverse("rooms:read_marker_reset", args=[messages[1].pk]))
    assert response.status_code == 302
    membership = Membership.objects.get(room=room, user=ben)
    assert membership.read_marker == messages[1].pk - 1
    assert membership.last_read == messages[-1].pk


def test_outsider_cannot_mark_unread(mallory_client, ada, private):
    message = make_message(private, ada)
    assert mallory_client.post(reverse("rooms:read_marker_reset", args=[message.pk])).status_code == 404


@pytest.mark.usefixtures("contexts")
def test_mark_all_as_read_and_undo(ben_client, ada, ben, room, private):
    for where in (room, private):
        make_message(where, ada)
    ben_client.post(reverse("rooms:read_receipt_create_all"))
    lobby = ben_client.get("/")
    assert [chat.unread.count for chat in lobby.context["chats"]] == [0, 0]
    assert "Undo" in lobby.content.decode()
    ben_client.post(reverse("rooms:read_receipt_undo_all"))
    lobby = ben_client.get("/")
    assert [chat.unread.count for chat in lobby.context["chats"]] == [1, 1]
    assert "Undo" not in lobby.content.decode()


@pytest.mark.usefixtures("contexts")
def test_order_does_not_tell_what_somebody_hides(ada_client, ada, room):
    dora = make_user("dora", sends_read_receipts=False)
    make_membership(room, dora)
    message = make_message(room, ada)
    before = [receipt.user.username for receipt in ada_client.get(details(message)).context["receipts"]]
    Membership.objects.filter(room=room, user=dora).update(last_read=message.pk)
    after = [receipt.user.username for receipt in ada_client.get(details(message)).context["receipts"]]
    assert before == after == ["ben", "dora"]


@pytest.mark.usefixtures("contexts")
def test_what_was_read_while_hidden_stays_hidden(ada_client, ada, ben, room):
    ben.sends_read_receipts = False
    ben.save()
    message = make_message(room, ada)
    mark_read(room, ben, message)
    ben.sends_read_receipts = True
    ben.save()
    receipt = ada_client.get(details(message)).context["receipts"][0]
    assert not receipt.is_read
    assert receipt.read_at is None


@pytest.mark.usefixtures("contexts")
def test_who_came_later_is_not_asked(ada_client, ada, ben, room):
    message = make_message(room, ada)
    mark_read(room, ben, message)
    room.refresh_from_db()
    room.join(make_user("later"))
    context = ada_client.get(details(message)).context
    assert [receipt.user.username for receipt in context["receipts"]] == ["ben"]
    assert context["message"].tick.label == "Read"


def test_leaving_and_coming_back_is_not_reading(ada, ben, room):
    message = make_message(room, ada)
    room.refresh_from_db()
    Membership.objects.get(room=room, user=ben).leave()
    room.join(ben)
    assert marks_for(room.pk, [ada.pk])[ada.pk].tick(message.pk).state == "sent"


def test_blue_only_where_everybody_has_it(ada, ben, room):
    make_membership(room, make_user(sends_read_receipts=False))
    message = make_message(room, ada)
    mark_read(room, ben, message)
    tick = marks_for(room.pk, [ada.pk])[ada.pk].tick(message.pk)
    assert (tick.state, tick.label) == ("sent", "Sent, Read by 1 of 1")


@pytest.mark.usefixtures("contexts")
def test_page_beyond_the_last_is_empty(ada_client, ada, room):
    response = ada_client.get(details(make_message(room, ada)) + "?page=999999999999999999")
    assert response.status_code == 200
    assert response.context["receipts"] == []


def has_all(marks, message_id):
    """What a tick says, one person after the other."""
    concerned = [mark for mark in marks if mark.since < message_id]
    return bool(concerned) and all(mark.upto >= message_id for mark in concerned)


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9), st.booleans()), max_size=4)
)
def test_bounds_say_of_each_message_what_each_person_has(people):
    delivered, read = [], []
    for since, reads, has, tells in people:
        delivered.append(Mark(since, since + reads + has))
        if tells:
            read.append(Mark(since, since + reads))
    marks = Marks(tuple(delivered), tuple(read))
    for message_id in range(1, 30):
        is_delivered = has_all(delivered, message_id)
        assert (message_id in marks.delivered_to_all) == is_delivered
        assert (message_id in marks.read_by_all) == (is_delivered and has_all(read, message_id))


@pytest.mark.parametrize(
    ("hours", "language", "shown"),
    [(0, "en", "Today, 22:17"), (24, "de", "Gestern, 22:17"), (48, "en", "November 27, 2026, 22:17")],
)
def test_time_has_the_form_that_rooms_have(hours, language, shown, monkeypatch):
    now = datetime(2026, 11, 29, 22, 17, tzinfo=UTC)
    monkeypatch.setattr(timezone, "now", lambda: now)
    with translation.override(language):
        written = render_to_string("_moment.html", {"moment": now - timedelta(hours=hours)})
    assert f">{shown}</time>" in written
