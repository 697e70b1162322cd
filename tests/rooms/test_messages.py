"""Messages: posting them, once and in order, and showing them."""

import uuid
from datetime import timedelta
from html import unescape

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from rooms.models import Message, TokenReused
from rooms.models.formatting import is_formatted
from rooms.templatetags.messages import message_text
from tests.support.factories import make_message, make_messages, make_room
from tests.support.responses import HTMX, page_of, texts

pytestmark = pytest.mark.django_db

TOKEN = uuid.UUID("00000000-0000-4000-8000-000000000001")
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=b"

BOTH_WAYS = pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])


def post(client, room, content="Hello", token=TOKEN, headers=None, **fields):
    data = {"content": content, "token": str(token), **fields}
    return client.post(f"/rooms/{room.pk}/messages/", data, headers=headers)


def post_bytes(client, room, content, content_type, headers=None):
    """Post the bytes of `content` as a browser would that takes no notice of UTF-8."""
    if content_type == FORM:
        body = b"token=%s&content=%s" % (str(TOKEN).encode(), content)
    else:
        part = b'--b\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
        body = part % (b"token", str(TOKEN).encode()) + part % (b"content", content) + b"--b--\r\n"
    return client.post(f"/rooms/{room.pk}/messages/", body, content_type=content_type, headers=headers)


def notice(response):
    """Return what the answer says beside the composer."""
    page = page_of(response)
    partials = [partial for partial in page.all("hx-partial") if partial["hx-target"] == "#notice"]
    return " ".join((partials[0] if partials else page.by_id("notice")).text.split())


# Posting


def test_plain_post_saves_the_message_and_goes_back_to_the_room(ada, ada_client, room):
    response = post(ada_client, room)
    assert (response.status_code, response.url) == (302, f"/rooms/{room.pk}/#content")
    message = Message.objects.get()
    assert (message.sender, message.room, message.content, message.token) == (ada, room, "Hello", TOKEN)


def test_htmx_post_answers_with_the_message(ada, ada_client, room):
    response = post(ada_client, room, headers=HTMX)
    assert response.status_code == 201
    message = Message.objects.get()
    page = page_of(response)
    assert page.all("hx-upsert")[0]["hx-target"] == "#messages"
    assert page.by_id(f"message-{message.pk}")["data-sender"] == str(ada.pk)
    assert texts(page, "content") == ["Hello"]


@BOTH_WAYS
def test_post_is_announced_after_the_commit(ada, ada_client, room, rung, committed, headers):
    with committed():
        post(ada_client, room, headers=headers)
        assert rung == []
    assert rung == [("room", {"room": room.pk, "sender": ada.pk})]


def test_post_into_a_private_chat(ada_client, private):
    assert post(ada_client, private).status_code == 302
    assert private.messages.count() == 1


@pytest.mark.parametrize(
    "content", ["a" * 4000, "😀" * 4000, "ä\r\n" * 2000, "0", "\u202eabc", "👨‍👩‍👧", "❤️"]
)
def test_acceptable_content_is_accepted(ada_client, room, content):
    assert post(ada_client, room, content, headers=HTMX).status_code == 201


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("one\r\ntwo\rthree\nfour", "one\ntwo\nthree\nfour"),
        ("  Hello \n\t", "Hello"),
        ("\u3000\xa0Hello\u2003", "Hello"),
        ("a\n\n\n  b", "a\n\n\n  b"),
        ("e\u0301", "e\u0301"),
    ],
)
def test_line_ends_and_white_space_around_are_normalised(ada_client, room, sent, stored):
    post(ada_client, room, sent)
    assert Message.objects.get().content == stored


@pytest.mark.parametrize("content_type", [FORM, MULTIPART])
@pytest.mark.parametrize("content", ["\ufffd", "100 %FF \ufffd", "a+b &c=d", "ü"])
def test_typed_replacement_character_is_accepted(ada_client, room, content, content_type):
    raw = content.encode()
    if content_type == FORM:
        raw = b"".join(b"%%%02X" % byte for byte in raw)
    assert post_bytes(ada_client, room, raw, content_type).status_code == 302
    assert Message.objects.get().content == content


# Refusing


EMPTY = "This message is empty. Write something first."
CONTROL = "This contains a control character (U+{}), which can’t be shown. Remove it."
NOT_UTF8 = "This contains bytes that aren’t valid UTF-8 text. Type or paste it again."


