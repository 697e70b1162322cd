"""People who block somebody hear nothing of them, and nobody else learns of it."""

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Block
from config.rates import Rate
from rooms.chats import chats_of
from rooms.history import unread_line
from rooms.live.news.chat_list import ChatList, Gathered
from rooms.live.wire.hub import Hub
from rooms.models import Blocked, ChangeRefused, Message
from rooms.unread import total_unread, unread_of
from tests.support.factories import make_membership, make_message, make_messages, make_user, make_users
from tests.support.responses import HTMX, page_of

pytestmark = pytest.mark.django_db


LIST = "/settings/blocked/"


def style_of(client, user):
    return client.get(reverse("rooms:own_messages", args=[user.pk])).content.decode()


def post(client, room, content="Hello", headers=None):
    fields = {"content": content, "token": str(uuid.uuid4())}
    return client.post(f"{room.get_absolute_url()}messages/", fields, headers=headers or {})


def test_blocking_says_what_it_does_and_can_be_undone(ada_client, ada, ben, rung, committed):
    address = f"{LIST}{ben.pk}/"
    assert "Neither of you can write" in ada_client.get(address).content.decode()
    with committed():
        assert [ada_client.post(address).url for _ in range(2)] == [LIST, LIST]
    assert rung.count(("settings", {"user": ada.pk})) == 2
    assert Block.objects.get().blocked == ben
    assert "ben" in ada_client.get(LIST).content.decode()
    assert ada_client.post(f"{address}end/").url == LIST
    assert not Block.objects.exists()
    assert ada_client.post(f"{address}end/").url == LIST


def test_nobody_blocks_themselves_or_nobody(ada_client, ada):
    for number in (ada.pk, 10**9, 10**25):
        assert ada_client.get(f"{LIST}{number}/").status_code == 404
        assert ada_client.post(f"{LIST}{number}/").status_code == 404


def test_too_often_is_refused_with_the_page(ada_client, ben, limit):
    limit(block_per_user=Rate(1, 60))
    ada_client.post(f"{LIST}{ben.pk}/")
    response = ada_client.post(f"{LIST}{ben.pk}/")
    assert response.status_code == 429
    assert page_of(response).all(css_class="error")


def test_undoing_it_too_often_is_refused(ada_client, ada, ben, limit):
    ada.block(ben)
    limit(block_per_user=Rate(1, 60))
    assert ada_client.post(f"{LIST}{ben.pk}/end/").status_code == 302
    assert ada_client.post(f"{LIST}{ben.pk}/end/").status_code == 429


def test_style_hides_them_from_who_blocks_only(ada_client, ben_client, mallory_client, ada, ben, mallory):
    hides = f'.message[data-sender="{ben.pk}"]'
    before = ada_client.get("/").content.decode()
    assert hides not in style_of(ada_client, ada)
    ada.block(ben)
    assert hides in style_of(ada_client, ada)
    for client, user in ((ben_client, ben), (mallory_client, mallory)):
        assert hides not in style_of(client, ada)
        assert f'.message[data-sender="{ada.pk}"]' not in style_of(client, user)
    after = ada_client.get("/").content.decode()
    assert f"/own/{ada.pk}.css?0" in before
    assert f"/own/{ada.pk}.css?1" in after
    ada.unblock(ben)
    assert hides not in style_of(ada_client, ada)


def test_room_offers_to_show_what_is_hidden(ada_client, ben_client, ada, ben, room, private):
    ada.block(ben)
    assert page_of(ada_client.get(room.get_absolute_url())).by_id("show-blocked")
    assert not page_of(ben_client.get(room.get_absolute_url())).by_id("show-blocked")
    assert not page_of(ada_client.get(private.get_absolute_url())).by_id("show-blocked")


def test_neither_writes_into_the_private_chat(ada_client, ben_client, ada, ben, private):
    ada.block(ben)
    for client, sentence in (
        (ada_client, "You have blocked ben. Unblock them to write here."),
        (ben_client, "You can’t write to ada."),
    ):
        response = post(client, private, "Kept <b>")
        assert response.status_code == 403
        page = page_of(response)
        assert page.by_id("content").text.strip() == "Kept <b>"
        assert sentence in page.by_id("notice").text
        assert sentence in post(client, private, headers=HTMX).content.decode()
    assert not Message.objects.exists()
    assert "You have blocked" in ada_client.get(private.get_absolute_url()).content.decode()
    assert "nblock" not in ben_client.get(private.get_absolute_url()).content.decode()
    ada.unblock(ben)
    assert post(ben_client, private).status_code == 302


