"""Pages of a conversation: found by message id, never by counting from the start."""

from dataclasses import dataclass

from django.conf import settings
from django.urls import reverse

from rooms.ids import cursor
from rooms.models import ChatRoom, Membership, Message
from rooms.models.message import newest_that_fit


@dataclass(slots=True)
class HistoryPage:
    """Messages in order, oldest first. A page with them has reached `revision` of the room.

    `unread` is the id of the first unread message, above which a line stands; None without one. `before` is
    None for the newest page.
    """

    room: ChatRoom
    messages: list[Message]
    has_older: bool
    revision: int
    unread: int | None = None
    before: int | None = None

    @property
    def older_url(self) -> str:
        url = f"{reverse('rooms:chat_room_detail', args=[self.room.pk])}?before={self.messages[0].pk}"
        return f"{url}&unread={self.unread}" if self.unread else url

    @property
    def cursor(self) -> str:
        """What a stream needs to go on from here."""
        return cursor(self.room.pk, self.revision)


def page_before(room: ChatRoom, before: int | None = None, unread: int | None = None) -> HistoryPage:
    """Return the page of messages before the one with id `before`, or the newest page.

    The revision is read before the messages. A message posted in between is then on the page and also sent
    again, and appears once. The other way round it would be lost.
    """
    revision = ChatRoom.objects.values_list("revision", flat=True).get(pk=room.pk)
    messages = Message.objects.filter(room=room)
    size = settings.HISTORY_PAGE_SIZE
    if unread and not before:
        # The newest page reaches back to what is unread, so that reading can begin there.
        behind = messages.filter(pk__gte=unread).values("pk")[: settings.UNREAD_PAGE_LIMIT]
        size = max(size, behind.count() + settings.HISTORY_PAGE_SIZE // 5)
    found = (messages.before(before) if before else messages).newest(size + 1)
    shown = newest_that_fit(found[-size:])
    return HistoryPage(room, shown, len(found) > len(shown), revision, unread, before)


def unread_line(membership: Membership) -> int | None:
    """Return the id of the first message that the member has not read, or None."""
    unread = Message.objects.filter(room=membership.room_id, pk__gt=membership.read_marker)
    return unread.to_be_read_by(membership.user_id).order_by("pk").values_list("pk", flat=True).first()
