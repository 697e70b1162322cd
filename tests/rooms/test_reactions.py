"""Reactions: one of each emoji per person and message, seen and said alike by all who may see them."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.http import Http404
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation

from accounts.models import User
from rooms.models import ChangeRefused, Membership, Message, Reaction, emojis
from rooms.models.emojis import name_of, the_emoji
from rooms.templatetags.messages import message_line
from tests.conftest import client_of
from tests.support.factories import make_membership, make_message, make_messages, make_user, make_users
from tests.support.responses import HTMX, page_of

pytestmark = pytest.mark.django_db
THUMB, HEART, CAKE = "👍", "❤️", "🎂"


def address(message):
    return reverse("rooms:reaction_create", args=[message.pk])


def details(message):
    return reverse("rooms:message_detail", args=[message.pk])


@pytest.fixture
def message(room, ada):
    return make_message(room, ada, "Cake?")


def now(message):
    return Message.objects.with_looks().get(pk=message.pk)


def kinds(message):
    return [(kind.emoji, kind.number, kind.first) for kind in now(message).kinds]


# Which emoji


@pytest.mark.parametrize("text", ["👍", "❤️", "👨‍👩‍👧", "👍🏽", "🇩🇪", "1️⃣", "🏴󠁧󠁢󠁷󠁬󠁳󠁿"])
def test_one_emoji(text):
    assert the_emoji(text) == text


@pytest.mark.parametrize(
    "text", ["", "a", "1", "👍👍", "👍 ", "🏽", "\u200d", "🇩", "<b>", "❤️" * 20, "\ufe0f"]
)
def test_anything_else(text):
    assert the_emoji(text) is None


def test_same_emoji_is_one_kind():
    assert the_emoji("❤") == the_emoji("❤\ufe0f") == HEART
    assert max(map(len, emojis._whole().values())) <= emojis.MAX_LENGTH
    assert {the_emoji(emoji) for emoji in emojis.AT_HAND} == set(emojis.AT_HAND)


def test_names_are_those_of_the_language():
    assert (name_of(THUMB), name_of(CAKE)) == ("Thumbs up", "Birthday cake")
    with translation.override("de"):
        assert (name_of(THUMB), name_of(CAKE)) == ("Daumen hoch", "Geburtstagskuchen")


def test_beginning_of_a_name_finds_emoji(ada_client):
    def listed(text):
        page = page_of(ada_client.get(reverse("rooms:emoji_list"), {"q": text}))
        words = [found["data-words"] for found in page.all("ul")]
        return words, [(one["data-text"], one.text.split(maxsplit=1)[1].strip()) for one in page.all("li")]

    assert listed("+1") == (["1 emoji"], [(THUMB, "Thumbs up")])
    assert listed("birthday_c") == (["1 emoji"], [(CAKE, "Birthday cake")])
    words, found = listed("heart")
    assert (words, len(found), found[0]) == (["8 emoji"], 8, (HEART, "Heart"))
    assert all(one[0] == emojis.the_emoji(one[0]) for one in found)
    for nothing in ("", "_", ":", "no such thing", "x" * 101, "\x00"):
        assert listed(nothing) == ([], [])
    with translation.override("de"):
        assert emojis.named_like("DAUMEN", 1) == [THUMB]
        assert emojis.named_like("thumbs up", 8) == [THUMB], "English names are known as well"


# Reacting, and taking it back


def test_pressing_again_takes_it_back(ben_client, ben, message):
    assert ben_client.post(address(message), {"emoji": THUMB}).url == f"{details(message)}#reactions"
    assert kinds(message) == [(THUMB, 1, [ben.pk])]
    answer = ben_client.post(address(message), {"emoji": THUMB}, headers=HTMX)
    assert (answer.status_code, answer.content) == (204, b"")
    assert kinds(message) == []
    assert now(message).reacted is None


def test_kinds_keep_their_place(ada, ben, message):
    for person, emoji in [(ada, THUMB), (ben, HEART), (ben, THUMB), (ada, THUMB)]:
        message.react_as(person, emoji)
    assert kinds(message) == [(THUMB, 1, [ben.pk]), (HEART, 1, [ben.pk])]


def test_it_is_once_in_the_database(ben, message):
    message.react_as(ben, THUMB)
    with pytest.raises(IntegrityError), transaction.atomic():
        message.reactions.create(user=ben, emoji=THUMB)


def test_nothing_is_unread_edited_or_in_another_place(ada, ben, room, message):
    Membership.objects.mark_all_read(ben)
    before = now(message)
    message.react_as(ada, THUMB)
    after = now(message)
    assert after.revision == before.revision + 1
    assert (after.position, after.edited_at, after.edits) == (before.position, None, 0)
    room.refresh_from_db()
    assert room.last_message_id == message.pk
    assert Message.objects.filter(room=room).to_be_read_by(ben).filter(pk__gt=message.pk).count() == 0
    after.edit("Cake!", since=0)  # who is just editing it is not disturbed


def test_so_many_kinds_and_no_more(ben_client, ben, ada, message):
    for emoji in [text for text in emojis._whole().values() if text != THUMB][: Reaction.KINDS]:
        message.react_as(ben, emoji)
    answer = ben_client.post(address(message), {"emoji": THUMB}, headers=HTMX)
    assert answer.status_code == 409
    assert "all the different reactions" in answer.content.decode()
    message.react_as(ada, emoji)  # those that are there can be used
    assert len(kinds(message)) == Reaction.KINDS


@pytest.mark.usefixtures("contexts")
@pytest.mark.parametrize("sent", ["", "ok", "👍👍", "👍" * 4000])
def test_refusal_is_said_beside_the_field(ben_client, message, sent):
    answer = ben_client.post(address(message), {"emoji": sent})
    assert answer.status_code == 422
    assert answer.context["form"].errors["emoji"]
    assert kinds(message) == []


# Where it is refused


def test_archived_room(ben_client, room, message):
    room.archived_at = message.timestamp
    room.save()
    answer = ben_client.post(address(message), {"emoji": THUMB})
    assert answer.status_code == 409
    assert "archived" in answer.content.decode()


def test_blocked_in_a_direct_message(ada, ben, private):
    message = make_message(private, ada)
    ada.block(ben)
    answer = client_of(ben).post(address(message), {"emoji": THUMB})
    assert answer.status_code == 409
    assert kinds(message) == []


def test_people_who_have_left(ben_client, ben, room, message):
    Membership.objects.filter(room=room, user=ben).delete()
    assert ben_client.post(address(message), {"emoji": THUMB}).status_code == 404
    with pytest.raises(Http404):
        message.react_as(ben, THUMB)


def test_deleted_message_has_none(ben_client, ben, message):
    message.react_as(ben, THUMB)
    message.erase()
    assert not Reaction.objects.filter(message=message).exists()
    assert (now(message).reacted, kinds(message)) == (None, [])
    assert ben_client.post(address(message), {"emoji": HEART}).status_code == 409
    with pytest.raises(ChangeRefused):
        message.react_as(ben, HEART)


# How it is shown and said


def test_names_are_said(ada, ben, room, message):
    cem = make_user("cem", display_name="Cem <b>")
    make_membership(room, cem)
    for person in (ada, ben, cem):
        message.react_as(person, THUMB)
    html = message_line(now(message))
    words = html[html.index("Thumbs up") :]
    for person, before in [(ada, ""), (ben, ", "), (cem, " and ")]:
        assert f'data-sender="{person.pk}">{before}<bdi translate="no" data-name="{person.pk}">' in words
    assert f'data-people="{ada.pk} {ben.pk} {cem.pk}"' in html
    assert "Cem &lt;b&gt;" in words
    assert html.index("data-people") > html.index('data-part="time"') > html.index("Cake?")


def test_of_many_some_are_named(room, message):
    people = make_users(Reaction.NAMED + 2)
    Membership.objects.bulk_create(Membership(room=room, user=person) for person in people)
    for person in people:
        message.react_as(person, THUMB)
    html = message_line(now(message))
    assert html.count("data-name=") == Reaction.NAMED + 1  # and the author
    assert " and 2 others" in html


def test_style_sheet_of_the_reader_says_what_is_theirs_and_hides_blocked_people(ada_client, ada, ben):
    sheet = reverse("rooms:own_messages", args=[ada.pk])
    assert f'.reaction[data-people~="{ada.pk}"]' in ada_client.get(sheet).content.decode()
    ada.block(ben)
    css = ada_client.get(sheet).content.decode()
    assert f'.reactor[data-sender="{ben.pk}"],' in css
    assert f':has(.reactor:not([data-sender="{ben.pk}"]))' in css


def test_page_of_the_message_lists_all(ada_client, room, ada, ben, message):
    message.react_as(ben, CAKE)
    page = ada_client.get(details(message)).content.decode()
    assert "Birthday cake" in page
    assert page.count(f'<span class="reactor" data-sender="{ben.pk}">') == 1
    assert f'name="emoji" value="{CAKE}"' in page


def test_document_has_no_buttons(ben, message):
    message.react_as(ben, THUMB)
    html = message_line(now(message), is_document=True)
    assert "data-people" in html
    assert "<button" not in html


# What it costs


def test_messages_without_any_cost_no_query(ada_client, ada, ben, room):
    """And messages with some cost one more, however many there are."""
    messages = make_messages(room, ada, 20)

    def queries():
        with CaptureQueriesContext(connection) as captured:
            ada_client.get(f"/rooms/{room.pk}/")
        return [query["sql"] for query in captured]

    queries()
    without = queries()
    assert not [sql for sql in without if "rooms_reaction" in sql]
    for message in messages:
        message.react_as(ben, THUMB)
        message.react_as(ada, HEART)
    queries()
    some = queries()
    assert not [sql for sql in some if "rooms_reaction" in sql]
    assert len(some) == len(without) + 1


def test_rename_is_seen(ada, ben, message):
    message.react_as(ben, THUMB)
    before = message_line(now(message))
    User.objects.get(pk=ben.pk).change_profile(display_name="Benjamin")
    assert "Benjamin" in message_line(now(message)) != before