@BOTH_WAYS
@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", EMPTY),
        (" \r\n\t ", EMPTY),
        ("\u3000\u2003", EMPTY),
        ("\u200b\u2060\ufe0f", EMPTY),
        ("a" * 4001, "A message can have at most 4000 characters; this one has 4001."),
        ("\r\n".join(["ab"] * 1334), "A message can have at most 4000 characters; this one has 4001."),
        ("a\x00b", CONTROL.format("0000")),
        ("\x00", CONTROL.format("0000")),
        ("a\x1bb", CONTROL.format("001B")),
        ("a\x0bb", CONTROL.format("000B")),
        ("a\x7fb", CONTROL.format("007F")),
        ("a\x9fb", CONTROL.format("009F")),
    ],
)
def test_unacceptable_content_is_refused_with_its_reason(
    ada_client, room, rung, committed, content, sentence, headers
):
    with committed():
        response = post(ada_client, room, content, headers=headers)
    assert response.status_code == 422
    assert notice(response) == sentence
    assert not Message.objects.exists()
    assert rung == []


@BOTH_WAYS
@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (b"%FF", FORM),
        (b"caf%E9", FORM),
        (b"%ED%A0%80", FORM),  # a lone surrogate
        (b"%C0%AF", FORM),  # an overlong slash
        (b"caf\xe9", FORM),
        (b"caf\xc3\xa9 %FF", FORM),
        (b"%EF%BF%BD %FF", FORM),  # beside a replacement character that was typed
        (b"caf\xe9", MULTIPART),
        (b"\xed\xa0\x80", MULTIPART),
        (b"\xef\xbf\xbd \xff", MULTIPART),
    ],
)
def test_bytes_that_are_no_text_are_refused(ada_client, room, content, content_type, headers):
    response = post_bytes(ada_client, room, content, content_type, headers)
    assert response.status_code == 422
    assert notice(response) == NOT_UTF8
    assert not Message.objects.exists()


def test_text_is_checked_after_the_form_token_was_looked_for(ada, room):
    client = Client(enforce_csrf_checks=True)
    client.force_login(ada)
    fields = page_of(client.get(f"/rooms/{room.pk}/")).by_id("composer").all("input")
    token = next(field["value"] for field in fields if field["name"] == "csrfmiddlewaretoken")
    assert post(client, room, "\ufffd", csrfmiddlewaretoken=token).status_code == 302


@pytest.mark.parametrize(
    "content", ["\n  two\nlines\x00", "</textarea><script>alert(1)</script>\x00", "a" * 4001]
)
def test_refused_text_stays_in_the_box(ada_client, room, content):
    response = post(ada_client, room, content)
    box = page_of(response).by_id("content")
    assert box.text == "\n" + content  # browsers drop the first line feed
    assert box["aria-invalid"] == "true"
    assert "Error:" in page_of(response).all("title")[0].text


def test_refused_htmx_post_changes_nothing_but_the_notice(ada_client, room):
    response = post(ada_client, room, "", headers=HTMX)
    assert [partial["hx-target"] for partial in page_of(response).all("hx-partial")] == ["#notice"]
    assert response["HX-Reswap"] == "none"


def test_refused_form_keeps_its_token(ada_client, room):
    response = post(ada_client, room, "")
    assert page_of(response).by_id("token")["value"] == str(TOKEN)


def test_other_fields_have_no_effect(ada, ben, ada_client, room):
    post(ada_client, room, sender=ben.pk, room_id=0, revision=99, position=99, timestamp="2001-01-01")
    message = Message.objects.get()
    assert (message.sender, message.revision, message.position) == (ada, 1, 1)
    assert message.timestamp.year > 2001


# Once only


@BOTH_WAYS
def test_same_form_twice_saves_one_message(ada_client, room, rung, committed, headers):
    with committed():
        first = post(ada_client, room, headers=headers)
        second = post(ada_client, room, headers=headers)
    assert first.status_code == second.status_code
    assert first.content == second.content
    assert Message.objects.count() == 1
    assert len(rung) == 1
    room.refresh_from_db()
    assert room.revision == 1


def test_same_form_with_other_line_ends_is_the_same_message(ada_client, room):
    post(ada_client, room, "one\r\ntwo ")
    assert post(ada_client, room, "one\ntwo", headers=HTMX).status_code == 201
    assert Message.objects.count() == 1


