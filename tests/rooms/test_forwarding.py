"""Copies of messages in other rooms: what they carry, and what they do not tell."""

import uuid

import pytest
from django.utils import timezone

from rooms.ids import room_channel
from rooms.live.wire.channels import RoomStorage
from rooms.live.wire.formats import EVENTS
from rooms.models import Archived, ChatRoom, Mention, Message, TokenReused
from rooms.models.formatting import TYPED
from tests.support.factories import make_message, make_private_room, make_room, make_user
from tests.support.responses import page_of, texts

pytestmark = pytest.mark.django_db


@pytest.fixture
def target(ben):
    """Where ben forwards to; cem reads it and is in no other room."""
    return make_room("Garden", members=[ben, make_user("cem")])


def forward(client, message, target, token=None, **fields):
    return client.post(
        f"/messages/{message.pk}/forward/", {"room": target.pk, "token": token or uuid.uuid4(), **fields}
    )


def copy_in(target):
    [copy] = target.messages.newest(1)
    return copy


def test_copy_is_made_by_the_server_and_rings_nobody(ada, ben, ben_client, room, target):
    source = make_message(room, ada, "**Hello** @cem")
    answer = forward(ben_client, source, target, content="Something else")
    copy = copy_in(target)
    assert answer.url == copy.get_absolute_url()
    assert (copy.sender, copy.content, copy.forwarded_from) == (ben, "**Hello** @cem", ada)
    assert not Mention.objects.filter(message=copy).exists()
    page = page_of(ben_client.get(answer.url))
    assert texts(page, "forwarded") == ["Forwarded from ada"]
    assert "<strong>Hello</strong> @cem" in ben_client.get(answer.url).content.decode()


def test_text_from_before_formatting_stays_as_it_was_typed(ada, ben_client, room, target):
    source = make_message(room, ada, "**Hello**")
    Message.objects.filter(pk=source.pk).update(format=TYPED)
    forward(ben_client, source, target)
    assert "**Hello**" in copy_in(target).html


@pytest.mark.parametrize("kind", ["by invitation", "direct message", "copy of such a copy"])
def test_nothing_tells_where_a_closed_message_comes_from(ada, ben, ben_client, room, target, kind):
    if kind == "by invitation":
        ChatRoom.objects.filter(pk=room.pk).update(is_by_invitation=True)
        source = make_message(room, ada, "Plans")
    else:
        source = make_message(make_private_room(ada, ben), ada, "Plans")
    if kind == "copy of such a copy":
        forward(ben_client, source, room)
        source = copy_in(room)
    forward(ben_client, source, target)
    copy = copy_in(target)
    assert (copy.is_forwarded, copy.forwarded_from) == (True, None)
    page = page_of(ben_client.get(target.get_absolute_url()))
    assert texts(page, "forwarded") == ["Forwarded"]
    assert "ada" not in page.by_id(f"message-{copy.pk}").text


def test_copy_of_a_copy_names_whom_the_first_one_named(ada, ben, ben_client, room, target):
    forward(ben_client, make_message(room, ada), target)
    private = make_private_room(ben, ada)
    forward(ben_client, copy_in(target), private)
    assert copy_in(private).forwarded_from == ada


def test_copy_cannot_be_edited_and_is_deleted_with_what_it_tells(ada, ben, ben_client, room, target):
    forward(ben_client, make_message(room, ada), target)
    copy = copy_in(target)
    assert ben_client.get(f"/messages/{copy.pk}/edit/").status_code == 404
    assert ben_client.post(f"/messages/{copy.pk}/edit/", {"content": "x", "since": 0}).status_code == 404
    copy.erase()
    copy.refresh_from_db()
    assert (copy.content, copy.is_forwarded, copy.forwarded_from) == ("", False, None)


def test_copy_stays_when_its_source_goes(ada, ben_client, room, target):
    source = make_message(room, ada, "Hello")
    forward(ben_client, source, target)
    source.erase()
    assert copy_in(target).content == "Hello"
    assert forward(ben_client, source, target).status_code == 404


