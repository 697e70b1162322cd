"""What happens in rooms when something is done too often: nothing is lost, and the wait is said."""

import uuid

import pytest
from django.test import Client

from accounts import limits
from accounts.models import Allowance
from config.rates import Rate
from rooms.live.endpoints import stream
from rooms.models import ChatRoom, Message
from tests.support.factories import make_message
from tests.support.responses import HTMX, page_of, texts

FAR = "203.0.113.7"
SENTENCE = "You have done this too often. Wait 30 seconds, then try again."


@pytest.fixture(autouse=True)
def memory(monkeypatch):
    monkeypatch.setattr(limits, "memory", limits.Memory())


def post(client, room, content="Hello", headers=None):
    fields = {"content": content, "token": str(uuid.uuid4())}
    return client.post(f"{room.get_absolute_url()}messages/", fields, headers=headers or {})


def test_too_many_messages_are_refused_with_the_text_kept(ada_client, ben_client, room, clock, limit):
    limit(post_per_user=Rate(2, 30))
    post(ada_client, room)
    post(ada_client, room)
    response = post(ada_client, room, "<late>")
    page = page_of(response)
    assert (response.status_code, response["Retry-After"]) == (429, "30")
    assert page.by_id("notice").text.strip() == SENTENCE
    assert page.by_id("content").text.strip() == "<late>"
    assert Message.objects.count() == 2
    assert post(ben_client, room).status_code == 302
    clock.shift(31)
    assert post(ada_client, room).status_code == 302


def test_htmx_is_told_beside_the_composer(ada_client, room, clock, limit):
    limit(post_per_user=Rate(1, 30))
    post(ada_client, room)
    response = post(ada_client, room, headers=HTMX)
    [partial] = page_of(response).all("hx-partial")
    assert (response.status_code, response["Retry-After"]) == (429, "30")
    assert (partial["hx-target"], partial.text.strip()) == ("#notice", SENTENCE)
    assert response["HX-Reswap"] == "none"


def test_messages_count_in_all_rooms_whoever_saved_them(ada, ada_client, room, private, clock, limit):
    limit(post_per_user=Rate(2, 30))
    make_message(room, ada)
    make_message(private, ada)
    assert post(ada_client, room).status_code == 429


def test_clock_that_was_set_back_keeps_nobody_from_posting(ada_client, room, clock, limit):
    limit(post_per_user=Rate(1, 30))
    post(ada_client, room)
    clock.shift(-86400)
    assert post(ada_client, room).status_code == 302


def test_messages_from_one_address_are_limited(ada, ben, room, limit):
    limit(post_per_address=Rate(1, 30))
    clients = [Client(REMOTE_ADDR=FAR) for _ in range(2)]
    for client, user in zip(clients, (ada, ben), strict=True):
        client.force_login(user)
    assert post(clients[0], room).status_code == 302
    assert post(clients[1], room).status_code == 429


def test_neither_posting_nor_typing_writes_a_count(ada_client, room):
    post(ada_client, room)
    ada_client.post(f"{room.get_absolute_url()}typing/")
    assert not Allowance.objects.exists()


def test_too_many_rooms_are_refused_with_the_name_kept(ada_client, ben_client, clock, limit):
    limit(room_per_user=Rate(1, 30))
    assert ada_client.post("/rooms/", {"name": "One"}).status_code == 302
    response = ada_client.post("/rooms/", {"name": "Two"})
    page = page_of(response)
    assert (response.status_code, response["Retry-After"]) == (429, "30")
    assert texts(page, "error") == [SENTENCE]
    assert page.by_id("new_room_name")["value"] == "Two"
    assert ben_client.post("/rooms/", {"name": "Two"}).status_code == 302
    assert ChatRoom.objects.count() == 2


def test_beginning_private_chats_is_limited_and_opening_them_is_not(ada_client, ben, mallory, limit):
    limit(chat_per_user=Rate(1, 3600))
    assert ada_client.get("/people/ben/").status_code == 302
    response = ada_client.get("/people/mallory/")
    assert (response.status_code, ChatRoom.objects.count()) == (429, 1)
    assert "Wait" in page_of(response).by_id("main").text
    assert ada_client.get("/people/ben/").status_code == 302


def test_joining_rooms_by_visiting_them_is_limited_and_visiting_is_not(ada_client, ben, limit):
    first, second = (ChatRoom.objects.create_group(name, ben) for name in ("One", "Two"))
    limit(join_per_user=Rate(1, 3600))
    for room, status in ((first, 200), (second, 429), (first, 200)):
        assert ada_client.get(room.get_absolute_url()).status_code == status
    assert second.memberships.count() == 1


def test_reading_over_the_limit_is_told_to_htmx_in_a_sentence(ada_client, room, limit):
    limit(read_per_user=Rate(1, 3600))
    address = f"{room.get_absolute_url()}read/"
    assert ada_client.post(address, {"upto": "1"}, headers=HTMX).status_code == 204
    response = ada_client.post(address, {"upto": "1"}, headers=HTMX)
    assert (response.status_code, response["HX-Reswap"]) == (429, "none")


def test_settings_of_notifications_over_the_limit_are_refused_with_the_choice_kept(ada_client, room, limit):
    limit(settings_per_user=Rate(1, 3600))
    address = f"{room.get_absolute_url()}notifications/"
    for notify, status in (("all", 302), ("nothing", 429)):
        response = ada_client.post(address, {"notify": notify, "mute": "no"})
        assert response.status_code == status
    page = page_of(response)
    assert "Wait" in texts(page, "error")[0]
    chosen = [option["value"] for option in page.all("option") if "selected" in option.attributes]
    assert chosen[0] == "nothing"


def test_typing_over_the_limit_is_dropped_without_a_word(ada_client, ben_client, room, rung, limit):
    limit(typing_per_user=Rate(2, 3600))
    address = f"{room.get_absolute_url()}typing/"
    for _ in range(4):
        assert ada_client.post(address).status_code == 204
    assert len(rung) == 2
    ben_client.post(address)
    assert len(rung) == 3


@pytest.mark.parametrize(
    ("client", "said", "counted"),
    [
        (("127.0.0.1", 1), b"203.0.113.7", None),
        (("203.0.113.8", 1), b"203.0.113.7", "203.0.113.8"),
        (None, b"203.0.113.7", None),
    ],
)
def test_stream_counts_for_the_address_that_it_comes_from(client, said, counted):
    assert stream.counted_address({"client": client, "headers": [(b"x-forwarded-for", said)]}) == counted