@BOTH_WAYS
def test_token_with_another_text_is_refused_and_replaced(ada_client, room, rung, committed, headers):
    post(ada_client, room, "first")
    with committed():
        response = post(ada_client, room, "second", headers=headers)
    assert response.status_code == 409
    assert "Another message was already sent from this form" in notice(response)
    new_token = page_of(response).by_id("token")["value"]
    assert uuid.UUID(new_token) != TOKEN
    assert "room" not in [kind for kind, _ids in rung]
    assert post(ada_client, room, "second", token=new_token, headers=HTMX).status_code == 201
    assert [message.content for message in Message.objects.order_by("pk")] == ["first", "second"]


def test_lines_below_what_was_saved_already_are_a_message_of_their_own(ada_client, room):
    """What a page sends that has heard nothing of its first message, and has more by then."""
    post(ada_client, room, "first ")
    for content in ["first \r\nsecond", "first\nsecond", "first\n\nsecond\nthird", "first\nsecond\nthird"]:
        assert post(ada_client, room, content, headers=HTMX).status_code == 201
    assert [message.content for message in Message.objects.order_by("pk")] == ["first", "second", "third"]


@pytest.mark.parametrize("content", ["firstborn", "first second", "the first\nsecond", "second\nfirst"])
def test_text_that_only_resembles_what_was_saved_is_another_one(ada_client, room, content):
    post(ada_client, room, "first")
    assert post(ada_client, room, content, headers=HTMX).status_code == 409
    assert Message.objects.count() == 1


def test_lines_below_a_deleted_message_are_refused(ada_client, room):
    post(ada_client, room, "first")
    Message.objects.get().erase()
    assert post(ada_client, room, "first\nsecond", headers=HTMX).status_code == 409


def test_very_many_messages_in_one_are_refused(ada_client, room, monkeypatch):
    monkeypatch.setattr("rooms.models.chat_room.PARTS_AT_MOST", 2)
    for count in (1, 2):
        assert post(ada_client, room, "\n".join(["x"] * count), headers=HTMX).status_code == 201
    assert post(ada_client, room, "x\nx\nx", headers=HTMX).status_code == 409


def test_token_with_another_text_keeps_the_text_in_the_box(ada_client, room):
    post(ada_client, room, "first")
    assert page_of(post(ada_client, room, "second")).by_id("content").text.strip() == "second"


def test_token_with_another_room_is_refused(ada, ada_client, room):
    other = make_room(members=[ada])
    post(ada_client, room)
    assert post(ada_client, other).status_code == 409
    assert other.messages.count() == 0


def test_token_is_per_sender(ada_client, ben_client, room):
    post(ada_client, room)
    assert post(ben_client, room, headers=HTMX).status_code == 201
    assert Message.objects.count() == 2


@pytest.mark.parametrize("token", ["", "garbage", "<script>", "0" * 33])
def test_form_without_a_readable_token_is_accepted(ada_client, room, token):
    assert post(ada_client, room, "one", token=token, headers=HTMX).status_code == 201
    assert post(ada_client, room, "two", token=token, headers=HTMX).status_code == 201
    assert Message.objects.count() == 2


def test_token_may_be_written_without_hyphens(ada_client, room):
    post(ada_client, room, token=TOKEN.hex)
    post(ada_client, room, token=TOKEN)
    assert Message.objects.get().token == TOKEN


def test_every_form_has_a_token_of_its_own(ada_client, room):
    pages = [page_of(ada_client.get(f"/rooms/{room.pk}/")) for _ in range(2)]
    tokens = {uuid.UUID(page.by_id("token")["value"]) for page in pages}
    assert len(tokens) == 2


def test_database_keeps_tokens_of_a_sender_apart(ada, room):
    make_message(room, ada)
    other = make_message(room, ada)
    with pytest.raises(IntegrityError), transaction.atomic():
        Message.objects.filter(pk=other.pk).update(token=Message.objects.earliest("pk").token)


def test_database_refuses_a_message_that_is_too_long(ada, room):
    with pytest.raises(IntegrityError), transaction.atomic():
        make_message(room, ada, "a" * 4001)


def test_fault_that_is_no_reused_token_is_not_hidden(ada, room, monkeypatch):
    monkeypatch.setattr(room, "_take_turn", lambda _sender: (setattr(room, "revision", None), False, False))
    with pytest.raises(IntegrityError):
        make_message(room, ada)


# In order


