"""The page of messages that mention somebody or reply to them."""

import uuid

import pytest

from accounts.models import User
from rooms import mentions
from rooms.models import Membership
from rooms.models.message import with_answered
from tests.support.factories import make_membership, make_message, make_private_room, make_room, make_user
from tests.support.responses import page_of

pytestmark = pytest.mark.django_db


def shown(client, address="/mentions/"):
    """Return the texts of the messages on a page, in order."""
    return [row.text.strip() for row in page_of(client.get(address)).all(css_class="content")]


def test_newest_first_each_leading_to_its_place(ada_client, ada, ben, room):
    first = make_message(room, ben, "@ada first")
    make_message(room, ben, "no mention, and `@ada` in code")
    private = make_private_room(ada, ben)
    second = make_message(private, ben, "@Ada second")
    make_message(room, ada, "@ada of mine")
    page = page_of(ada_client.get("/mentions/"))
    links = [link["href"] for link in page.all("a") if "message=" in link["href"]]
    assert links == [f"/rooms/{private.pk}/?message={second.pk}", f"/rooms/{room.pk}/?message={first.pk}"]
    assert shown(ada_client) == ["@Ada second", "@ada first"]
    assert shown(ada_client, f"/mentions/?before={second.pk}") == ["@ada first"]
    assert "/mentions/" in [link["href"] for link in page_of(ada_client.get("/")).all("a")]


def test_only_what_one_may_read_now(ada_client, ada, ben, mallory, room):
    other = make_room("Garden", [ben, ada, mallory])
    _kept, edited, erased = (make_message(room, ben, f"@ada {it}") for it in ("kept", "edited", "erased"))
    make_message(other, ben, "@ada in the garden")
    room.join(mallory)
    make_message(room, mallory, "@ada from mallory")
    edited.edit("nobody")
    erased.erase()
    assert shown(ada_client) == ["@ada from mallory", "@ada in the garden", "@ada kept"]
    ada.block(mallory)
    assert shown(ada_client) == ["@ada in the garden", "@ada kept"]
    Membership.objects.get(room=other, user=ada).leave()
    assert shown(ada_client) == ["@ada kept"]


def test_replies_are_among_them_unless_the_settings_say_otherwise(ada_client, ada, ben, room):
    mine = make_message(room, ada, "Mine")
    reply = room.post_message(ben, "A reply", uuid.uuid4(), mine)
    room.post_message(ben, "@ada both", uuid.uuid4(), mine)
    room.post_message(ben, "To himself", uuid.uuid4(), reply)
    User.objects.filter(pk=ada.pk).update(replies_mention=False)
    room.post_message(ben, "Nobody is told", uuid.uuid4(), mine)
    assert shown(ada_client) == ["@ada both", "A reply"]
    quotes = page_of(ada_client.get("/mentions/")).all(css_class="quote")
    assert ["Mine" in quote.text for quote in quotes] == [True, True]


def test_says_what_is_unread(ada_client, ada, ben, room):
    read = make_message(room, ben, "@ada one")
    make_message(room, ben, "@ada two")
    Membership.objects.get(room=room, user=ada).mark_read(read.pk)
    rows = mentions.mention_page(ada, None).rows
    assert [(row.message.content, row.is_unread) for row in rows] == [("@ada two", True), ("@ada one", False)]
    # Looking at them reads none.
    ada_client.get("/mentions/")
    assert mentions.mention_page(ada, None).rows[0].is_unread


def test_pages_have_each_of_them_once(ada_client, ada, ben, room, monkeypatch):
    monkeypatch.setattr(mentions, "PER_PAGE", 2)
    for number in range(5):
        make_message(room, ben, f"@ada {number}")
    seen, address = [], "/mentions/"
    while address:
        seen += shown(ada_client, address)
        older = [
            link["href"] for link in page_of(ada_client.get(address)).all("a") if "before" in link["href"]
        ]
        address = f"/mentions/{older[0]}" if older else None
    assert seen == [f"@ada {number}" for number in (4, 3, 2, 1, 0)]


def test_page_of_long_messages_is_shorter(ada, ben, room):
    content = "@ada " + "&" * 3990
    for _number in range(3):
        make_message(room, ben, content)
    assert len(mentions.mention_page(ada, None).rows) == 3
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.conf.settings.HISTORY_PAGE_BYTES", 40_000)
        page = mentions.mention_page(ada, None)
    assert len(page.rows) == 1
    assert page.before == page.rows[0].message.pk


@pytest.mark.parametrize("before", ["", "x", "-1", "0", "9" * 18, "9" * 400, "%ff"])
def test_odd_addresses_show_a_page(ada_client, before):
    assert ada_client.get(f"/mentions/?before={before}").status_code == 200


def test_other_people_see_their_own(ben_client, ada, ben, room):
    make_message(room, ben, "@ada only")
    assert shown(ben_client) == []


def mentioned_in(message):
    return sorted(message.mentions.values_list("user__username", flat=True))


def test_all_mentions_everybody_if_a_moderator_says_it(ada, ben, mallory, room):
    room.join(mallory)
    make_membership(room, make_user("gone", is_active=False))
    message = make_message(room, ada, "@all and @ben, hello")
    assert mentioned_in(message) == ["ben", "mallory"]
    assert '<span class="mention" data-user="0">@all</span>' in message.html
    assert [one.message for one in mentions.mention_page(mallory, None).rows] == [message]
    [told] = with_answered([message])
    assert set(told.answered) == {ben.pk, mallory.pk}
    # By others it is text, and so is what stands in code.
    assert mentioned_in(make_message(room, ben, "@all")) == []
    assert mentioned_in(make_message(room, ada, "`@all`")) == []
    # An edit decides it anew.
    Membership.objects.filter(room=room, user=ada).update(role=Membership.Role.MEMBER)
    message.edit("@all and @ben, good evening")
    assert mentioned_in(message) == ["ben"]


def test_list_says_how_many_people_all_reaches(ada_client, ben_client, ada, ben, mallory, room, private):
    room.join(mallory)

    def said(client, text, where=room):
        page = page_of(client.get(f"/rooms/{where.pk}/people/", {"q": text}))
        return [found["data-words"] for found in page.all("ul")]

    assert said(ada_client, "AL") == ["1 person, @all reaches 2 people"]
    assert said(ben_client, "AL") == said(ada_client, "allo") == ["1 person"]
    assert said(ada_client, "all", private) == []
