import json
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from rooms.forms import next_morning
from rooms.live.news.chat_list import ChatList, Gathered
from rooms.live.watch.database import DatabaseThreads
from rooms.live.wire.hub import Hub
from rooms.models import Membership
from rooms.unread import Unread, total_unread, unread_of
from tests.support.factories import make_membership, make_message, make_messages, make_user


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
    assert mine(room, ada).notify == Membership.Notify.DEFAULT


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
    assert unread_of(ben, room) == Unread(count=2, mentions=1)


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
    ("unread", "expected"),
    [
        (Unread(1), ["gossip", "@ben help"]),
        (Unread(0), []),
        (Unread(1, is_muted=True), []),
        (Unread(1, notify="nothing"), []),
        (Unread(2, 1, notify="mentions"), ["@ben help"]),
    ],
)
def test_who_is_notified_of_what(ada, ben, room, unread, expected):
    messages = [make_message(room, ada, text) for text in ("gossip", "@ben help")]
    assert [message.content for message in messages if unread.wants(message, ben.pk)] == expected


class Listeners:
    """Everybody in the room listens; `tell` returns who is notified of what in the next round."""

    def __init__(self, room, *people):
        self.room, self.people = room, people
        self.chat_list = ChatList(Hub(), DatabaseThreads())
        self.chat_list.begin_after(room.last_message_id or 0, {room.pk})

    def tell(self, **gathered):
        listening = {person.pk for person in self.people}
        news = self.chat_list.read_news(Gathered(**gathered), listening)
        self.chat_list._messages |= news.delivered
        return [
            (letter.channel, json.loads(frame.decode().partition("data: ")[2])["body"])
            for letter in news.letters
            if (frame := letter.frame.in_language("en")).startswith(b"event: notify")
        ]


def test_each_is_notified_of_the_newest_message_of_others(ada, ben, room):
    listeners = Listeners(room, ada, ben)
    make_message(room, ada, "from ada")
    make_message(room, ben, "from ben")
    assert sorted(listeners.tell(rooms={room.pk})) == [
        (f"user-{ada.pk}", "ben: from ben"),
        (f"user-{ben.pk}", "ada: from ada"),
    ]
    assert listeners.tell(rooms={room.pk}) == []


def test_mention_is_told_though_gossip_follows(ada, ben, room):
    Membership.objects.filter(room=room, user=ben).update(notify="mentions")
    listeners = Listeners(room, ben)
    make_message(room, ada, "@ben help")
    make_message(room, ada, "unrelated")
    assert listeners.tell(rooms={room.pk}) == [(f"user-{ben.pk}", "ada: @ben help")]


def test_with_99_and_more_unread_still_notified(ada, ben, room):
    make_messages(room, ada, 120)
    room.refresh_from_db()
    listeners = Listeners(room, ben)
    make_message(room, ada, "One more")
    assert listeners.tell(rooms={room.pk}) == [(f"user-{ben.pk}", "ada: One more")]


def test_nobody_is_notified_of_what_they_mark_as_unread(ada, ben, room):
    message = make_message(room, ada)
    membership = Membership.objects.get(room=room, user=ben)
    membership.mark_read(message.pk)
    room.refresh_from_db()
    listeners = Listeners(room, ben)
    membership.mark_unread(message)
    assert listeners.tell(readers={room.pk: {ben.pk}}) == []
    assert listeners.tell(rooms={room.pk}) == []


def test_muting_is_told_to_the_open_pages(ben_client, ben, room, rung, committed):
    with committed():
        ben_client.post(f"{room.get_absolute_url()}notifications/", {"notify": "all", "mute": "hour"})
    assert ("read", {"room": room.pk, "user": ben.pk}) in rung


@pytest.mark.parametrize("name", ["हिन्दी", "สวัสดี", "Ben.Jr"])
def test_names_of_any_script_can_be_mentioned(ada, room, name):
    person = make_user(name)
    make_membership(room, person)
    message = make_message(room, ada, f"Hello @{name}. And @{name}!")
    assert list(message.mentioned.values()) == [person.pk]
