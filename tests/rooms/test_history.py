"""Pages of a conversation: the newest messages, older ones, lines for days and for what is new."""

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from config.drawn import drawings
from rooms import history
from rooms.history import page_before, unread_line
from rooms.models import message_text
from tests.conftest import client_of
from tests.support.factories import make_message, make_messages, make_room, make_user
from tests.support.responses import HTMX, page_of

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


def address(room, **query):
    return f"/rooms/{room.pk}/" + (
        "?" + "&".join(f"{name}={value}" for name, value in query.items()) if query else ""
    )


def shown(response):
    """Return the ids of the messages in the order in which they stand."""
    return [int(message["data-key"]) for message in page_of(response).all("li", "message")]


def lines(response):
    """Return what stands in the list: ids of messages, and the texts of lines between them."""
    items = [
        item for item in page_of(response).all("li") if {"message", "line"} & set(item.get("class").split())
    ]
    return [int(item["data-key"]) if "message" in item["class"] else item.text.strip() for item in items]


def older_link(response):
    [link] = page_of(response).by_id("older").all("a")
    return link["href"]


@pytest.fixture
def messages(ada, room):
    return make_messages(room, ada, 120)


def ids(messages):
    return [message.pk for message in messages]


# Paging


@pytest.mark.parametrize("amount", [0, 1, 49, 50, 51])
def test_room_shows_its_newest_messages(ada, ada_client, room, amount):
    messages = make_messages(room, ada, amount) if amount else []
    response = ada_client.get(address(room))
    assert shown(response) == ids(messages[-50:])
    assert bool(page_of(response).by_id("older").all("a")) is (amount > 50)


def test_older_pages_lead_to_the_beginning(ada_client, room, messages):
    response = ada_client.get(address(room))
    found = shown(response)
    for expected in (50, 20):
        response = ada_client.get(older_link(response))
        assert len(shown(response)) == expected
        found = shown(response) + found
    assert found == ids(messages)
    assert not page_of(response).by_id("older").all("a")


def test_older_pages_arrive_as_fragments_for_htmx(ada_client, room, messages):
    link = older_link(ada_client.get(address(room)))
    response = ada_client.get(link, headers=HTMX)
    targets = [(part["hx-target"], part["hx-swap"]) for part in page_of(response).all("hx-partial")]
    assert targets == [("#older", "outerHTML"), ("#history", "afterbegin"), ("#older-status", "textContent")]
    assert shown(response) == ids(messages[20:70])
    assert f"before={messages[20].pk}" in older_link(response)


def test_fragment_and_page_show_a_message_alike(ada_client, room, messages):
    link = older_link(ada_client.get(address(room)))
    page, fragment = (ada_client.get(link, headers=headers).content.decode() for headers in ({}, HTMX))
    row = fragment[
        fragment.index('<li id="message-') : fragment.index("</li>", fragment.index('<li id="message-'))
    ]
    assert row in page


def test_older_page_stays_the_same_while_messages_arrive(ada, ada_client, room, messages):
    link = older_link(ada_client.get(address(room)))
    before = shown(ada_client.get(link))
    make_messages(room, ada, 7)
    assert shown(ada_client.get(link)) == before


def test_older_page_says_how_much_is_newer_and_leads_there(ada, ada_client, room, messages):
    page = page_of(ada_client.get(older_link(ada_client.get(address(room)))))
    gap = page.by_id("gap")
    assert (gap["href"], gap.text.strip()) == (
        room.get_absolute_url(),
        "50 newer messages. Go to the newest",
    )
    make_messages(room, ada, 60)
    page = page_of(ada_client.get(address(room, before=messages[70].pk)))
    assert page.by_id("gap").text.strip() == "99+ newer messages. Go to the newest"


def test_newest_page_knows_the_revision_that_it_shows(ada_client, room, messages):
    page = page_of(ada_client.get(address(room)))
    assert page.by_id("cursor")["value"] == f"room-{room.pk}:120"
    assert page.by_id("stream")["data-hx-sse-connect"] == f"/rooms/{room.pk}/stream"


