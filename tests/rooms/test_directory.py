"""Finding rooms and people: what is found by what, by whom, in which order, and at what cost."""

import time

import pytest
from django.urls import reverse

from accounts import limits
from accounts.models import User
from config.rates import Rate
from rooms import housekeeping
from rooms.directory import people_like, people_named_like, rooms_like
from rooms.models import Ban, ChatRoom, Membership
from tests.support.factories import make_message, make_room, make_user, make_users
from tests.support.responses import HTMX, page_of

pytestmark = pytest.mark.django_db
FIND = "/find/"


def rooms_found(user, text=""):
    return [room.name for room in rooms_like(user, text)]


def people_found(user, text=""):
    return [person.shown_name for person in people_like(user, text)]


def describe(room, description):
    room.change_head(description=description)


# By what


@pytest.mark.parametrize(
    "text", ["garden", "ARDE", "Gärten", "gä", "tomatoes", "ToMa", "n party", "  garten "]
)
def test_room_is_found_by_any_part_of_its_name_and_description(ada, text):
    room = make_room("Gärten und garden party", [ada])
    make_room("Kitchen", [ada])
    describe(room, "Tomatoes, beans")
    assert rooms_found(ada, text) == [room.name]


@pytest.mark.parametrize("text", ["wei", "WEISS", "zoe", "Zoë", "oë we", "zoe-w"])
def test_person_is_found_by_any_part_of_name_and_display_name(ada, ben, text):
    person = make_user("zoe-w")
    person.change_profile(display_name="Zoë Weiß")
    found = people_found(ada, text)
    assert found == ["Zoë Weiß"]
    person.change_profile(display_name="")
    assert people_found(ada, "wei") == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("山田たろう", "田た"),
        ("김철수", "철"),
        ("Ольга", "ЛЬГ"),
        ("Σοφία", "σοφια"),
        ("دانیال", "انی"),
        ("आकांक्षा", "कां"),
    ],
)
def test_name_of_any_script_is_found(ada, name, text):
    make_user(name)
    assert people_found(ada, text) == [name]


@pytest.mark.parametrize("text", ["%", "_", "\\", "a%b", "100", "garden\ntomatoes"])
def test_signs_that_mean_something_to_databases_mean_nothing_here(ada, text):
    describe(make_room("Garden", [ada]), "Tomatoes")
    assert rooms_found(ada, text) == []
    exact = make_room("x%_\\y 100 a%b", [ada])
    if "\n" not in text:
        assert rooms_found(ada, text) == [exact.name]


def test_what_begins_so_comes_first_and_then_the_latest_or_the_alphabet(ada, ben):
    for name in ("Old garden", "Garden 1", "Garden 2"):
        make_room(name, [ada])
    make_message(ChatRoom.objects.get(name="Garden 2"), ada)
    make_message(ChatRoom.objects.get(name="Old garden"), ada)
    assert rooms_found(ada, "garden") == ["Garden 2", "Garden 1", "Old garden"]
    assert rooms_found(ada) == ["Old garden", "Garden 2", "Garden 1"]
    for name in ("ruben", "bennet"):
        make_user(name)
    make_user("zora").change_profile(display_name="Bent")
    assert people_found(ada, "ben") == ["ben", "bennet", "Bent", "ruben"]


def test_name_is_completed_first_by_those_in_the_room(ada_client, ada, ben, mallory, room, private):
    def named(text, where=room, limit=8):
        return [(it.person.username, it.is_member) for it in people_named_like(ada, text, limit, where)]

    bennet = make_user("bennet")
    bennet.change_profile(display_name="Zoë Weiß")
    make_user("abe")
    assert named("BE") == [("ben", True), ("bennet", False), ("abe", False)]
    assert named("be", limit=2) == [("ben", True), ("bennet", False)]
    assert named("zoe w") == [("bennet", False)]
    # In a direct message there is nobody else to mention.
    assert named("", private) == [("ben", True)]
    ada.block(ben)
    assert named("ben") == [("bennet", False)]

    page = page_of(ada_client.get(f"/rooms/{room.pk}/people/", {"q": "be"}, headers=HTMX))
    [listed] = page.all("ul")
    assert (listed["role"], listed["data-words"]) == ("listbox", "2 people")
    assert [option["data-text"] for option in page.all("li")] == ["@bennet", "@abe"]
    assert "not in this room" in page.text
    assert ada_client.get(f"/rooms/{room.pk}/people/", {"q": "nobody"}).content.strip() == b""


