"""The events that take a page from what it has to the present."""

import pytest
from django.http import HttpRequest
from django.test import RequestFactory

from rooms.ids import room_channel
from rooms.live.wire import channels
from rooms.live.wire.channels import ChannelManager, RoomStorage
from rooms.live.wire.formats import EVENTS
from rooms.models import ChatRoom
from tests.support.factories import make_message, make_messages
from tests.support.htmx import Page, messages_in, parse, posted_in
from tests.support.sse import parse as event_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def changes(room, settings):
    """The events for revisions of `room`."""
    settings.HISTORY_PAGE_SIZE = 3

    def changes(*revisions, limit=5):
        return RoomStorage().get_changes(room_channel(room.pk), revisions, limit)

    return changes


def html_of(change):
    return event_of(EVENTS.changes(change).removesuffix(b"\n\n")).data


def contents(html):
    return [text for _id, text in messages_in(parse(html))]


@pytest.mark.parametrize("revision", [0, 1, 2])
def test_page_that_is_near_gets_what_was_posted_since(ada, room, changes, revision):
    ids = [message.pk for message in make_messages(room, ada, 3)]
    event = changes(revision)[revision]
    assert event.id == 3
    assert posted_in(html_of(event)) == ids[revision:]


def test_head_that_changes_while_it_is_looked_is_not_passed_over(ada, room, changes, monkeypatch):
    """Between the look at the room and that at its messages it gets a name, and a message after that."""
    make_messages(room, ada, 1)
    messages_since = channels.messages_since

    def late(**values):
        monkeypatch.undo()
        ChatRoom.objects.get(pk=room.pk).change_head(name="Renamed")
        make_message(ChatRoom.objects.get(pk=room.pk), ada, "after that")
        return messages_since(**values)

    monkeypatch.setattr(channels, "messages_since", late)
    event = changes(1)[1]
    assert event.id == 3
    assert "after that" in html_of(event)
    assert "Renamed" in html_of(event)


def test_page_that_is_level_gets_nothing(ada, room, changes):
    make_messages(room, ada, 3)
    assert changes(3) == {}


@pytest.mark.parametrize("revision", [-1, 2, 9, 10**17])
def test_page_far_behind_or_ahead_gets_the_newest_page(ada, room, changes, revision):
    make_messages(room, ada, 8)
    event = changes(revision)[revision]
    assert event.id == 8
    assert not posted_in(html_of(event))
    assert contents(html_of(event)) == ["Hello 6", "Hello 7", "Hello 8"]


def test_page_that_misses_more_bytes_than_a_page_has_gets_the_newest_page(ada, room, changes, settings):
    settings.HISTORY_PAGE_BYTES = 10_000
    ids = [message.pk for message in make_messages(room, ada, 4, "x" * 3900)]
    events = changes(0, 1, 2, 3)
    assert [posted_in(html_of(events[revision])) for revision in range(4)] == [[], [], ids[2:], ids[3:]]
    assert len(contents(html_of(events[0]))) == 2


def test_cursor_that_means_nothing_is_not_near_in_a_young_room(ada, room, changes):
    make_messages(room, ada, 1)
    assert not posted_in(html_of(changes(-1)[-1]))


def test_all_pages_are_brought_to_one_revision(ada, room, changes, django_assert_num_queries):
    make_messages(room, ada, 8)
    with django_assert_num_queries(2):
        events = changes(4, 5, 6, 7, 8)
    assert {revision: event.id for revision, event in events.items()} == dict.fromkeys([4, 5, 6, 7], 8)


def test_message_that_was_changed_is_changed_where_it_stands(ada, room, changes):
    first, *_others = make_messages(room, ada, 3)
    first.content, first.revision = "Changed", 4
    first.save()
    ChatRoom.objects.filter(pk=room.pk).update(revision=4)
    event = changes(3)[3]
    assert not posted_in(html_of(event))
    page = Page(f'<ol id="messages"><li id="message-{first.pk}">Hello</li></ol><input id="cursor">').apply(
        html_of(event)
    )
    assert "Changed" in page.text(f"message-{first.pk}")
    assert page.cursor == f"room-{room.pk}:4"


def test_change_that_shows_nothing_moves_the_cursor(room, changes):
    ChatRoom.objects.filter(pk=room.pk).update(revision=2)
    page = Page('<input id="cursor">').apply(html_of(changes(1)[1]))
    assert page.cursor == f"room-{room.pk}:2"


def test_storage_keeps_no_events_of_its_own(room):
    with pytest.raises(NotImplementedError):
        RoomStorage().append_event(room_channel(room.pk), "message", "")


def test_events_since_one_id(ada, room):
    make_messages(room, ada, 2)
    assert [event.id for event in RoomStorage().get_events(room_channel(room.pk), 1)] == [2]
    assert RoomStorage().get_events(room_channel(room.pk), 2) == []


# Which channels people may read


def test_member_reads_the_room_and_outsider_does_not(ada, mallory, room):
    assert ChannelManager().can_read_channel(ada, room_channel(room.pk))
    assert not ChannelManager().can_read_channel(mallory, room_channel(room.pk))


@pytest.mark.parametrize(
    "channel", ["room-0", "room-", "room-x", "room-٣", f"room-{10**30}", "user-0", "lobby ", ""]
)
def test_nobody_reads_a_channel_that_there_is_not(ada, channel):
    assert not ChannelManager().can_read_channel(ada, channel)


def test_everybody_reads_the_lobby_and_what_is_their_own(ada, ben):
    assert ChannelManager().can_read_channel(ada, "lobby")
    assert ChannelManager().can_read_channel(ada, f"user-{ada.pk}")
    assert not ChannelManager().can_read_channel(ada, f"user-{ben.pk}")


def test_nobody_reads_anything_when_inactive_or_anonymous(ada, room):
    ada.is_active = False
    for user in (ada, None):
        for channel in ("lobby", f"user-{ada.pk}", room_channel(room.pk)):
            assert not ChannelManager().can_read_channel(user, channel)


def test_channels_follow_from_the_address_not_from_parameters(ada, room):
    request: HttpRequest = RequestFactory().get("/", {"channel": "room-1", "channels": "room-2"})
    request.user = ada
    manager = ChannelManager()
    assert manager.get_channels_for_request(request, {}) == {"lobby", "presence", f"user-{ada.pk}"}
    assert room_channel(room.pk) in manager.get_channels_for_request(request, {"room_id": room.pk})