def test_revisions_are_gap_free_and_stamped(ada, ben, room, private):
    for sender in (ada, ben, ada):
        make_message(room, sender)
    make_message(private, ada)
    with pytest.raises(TokenReused):
        room.post_message(ada, "another", room.messages.get(position=1).token)
    with pytest.raises(IntegrityError):
        make_message(room, ada, "a" * 4001)
    make_message(room, ben)
    numbers = room.messages.order_by("pk").values_list("position", "revision")
    assert list(numbers) == [(1, 1), (2, 2), (3, 3), (4, 4)]
    room.refresh_from_db()
    assert room.revision == 4
    assert room.last_message == room.messages.get(position=4)


def test_message_that_is_rolled_back_leaves_no_trace(ada, room, rung, committed):
    def post_and_fail():
        with transaction.atomic():
            make_message(room, ada)
            raise RuntimeError

    with committed(), pytest.raises(RuntimeError):
        post_and_fail()
    room.refresh_from_db()
    assert (room.revision, room.last_message, room.messages.count()) == (0, None, 0)
    assert rung == []


def test_doorbell_that_fails_does_not_fail_the_post(ada_client, room, monkeypatch, committed, caplog):
    def ring(*_args, **_ids):
        raise ConnectionError

    monkeypatch.setattr("config.doorbell.ring", ring)
    with committed():
        response = post(ada_client, room)
    assert response.status_code == 302
    assert Message.objects.count() == 1


def test_changed_since_finds_what_was_posted_after_a_revision(ada, room):
    messages = [make_message(room, ada) for _ in range(3)]
    assert list(Message.objects.filter(room=room).changed_since(1)) == messages[1:]
    assert list(Message.objects.filter(room=room).changed_since(3)) == []


@pytest.mark.parametrize(
    ("minutes", "same_sender", "continues"),
    [
        (0, True, True),
        (4.9, True, True),
        (5, True, False),
        (0, False, False),
        (-4.9, True, True),
        (-5, True, False),
    ],
)
def test_message_continues_a_recent_one_of_its_sender(ada, ben, room, minutes, same_sender, continues):
    now = timezone.now()
    with time_machine.travel(now, tick=False):
        assert not make_message(room, ada).continues
    with time_machine.travel(now + timedelta(minutes=minutes), tick=False):
        assert make_message(room, ada if same_sender else ben).continues is continues


def test_message_does_not_continue_one_of_another_room(ada, room, private):
    make_message(room, ada)
    assert not make_message(private, ada).continues


# What people may do


@BOTH_WAYS
def test_outsider_cannot_post(mallory_client, room, private, rung, headers):
    assert post(mallory_client, private, headers=headers).status_code == 404
    assert post(mallory_client, room, headers=headers).status_code == 404  # joins by visiting first
    assert not Message.objects.exists()
    assert rung == []


def test_who_has_left_cannot_post(ada, ada_client, room):
    room.memberships.get(user=ada).leave()
    assert post(ada_client, room).status_code == 404


@BOTH_WAYS
def test_who_is_removed_while_the_message_is_being_saved_says_nothing(
    ada_client, ada, room, meanwhile, rung, committed, headers
):
    meanwhile(lambda: room.memberships.filter(user=ada).delete())
    with committed():
        assert post(ada_client, room, headers=headers).status_code == 404
    assert not Message.objects.exists()
    room.refresh_from_db()
    assert room.revision == 0
    assert rung == []


def test_post_into_a_room_that_does_not_exist_is_not_found(ada_client, room):
    assert ada_client.post("/rooms/999/messages/", {"content": "Hello"}).status_code == 404


@pytest.mark.parametrize("number", [2**63 - 1, 2**63, 10**30])
def test_number_that_is_no_room_is_not_found(ada_client, number):
    for address in ("", "messages/", "read/", "leave/"):
        assert ada_client.post(f"/rooms/{number}/{address}").status_code in (404, 405)
    assert ada_client.get(f"/rooms/{number}/").status_code == 404


def test_anonymous_post_goes_to_the_login_page(client, room):
    response = post(client, room)
    assert response.url == "/login/?next="
    assert post(client, room, headers=HTMX).status_code == 401
    assert not Message.objects.exists()


# As shown