def test_message_that_comes_while_the_page_is_read_is_not_behind_its_revision(ada, room, monkeypatch):
    """It may be on the page and be sent once more; it must not be missing from both."""
    make_message(room, ada)
    newest_before = history.newest_before

    def newest_after_another(**values):
        make_message(room, ada)
        return newest_before(**values)

    monkeypatch.setattr(history, "newest_before", newest_after_another)
    page = page_before(room)
    assert (len(page.messages), page.revision) == (2, 1)


def test_paging_counts_nothing_and_skips_nothing(ada_client, room, messages):
    with CaptureQueriesContext(connection) as queries:
        ada_client.get(address(room, before=messages[60].pk))
    [query] = [query["sql"] for query in queries if 'ORDER BY "rooms_message"."id" DESC' in query["sql"]]
    assert "OFFSET" not in query
    assert "LIMIT 51" in query


def test_paging_follows_an_index(ada, private, room, messages):
    if connection.vendor == "postgresql":
        make_messages(private, ada, 2000)  # of few messages, it would read all
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE rooms_message; SET LOCAL enable_bitmapscan = off")
            cursor.execute("SET LOCAL random_page_cost = 1")  # all of it is in memory
    plan = room.messages.before(10**9).order_by("-pk")[:51].explain()
    assert "message_room_id" in plan
    assert not re.search("SCAN rooms_message|B-TREE|Sort|Filter", plan), plan


def test_messages_of_other_rooms_are_on_no_page(ada, ada_client, room, private, messages):
    make_message(private, ada, "secret")
    other = make_room(members=[ada])
    make_message(other, ada, "elsewhere")
    for response in (ada_client.get(address(room)), ada_client.get(address(room, before=10**9))):
        assert set(shown(response)) <= set(ids(messages))


NO_NUMBERS = [
    "",
    "x",
    "-1",
    "0",
    "1.5",
    "٣",
    "1e3",
    "9" * 19,
    "9" * 400,
    "%00",
    "<script>",
    "None",
    "+5",
    "%205",
]


def test_place_that_is_no_number_shows_the_newest_messages(ada_client, room, messages):
    for before in NO_NUMBERS:
        response = ada_client.get(address(room, before=before))
        assert response.status_code == 200, before
        assert shown(response) == ids(messages[-50:]), before
        assert page_of(response).by_id("composer"), before


@pytest.mark.parametrize("before", ["x", "0", ""])
def test_place_that_is_no_number_puts_nothing_into_the_page(ada_client, room, messages, before):
    """The newest messages would stand there twice."""
    response = ada_client.get(address(room, before=before), headers=HTMX)
    assert page_of(response).all("hx-partial") == []


def test_place_before_everything_shows_nothing(ada_client, room, messages):
    response = ada_client.get(address(room, before=messages[0].pk))
    assert shown(response) == []
    assert not page_of(response).by_id("older").all("a")


def test_place_beyond_everything_shows_the_newest_messages(ada_client, room, messages):
    assert shown(ada_client.get(address(room, before="9" * 18))) == ids(messages[-50:])


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])
def test_place_of_the_new_line_that_is_no_message_shows_none(ada_client, room, messages, headers):
    for unread in ("", "x", "-1", "9" * 18, "9" * 400, "%00", '"><script>'):
        response = ada_client.get(address(room, before=messages[60].pk, unread=unread), headers=headers)
        assert response.status_code == 200, unread
        assert shown(response) == ids(messages[10:60]), unread
        assert "New messages" not in lines(response), unread
        assert b"<script>" not in response.content.replace(b"<script src", b""), unread


def test_outsider_sees_no_page_of_a_private_chat(ada, mallory_client, private):
    messages = make_messages(private, ada, 60, "secret")
    for query in ({}, {"before": messages[55].pk}):
        for headers in ({}, HTMX):
            response = mallory_client.get(address(private, **query), headers=headers)
            assert response.status_code == 404
            assert b"secret" not in response.content


