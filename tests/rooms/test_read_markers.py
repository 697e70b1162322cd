"""Marking as unread, marking everything as read, and taking that back."""

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from rooms.models import Membership
from rooms.unread import unread_of
from tests.support.factories import make_message, make_messages

MARK_ALL = reverse("rooms:read_receipt_create_all")
UNDO = reverse("rooms:read_receipt_undo_all")


def count(user, room):
    return unread_of(user, room).count


def membership(user, room):
    return Membership.objects.get(room=room, user=user)


def mark_unread(client, message):
    return client.post(reverse("rooms:read_marker_reset", args=[message.pk]))


def test_marked_as_unread_from_here(ben_client, ada, ben, room):
    messages = make_messages(room, ada, 5)
    membership(ben, room).mark_read(messages[-1].pk)
    assert mark_unread(ben_client, messages[2]).status_code == 302
    assert count(ben, room) == 3


def test_it_never_marks_as_read(ben_client, ada, ben, room):
    messages = make_messages(room, ada, 5)
    mark_unread(ben_client, messages[3])
    assert count(ben, room) == 5


def test_page_from_before_cannot_take_it_back_but_reads_what_came_since(ben_client, ada, ben, room):
    messages = make_messages(room, ada, 2)
    version = membership(ben, room).marker_version
    mark_unread(ben_client, messages[0])
    membership(ben, room).mark_read(messages[1].pk, version)
    assert count(ben, room) == 2
    new = make_message(room, ada)
    membership(ben, room).mark_read(new.pk, version)
    assert count(ben, room) == 0


def test_button_reads_whatever_the_page_knows(ben_client, ada, ben, room):
    message = make_message(room, ada)
    mark_unread(ben_client, message)
    ben_client.post(reverse("rooms:read_receipt_create", args=[room.pk]), {"upto": message.pk})
    assert count(ben, room) == 0


def test_everything_and_back(ben_client, ada, ben, room, private):
    make_messages(room, ada, 3)
    make_messages(private, ada, 2)
    ben_client.post(MARK_ALL)
    assert (count(ben, room), count(ben, private)) == (0, 0)
    assert "Undo" in ben_client.get("/").content.decode()
    ben_client.post(UNDO)
    assert (count(ben, room), count(ben, private)) == (3, 2)
    assert "Undo" not in ben_client.get("/").content.decode()


def test_twice_and_back(ben_client, ada, ben, room):
    make_messages(room, ada, 3)
    ben_client.post(MARK_ALL)
    ben_client.post(MARK_ALL)
    ben_client.post(UNDO)
    assert count(ben, room) == 3


def test_what_was_read_since_stays_read(ben_client, ada, ben, room):
    make_messages(room, ada, 3)
    ben_client.post(MARK_ALL)
    membership(ben, room).mark_read(make_message(room, ada).pk)
    ben_client.post(UNDO)
    assert count(ben, room) == 0


def test_undo_is_offered_for_some_minutes(ben_client, ada, ben, room):
    make_message(room, ada)
    with time_machine.travel(timezone.now()) as clock:
        ben_client.post(MARK_ALL)
        clock.shift(601)
        assert "Undo" not in ben_client.get("/").content.decode()
        ben_client.post(UNDO)
    assert count(ben, room) == 0


def test_undo_of_nothing_is_no_error(ben_client):
    assert ben_client.post(UNDO).status_code == 302


@pytest.mark.usefixtures("contexts")
def test_room_page_reaches_back_to_what_is_unread(ben_client, ada, ben, room):
    make_messages(room, ada, 10, "old")
    membership(ben, room).mark_read(make_message(room, ada, "read").pk)
    make_messages(room, ada, 120)
    page = ben_client.get(room.get_absolute_url())
    assert len(page.context["page"].messages) == 130
    assert 'id="unread"' in page.content.decode()


@pytest.mark.usefixtures("contexts")
def test_room_page_is_bounded(ben_client, ada, ben, room, settings):
    settings.UNREAD_PAGE_LIMIT = 70
    make_messages(room, ada, 120)
    assert len(ben_client.get(room.get_absolute_url()).context["page"].messages) == 80
