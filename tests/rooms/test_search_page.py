"""The pages that search messages, and lead to a day of a room."""

from datetime import UTC, datetime, timedelta
from html import escape, unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from accounts import limits
from config.rates import Rate
from config.text import fold, searchable
from rooms import search
from rooms.models import Message
from rooms.search_marks import marked
from tests.conftest import client_of
from tests.support.factories import make_message, make_messages, make_room, make_user
from tests.support.responses import HTMX, page_of

SEARCH = "/search/"


@pytest.fixture
def said(room, ada, ben):
    """What ben has said in the kitchen."""
    return make_message(room, ben, "A large **umbrella** & tea")


def text_of(response, part="found"):
    return " ".join(page_of(response).by_id(part).text.split())


# What is shown


@pytest.mark.django_db
def test_what_was_found_is_marked_and_leads_to_where_it_stands(client, ada_client, said, room):
    make_message(room, said.sender, "Another umbrella")
    response = ada_client.get(SEARCH, {"q": 'from:ben "rella & t"'})
    assert text_of(response, "found-count") == "1 message found."
    page = page_of(response)
    assert page.by_id(f"message-{said.pk}")
    html = response.text
    assert "<mark>rella</mark></strong><mark> &amp; t</mark>ea" in html
    [link] = [found["href"] for found in page.all("a") if "message=" in found.get("href")]
    assert parse_qs(urlsplit(client.get(link)["Location"]).query)["next"] == [
        link
    ]  # somebody who logs in first
    room_page = ada_client.get(link)
    assert "<mark>rella</mark></strong><mark> &amp; t</mark>ea" in room_page.text
    assert room_page.text.count("<mark>") == 2
    assert page_of(room_page).by_id("linked")
    assert "<mark>" not in ada_client.get(said.get_absolute_url()).text


@pytest.mark.django_db
def test_rooms_and_people_stand_first_and_only_where_nothing_else_is_asked(ada_client, ada, ben):
    make_room("Umbrella club", [ben])
    make_user("umbrella-man")
    response = ada_client.get(SEARCH, {"q": "umbrella"})
    assert "Umbrella club" in text_of(response)
    assert "umbrella-man" in text_of(response)
    assert text_of(response, "found-count") == "No messages found."
    assert not text_of(ada_client.get(SEARCH, {"q": "umbrella has:link"})).strip()
    assert not text_of(ada_client.get(SEARCH)).strip()


@pytest.mark.django_db
def test_results_have_pages_and_groups(ada_client, ada, ben, room, private, monkeypatch):
    monkeypatch.setattr(search, "PER_PAGE", 3)
    for place in (room, private, room, private):
        make_message(place, ben, "umbrella")
    response = ada_client.get(SEARCH, {"q": "umbrella", "by_room": "on"})
    assert text_of(response, "found-count") == "More than 3 messages found."
    page = page_of(response)
    assert [heading.text.strip() for heading in page.all("h3")] == ["ben", "Kitchen"]
    older = next(link["href"] for link in page.all("a") if link.text.strip() == "Older")
    page = page_of(ada_client.get(SEARCH + older))
    assert [heading.text.strip() for heading in page.all("h3")] == ["Kitchen"]
    assert page.by_id("found-count").text.strip() == "1 message found."


@pytest.mark.django_db
def test_what_was_not_understood_is_said(ada_client, said):
    response = ada_client.get(SEARCH, {"q": "umbrella from:nobody"})
    expected = "No messages found. “from:nobody” was searched for as text: no one has this name."
    assert text_of(response, "found-count") == expected


@pytest.mark.django_db
def test_fields_lead_to_an_address_with_the_text_alone(ada_client, said):
    fields = {"q": "umbrella", "was": "", "sender": "ben", "room": "Kitchen", "before": "", "by_room": "on"}
    response = ada_client.get(SEARCH, fields)
    assert response.status_code == 302
    assert parse_qs(urlsplit(response["Location"]).query) == {
        "q": ["umbrella from:ben in:Kitchen"],
        "by_room": ["on"],
    }
    page = page_of(ada_client.get(response["Location"]))
    values = {field["name"]: field.get("value") for field in page.all("input") if field.get("name")}
    assert values["q"] == values["was"] == "umbrella from:ben in:Kitchen"
    assert (values["sender"], values["room"]) == ("ben", "Kitchen")
    assert "open" in page.by_id("main").all("details")[0].attributes