def test_token_is_for_one_copy(ada, ben, ben_client, room, target):
    source, other, token = make_message(room, ada), make_message(room, ada, "Other"), uuid.uuid4()
    urls = {forward(ben_client, source, target, token).url for _twice in range(2)}
    assert urls == {copy_in(target).get_absolute_url()}
    assert forward(ben_client, other, target, token).status_code == 409
    with pytest.raises(TokenReused):
        target.post_message(ben, source.content, token)
    assert target.messages.count() == 1


@pytest.mark.parametrize("kind", ["archived", "blocked", "left", "foreign", "moderators"])
def test_where_one_may_not_post_one_may_not_forward(ada, ben, ben_client, room, target, kind):
    source = make_message(room, ada)
    match kind:
        case "archived":
            ChatRoom.objects.filter(pk=target.pk).update(archived_at=timezone.now())
        case "blocked":
            target = make_private_room(ada, ben)
            ada.block(ben)
        case "left":
            target.memberships.filter(user=ben).delete()
        case "foreign":
            target = make_private_room(ada, make_user("dora"))
        case "moderators":
            ChatRoom.objects.filter(pk=target.pk).update(posting="moderators")
            target.memberships.filter(user=ben).update(role="member")
    answer = forward(ben_client, source, target)
    assert answer.status_code in (403, 422)
    assert page_of(answer).all(css_class="error")
    assert not target.messages.exists()


@pytest.mark.parametrize("kind", ["archived", "left"])
def test_message_of_who_left_or_of_an_archived_room_is_forwarded_as_before(
    ada, ben, ben_client, room, target, kind
):
    source = make_message(room, ada)
    reply = room.post_message(ben, "Yes", uuid.uuid4(), source)
    if kind == "left":
        room.memberships.filter(user=ada).delete()
    else:
        ChatRoom.objects.filter(pk=room.pk).update(archived_at=timezone.now())
        with pytest.raises(Archived):
            room.post_message(ben, "No", uuid.uuid4(), source)
    forward(ben_client, source, target)
    assert copy_in(target).forwarded_from == ada
    quotes = texts(page_of(ben_client.get(f"/messages/{reply.pk}/")), "quote")
    assert "ada" in quotes[0]


def test_nobody_forwards_what_they_cannot_read(ada, ben_client, target):
    source = make_message(make_private_room(ada, make_user("dora")), ada, "Secret")
    assert forward(ben_client, source, target).status_code == 404
    assert not target.messages.exists()


def test_chats_are_found_by_any_part_of_their_names(ada, ben, ben_client, room, target):
    source = make_message(room, ada)
    make_message(make_private_room(ada, ben), ada)
    make_room("Attic, where ben is not")

    def offered(text):
        page = page_of(ben_client.get(f"/messages/{source.pk}/forward/", {"q": text}))
        return [option.text.strip() for option in page.all("option")][1:]

    assert offered("") == ["ada", "Kitchen", "Garden"]
    assert offered("arde") == ["Garden"]
    assert offered("ad") == ["ada"]
    assert offered("attic") == []
    assert ben_client.get(f"/messages/{source.pk}/forward/", {"q": "x" * 5000}).status_code == 422


def test_copies_of_a_page_take_one_query_and_show_names_as_they_are(
    ada, ben_client, room, target, django_assert_max_num_queries
):
    for text in ("One", "Two", "Three"):
        forward(ben_client, make_message(room, ada, text), target)
    with django_assert_max_num_queries(2):
        copies = target.messages.newest(3)
        assert [copy.forwarded_from.shown_name for copy in copies] == ["ada"] * 3
    assert "Forwarded" in EVENTS.changes(change_of(target)).decode()
    ada.change_profile(display_name="Countess")
    assert "Countess" in ben_client.get(target.get_absolute_url()).content.decode()


def change_of(room):
    [change] = RoomStorage().get_changes(room_channel(room.pk), {0}).values()
    return change


def test_copy_that_names_a_blocked_person_is_hidden(ada, ben, ben_client):
    ben.block(ada)
    style = ben_client.get(f"/own/{ben.pk}.css").content.decode()
    assert f'.message:has(.forwarded[data-sender="{ada.pk}"])' in style
