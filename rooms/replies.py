"""What followed a message as replies to it."""

from dataclasses import dataclass

from django.db import connection

from config.pages import number
from rooms.models import Message
from rooms.models.message import oldest_that_fit

PER_PAGE = 20
REPLIES_AT_MOST = 1_000  # that are looked for

# Nearest first. No table but an index is read for it, and not more than so many rows.
_FOLLOWING = """
    WITH RECURSIVE following (id) AS (
        SELECT id FROM rooms_message WHERE reply_to_id = %s
        UNION ALL
        SELECT reply.id FROM rooms_message reply JOIN following ON reply.reply_to_id = following.id
    )
    SELECT id FROM following LIMIT %s
"""


@dataclass
class ReplyPage:
    """Some of the replies to a message, and to its replies, the oldest first.

    `after` is the id after which the next page begins, if there is one.
    """

    messages: list[Message]
    count: int  # on all pages
    after: int | None


def reply_ids(message: Message) -> list[int]:
    """Return the ids of the replies to a message and of those to its replies, in order.

    What was deleted replies to nothing, so neither it nor what replies to it is there.
    """
    with connection.cursor() as cursor:
        cursor.execute(_FOLLOWING, [message.pk, REPLIES_AT_MOST])
        return sorted(pk for (pk,) in cursor.fetchall())


def reply_page(message: Message, after: str | None) -> ReplyPage:
    """Return the replies after the id that an address names, or the first."""
    ids = reply_ids(message)
    rest = [pk for pk in ids if pk > (number(after) or 0)]
    shown = oldest_that_fit(Message.objects.filter(pk__in=rest[:PER_PAGE]).oldest(PER_PAGE))
    return ReplyPage(shown, len(ids), shown[-1].pk if len(shown) < len(rest) else None)


def before_last_page(message: Message) -> int | None:
    """Return the id after which the last page begins; None where it is the first."""
    earlier = reply_ids(message)[:-PER_PAGE]
    return earlier[-1] if earlier else None
