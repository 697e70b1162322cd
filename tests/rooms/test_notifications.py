from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from rooms.forms import next_morning
from rooms.models import Membership
from rooms.unread import Unread, total_unread, unread_in_room
from tests.factories import make_message


def url(room):
    return reverse("rooms:membership_update", args=[room.pk])


def mine(room, user):
    return Membership.objects.get(room=room, user=user)


def test_choice_is_saved(ada_client, ada, room):
    assert ada_client.post(url(room), {"notify": "mentions", "mute": "no"}).status_code == 302
    assert mine(room, ada).notify == Membership.Notify.MENTIONS


@pytest.mark.parametrize(
    ("choice", "least"), [("hour", timedelta(minutes=59)), ("always", timedelta(days=365))]
)
def test_mute(ada_client, ada, room, choice, least):
    ada_client.post(url(room), {"notify": "all", "mute": choice})
    assert mine(room, ada).muted_until > timezone.now() + least


def test_mute_is_kept_and_ended(ada_client, ada, room):
    ada_client.post(url(room), {"notify": "all", "mute": "hour"})
    ada_client.post(url(room), {"notify": "nothing", "mute": "keep"})
    assert mine(room, ada).is_muted
    ada_client.post(url(room), {"notify": "all", "mute": "no"})
    assert not mine(room, ada).is_muted


@pytest.mark.parametrize("data", [{}, {"notify": "loud", "mute": "no"}, {"notify": "all", "mute": "forever"}])
def test_bad_input_is_refused_and_changes_nothing(ada_client, ada, room, data):
    assert ada_client.post(url(room), {"x": "y", **data}).status_code == 422
    assert mine(room, ada).notify == Membership.Notify.ALL


def test_outsider_and_anonymous(mallory_client, client, room):
    assert mallory_client.get(url(room)).status_code == 404
    assert mallory_client.post(url(room), {"notify": "nothing"}).status_code == 404
    assert client.get(url(room)).status_code == 302


def test_morning_is_the_next_eight_o_clock():
    assert next_morning(datetime(2026, 3, 1, 7, 0, tzinfo=UTC)) == datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
    assert next_morning(datetime(2026, 3, 1, 8, 0, tzinfo=UTC)) == datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def test_mention_is_counted_apart(ada, ben, room):
    make_message(room, ada, "Hello")
    make_message(room, ada, "Hello @Ben, and you@ben.org and https://x.org/@ben")
    assert unread_in_room(room.pk, [ben.pk])[ben.pk] == Unread(count=2, mentions=1)


def test_name_of_somebody_who_is_not_there_is_no_mention(ada, mallory, room):
    assert make_message(room, ada, "@mallory @nobody").mentioned == {}


def test_mention_is_marked_in_the_text(ben_client, ada, ben, room):
    make_message(room, ada, "Hello @ben. https://x.org/@ben <b>@ben</b>")
    page = ben_client.get(room.get_absolute_url()).content.decode()
    mark = f'<span class="mention" data-user="{ben.pk}">@ben</span>'
    assert f"Hello {mark}." in page
    assert f"&lt;b&gt;{mark}&lt;/b&gt;" in page
    assert 'href="https://x.org/@ben"' in page


def test_muted_rooms_do_not_count_in_the_total(ada, ben, room, private):
    make_message(room, ada)
    make_message(private, ada)
    assert total_unread([ben.pk]) == {ben.pk: 2}
    Membership.objects.filter(room=room, user=ben).update(muted_until=timezone.now() + timedelta(hours=1))
    assert total_unread([ben.pk]) == {ben.pk: 1}


@pytest.mark.parametrize(
    ("unread", "before", "expected"),
    [
        (Unread(1), None, True),
        (Unread(0), None, False),
        (Unread(1, is_muted=True), None, False),
        (Unread(1, notify="nothing"), None, False),
        (Unread(1, notify="mentions"), None, False),
        (Unread(2, 1, notify="mentions"), Unread(1, notify="mentions"), True),
        (Unread(3, 1, notify="mentions"), Unread(2, 1, notify="mentions"), False),
    ],
)
def test_who_is_notified(unread, before, expected):
    assert unread.calls_for(before) is expected