@pytest.mark.parametrize(
    "content",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<svg/onload=alert(1)>",
        '"><b onmouseover=alert(1)>',
        "' onclick='alert(1)",
        "</li></ol><h1>Hearth</h1>",
        "</textarea><form action=//evil.example>",
        '<a href="javascript:alert(1)">x</a>',
        '<hx-partial hx-target="#chats">x</hx-partial>',
        '<div data-hx-get="/logout/" data-hx-trigger="load">x</div>',
        "<!-- --><template><title>x</title></template>",
        "{% load static %}{{ request.user }}",
        "&lt;script&gt; &amp; &#60;b&#62;",
        "data: x\n\nevent: y\nid: 99",
        "<style>*{display:none}</style>",
        'http://a.example/"onmouseover="alert(1)',
        "http://a.example/'onmouseover='alert(1)",
        "http://a.example/<script>alert(1)</script>",
        "http://a.example/?a=1&lt;script&gt;",
        "http://a.example/`onload=",
    ],
)
def test_markup_in_a_message_is_text(ada_client, room, content):
    response = post(ada_client, room, content, headers=HTMX)
    page = page_of(response)
    [bubble] = page.all(css_class="content")
    assert bubble.text == content
    assert {element.tag for element in bubble.children} <= {"a"}
    assert {name for link in bubble.all("a") for name in link.attributes} <= {"href", "target", "rel"}
    assert [element.tag for element in page.all() if element.get("id")] == ["li"]


TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=60)


@given(TEXTS.filter(lambda text: not is_formatted(text)))
def test_any_text_is_shown_as_it_is(content):
    html = message_text(Message(content=content))
    assert "<" not in html.replace("<a ", "").replace("</a>", "")
    assert unescape(_without_links(html)) == content


def _without_links(html):
    while "<a " in html:
        before, _, rest = html.partition("<a ")
        html = before + rest.partition(">")[2]
    return html.replace("</a>", "")


@pytest.mark.parametrize(
    ("content", "address"),
    [
        ("see https://example.org/a?b=c&d=e#f.", "https://example.org/a?b=c&d=e#f"),
        ("(http://example.org/)", "http://example.org/"),
        ("www.example.org", "https://www.example.org"),
        ("example.org", "https://example.org"),
        ("one\nhttps://example.org/\ntwo", "https://example.org/"),
        ("https://example.org/ä", "https://example.org/%C3%A4"),
    ],
)
def test_address_in_a_message_is_a_link(ada_client, room, content, address):
    page = page_of(post(ada_client, room, content, headers=HTMX))
    [link] = page.all(css_class="content")[0].all("a")
    assert link["href"] == address
    assert link["target"] == "_blank"
    assert set(link["rel"].split()) == {"noopener", "noreferrer", "nofollow", "ugc"}
    assert page.all(css_class="content")[0].text == content


@pytest.mark.parametrize(
    "content",
    [
        *("javascript:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc", "//a.b"),
        *("ada@example.org", "mailto:ada@example.org", "(joe@corp.example.com)"),
    ],
)
def test_other_schemes_are_no_links(content):
    assert "<a" not in message_text(Message(content=content))


@pytest.mark.parametrize(
    "content", ["." * 4000, "(" * 2000 + ")" * 2000, "&" * 4000, "a@" * 2000, "http://" * 571]
)
@pytest.mark.timeout(2)
def test_odd_text_costs_little(content):
    assert unescape(_without_links(message_text(Message(content=content)))) == content


def test_message_names_no_viewer(ada, ada_client, ben_client, room):
    message = make_message(room, ada)
    shown = [
        _row(client.get(f"/rooms/{room.pk}/").content.decode(), message)
        for client in (ada_client, ben_client)
    ]
    posted = post(ada_client, room, message.content, token=message.token, headers=HTMX).content.decode()
    assert shown[0] == shown[1] == _row(posted, message)


def _row(html, message):
    return html[html.index(f'<li id="message-{message.pk}"') :].partition("</li>")[0]


def test_time_of_a_message_is_complete_for_machines(ada, room, ada_client):
    with time_machine.travel("2026-03-04T05:06:07.89Z", tick=False):
        make_message(room, ada)
    [time] = page_of(ada_client.get(f"/rooms/{room.pk}/")).all(css_class="message")[0].all("time")
    assert (time["datetime"], time.text) == ("2026-03-04T05:06:07Z", "05:06")


def test_many_messages_at_once_have_the_numbers_of_single_ones(ada, room):
    make_message(room, ada)
    make_messages(room, ada, 3)
    assert make_message(room, ada).position == 5
