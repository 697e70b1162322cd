"""Pages of a conversation: found by message id, never by counting from the start."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from django.conf import settings
from django.urls import reverse

from config.compiled import ID, CompiledQuery
from config.converters import ID_MAX
from rooms.ids import cursor
from rooms.models import ChatRoom, Membership, Message
from rooms.models.message import newest_that_fit, oldest_that_fit, with_all_drawn
from rooms.search_words import LONGEST, marked_terms

# No more of the messages that follow an older page are counted.
NEWER_COUNTED = 100


@dataclass(slots=True)
class HistoryPage:
    """Messages in order, oldest first. A page with them has reached `revision` of the room.

    `unread` is the id of the first unread message, and `linked` that of the one to which the address leads: a
    line stands above each. `newer` are the ids of the messages that follow, NEWER_COUNTED of them at most.
    Where there are any, the page has a gap at its end, and nothing that is posted may stand right below it.
    """

    room: ChatRoom
    messages: list[Message]
    has_older: bool
    revision: int
    unread: int | None = None
    is_newest: bool = True
    newer: list[int] = field(default_factory=list)
    linked: int | None = None
    searched: str = ""  # what is marked in that message

    def mark(self, text: str) -> None:
        """Mark in the message to which the address leads what somebody has searched for."""
        self.searched = text[:LONGEST]
        for message in self.messages:
            message.marked = marked_terms(self.searched) if message.pk == self.linked else ()

    @property
    def unread_messages(self) -> list[Message]:
        """The messages from the first unread one on; none where that is further up than the page reaches."""
        is_here = self.unread and any(message.pk == self.unread for message in self.messages)
        return [message for message in self.messages if is_here and message.pk >= (self.unread or 0)]

    @property
    def linked_query(self) -> dict[str, str | int]:
        """What of its address a frame needs that shows the same."""
        if not self.linked:
            return {}
        return {"message": self.linked} | ({"q": self.searched} if self.searched else {})

    @property
    def older_url(self) -> str:
        return self._address("before", self.messages[0])

    @property
    def newer_url(self) -> str:
        """What a page loads below what it has."""
        return self._address("after", self.messages[-1])

    @property
    def around_last_url(self) -> str:
        """The page on which one reads on, for readers without scripts."""
        return self.messages[-1].get_absolute_url()

    @property
    def linked_sender(self) -> int | None:
        return next((message.sender_id for message in self.messages if message.pk == self.linked), None)

    def _address(self, name: str, message: Message) -> str:
        url = f"{reverse('rooms:chat_room_detail', args=[self.room.pk])}?{name}={message.pk}"
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
    revision = _revision(room)
    size = settings.HISTORY_PAGE_SIZE
    if unread and not before:
        # The newest page reaches back to what is unread, so that reading can begin there.
        behind = Message.objects.filter(room=room, pk__gte=unread).values("pk")[: settings.UNREAD_PAGE_LIMIT]
        size = max(size, behind.count() + settings.HISTORY_PAGE_SIZE // 5)
    found = newest_before(room=room.pk, message=before or ID_MAX, count=size + 1)[::-1]
    with_all_drawn(found)
    shown = newest_that_fit(found[-size:])
    return HistoryPage(room, shown, len(found) > len(shown), revision, unread, is_newest=not before)


def page_around(room: ChatRoom, message_id: int, unread: int | None = None) -> HistoryPage:
    """Return the newest page if the message is on it, else a page with the message in the middle."""
    messages = Message.objects.filter(room=room)
    size = settings.HISTORY_PAGE_SIZE
    revision = _revision(room)
    since = messages.after(message_id - 1).oldest(size + 1)
    if len(newest_that_fit(since)) == len(since) <= size:
        return replace(page_before(room, unread=unread), linked=message_id)
    earlier = messages.before(message_id).newest(size // 2 + 1)
    above = newest_that_fit(earlier[-(size // 2) :], share=2) if earlier else []
    shown = [*above, *oldest_that_fit(since[: size // 2], share=2)]
    has_older = len(earlier) > len(above)
    page = HistoryPage(room, shown, has_older, revision, unread, is_newest=False, linked=message_id)
    return with_newer(page)


def first_since(room: ChatRoom, moment: datetime) -> int | None:
    """Return the first message since `moment`, or else the last there is; None in an empty room.

    It takes a step for each doubling of the ids. Clocks order nothing: where one was set back, a moment may
    have been there twice, and it is the first message since one of them.
    """
    messages = Message.objects.filter(room=room)
    low, high = 0, room.last_message_id or 0
    while low < high:
        middle = (low + high) // 2
        found = messages.filter(pk__gt=middle).order_by("pk").values_list("pk", "timestamp").first()
        if found and found[1] < moment:
            low = found[0]
        else:
            high = middle
    following = messages.filter(pk__gt=low).order_by("pk").values_list("pk", flat=True)
    return following.first() or messages.order_by("-pk").values_list("pk", flat=True).first()


def page_after(room: ChatRoom, after: int, unread: int | None = None) -> HistoryPage:
    """Return the page of messages after the one with id `after`, to be put below it."""
    revision = _revision(room)
    found = Message.objects.filter(room=room).after(after).oldest(settings.HISTORY_PAGE_SIZE)
    page = HistoryPage(room, oldest_that_fit(found), True, revision, unread, is_newest=False)
    return with_newer(page)


def with_newer(page: HistoryPage) -> HistoryPage:
    """Look for what follows the page; at the end of the conversation that is nothing."""
    if page.messages:
        newer = Message.objects.filter(room=page.room).after(page.messages[-1].pk).order_by("pk")
        page.newer = list(newer.values_list("pk", flat=True)[:NEWER_COUNTED])
    return page


def unread_line(membership: Membership) -> int | None:
    """Return the id of the first message that the member has not read, or None."""
    return first_unread.first(
        room=membership.room_id, user=membership.user_id, message=membership.read_marker
    )


def _revision(room: ChatRoom) -> int:
    if (revision := revision_of.first(room=room.pk)) is None:
        raise ChatRoom.DoesNotExist
    return revision


# What every page asks.
revision_of = CompiledQuery(
    lambda room: ChatRoom.objects.filter(pk=room).values_list("revision", flat=True), room=ID
)
newest_before = CompiledQuery(
    lambda room, message, count: (
        Message.objects.filter(room=room).before(message).with_looks().order_by("-pk")[:count]
    ),
    room=ID,
    message=ID,
)
first_unread = CompiledQuery(
    lambda room, user, message: (
        Message.objects.filter(room=room)
        .after(message)
        .to_be_read_by(user)
        .order_by("pk")
        .values_list("pk", flat=True)[:1]
    ),
    room=ID,
    user=ID,
    message=ID,
)
