"""The list of chats: rooms and people, in the order of what was said last."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from rooms.chats import chats_digest, chats_of
from rooms.models import ChatRoom
from rooms.unread import total_unread, unread_in_rooms
from tests.support.factories import (
    make_membership,
    make_message,
    make_messages,
    make_private_room,
    make_room,
    make_user,
    state_of,
)
from tests.support.htmx import Page
from tests.support.responses import headings, page_of
from tests.support.sse import parse as event_of

pytestmark = pytest.mark.django_db


def chat_list(client):
    return page_of(client.get("/")).by_id("chats").all("li", "chat")


def names(client):
    return [chat.all(css_class="chat-name")[0].text.strip() for chat in chat_list(client)]


def badge(client, dom_id):
    """Return the number on the badge, and what is said about it to those who do not see it."""
    badge = page_of(client.get("/")).by_id(f"{dom_id}-badge")
    seen = [element.text for element in badge.all(css_class="badge")]
    spoken = [element.text for element in badge.all(css_class="visually-hidden")]
    return (seen[0], spoken[0]) if seen else None


def preview(client, dom_id):
    return " ".join(page_of(client.get("/")).by_id(f"{dom_id}-preview").text.split())


# Who stands there, and where


def test_lobby_lists_groups_and_people_but_not_oneself(ada_client, ben, mallory, room):
    make_room("Garden")
    assert set(names(ada_client)) == {"Kitchen", "Garden", "ben", "mallory"}


def test_last_activity_comes_first(ada, ben, ada_client, mallory, room, private):
    garden = make_room("Garden", members=[ada, ben])
    for chat in (garden, private, room, private):
        make_message(chat, ada)
    assert names(ada_client) == ["ben", "Kitchen", "Garden", "mallory"]
    make_message(garden, ben)
    assert names(ada_client) == ["Garden", "ben", "Kitchen", "mallory"]


def test_order_is_that_of_posting_whatever_the_clocks_say(ada, ada_client, room, private):
    make_message(private, ada)
    with time_machine.travel(datetime(2001, 1, 1, tzinfo=UTC), tick=False):
        make_message(room, ada)
    assert names(ada_client)[0] == "Kitchen"


def test_small_house_has_rooms_and_people_without_a_chat_below_by_name(ada_client):
    for name in ("zoe", "Bob"):
        make_user(name)
    for name in ("beta", "Alpha"):
        make_room(name)
    assert names(ada_client) == ["Alpha", "beta", "Bob", "zoe"]


def test_each_chat_leads_to_its_room(ada_client, ben, mallory, room, private):
    make_message(private, ben)
    links = {chat["id"]: chat.all("a")[0]["href"] for chat in chat_list(ada_client)}
    assert links == {
        f"room-{room.pk}": f"/rooms/{room.pk}/",
        f"person-{ben.pk}": f"/rooms/{private.pk}/",
        f"person-{mallory.pk}": "/people/mallory/",
    }


@pytest.mark.parametrize("name", ["Ольга", "a.b", "-x-", "さくら", "é"])
def test_chat_with_any_name_can_be_opened(ada_client, name):
    make_user(name)
    [chat] = chat_list(ada_client)
    response = ada_client.get(chat.all("a")[0]["href"], follow=True)
    assert headings(page_of(response)) == [name]


def test_open_room_is_marked(ada_client, room, private):
    chats = page_of(ada_client.get(f"/rooms/{room.pk}/")).by_id("chats").all("a")
    assert [link["href"] for link in chats if link.get("aria-current") == "page"] == [f"/rooms/{room.pk}/"]


@pytest.mark.parametrize("people", [0, 15], ids=["large house", "small house"])
def test_person_is_marked_whose_chat_is_open_before_anything_is_said(
    ada_client, ben, mallory, private, settings, people
):
    settings.SMALL_HOUSE_PEOPLE = people
    chats = page_of(ada_client.get(f"/rooms/{private.pk}/")).by_id("chats")
    marked = [chat["id"] for chat in chats.all("li", "chat") if chat.all("a")[0].get("aria-current")]
    assert marked == ([f"person-{ben.pk}"] if people else [])
    assert chats["data-open-chat"] == f"person-{ben.pk}", "which marks a line that comes later"


def test_inactive_people_are_not_offered(ada_client):
    make_user("grace", is_active=False)
    assert names(ada_client) == []


def test_person_with_a_chat_stands_there_once(ada, ada_client, ben, private):
    assert names(ada_client) == ["ben"]


def test_private_chats_of_others_are_nowhere(ada, ben, mallory, mallory_client, room, private):
    make_message(private, ada, "our secret")
    response = mallory_client.get("/")
    assert set(names(mallory_client)) == {"Kitchen", "ada", "ben"}
    assert b"our secret" not in response.content
    assert f"room-{private.pk}".encode() not in response.content
    assert [chat.key for chat in chats_of(mallory)] == [0, 0, 0]
    assert {chat.dom_id: chat.url for chat in chats_of(mallory)}[f"person-{ada.pk}"] == "/people/ada/"


def parts(user):
    """Return the names in each part of the list."""
    chats = chats_of(user)
    return [[chat.name for chat in part] for part in (chats.mine, chats.rooms, chats.people)]


def test_parts_of_the_list(ada, ben, mallory, room, private):
    make_room("Garden")
    make_message(private, ben)
    assert parts(ada) == [["ben", "Kitchen"], ["Garden"], ["mallory"]]


@pytest.mark.parametrize(("limit", "amount"), [("SMALL_HOUSE_ROOMS", 2), ("SMALL_HOUSE_PEOPLE", 3)])
def test_large_house_lists_only_what_one_is_in(ada, mallory, room, private, settings, limit, amount):
    make_message(private, ada)
    make_room("Garden")
    setattr(settings, limit, amount)
    assert parts(ada) == [["ben", "Kitchen"], ["Garden"], ["mallory"]]
    setattr(settings, limit, amount - 1)
    assert parts(ada) == [["ben", "Kitchen"], [], []]


@pytest.mark.usefixtures("_two_at_a_time")
def test_room_that_one_makes_or_joins_stands_on_top_until_something_is_said_elsewhere(
    ada, ben, ada_client, room, private
):
    old = make_room("Old", [ben])
    make_message(old, ben, "Long ago")
    for chat in (room, private):
        make_message(chat, ben)
    ada_client.post("/rooms/", {"name": "New"})
    assert parts(ada)[0] == ["New", "ben"]
    make_message(room, ben)
    ada_client.get(f"/rooms/{old.pk}/")
    assert names(ada_client) == ["Old", "Kitchen"]
    assert parts(ben)[0] == ["Kitchen", "ada"], "for others it is as old as it was"
    make_message(private, ben)
    assert parts(ada)[0] == ["ben", "Old"]


def test_room_that_one_has_left_is_among_the_others_and_looks_different(ada, ben, room):
    make_room("Garden")
    room.memberships.get(user=ada).leave()
    assert parts(ada)[:2] == [[], ["Garden", "Kitchen"]]
    assert [chat.has_left for chat in chats_of(ada).rooms] == [False, True]
    assert not any(chat.has_left for chat in chats_of(ben))
    room.join(ada).leave()
    assert [chat.has_left for chat in chats_of(ada).rooms] == [False, True]
    room.join(ada)
    assert not room.departures.exists()


def test_direct_message_in_which_nothing_was_said_is_none_yet(ada, ben, private):
    assert parts(ada)[0] == []
    make_message(private, ben)
    assert parts(ada)[0] == ["ben"]


# Favourites


def choose(client, room, is_favourite=True, **headers):
    data = {"is_favourite": "on"} if is_favourite else {}
    return client.post(f"/rooms/{room.pk}/favourite/", data, headers=headers)


def test_favourites_stand_on_top_in_the_order_in_which_they_were_chosen(ada, ada_client, room, private):
    others = [make_room(name, [ada]) for name in ("One", "Two")]
    for chat in (room, private, *others):
        make_message(chat, ada)
    for chat in (private, room):
        assert choose(ada_client, chat).headers["Location"] == f"/rooms/{chat.pk}/"
    assert choose(ada_client, private).status_code == 302  # again: it stays where it is
    assert [chat.name for chat in chats_of(ada).favourites] == ["ben", "Kitchen"]
    assert names(ada_client) == ["ben", "Kitchen", "Two", "One"]
    choose(ada_client, private, False)
    assert names(ada_client) == ["Kitchen", "Two", "One", "ben"]


def test_favourite_of_one_is_none_of_others(ada_client, ben, room):
    choose(ada_client, room)
    assert not chats_of(ben).favourites


def test_favourite_stays_on_the_first_page(ada, ada_client, room, monkeypatch):
    monkeypatch.setattr("rooms.chats.CHATS_PER_PAGE", 1)
    make_message(make_room("Garden", [ada]), ada)
    choose(ada_client, room)
    assert names(ada_client)[:1] == ["Kitchen"]


def test_button_says_what_it_does_next(ada_client, room):
    answer = choose(ada_client, room, **{"HX-Request": "true"}).content.decode()
    assert "Remove from favourites" in answer
    assert "Remove from favourites" in ada_client.get(f"/rooms/{room.pk}/").content.decode()
    assert "Add to favourites" in choose(ada_client, room, False, **{"HX-Request": "true"}).content.decode()


# Hidden chats


@pytest.mark.parametrize("people", [0, 50])
def test_hidden_chat_comes_back_when_somebody_writes(ada, ada_client, ben, room, private, settings, people):
    """It is in no part of the list meanwhile, and counts nowhere as unread; for others nothing changes."""
    settings.SMALL_HOUSE_PEOPLE = people
    make_message(room, ben)
    make_message(private, ben)
    for chat in (room, private):
        assert ada_client.post(f"/rooms/{chat.pk}/hide/", {"is_hidden": "on"}).headers["Location"] == "/"
    assert not names(ada_client)
    assert total_unread([ada.pk]) == {ada.pk: 0}
    assert {chat.name for chat in chats_of(ben).mine} == {"Kitchen", "ada"}
    make_message(room, ben)
    assert names(ada_client) == ["Kitchen"]
    assert "Hide this chat" in ada_client.get(f"/rooms/{room.pk}/notifications/").content.decode()
    assert "Show this chat" in ada_client.get(f"/rooms/{private.pk}/notifications/").content.decode()
    ada_client.post(f"/rooms/{private.pk}/hide/")
    assert set(names(ada_client)) == {"Kitchen", "ben"}


# Older chats


@pytest.fixture
def _two_at_a_time(monkeypatch):
    monkeypatch.setattr("rooms.chats.CHATS_PER_PAGE", 2)


@pytest.mark.usefixtures("_two_at_a_time")
def test_older_chats_are_behind_a_link(ada, ben, ada_client, private):
    old = [make_room(name, [ada]) for name in ("Archived", "One", "Two", "Three")]
    for room in (*old, private):
        make_message(room, ada)
    ChatRoom.objects.filter(pk=old[0].pk).update(archived_at=timezone.now())
    assert names(ada_client) == ["ben", "Three"]
    seen, page = [], page_of(ada_client.get("/"))
    while links := [link for link in page.all("a") if link.text in ("Older chats", "More")]:
        page = page_of(ada_client.get(f"/chats/{links[0]['href'].removeprefix('/chats/')}"))
        seen.append([name.text.strip() for name in page.all(css_class="chat-name")])
    assert seen == [["Two", "One"], ["Archived"]]


@pytest.mark.usefixtures("_two_at_a_time")
def test_chats_on_older_pages_are_not_offered_as_others(ada, ben, private):
    make_message(private, ben)
    for name in ("One", "Two", "Three"):
        make_message(make_room(name, [ada]), ada)
    assert parts(ada) == [["Three", "Two"], [], []]


@pytest.mark.usefixtures("_two_at_a_time")
def test_title_counts_what_is_unread_on_older_pages(ada, ben, ada_client, room, private):
    for number, chat in enumerate((room, make_room("Garden", [ada, ben]), private), 1):
        make_messages(chat, ben, number)
    assert page_of(ada_client.get("/")).all("title")[0].text.strip().startswith("(6)")
    assert state_of(ada, None).decode().count(">(6) Chats") == 1
    page = ada_client.get(f"/rooms/{room.pk}/").content.decode()
    assert "<title>(1)" in "".join(page.split("\n"))
    assert ">(1) Kitchen" in state_of(ada, room.pk).decode()


@pytest.mark.parametrize("page", ["-1", "x", "9" * 30, "7", "\x00"])
def test_page_of_chats_that_is_none_shows_no_fault(ada_client, room, page):
    assert ada_client.get("/chats/", {"page": page}).status_code == 200


# What is said about it


def test_preview_of_a_group_names_the_sender(ada, ben, ada_client, room):
    make_message(room, ben, "Dinner is\nready")
    assert preview(ada_client, f"room-{room.pk}").endswith("ben: Dinner is ready")


def test_preview_of_a_private_chat_names_nobody(ada_client, ben, private):
    make_message(private, ben, "Hello")
    assert preview(ada_client, f"person-{ben.pk}").endswith("Hello")
    assert "ben:" not in preview(ada_client, f"person-{ben.pk}")


@pytest.mark.parametrize(("dom_id", "text"), [("room", "New room"), ("person", "No messages yet")])
def test_preview_where_nothing_was_said(ada_client, ben, room, dom_id, text):
    number = room.pk if dom_id == "room" else ben.pk
    assert preview(ada_client, f"{dom_id}-{number}") == text


def test_preview_is_cut_off_and_escaped(ada, ada_client, room):
    make_message(room, ada, "<script>alert(1)</script>" + "a" * 100)
    response = ada_client.get("/")
    assert b"<script>alert" not in response.content
    assert preview(ada_client, f"room-{room.pk}").endswith("a…")


@pytest.mark.parametrize(
    ("ago", "text"),
    [(timedelta(0), "12:00"), (timedelta(days=1), "Yesterday"), (timedelta(days=2), "03/02/2026")],
)
def test_preview_has_the_time_or_the_day(ada, ada_client, room, ago, text):
    noon = datetime(2026, 3, 4, 12, tzinfo=UTC)
    with time_machine.travel(noon - ago, tick=False):
        make_message(room, ada)
    with time_machine.travel(noon, tick=False):
        ada_client.force_login(ada)
        [time] = page_of(ada_client.get("/")).all("time")
    assert (time.text.strip(), time["datetime"]) == (text, f"{(noon - ago):%Y-%m-%dT%H:%M:%SZ}")


# What is unread


def test_unread_messages_are_counted(ada, ben, ada_client, room, private):
    make_messages(room, ben, 3)
    make_message(private, ben)
    assert badge(ada_client, f"room-{room.pk}") == ("3", ", 3 unread messages")
    assert badge(ada_client, f"person-{ben.pk}") == ("1", ", 1 unread message")


def test_own_messages_are_not_unread(ada, ada_client, room):
    make_messages(room, ada, 3)
    assert badge(ada_client, f"room-{room.pk}") is None


def test_reading_takes_from_the_count(ada, ben, ada_client, room):
    messages = make_messages(room, ben, 3)
    room.memberships.get(user=ada).mark_read(messages[1].pk)
    assert badge(ada_client, f"room-{room.pk}")[0] == "1"
    room.memberships.get(user=ada).mark_read(messages[2].pk)
    assert badge(ada_client, f"room-{room.pk}") is None


def test_reading_takes_nothing_from_the_count_of_others(ada, ben, ben_client, mallory, room):
    make_membership(room, mallory)
    messages = make_messages(room, mallory, 3)
    room.memberships.get(user=ada).mark_read(messages[2].pk)
    assert badge(ben_client, f"room-{room.pk}")[0] == "3"


def test_who_is_not_in_a_group_has_nothing_unread_there(ada, mallory_client, room):
    make_messages(room, ada, 3)
    assert badge(mallory_client, f"room-{room.pk}") is None


@pytest.mark.parametrize(
    ("amount", "seen", "spoken"),
    [
        (99, "99", ", 99 unread messages"),
        (100, "99+", ", 99+ unread messages"),
        (250, "99+", ", 99+ unread messages"),
    ],
)
def test_more_than_99_are_99_plus(ben, ada_client, room, amount, seen, spoken):
    make_messages(room, ben, amount)
    assert badge(ada_client, f"room-{room.pk}") == (seen, spoken)


def test_counts_of_several_people_come_at_once(ada, ben, mallory, room, django_assert_num_queries):
    messages = make_messages(room, ben, 120)
    room.memberships.get(user=ada).mark_read(messages[99].pk)
    make_membership(room, mallory)
    people = [ada.pk, ben.pk, mallory.pk, make_user().pk]
    with django_assert_num_queries(1):
        unread = unread_in_rooms({room.pk: people})[room.pk]
    counts = {user_id: row.count for user_id, row in unread.items()}
    assert counts == {ada.pk: 20, ben.pk: 0, mallory.pk: 100}


def test_counts_agree_with_those_of_the_list(ada, ben, mallory, room, private):
    make_membership(room, mallory)
    make_messages(room, ben, 4)
    make_messages(private, ada, 2)
    for user in (ada, ben, mallory):
        for chat in chats_of(user):
            if chat.room:
                assert chat.unread == unread_in_rooms({chat.room.pk: [user.pk]})[chat.room.pk][user.pk]


# Whether two lists look the same


def test_digest_is_that_of_an_unchanged_list(ada, ben, room, private):
    make_message(room, ben)
    assert chats_digest(chats_of(ada), ada) == chats_digest(chats_of(ada), ada)


@pytest.mark.parametrize("change", ["message", "read", "room", "person", "direct message", "name", "status"])
def test_digest_changes_with_the_list(ada, ben, room, change):
    message = make_message(room, ben)
    before = chats_digest(chats_of(ada), ada)
    match change:
        case "message":
            make_message(room, ada)
        case "read":
            room.memberships.get(user=ada).mark_read(message.pk)
        case "room":
            make_room()
        case "person":
            make_user()
        case "direct message":
            make_message(make_private_room(ada, ben), ben)
        case "name":
            ben.change_profile(display_name="Benedict")
        case "status":
            ben.change_profile(status="busy")
    assert chats_digest(chats_of(ada), ada) != before


def test_page_carries_the_digest_of_its_list(ada, ada_client, room):
    fields = page_of(ada_client.get("/")).by_id("cursors").all("input")
    assert ("chats", chats_digest(chats_of(ada), ada)) in [(one["name"], one["value"]) for one in fields]


def test_page_that_comes_back_to_a_house_that_has_grown_or_shrunk_shows_its_list(
    ada, ada_client, ben, mallory, settings
):
    make_room("Not hers", [mallory])
    page = Page(ada_client.get("/").content.decode())
    parts = []
    for people in (0, 50, 0):
        settings.SMALL_HOUSE_PEOPLE = people
        page.apply(event_of(state_of(ada, None, page.cursors["chats"]).removesuffix(b"\n\n")).data)
        parts.append([part for part in ("mine", "rooms", "people") if page[part].all("li")])
    assert parts == [[], ["rooms", "people"], []]
