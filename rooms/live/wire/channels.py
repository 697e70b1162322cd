"""django-eventstream's contract for rooms: who may read which channel, and what changed since an id.

Only channels of rooms have ids, which are the room's revision: `room-5:17`.
"""

from collections.abc import Collection
from typing import Any

from django.conf import settings
from django.db.models import F
from django.http import HttpRequest
from django_eventstream.channelmanager import ChannelManagerBase
from django_eventstream.event import Event
from django_eventstream.storage import StorageBase

from accounts.models import User
from config.compiled import ID, CompiledQuery
from rooms.history import HistoryPage, page_before
from rooms.ids import LOBBY, PRESENCE, cursor, room_channel, room_id_of, user_channel
from rooms.models import ChatRoom, Membership, Message
from rooms.models.message import newest_that_fit, with_all_drawn

# A document in which more messages stand somewhere else than they are written begins anew.
MOVED_AT_MOST = 100


class ChannelManager(ChannelManagerBase):  # type: ignore[misc]  # the package has no types
    def get_channels_for_request(self, request: HttpRequest, view_kwargs: dict[str, Any]) -> set[str]:
        """Return the channels of a page: they follow from its address and session, never from parameters."""
        channels = {LOBBY}
        if isinstance(request.user, User):
            channels.add(user_channel(request.user.pk))
            if request.user.shows_presence:
                channels.add(PRESENCE)
        if "room_id" in view_kwargs:
            channels.add(room_channel(view_kwargs["room_id"]))
        return channels

    def can_read_channel(self, user: User | None, channel: str) -> bool:
        if user is None or not user.is_active:
            return False
        if room_id := room_id_of(channel):
            return Membership.objects.filter(room=room_id, user=user).exists()
        if channel == PRESENCE:
            return user.shows_presence
        return channel in (LOBBY, user_channel(user.pk))

    def is_channel_reliable(self, channel: str) -> bool:
        return room_id_of(channel) is not None


class Change(Event):  # type: ignore[misc]  # the package has no types
    """What takes a page from revision `since` of its room to revision `id`: facts, which formats render.

    For a page that is too far behind it is the newest `page`. For others it is the messages that were posted
    or changed since, in order, and `head`, the room, if its head has changed.

    A document has to know more: `previous`, the message before those that were posted, and `moved`, the ids
    of all messages that were ever changed, from the first of those in `changed` on, in order.
    """

    def __init__(
        self,
        room_id: int,
        since: int,
        revision: int,
        messages: Collection[Message] = (),
        head: ChatRoom | None = None,
        page: HistoryPage | None = None,
    ) -> None:
        super().__init__(room_channel(room_id), "message", None, revision)
        self.room_id = room_id
        self.posted = [message for message in messages if message.position > since]
        self.changed = [message for message in messages if message.position <= since]
        self.head = head
        self.page = page
        self.previous: Message | None = None
        self.moved: list[int] = []

    @property
    def is_of_messages(self) -> bool:
        """Whether no more has changed than single messages."""
        return not (self.head or self.page)

    @property
    def cursor(self) -> str:
        return cursor(self.room_id, self.id)


class RoomStorage(StorageBase):  # type: ignore[misc]  # the package has no types
    """The database as the log of events: rooms carry a revision, so there is no second table to fill."""

    def append_event(self, channel: str, event_type: str, data: Any) -> Event:
        raise NotImplementedError("Events are the changes of rooms; change the room.")

    def get_current_id(self, channel: str) -> int:
        return ChatRoom.objects.values_list("revision", flat=True).get(pk=room_id_of(channel) or 0)

    def get_events(self, channel: str, last_id: int, limit: int = settings.REPLAY_LIMIT) -> list[Change]:
        """Return the event that takes a page from revision `last_id` to the present one, if it is behind."""
        return list(self.get_changes(channel, {last_id}, limit).values())

    def get_changes(
        self,
        channel: str,
        revisions: Collection[int],
        limit: int = settings.REPLAY_LIMIT,
        for_documents: Collection[int] = (),
    ) -> dict[int, Change]:
        """Return for each of `revisions` that is behind the event that takes a page from it to the present.

        A page more than `limit` changes behind, or more than a page has bytes, or at a revision that the room
        never had, gets the newest page. `for_documents` these need more (`Change`).
        """
        if not (room := room_now.first(room=room_id_of(channel) or 0)):
            raise ChatRoom.DoesNotExist
        earliest = max(room.revision - limit, 0)
        near = {revision for revision in revisions if earliest <= revision <= room.revision}
        changes, too_large = _changes_since(room, near) if near else ({}, set())
        for revision in changes.keys() & set(for_documents):
            changes[revision].previous = _before(room, changes[revision].posted)
            changes[revision].moved = _changed_from(room, changes[revision].changed)
        if far := set(revisions) - near | too_large:
            page = page_before(room)
            changes |= {revision: Change(room.pk, revision, page.revision, page=page) for revision in far}
        return changes


room_now = CompiledQuery(lambda room: ChatRoom.objects.filter(pk=room), room=ID)
messages_since = CompiledQuery(
    lambda room, revision: Message.objects.filter(room=room).changed_since(revision), room=ID, revision=ID
)


def _changes_since(room: ChatRoom, revisions: set[int]) -> tuple[dict[int, Change], set[int]]:
    """Return the changes, and the revisions since which more has changed than a page has bytes.

    One query finds the changed messages, in one moment of the database: every change up to the greatest
    revision found is among them, in its latest state. So all pages are brought to the same revision.
    """
    messages = with_all_drawn(messages_since(room=room.pk, revision=min(revisions)))
    reached = max([room.revision, *(message.revision for message in messages)])
    if reached > room.revision:  # its head may have changed as well since it was read
        room.refresh_from_db()
    changes, too_large = {}, set()
    for revision in revisions - {reached}:
        changed = [message for message in messages if message.revision > revision]
        if len(newest_that_fit(changed)) < len(changed):
            too_large.add(revision)
        else:
            head = room if room.head_revision > revision else None
            changes[revision] = Change(room.pk, revision, reached, changed, head)
    return changes, too_large


def _before(room: ChatRoom, posted: list[Message]) -> Message | None:
    if not posted:
        return None
    return Message.objects.filter(room=room).before(posted[0].pk).order_by("-pk").first()


def _changed_from(room: ChatRoom, changed: list[Message]) -> list[int]:
    if not changed:
        return []
    since = Message.objects.filter(room=room, pk__gte=changed[0].pk, revision__gt=F("position"))
    return list(since.order_by("pk").values_list("pk", flat=True)[: MOVED_AT_MOST + 1])
