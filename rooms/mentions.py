"""The messages that mention somebody or reply to them, in all of their rooms."""

from dataclasses import dataclass
from typing import Any, Self

from django.db.models import F

from accounts.models import User
from config.converters import ID_MAX
from rooms.models import Message
from rooms.models.message import oldest_that_fit, with_all_drawn

PER_PAGE = 20


@dataclass
class FoundMention:
    """A message as it is shown to the person it is meant for."""

    message: Message
    title: str  # what that person knows the room by
    is_unread: bool

    @classmethod
    def of(cls, row: Any, user: User) -> Self:
        """Return what a message says of which the read marker of `user` is known."""
        return cls(row, row.room.title_for(user), row.pk > row.marker)


@dataclass
class MentionPage:
    """Some of them, the newest first; `before` is the id below which the next page begins, or None."""

    rows: list[FoundMention]
    before: int | None


def mention_page(user: User, before: int | None) -> MentionPage:
    """Return those before the message `before`, or the newest: only what `user` may read now.

    These are what the list of chats counts: replies that are mentions to `user` by the settings are among
    them, and people whom `user` has blocked are left out.
    """
    readable = Message.objects.to_be_read_by(user).filter(room__memberships__user=user, mentions__user=user)
    rows = readable.before(before or ID_MAX).annotate(marker=F("room__memberships__read_marker"))
    people = rows.with_looks().select_related("room__low_user", "room__high_user")
    found = list(people.order_by("-pk")[: PER_PAGE + 1])
    shown = with_all_drawn(oldest_that_fit(found[:PER_PAGE]))
    mentions = [FoundMention.of(message, user) for message in shown]
    return MentionPage(mentions, shown[-1].pk if len(found) > len(shown) else None)