@pytest.mark.django_db
def test_field_that_cannot_be_read_is_refused_beside_it(ada_client, said):
    response = ada_client.get(SEARCH, {"q": "umbrella", "before": "soon"})
    assert response.status_code == 422
    page = page_of(response)
    assert page.by_id("id_before_error").text.strip() == "Enter a valid date."
    assert page.by_id("find-box")["value"] == "umbrella"
    assert ada_client.get(SEARCH, {"q": "x" * 301}).status_code == 422
    assert ada_client.get(SEARCH, {"q": "\0"}).status_code == 422


@pytest.mark.django_db
def test_posting_keeps_it_out_of_all_addresses(ada, said, room, monkeypatch):
    monkeypatch.setattr(search, "PER_PAGE", 1)
    make_message(room, ada, "umbrella")
    client = Client(enforce_csrf_checks=True)
    client.force_login(ada)
    page = page_of(client.get(SEARCH, {"private": "on"}))
    [token] = {field["value"] for field in page.all("input") if field.get("name") == "csrfmiddlewaretoken"}
    response = client.post(SEARCH, {"q": "umbrella", "csrfmiddlewaretoken": token})
    assert text_of(response, "found-count") == "More than 1 message found."
    assert "umbrella" not in " ".join(
        element.get(name) for element in page_of(response).all("a") for name in ("href", "data-hx-get")
    )
    inputs = page_of(response).all("input")
    fields = {field["name"]: field.get("value") for field in inputs if field.get("name")}
    assert fields["below"]
    response = client.post(SEARCH, {**fields, "was": "", "csrfmiddlewaretoken": token})
    assert page_of(response).by_id(f"message-{said.pk}")


@pytest.mark.django_db
def test_typing_gets_what_was_found_and_no_page(ada_client, said):
    response = ada_client.get(SEARCH, {"q": "umbr", "was": "umbr"}, headers=HTMX)
    assert response["HX-Reswap"] == "none"
    assert f'id="message-{said.pk}"' in response.text
    assert "1 message found." in response.text
    assert "<html" not in response.text
    page = page_of(response)
    assert (page.by_id("find-box"), page.by_id("id_sender")) == (None, None)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("sent", "changed", "values"),
    [
        ({"q": "umbr", "was": "", "sender": "ben"}, "find-box", {"q": "umbr from:ben", "sender": None}),
        ({"q": "umbr from:ben", "was": "umbr"}, "id_sender", {"q": None, "sender": "ben"}),
        ({"q": "umbr", "was": "umbr from:ben", "sender": "ben"}, "id_sender", {"q": None, "sender": ""}),
    ],
)
def test_box_and_fields_fill_each_other_while_somebody_types(ada_client, said, sent, changed, values):
    page = page_of(ada_client.get(SEARCH, sent, headers=HTMX))
    assert page.by_id(changed)
    fields = {field["name"]: field.get("value") for field in page.all("input") if field.get("name")}
    assert {name: fields.get(name) for name in values} == values
    assert fields["was"] == (values["q"] or sent["q"])
    assert "autofocus" not in page.by_id(changed).attributes
    response = ada_client.get(SEARCH, {**sent, "before": "soon"}, headers=HTMX)
    assert "Enter a valid date." in response.text
    assert "search-was" not in response.text


@pytest.mark.django_db
def test_who_searches_too_often_waits(ada_client, said, limit, monkeypatch):
    monkeypatch.setattr(limits, "memory", limits.Memory())
    limit(search_per_user=Rate(1, 60))
    assert ada_client.get(SEARCH, {"q": "a"}).status_code == 200
    response = ada_client.get(SEARCH, {"q": "umbrella"})
    assert response.status_code == 429
    assert "Wait" in text_of(response, "notice")
    assert not text_of(response).strip()


# What is marked


