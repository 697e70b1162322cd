"""What authors are told of reactions to their messages: gathered, and once of each message."""

import asyncio
from collections import OrderedDict, defaultdict
from collections.abc import Collection, Iterable, Mapping
from functools import partial
from typing import Any

from django.db.models import F
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Block
from config.doorbell import Bell
from rooms.chats import Chat, chat_for
from rooms.ids import user_channel
from rooms.live.news.look import NewRows
from rooms.live.news.rounds import Rounds
from rooms.live.watch.database import DatabaseThreads
from rooms.live.wire import frames
from rooms.live.wire.frames import Frame, make_all
from rooms.live.wire.hub import Hub
from rooms.models import Reaction
from rooms.unread import unread_in_rooms

GATHERING = 10.0  # seconds from the first reaction on
REACTIONS_AT_ONCE = 200
EMOJI_SHOWN = 6
TOLD_KEPT = 10_000

type Gathered = dict[int, int]  # the author of the message, by reaction


class Reactions(Rounds[Gathered]):
    name = "reactions"
    hears = ("reaction",)

    def __init__(self, hub: Hub, database: DatabaseThreads) -> None:
        super().__init__()
        self._hub = hub
        self._database = database
        self._gathered: Gathered = {}
        self._told: OrderedDict[int, None] = OrderedDict()  # messages
        self._look = NewReactions()
        self.looks = [self._look]

    def heard(self, bell: Bell) -> None:
        reaction_id, author_id = bell.ids["reaction"], bell.ids["person"]
        self._look.told(reaction_id)
        if not self._hub.listeners(user_channel(author_id)):
            return
        if not self._gathered:
            asyncio.get_running_loop().call_later(GATHERING, self.ring)
        if len(self._gathered) < REACTIONS_AT_ONCE:
            self._gathered[reaction_id] = author_id

    def take(self) -> Gathered:
        gathered, self._gathered = self._gathered, {}
        return gathered

    def put_back(self, gathered: Gathered) -> None:
        self._gathered |= gathered

    async def round(self, gathered: Gathered) -> None:
        for author_id, chat, reactions in await self._database.run(
            still_to_be_told, gathered, set(self._told)
        ):
            frame = Frame(partial(_notification, chat, reactions))
            pages = self._hub.listeners(user_channel(author_id))
            await self._database.run(make_all, [frame], {page.format.language for page in pages})
            for page in pages:
                page.tell(frame.in_language(page.format.language))
            self._told |= dict.fromkeys(reaction.message_id for reaction in reactions)
        while len(self._told) > TOLD_KEPT:
            self._told.popitem(last=False)


class NewReactions(NewRows[int]):
    """Whose messages were reacted to, by reaction. Those that were taken back are no longer there."""

    model = Reaction

    def read(self, after: int) -> dict[int, int]:
        return dict(Reaction.objects.filter(pk__gt=after).values_list("pk", "message__sender"))

    def bell(self, row_id: int, row: int) -> Bell:
        return Bell("reaction", {"reaction": row_id, "person": row})


def still_to_be_told(gathered: Gathered, told: Collection[int]) -> list[tuple[int, Chat, list[Reaction]]]:
    """Return for authors and chats which reactions to tell of, to those who want to hear of them."""
    found = Reaction.objects.filter(pk__in=gathered, message__sender__reactions_notify=True)
    found = found.filter(message__deleted_at=None).exclude(user=F("message__sender")).order_by("pk")
    people = found.select_related("user", "message__room__low_user", "message__room__high_user")
    reactions = [reaction for reaction in people if reaction.message_id not in told]
    blocked = Block.objects.by_blocker({reaction.message.sender_id for reaction in reactions})
    by_chat: defaultdict[tuple[int, Any], list[Reaction]] = defaultdict(list)
    for reaction in reactions:
        author_id = reaction.message.sender_id
        if reaction.user_id not in blocked.get(author_id, ()):
            by_chat[author_id, reaction.message.room].append(reaction)
    here = unread_in_rooms(_by_room(by_chat)) if by_chat else {}
    return [
        (author_id, chat_for(author_id, room, now), some)
        for (author_id, room), some in by_chat.items()
        if (now := here[room.pk].get(author_id)) and not now.is_silent
    ]


def _by_room(chats: Iterable[tuple[int, Any]]) -> Mapping[int, Collection[int]]:
    authors: defaultdict[int, set[int]] = defaultdict(set)
    for author_id, room in chats:
        authors[room.pk].add(author_id)
    return authors


def _notification(chat: Chat, reactions: list[Reaction]) -> bytes:
    """Return what a page shows of them. It leads to the last message of those that they are about."""
    people = {reaction.user for reaction in reactions}
    emoji = " ".join(list(dict.fromkeys(reaction.emoji for reaction in reactions))[:EMOJI_SHOWN])
    body = ngettext(
        "%(count)d person reacted to what you wrote: %(emoji)s",
        "%(count)d people reacted to what you wrote: %(emoji)s",
        len(people),
    )
    if len(people) == 1:
        body = _("%(name)s reacted to what you wrote: %(emoji)s")
    about = {"count": len(people), "name": reactions[0].user.shown_name, "emoji": emoji}
    message = reactions[-1].message
    return frames.named(
        "notify",
        {
            "chat": f"{chat.dom_id}-reactions",  # beside what is said of its messages
            "message": message.pk,
            "url": message.get_absolute_url(),
            "title": chat.name,
            "body": body % about,
            "isQuiet": True,
        },
    )
