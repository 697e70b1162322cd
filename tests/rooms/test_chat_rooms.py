"""Group rooms and private chats: making them, and what the database keeps apart."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.models import User
from rooms.models import ChatRoom, Message
from tests.conftest import client_of
from tests.support.factories import make_message, make_private_room, make_room, make_user
from tests.support.responses import headings, page_of, texts

pytestmark = pytest.mark.django_db


def create(client, name):
    return client.post("/rooms/", {"name": name})


# Making a group room


def test_creator_is_in_the_new_room(ada, ada_client):
    response = create(ada_client, "Garden")
    room = ChatRoom.objects.get(name="Garden")
    assert (response.status_code, response.url) == (302, f"/rooms/{room.pk}/")
    assert (room.type, room.revision, list(room.participants.all())) == ("group", 0, [ada])


def test_new_room_is_announced_after_the_commit(ada_client, rung, committed):
    with committed():
        create(ada_client, "Garden")
        assert rung == []
    assert rung == [("room", {"room": ChatRoom.objects.get().pk})]


def test_doorbell_that_fails_does_not_fail_the_new_room(ada_client, monkeypatch, committed):
    def ring(*_args, **_ids):
        raise ConnectionError

    monkeypatch.setattr("config.doorbell.ring", ring)
    with committed():
        assert create(ada_client, "Garden").status_code == 302


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("  Garden \t shed ", "Garden shed"),
        ("Ｇarden", "Garden"),
        ("❤️ 1", "❤️ 1"),
        ("👨‍👩‍👧 Family", "👨‍👩‍👧 Family"),
        ("می‌خواهم", "می‌خواهم"),  # has a zero-width non-joiner, as Persian does
        ("a" * 60, "a" * 60),
        ("<b>bold</b>", "<b>bold</b>"),
        ("R&D; DROP TABLE", "R&D; DROP TABLE"),
        ("קבוצה", "קבוצה"),
    ],
)
def test_name_of_a_room_is_tidied(ada_client, name, stored):
    assert create(ada_client, name).status_code == 302
    assert ChatRoom.objects.get().name == stored


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("", "Enter a name for the room."),
        (" \t\n ", "Enter a name for the room."),
        ("a" * 61, "at most 60 characters"),
        ("ﷺ" * 4, "This name is too long."),
        ("🙂", "at least one letter or digit"),
        ("---", "at least one letter or digit"),
        ("a\x00b", "Null characters are not allowed."),
        ("a\x07b", "control character (U+0007)"),
        ("a\u202eb", "invisible character"),
        ("a\u200bb", "invisible character"),
        ("\u3164", "invisible character"),
        ("\u115f\u1160", "invisible character"),
        ("\u200d\ufe0f", "at least one letter or digit"),
    ],
)
def test_unacceptable_name_of_a_room_is_refused_with_its_reason(ada_client, rung, committed, name, sentence):
    with committed():
        response = create(ada_client, name)
    page = page_of(response)
    assert response.status_code == 422
    assert sentence in texts(page, "error")[0]
    assert "open" in page.all("details", "new-room")[0].attributes
    assert page.all("title")[0].text.startswith("Error:")
    assert not ChatRoom.objects.exists()
    assert rung == []


def test_refused_name_stays_in_the_field(ada_client):
    response = create(ada_client, '"><script>alert(1)</script>' + "a" * 60)
    assert page_of(response).by_id("new_room_name")["value"] == '"><script>alert(1)</script>' + "a" * 60
    assert b"<script>alert" not in response.content


@pytest.mark.parametrize(
    "name",
    ["Kitchen", "kitchen", "KITCHEN", " ｋitchen", "kit\u200dchen", "kitchen\ufe0f", "\u200ckitchen"],
)
def test_name_that_is_taken_is_refused_however_written(ada_client, room, name):
    response = create(ada_client, name)
    assert response.status_code == 422
    assert texts(page_of(response), "error") == ["A room with this name already exists."]
    assert ChatRoom.objects.count() == 1


@pytest.mark.parametrize(
    ("name", "same"), [("straße", "STRASSE"), ("a  b", "A B"), ("ﬁn", "FIN"), ("É", "e\u0301")]
)
def test_names_of_rooms_are_compared_without_case(name, same):
    make_room(name)
    with pytest.raises(IntegrityError), transaction.atomic():
        make_room(same)


def test_two_rooms_of_one_name_at_once_are_one_room_and_one_refusal(ada_client, room, monkeypatch):
    """Both forms find the name free; the database lets one have it."""
    monkeypatch.setattr("rooms.forms.ChatRoomForm.clean_name", lambda form: form.cleaned_data["name"])
    response = create(ada_client, "kitchen")
    assert response.status_code == 422
    assert texts(page_of(response), "error") == ["A room with this name already exists."]
    assert ChatRoom.objects.count() == 1


# Private chats


def test_opening_a_private_chat_makes_it_once(ada, ben, ada_client, ben_client):
    response = ada_client.get("/people/ben/")
    room = ChatRoom.objects.get()
    assert (response.status_code, response.url) == (302, f"/rooms/{room.pk}/")
    assert ben_client.get("/people/ada/").url == response.url
    assert ada_client.get("/people/ben/").url == response.url
    assert set(room.participants.all()) == {ada, ben}


@pytest.mark.parametrize("address", ["/people/BEN/", "/people/%EF%BC%A2en/", "/people/ben%20/"])
def test_person_is_found_however_the_name_is_written(ben, ada_client, address):
    assert ada_client.get(address).status_code == 302


@pytest.mark.parametrize(
    "address", ["/people/nobody/", "/people/ada/", "/people/be/", "/people/%00/", "/people/b%5Fn/"]
)
def test_private_chat_with_nobody_is_not_found(ben, ada_client, address):
    assert ada_client.get(address).status_code == 404
    assert not ChatRoom.objects.exists()


def test_private_chat_cannot_be_begun_with_who_is_inactive(ada_client):
    make_user("grace", is_active=False)
    assert ada_client.get("/people/grace/").status_code == 404


def test_private_chat_stays_when_the_other_becomes_inactive(ada, ben, ada_client, private):
    make_message(private, ben, "Farewell")
    ben.is_active = False
    ben.save()
    links = [link["href"] for link in page_of(ada_client.get("/")).by_id("chats").all("a")]
    assert links == [f"/rooms/{private.pk}/"]
    assert "Farewell" in ada_client.get(links[0]).content.decode()


def test_pair_has_one_private_chat_in_either_order(ada, ben):
    assert make_private_room(ada, ben) == make_private_room(ben, ada)
    assert ChatRoom.objects.count() == 1


def test_pressing_the_button_at_once_makes_one_private_chat(ada, ben, monkeypatch):
    """The other process makes the room between our look and our insert."""
    room = make_private_room(ada, ben)
    answers = iter([None])
    first = ChatRoom.objects.none().__class__.first
    monkeypatch.setattr(ChatRoom.objects.none().__class__, "first", lambda self: next(answers, first(self)))
    assert make_private_room(ben, ada) == room
    assert ChatRoom.objects.count() == 1
    assert room.memberships.count() == 2


@pytest.mark.parametrize(
    "pairs",
    [
        [("a_b", "c"), ("a", "b_c")],
        [("a", "b.c"), ("a.b", "c")],
        [("1", "23"), ("12", "3")],
        [("x-y", "z"), ("x", "y-z")],
    ],
)
def test_private_chats_of_ambiguous_names_are_apart(pairs):
    rooms = [make_private_room(make_user(user), make_user(other)) for user, other in pairs]
    assert rooms[0] != rooms[1]
    assert not set(rooms[0].participants.all()) & set(rooms[1].participants.all())


@pytest.mark.parametrize(
    "name", ["private_ada_ben", "private-1-2", "ada", "ben", "direct message {}", "room-{}", "{}"]
)
def test_no_group_passes_for_a_private_chat(ada, ben, ada_client, mallory_client, private, name):
    make_message(private, ada, "secret")
    response = create(mallory_client, name.format(private.pk))
    group = ChatRoom.objects.get(type="group")
    assert response.url == f"/rooms/{group.pk}/"
    assert make_private_room(ada, ben) == private
    assert b"secret" not in mallory_client.get(response.url).content
    page = page_of(ada_client.get("/"))
    assert page.by_id(f"person-{ben.pk}").all("a")[0]["href"] == f"/rooms/{private.pk}/"
    assert page.by_id(f"room-{group.pk}").all(css_class="avatar-group")


def test_private_chat_is_titled_by_the_other_person(ada, ben, ada_client, ben_client, private):
    for client, other in ((ada_client, "ben"), (ben_client, "ada")):
        page = page_of(client.get(f"/rooms/{private.pk}/"))
        assert headings(page) == [other]
        assert page.all("title")[0].text == f"{other} – Hearth"
    assert private.title_for(ada) == "ben"
    assert private.other_person(ada) == ben


# What the database refuses


@pytest.mark.parametrize(
    "fields",
    [
        {"type": "group"},
        {"type": "group", "name": ""},
        {"type": "group", "name": "Group", "low": "ada", "high": "ben"},
        {"type": "group", "name": "Group", "low": "ada"},
        {"type": "private"},
        {"type": "private", "low": "ada"},
        {"type": "private", "high": "ben"},
        {"type": "private", "low": "ada", "high": "ada"},
        {"type": "private", "low": "ben", "high": "ada"},
        {"type": "private", "low": "ada", "high": "ben", "name": "private"},
        {"type": "secret", "low": "ada", "high": "ben"},
        {"type": "", "name": "Room"},
    ],
    ids=str,
)
def test_database_refuses_what_is_neither_group_nor_private(ada, ben, fields):
    people = {"ada": ada, "ben": ben, None: None}
    low, high = (people[fields.pop(name, None)] for name in ("low", "high"))
    with pytest.raises(IntegrityError), transaction.atomic():
        ChatRoom.objects.create(low_user=low, high_user=high, **fields)


def test_database_keeps_private_chats_apart(ada, ben, private):
    low, high = sorted([ada, ben], key=lambda user: user.pk)
    with pytest.raises(IntegrityError), transaction.atomic():
        ChatRoom.objects.create(type="private", low_user=low, high_user=high)


def test_database_keeps_names_of_rooms_apart(room):
    other = make_room("Garden")
    with pytest.raises(IntegrityError), transaction.atomic():
        ChatRoom.objects.filter(pk=other.pk).update(canonical_name=room.canonical_name)


def test_database_keeps_positions_in_a_room_apart(ada, room):
    make_message(room, ada)
    other = make_message(room, ada)
    with pytest.raises(IntegrityError), transaction.atomic():
        Message.objects.filter(pk=other.pk).update(position=1)


# Several processes at once


def at_once(function, count):
    """Call `function` with the numbers up to `count`, in threads with connections of their own."""

    def call(number):
        try:
            return function(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(call, range(count)))


@pytest.mark.django_db(transaction=True)
def test_many_at_once_make_one_private_chat(ada, ben):
    rooms = at_once(lambda number: make_private_room(*[(ada, ben), (ben, ada)][number % 2]), 24)
    assert len(set(rooms)) == 1
    assert ChatRoom.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_many_posts_at_once_are_in_one_order_without_gaps(ada, ben, room):
    messages = at_once(lambda number: make_message(room, (ada, ben)[number % 2], str(number)), 40)
    messages.sort(key=lambda message: message.pk)
    assert [message.position for message in messages] == list(range(1, 41))
    room.refresh_from_db()
    assert (room.revision, room.last_message) == (40, messages[-1])


@pytest.mark.django_db(transaction=True)
def test_many_posts_of_one_form_at_once_are_one_message(ada, room):
    token = "00000000-0000-4000-8000-000000000001"
    messages = at_once(lambda _number: make_message(room, ada, token=token), 24)
    assert len(set(messages)) == 1
    room.refresh_from_db()
    assert (room.revision, room.messages.count()) == (1, 1)


def test_name_that_is_given_again_brings_no_private_chat_with_it(ada, ada_client, private):
    User.objects.get(username="ben").delete()  # who has said nothing
    ben = User.objects.create_user("ben")
    again = ChatRoom.objects.private_between(ada, ben)
    assert again.pk != private.pk
    assert client_of(ben).get(f"/rooms/{private.pk}/").status_code == 404