@pytest.mark.parametrize(
    ("html", "terms", "expected"),
    [
        ("a tea b", ["tea"], "a <mark>tea</mark> b"),
        ("TEA &amp; tea", ["tea"], "<mark>TEA</mark> &amp; <mark>tea</mark>"),
        ("a <b>te</b>a", ["tea"], "a <b><mark>te</mark></b><mark>a</mark>"),
        ('<a href="tea">x</a>', ["tea"], '<a href="tea">x</a>'),
        ("&lt;b&gt;", ["<b"], "<mark>&lt;b</mark>&gt;"),
        ("amp &amp;", ["&"], "amp <mark>&amp;</mark>"),
        ("Straße", ["ss"], "Stra<mark>ß</mark>e"),
        ("caf\u0065\u0301!", ["fe"], "ca<mark>fe\u0301</mark>!"),
        ("ｶﾞｷﾞ", ["ガ"], "<mark>ｶﾞ</mark>ｷﾞ"),
        ("two\n  lines", ["two lines"], "<mark>two\n</mark>  <mark>lines</mark>"),
        ("aaa", ["aa"], "<mark>aa</mark>a"),
        ("nothing", ["x"], "nothing"),
    ],
)
def test_what_matches_is_marked_and_nothing_else(html, terms, expected):
    assert marked(html, terms) == expected


@given(st.text(max_size=20), st.text(max_size=3))
def test_marks_change_no_text_and_stand_where_a_search_finds(text, word):
    html, term = escape(text), searchable(word)
    written = marked(html, [term] if term else [])
    assert written.replace("<mark>", "").replace("</mark>", "") == html
    if term and "<mark>" in written:
        assert term in searchable(text) or fold(unescape(html)) != searchable(text)


# A day


@pytest.fixture
def week(room, ben):
    """A message at noon of each of seven days, the first of them in March."""
    messages = make_messages(room, ben, 7)
    for days, message in enumerate(messages):
        message.timestamp = datetime(2026, 3, 1, 12, tzinfo=UTC) + timedelta(days=days)
    Message.objects.bulk_update(messages, ["timestamp"])
    return messages


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("day", "place"),
    [("2026-03-03", 2), ("2026-03-01", 0), ("2025-01-01", 0), ("2026-03-07", 6), ("2026-04-01", 6)],
)
def test_day_leads_to_its_first_message_or_the_next(ada_client, room, private, ben, week, day, place):
    make_message(private, ben, "Elsewhere")
    response = ada_client.get(room.get_absolute_url(), {"date": day})
    assert response["Location"] == week[place].get_absolute_url()


@pytest.mark.django_db
def test_day_begins_where_its_reader_is(ada, room, week):
    ada.time_zone = "Pacific/Kiritimati"  # 14 hours ahead: noon is tomorrow there
    ada.save()
    response = client_of(ada).get(room.get_absolute_url(), {"date": "2026-03-03"})
    assert response["Location"] == week[1].get_absolute_url()


@pytest.mark.django_db
def test_day_that_is_none_is_refused_and_can_be_corrected(ada_client, room, week):
    for day in ("soon", "", "2026-02-30", "0001-01-01", "9999-12-31"):
        response = ada_client.get(room.get_absolute_url(), {"date": day})
        assert response.status_code == 422
        assert page_of(response).by_id("id_date_error")


@pytest.mark.django_db
def test_day_of_an_empty_room_is_the_room_and_an_address_survives_the_login(client, ada_client, ada, mallory):
    room = make_room("Empty", [ada])
    address = f"{room.get_absolute_url()}?date=2026-03-03"
    assert ada_client.get(address)["Location"] == room.get_absolute_url()
    assert parse_qs(urlsplit(client.get(address)["Location"]).query)["next"] == [address]
    assert client_of(mallory).get(address).status_code == 302  # who joins it by that


@pytest.mark.django_db
def test_room_leads_to_a_search_in_it(ada_client, ben, room, private, said):
    for place, name in ((room, "in:Kitchen"), (private, "in:@ben")):
        make_message(place, ben, "umbrella")
        assert f"{place.get_absolute_url()}search/" in ada_client.get(place.get_absolute_url()).text
        page = page_of(ada_client.get(f"{place.get_absolute_url()}search/"))
        [hidden] = [field for field in page.all("input") if field.get("name") == "room"]
        response = ada_client.get(SEARCH, {hidden["name"]: hidden["value"], "q": "umbrella"}, follow=True)
        assert page_of(response).by_id("find-box")["value"] == f"umbrella {name}"
        assert (
            text_of(response, "found-count")
            == f"{2 if place == room else 1} message{'s' * (place == room)} found."
        )
