"""What authors hear of reactions to their messages."""

import json

import pytest

from config.doorbell import Bell
from rooms.live.news.reactions import NewReactions, Reactions
from rooms.models import Membership, Message, Reaction
from rooms.unread import unread_of
from tests.support.clients import eventually
from tests.support.factories import make_message, make_user
from tests.support.live import OpenPage

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("without_pauses")]


@pytest.fixture
async def reactions(hub, database, monkeypatch):
    monkeypatch.setattr("rooms.live.news.reactions.GATHERING", 0)
    part = Reactions(hub, database)
    yield part
    part.stop()


@pytest.fixture
async def hers(hub, ada):
    page = OpenPage(ada)
    hub.join(page)
    return page


@pytest.fixture
def react(do, reactions):
    """`await react(message, (ben, "👍"), …)`: they react, and bells ring."""

    async def react(message, *pairs):
        def rows():
            for person, emoji in pairs:
                Message.objects.get(pk=message.pk).react_as(person, emoji)
                yield from Reaction.objects.order_by("-pk").values_list("pk", flat=True)[:1]

        for pk in await do(lambda: list(rows())):
            reactions.heard(Bell("reaction", {"reaction": pk, "person": message.sender_id}))

    return react


def told(page):
    """Return what the page was told so far."""
    events = "".join(page.told).split("\n\n")
    data = [event.partition("data: ")[2] for event in events if event.startswith("event: notify")]
    return [json.loads(one) for one in data]


async def test_author_hears_once_of_all_that_gathered_and_nothing_is_unread(
    do, reactions, react, hers, ada, ben, mallory, room
):
    await do(room.join, mallory)
    reactions.start()
    first, second = [await do(make_message, room, ada, text) for text in ("Cake?", "Tea?")]
    await react(first, (ben, "👍"), (mallory, "🎂"), (ben, "🎂"))
    await eventually(lambda: told(hers))
    [notification] = told(hers)
    assert notification == {
        "chat": f"room-{room.pk}-reactions",
        "message": first.pk,
        "url": first.get_absolute_url(),
        "title": "Kitchen",
        "body": "2 people reacted to what you wrote: 👍 🎂",
        "isQuiet": True,
    }
    assert not (await do(unread_of, ada, room)).count
    # No more of this message; of another one.
    await react(first, (mallory, "❤️"))
    await react(second, (ben, "❤️"))
    await eventually(lambda: len(told(hers)) > 1)
    assert [one["body"] for one in told(hers)[1:]] == ["ben reacted to what you wrote: ❤️"]


async def test_nobody_hears_who_does_not_want_to(
    do, reactions, react, hers, ada, ben, mallory, room, private
):
    await do(room.join, mallory)
    his = await do(make_message, room, ben, "From ben")
    mine = [await do(make_message, room, ada, "Cake?") for _number in range(6)]
    taken_back, deleted, hidden, muted, silent, heard = mine

    async def unheard(message, person=ben):
        await react(message, (person, "👍"))
        await reactions.round(reactions.take())
        assert told(hers) == []

    await react(taken_back, (ben, "👍"))
    await do(Reaction.objects.all().delete)
    await reactions.round(reactions.take())
    await unheard(his, mallory)  # of another author
    await unheard(heard, ada)  # her own
    await do(lambda: ada.block(mallory))
    await unheard(hidden, mallory)
    await react(deleted, (ben, "👍"))
    await do(deleted.erase)
    await reactions.round(reactions.take())
    membership = await do(lambda: Membership.objects.get(room=room, user=ada))
    await do(membership.choose_notifications, "nothing", None)
    await unheard(muted)
    await do(lambda: ada.change_settings(reactions_notify=False))
    await do(membership.choose_notifications, "all", None)
    await unheard(silent)
    await do(lambda: ada.change_settings(reactions_notify=True))
    said = await do(make_message, private, ada, "Between us")
    await react(said, (ben, "❤️"))
    await reactions.round(reactions.take())
    assert [(one["title"], one["message"]) for one in told(hers)] == [("ben", said.pk)]


def test_poll_finds_reactions_that_no_bell_announced(ada, ben, room):
    look = NewReactions()
    message = make_message(room, ada)
    look.news(sight := look.see())
    look.seen = sight
    message.react_as(ben, "👍")
    reaction = Reaction.objects.get()
    assert look.news(look.see()) == [Bell("reaction", {"reaction": reaction.pk, "person": ada.pk})]
    look.told(reaction.pk)
    assert look.news(look.see()) == []
    assert make_user().reactions_notify