def test_completing_is_limited_and_refused_in_silence(ada_client, room, limit, monkeypatch):
    monkeypatch.setattr(limits, "memory", limits.Memory())
    limit(find_per_user=Rate(2, 60))
    address = f"/rooms/{room.pk}/people/"
    assert ada_client.get(address, {"q": "x" * 101}).status_code == 204
    assert [ada_client.get(address).status_code for _time in range(3)] == [200, 200, 204]


# By whom


def test_only_rooms_that_one_may_open_are_found(ada, mallory):
    for name in ("Room open", "Room closed", "Room banned", "Room archived"):
        make_room(name, [ada])
    ChatRoom.objects.filter(name="Room closed").update(is_by_invitation=True)
    ChatRoom.objects.filter(name="Room archived").update(archived_at="2026-01-01T00:00Z")
    Ban.objects.create(room=ChatRoom.objects.get(name="Room banned"), user=mallory)
    ChatRoom.objects.private_between(ada, mallory)
    for text in ("", "room"):
        assert sorted(rooms_found(mallory, text)) == ["Room archived", "Room open"]
        assert len(rooms_found(ada, text)) == 4


def test_people_one_has_blocked_and_those_who_are_gone_are_not_found(ada, ben, mallory):
    make_user("gone", is_active=False)
    ada.block(mallory)
    for text in ("", "e", "mallory"):
        assert set(people_found(ada, text)) <= {"ben"}
    # Nobody is told who has blocked them.
    assert people_found(mallory) == ["ada", "ben"]
    assert people_found(mallory, "ada") == ["ada"]


# Beside the release before


def as_the_release_before(person=None, room=None):
    """Change names as release 0.2.0 does, which knows no folded ones."""
    if person:
        User.objects.filter(pk=person.pk).update(display_name="Küche")
    if room:
        ChatRoom.objects.filter(pk=room.pk).update(name="Küche", canonical_name="küche", head_revision=7)


@pytest.mark.parametrize("is_new", [True, False])
def test_what_the_release_before_has_written_is_found_and_then_folded(ada, ben, room, is_new):
    if is_new:  # rows that it made
        User.objects.update(folded=None, folded_as_of=None)
        ChatRoom.objects.update(folded=None, folded_as_of=None)
    as_the_release_before(ben, room)
    for _time in range(2):
        assert people_found(ada, "KUCHE") == rooms_found(ada, "KUCHE") == ["Küche"]
        assert people_found(ada, "be") == ["Küche"]
        housekeeping.tidy(60.0)
    assert User.objects.get(pk=ben.pk).folded == "ben\nkuche"
    room.refresh_from_db()
    assert (room.folded, room.folded_as_of) == ("kuche", 7)


def test_saving_other_things_does_not_undo_it(ada, ben):
    stale = User.objects.get(pk=ben.pk)
    ben.change_profile(display_name="Ben Nevis")
    stale.save()
    assert people_found(ada, "nevis") == ["Ben Nevis"]


# The page


def entries(page):
    return [" ".join(item.text.split()) for item in page.by_id("found").all("li")]


def actions(page):
    return [link.text.strip() for item in page.by_id("found").all("li") for link in item.all("a")]


def test_page_says_what_there_is_and_what_one_can_do(ada, ben, mallory, mallory_client):
    joined, other = make_room("Joined", [ada, ben, mallory]), make_room("Other", [ada])
    describe(other, "What is left")
    make_message(joined, ada)
    page = page_of(mallory_client.get(FIND))
    assert page.by_id("found-count").text == "4 found"
    assert actions(page) == ["Open", "Join", "Write", "Write"]
    [first, second, *people] = entries(page)
    assert first.startswith("Joined 3 members Last message:")
    assert second == "Other What is left 1 member Join"
    assert people == ["A ada Write", "B ben Write"]
    links = [link["href"] for item in page.by_id("found").all("li") for link in item.all("a")]
    assert links[1:3] == [other.get_absolute_url(), reverse("rooms:person_detail", args=["ada"])]


def test_lobby_leads_there_and_so_does_the_address_of_before(ada_client):
    assert FIND in [link["href"] for link in page_of(ada_client.get("/")).all("a")]
    assert ada_client.get("/rooms/all/")["Location"] == FIND


