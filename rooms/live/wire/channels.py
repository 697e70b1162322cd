"""django-eventstream's contract for rooms: who may read which channel, and what changed since an id.

Channels are `room-<id>` (messages), `user-<id>` (what is that person's own), `lobby` (what everybody may
see who is logged in) and `presence` (who is online, for those who show it themselves). Only rooms have ids,
which are the room's revision: `room-5:17`.
"""

import re
from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import cached_property, lazy
from django_eventstream.channelmanager import ChannelManagerBase
from django_eventstream.event import Event
from django_eventstream.storage import StorageBase
from django_eventstream.utils import make_id

from accounts.models import User
from rooms.history import page_before
from rooms.live.wire import fragments
from rooms.models import ChatRoom, Membership, Message
from rooms.models.message import newest_that_fit

_ROOM = re.compile(r"room-(\d{1,18})", re.ASCII)


def room_channel(room_id: int) -> str:
    return f"room-{room_id}"


def user_channel(user_id: int) -> str:
    return f"user-{user_id}"


LOBBY = "lobby"
PRESENCE = "presence"


def room_id_of(channel: str) -> int | None:
    match = _ROOM.fullmatch(channel)
    return int(match[1]) if match else None


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
    """What takes a page to revision `revision`: fragments, and the messages that it adds.

    `posted` is None where there is more to it than messages that were added; `posted_at` says when those that
    were added were saved. `data` is lazy: read as text, it is rendered in the language that is active then.
    """

    def __init__(
        self,
        channel: str,
        html: str,
        revision: int,
        posted_at: Collection[datetime] = (),
        posted: list[Message] | None = None,
    ) -> None:
        super().__init__(channel, "message", html, revision)
        self.posted_at = posted_at
        self.posted = posted

    @cached_property
    def previous(self) -> Message | None:
        """The message before those that were posted."""
        if not self.posted:
            return None
        earlier = Message.objects.filter(room=self.posted[0].room_id).before(self.posted[0].pk)
        return earlier.order_by("-pk").first()


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
        self, channel: str, revisions: Collection[int], limit: int = settings.REPLAY_LIMIT
    ) -> dict[int, Change]:
        """Return for each of `revisions` that is behind the event that takes a page from it to the present.

        One query finds the changed messages, in one moment of the database: every change up to the greatest
        revision found is among them, in its latest state. So all pages are brought to the same revision. A
        page more than `limit` changes behind, or more than a page has bytes, or at a revision that the room
        never had, gets the newest page.
        """
        room_id = room_id_of(channel) or 0
        room = ChatRoom.objects.get(pk=room_id)
        current = room.revision
        near = {revision for revision in revisions if max(current - limit, 0) <= revision <= current}
        events: dict[int, Change] = {}
        if near:
            messages = list(Message.objects.filter(room=room_id).changed_since(min(near)))
            reached = max([current, *(message.revision for message in messages)])
            if reached > current:  # its head may have changed as well since it was read
                room.refresh_from_db()
            for revision in near - {reached}:
                changed = [message for message in messages if message.revision > revision]
                if len(newest_that_fit(changed)) < len(changed):
                    near.discard(revision)
                    continue
                head = room if room.head_revision > revision else None
                cursor = make_id({channel: reached})
                html = lazy(fragments.changes, str)(changed, revision, cursor, head)
                added = [message for message in changed if message.position > revision]
                posted_at = [message.timestamp for message in added]
                posted = added if len(added) == len(changed) and not head else None
                events[revision] = Change(channel, html, reached, posted_at, posted)
        if far := set(revisions) - near:
            page = page_before(room)
            html = lazy(fragments.newest_page, str)(room, page)
            events |= dict.fromkeys(far, Change(channel, html, page.revision))
        return events