def test_retry_of_what_was_saved_before_is_answered_as_then(ada, ben, private):
    token = uuid.uuid4()
    message = private.post_message(ben, "Hello", token)
    ada.block(ben)
    assert private.post_message(ben, "Hello", token) == message
    with pytest.raises(Blocked):
        private.post_message(ben, "Hello", uuid.uuid4())


def test_editing_is_no_way_around_it(ada, ben, private):
    message = make_message(private, ben, "Hello")
    ada.block(ben)
    with pytest.raises(ChangeRefused):
        message.edit("Nasty")
    assert message.erase()


def test_groups_go_on_for_both(ada_client, ben_client, ada, ben, room):
    ada.block(ben)
    assert post(ben_client, room).status_code == 302
    assert post(ada_client, room).status_code == 302


def test_nothing_of_them_is_counted(ada, ben, room, private):
    make_message(private, ben)
    make_message(room, ben, f"Hello @{ada.username}")
    cem = make_user("cem")
    make_membership(room, cem)
    heard = make_message(room, cem)
    before = unread_of(ada, room)
    assert (before.count, before.mentions, unread_of(ada, private).count) == (2, 1, 1)
    ada.block(ben)
    after = unread_of(ada, room)
    assert (after.count, after.mentions, unread_of(ada, private).count) == (1, 0, 0)
    assert chats_of(ada).mine[0].unread == after
    assert total_unread([ada.pk]) == {ada.pk: 1}
    assert unread_line(room.memberships.get(user=ada)) == heard.pk
    ada.unblock(ben)
    assert unread_of(ada, room) == before


def test_who_is_blocked_counts_what_others_write_as_before(ada, ben, room):
    ada.block(ben)
    make_message(room, ada)
    assert unread_of(ben, room).count == 1


def test_they_cause_no_notification(ada, ben, room):
    cem = make_user("cem")
    make_membership(room, cem)
    ada.block(ben)
    chat_list = ChatList(Hub(), None)
    for sender in (cem, ben):
        make_message(room, sender, f"From {sender.username}")
    news = chat_list.read_news(Gathered(rooms={room.pk}), {ada.pk, cem.pk})
    frames = [(letter.channel, letter.frame.in_language("en")) for letter in news.letters]
    told = {channel: frame for channel, frame in frames if b"event: notify" in frame}
    assert b"From cem" in told[f"user-{ada.pk}"]
    assert b"From ben" in told[f"user-{cem.pk}"]


def test_pages_take_as_many_queries_with_many_blocked(ada_client, ada, ben, room):
    make_messages(room, ben, 20)
    ada_client.get("/")  # which notes what is delivered
    counts = []
    for amount in (2, 20):
        for person in make_users(amount):
            ada.block(person)
        found = []
        for address in ("/", room.get_absolute_url(), LIST, reverse("rooms:own_messages", args=[ada.pk])):
            with CaptureQueriesContext(connection) as queries:
                ada_client.get(address)
            found.append(len(queries))
        counts.append(found)
    assert counts[0] == counts[1]


def test_list_has_so_many_on_a_page(ada, ada_client):
    people = make_users(51)
    for person in people:
        ada.block(person)
    first, second = (page_of(ada_client.get(url)) for url in (LIST, f"{LIST}?page=1"))
    assert [len(page.by_id("main").all("li")) for page in (first, second)] == [50, 1]
    assert [link["href"] for link in first.by_id("main").all("a") if link.text == "More"] == ["?page=1"]


def test_nobody_blocks_more_people_than_a_style_sheet_can_name(ada, ben, ada_client, monkeypatch):
    monkeypatch.setattr(Block, "AT_MOST", 1)
    ada.block(make_users(1)[0])
    response = ada_client.post(f"/settings/blocked/{ben.pk}/")
    assert response.status_code == 422
    assert "Unblock someone first" in page_of(response).by_id("main").text
    assert not ada.blocks.filter(blocked=ben).exists()