# What is new


def test_line_stands_above_the_first_unread_message(ada, ben, ben_client, room):
    read = make_message(room, ada)
    room.memberships.get(user=ben).mark_read(read.pk)
    mine = make_message(room, ben)
    new = [make_message(room, ada) for _ in range(2)]
    assert lines(ben_client.get(address(room)))[-5:] == [read.pk, mine.pk, "New messages", *ids(new)]
    assert page_of(ben_client.get(address(room))).by_id("unread")["data-key"] == str(new[0].pk)


def test_line_of_new_messages_is_nobody_elses(ada_client, ben_client, room, messages):
    assert "New messages" not in lines(ada_client.get(address(room)))
    assert "New messages" in lines(ben_client.get(address(room, before=messages[30].pk)))


def test_own_messages_are_not_new(ada, room, messages):
    assert unread_line(room.memberships.get(user=ada)) is None


def test_everything_read_has_no_line(ben, ben_client, room, messages):
    room.memberships.get(user=ben).mark_read(messages[-1].pk)
    assert "New messages" not in lines(ben_client.get(address(room)))


def test_line_keeps_its_place_on_older_pages_while_reading(ben, ben_client, room, messages, settings):
    settings.UNREAD_PAGE_LIMIT = 0  # the newest page does not reach back to it
    room.memberships.get(user=ben).mark_read(messages[29].pk)
    newest = ben_client.get(address(room))
    assert "New messages" not in lines(newest)
    link = older_link(newest)
    assert parse_qs(urlsplit(link).query)["unread"] == [str(messages[30].pk)]
    room.memberships.get(user=ben).mark_read(messages[-1].pk)
    for headers in ({}, HTMX):
        found = lines(ben_client.get(link, headers=headers))
        assert found[found.index("New messages") + 1] == messages[30].pk


# Around a message


def gap_of(response):
    return page_of(response).by_id("gap")


def test_page_around_a_message_has_it_in_the_middle(ada_client, room, messages):
    response = ada_client.get(messages[40].get_absolute_url())
    assert shown(response) == ids(messages[15:65])
    assert gap_of(response).text.strip() == "55 newer messages. Go to the newest"
    found = lines(response)
    assert found[found.index(messages[40].pk) - 1] == "You are here"
    [line] = [item for item in page_of(response).all("li") if item.get("id") == "linked"]
    assert (line["data-key"], line["tabindex"], "autofocus" in line.attributes) == (
        str(messages[40].pk),
        "-1",
        True,
    )


@pytest.mark.parametrize("place", [0, 70, 119])
def test_page_around_the_first_or_one_of_the_last_messages(ada_client, room, messages, place):
    response = ada_client.get(messages[place].get_absolute_url())
    assert shown(response) == ids(messages[:25] if place == 0 else messages[70:])
    assert bool(gap_of(response)) is (place == 0)
    assert bool(page_of(response).by_id("older").all("a")) is (place != 0)
    frames = [frame["src"] for frame in page_of(response).all("iframe")]
    assert frames == ([] if place == 0 else [f"/rooms/{room.pk}/live?message={messages[place].pk}"])


def test_newer_messages_follow_to_the_newest_without_a_gap(ada_client, room, messages):
    """In place by htmx; without scripts the room opens around the last message shown."""
    response = ada_client.get(messages[10].get_absolute_url())
    found = shown(response)
    while link := page_of(response).by_id("newer-link"):
        around = ada_client.get(link["href"])
        assert found[-1] in shown(around)
        response = ada_client.get(link["data-hx-get"], headers=HTMX)
        found += shown(response)
    assert found == ids(messages)
    targets = [(part["hx-target"], part["hx-swap"]) for part in page_of(response).all("hx-partial")]
    assert targets == [("#newer", "outerHTML"), ("#history", "beforeend"), ("#older-status", "textContent")]
    assert gap_of(response) is None