def test_nothing_found_is_said(ada_client):
    page = page_of(ada_client.get(FIND, {"q": "<zzz>"}))
    assert page.by_id("found-count").text == "Nothing found."
    assert page.by_id("find-box")["value"] == "<zzz>"


def test_fragment_has_the_same_and_nothing_else(ada, ada_client, ben):
    [notice, count, found] = page_of(ada_client.get(FIND, {"q": "be"}, headers=HTMX)).all("hx-partial")
    assert notice.text == ""
    assert (count["hx-target"], count.text) == ("#found-count", "1 found")
    whole = page_of(ada_client.get(FIND, {"q": "be"}))
    assert [link["href"] for link in found.all("a")] == [
        link["href"] for link in whole.by_id("found").all("a")
    ]


def test_all_are_found_page_by_page(ada_client, monkeypatch):
    monkeypatch.setattr("rooms.views.directory.AT_FIRST", 2)
    monkeypatch.setattr("rooms.views.directory.PER_PAGE", 3)
    names = {person.username for person in make_users(7)}
    seen, address = [], f"{FIND}?q=crowd"
    while address:
        page = page_of(ada_client.get(address))
        assert page.by_id("found-count").text == "7 found"
        seen.append([item.split()[1] for item in entries(page)])
        links = {link.text.strip(): link["href"] for link in page.by_id("found").all("a")}
        address = links.get("All 7 people") or links.get("More")
    assert [len(part) for part in seen] == [2, 3, 3, 1]
    assert {name for part in seen[1:] for name in part} == names


@pytest.mark.parametrize(
    "parameters", [{"page": "-1"}, {"page": "9" * 30}, {"kind": "x"}, {"kind": "rooms", "page": "7"}]
)
def test_page_that_is_none_shows_no_fault(ada_client, parameters):
    assert ada_client.get(FIND, parameters).status_code == 200


@pytest.mark.parametrize("headers", [{}, HTMX])
@pytest.mark.parametrize(
    ("text", "words"), [("x" * 101, "at most 100 characters"), ("\x07", "control character"), ("\x00", "ull")]
)
def test_text_that_no_name_has_is_refused_in_words(ada_client, room, headers, text, words):
    response = ada_client.get(FIND, {"q": text}, headers=headers)
    assert response.status_code == 422
    page = page_of(response)
    said = page.all("hx-partial")[0] if headers else page.by_id("notice")
    assert words in said.text
    assert not (page.by_id("main") or page).all("li")


def test_looking_too_often_is_refused_in_a_sentence(ada_client, ben_client, limit, monkeypatch):
    monkeypatch.setattr(limits, "memory", limits.Memory())
    limit(find_per_user=Rate(2, 60))
    assert [ada_client.get(FIND).status_code for _time in range(2)] == [200, 200]
    response = ada_client.get(FIND, {"q": "be"}, headers=HTMX)
    assert (response.status_code, response["Retry-After"]) == (429, "30")
    assert "Wait 30 seconds" in page_of(response).all("hx-partial")[0].text
    assert ben_client.get(FIND).status_code == 200


# What it costs


def fill(people, rooms):
    """Make so many people and open rooms, in bulk."""
    crowd = make_users(people)
    made = ChatRoom.objects.bulk_create(
        ChatRoom(type="group", name=name, canonical_name=name, folded=name, folded_as_of=0)
        for name in (f"hall {number}" for number in range(rooms))
    )
    Membership.objects.bulk_create(Membership(room=made[0], user=person) for person in crowd)
    return crowd


def seconds(client, text):
    begun = time.thread_time()
    assert client.get(FIND, {"q": text}, headers=HTMX).status_code == 200
    return time.thread_time() - begun


def test_finding_costs_little_more_in_a_large_house(ada, ada_client, settings):
    settings.LIMITS = dict.fromkeys(settings.LIMITS)
    before = min(seconds(ada_client, "nothing of that name") for _time in range(5))
    last = fill(2_000, 400)[-1]
    assert people_found(ada, last.username) == [last.username]
    for text in (last.username, "crowd", "hall 0", "l", "nothing of that name"):
        assert min(seconds(ada_client, text) for _time in range(5)) - before < 0.02, text