def test_page_around_a_message_counts_from_what_is_unread(ben_client, room, messages):
    """A page reports nothing as read from which the first unread message is missing."""
    read = page_of(ben_client.get(messages[60].get_absolute_url())).by_id("read")
    assert read["data-from"] == str(messages[0].pk)
    assert "data-from" not in page_of(ben_client.get(address(room))).by_id("read").attributes


@pytest.mark.parametrize("query", ["{other}", "0", "x", "", "9" * 30])
def test_there_is_no_page_around_what_is_not_in_the_room(ada, ada_client, room, messages, query):
    other = make_message(make_room(members=[ada]), ada)
    assert ada_client.get(f"/rooms/{room.pk}/?message={query.format(other=other.pk)}").status_code == 404


def test_nobody_joins_a_room_by_an_address_that_leads_nowhere(room, messages):
    mallory = make_user("mallory")
    assert client_of(mallory).get(address(room, message=10**9)).status_code == 404
    assert not room.memberships.filter(user=mallory).exists()


def test_page_around_a_deleted_message_shows_its_note(ada_client, room, messages):
    messages[40].erase()
    response = ada_client.get(messages[40].get_absolute_url())
    assert messages[40].pk in shown(response)
    assert "You are here" in lines(response)


def test_page_around_the_message_of_a_blocked_person_says_why_it_is_hidden(
    ben, ben_client, ada, room, messages
):
    assert "because you have blocked" not in ben_client.get(messages[40].get_absolute_url()).content.decode()
    ben.block(ada)
    assert "because you have blocked" in ben_client.get(messages[40].get_absolute_url()).content.decode()


def test_address_of_a_message_survives_the_login(client, room, messages):
    response = client.get(messages[40].get_absolute_url())
    assert response.status_code == 302
    assert f"%3Fmessage%3D{messages[40].pk}" in response.url


# Long messages


@pytest.fixture
def long_messages(ada, room, settings):
    """Some that do not fit on one page together."""
    settings.HISTORY_PAGE_BYTES = 60_000
    return make_messages(room, ada, 25, "x" * 3990)


def test_page_of_long_messages_has_fewer_of_them_and_the_rest_is_older(ada_client, room, long_messages):
    response = ada_client.get(address(room))
    found = shown(response)
    assert found == ids(long_messages[-len(found) :])
    assert 5 < len(found) < 15
    while len(found) < 25:
        response = ada_client.get(older_link(response))
        assert len(response.content) < 90_000
        found = shown(response) + found
    assert found == ids(long_messages)
    assert not page_of(response).by_id("older").all("a")


def test_page_of_long_unread_messages_is_no_longer(ben_client, room, long_messages):
    assert len(shown(ben_client.get(address(room)))) < 15
    assert len(ben_client.get(address(room)).content) < 90_000


def test_message_that_is_longer_than_a_page_is_shown(ada_client, room, long_messages, settings):
    settings.HISTORY_PAGE_BYTES = 100
    assert shown(ada_client.get(address(room))) == ids(long_messages[-1:])


def test_address_of_a_long_message_leads_to_where_it_stands(ada_client, room, long_messages):
    for message in long_messages:
        assert message.pk in shown(ada_client.get(message.get_absolute_url()))


def test_what_is_made_html_for_a_page_is_what_is_on_it(ada_client, room, settings, monkeypatch):
    """And one more, which did not fit."""
    settings.HISTORY_PAGE_BYTES = 60_000
    drawings.forget()
    made = []
    monkeypatch.setattr(
        message_text._MessageUrlizer, "html_of", lambda _urlizer, text: made.append(text) or text
    )
    make_messages(room, room.memberships.first().user, 25, "y" * 3990)
    found = shown(ada_client.get(address(room)))
    made.remove("")  # the description of the room
    assert len(made) == len(set(made)) == len(found) + 1


def test_place_of_another_readers_line_makes_no_page_longer(ada_client, ben_client, room, messages):
    """Ben has read nothing, ada has written all of it."""
    assert len(shown(ben_client.get(address(room)))) == 120
    for unread in (messages[0].pk, 1):
        assert shown(ada_client.get(address(room, unread=unread))) == ids(messages[-50:])


# Days and times


@pytest.fixture
def over_days(ada, room):
    """One message on each of four days, and a second one on the last."""
    moments = [NOON - timedelta(days=400), NOON - timedelta(days=2), NOON - timedelta(days=1), NOON, NOON]
    messages = []
    for moment in moments:
        with time_machine.travel(moment, tick=False):
            messages.append(make_message(room, ada))
    return messages


def test_each_day_begins_with_its_name(ada, ada_client, room, over_days):
    with time_machine.travel(NOON, tick=False):
        ada_client.force_login(ada)
        found = lines(ada_client.get(address(room)))
    first, second, third, fourth, fifth = ids(over_days)
    assert found == [
        *("January 28, 2025", first),
        *("March 2, 2026", second),
        *("Yesterday", third),
        *("Today", fourth, fifth),
    ]


def test_day_says_which_it_is_to_scripts(ada, ada_client, room, over_days):
    with time_machine.travel(NOON, tick=False):
        ada_client.force_login(ada)
        days = page_of(ada_client.get(address(room))).all("li", "day")
    assert [day.text.strip() for day in days] == ["January 28, 2025", "March 2, 2026", "Yesterday", "Today"]


@pytest.mark.parametrize(
    ("zone", "clock", "day"),
    [
        (None, "23:30", "Today"),
        ("Europe/Amsterdam", "00:30", "Yesterday"),
        ("America/New_York", "18:30", "Today"),
        ("Asia/Kolkata", "05:00", "Yesterday"),
        ("Pacific/Kiritimati", "13:30", "Yesterday"),
        ("Etc/GMT+5", "18:30", "Today"),
    ],
)
def test_times_are_those_of_the_readers_zone(ada, ada_client, room, zone, clock, day):
    """Half an hour to midnight in UTC, seen five minutes before the next."""
    posted = datetime(2026, 1, 4, 23, 30, tzinfo=UTC)
    with time_machine.travel(posted, tick=False):
        make_message(room, ada)
    now = posted + (timedelta(minutes=10) if day == "Today" else timedelta(days=1))
    with time_machine.travel(now, tick=False):
        ada_client.force_login(ada)
        if zone:
            ada_client.cookies["hearth_timezone"] = zone
        response = ada_client.get(address(room))
    [time] = page_of(response).all("li", "message")[0].all("time")
    assert (time["datetime"], time.text) == ("2026-01-04T23:30:00Z", clock)
    assert lines(response)[0] == day


@pytest.mark.parametrize(
    "zone",
    [
        "",
        "Nowhere/City",
        "../../etc/passwd",
        "/etc/passwd",
        "America",
        "a" * 5000,
        "ä",
        "UTC;",
        '"',
        "leapseconds",
        ".",
    ],
)
def test_zone_that_does_not_exist_counts_as_utc(ada, ada_client, room, zone):
    with time_machine.travel(NOON, tick=False):
        make_message(room, ada)
        ada_client.force_login(ada)
        ada_client.cookies["hearth_timezone"] = zone
        response = ada_client.get(address(room))
    assert page_of(response).all("li", "message")[0].all("time")[0].text == "12:00"


def test_zone_of_one_request_is_not_that_of_the_next(ada, ada_client, ben_client, room):
    with time_machine.travel(NOON, tick=False):
        make_message(room, ada)
    ada_client.cookies["hearth_timezone"] = "Asia/Tokyo"
    texts = [
        page_of(client.get(address(room))).all("li", "message")[0].all("time")[0].text
        for client in (ada_client, ben_client)
    ]
    assert texts == ["21:00", "12:00"]


def test_empty_room_says_so(ada_client, room):
    assert "No messages yet." in lines(ada_client.get(address(room)))
