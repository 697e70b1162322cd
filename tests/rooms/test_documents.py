"""Rooms without scripts: a document of a real server process, to which changes are added as they happen."""

import re
from contextlib import AsyncExitStack
from html import unescape

import pytest

from tests.rooms.conftest import HEARTBEAT
from tests.support.clients import ChatClient, StreamReader, eventually

pytestmark = pytest.mark.usefixtures("no_complaint")

ENDED = 'http-equiv="refresh"'


class DocumentReader:
    """Reads what is added to the document, as a browser does."""

    def __init__(self, stream: StreamReader) -> None:
        self.stream = stream

    @property
    def html(self) -> str:
        return self.stream.body.decode()

    @property
    def messages(self) -> list[str]:
        contents = re.findall(r'<div [^>]*class="content" dir="auto">(.*?)</div>', self.html, re.DOTALL)
        return [unescape(re.sub("<.*?>", "", content)) for content in contents]

    async def wait_for(self, text: str, seconds: float = 10.0) -> None:
        await eventually(lambda: text in self.html, seconds, text)

    async def wait_for_messages(self, *texts: str) -> None:
        try:
            await eventually(lambda: self.messages == list(texts))
        except AssertionError:
            assert self.messages == list(texts), self.html

    async def wait_until_level(self) -> None:
        """Wait until it has what it begins with, and a heartbeat after that."""
        await self.stream.wait_for(lambda: re.search('class="ticks".*class="beat ', self.html, re.DOTALL))


@pytest.fixture
async def open_document():
    """Open the document of a room: `await open_document(bob, private_id)`."""
    async with AsyncExitStack() as stack:

        async def open_document(client: ChatClient, room_id: int, **options) -> DocumentReader:
            options = {"session": client.session, **options}
            stream = await StreamReader.open(client.url, f"/rooms/{room_id}/live", **options)
            return DocumentReader(await stack.enter_async_context(stream))

        yield open_document


@pytest.fixture
async def document(open_document, bob, private_id):
    """bob's document of the chat with ann, with all that it begins with."""
    document = await open_document(bob, private_id)
    await document.wait_until_level()
    return document


# Opening


async def test_headers(document):
    stream = document.stream
    assert stream.status == 200
    assert stream.header("content-type") == "text/html; charset=utf-8"
    assert stream.header("cache-control") == "no-store, private, no-transform"
    assert stream.header("x-accel-buffering") == "no"
    assert stream.header("x-content-type-options") == "nosniff"
    assert stream.header("x-frame-options") == "SAMEORIGIN"
    assert stream.header("referrer-policy") == "same-origin"
    assert not stream.header("set-cookie")


async def test_policy_allows_nothing_but_pictures_and_style_sheets_and_those_of_this_response(
    open_document, bob, private_id, document
):
    policy = document.stream.header("content-security-policy")
    found = re.fullmatch(
        r"default-src 'none'; img-src 'self'; media-src 'self'; style-src 'self' 'nonce-([\w-]{20,})'; "
        r"base-uri 'none'; form-action 'none'; "
        r"frame-ancestors 'self'",
        policy,
    )
    assert found, policy
    assert set(re.findall(r'<style nonce="(.*?)">', document.html)) == {found[1]}
    other = await open_document(bob, private_id)
    assert found[1] not in other.stream.header("content-security-policy")


@pytest.mark.parametrize(
    ("who", "room", "status", "words"),
    [
        ("nobody", "{private_id}", 401, "Your session has ended."),
        ("eve", "{private_id}", 404, "You are no longer in this room."),
        ("eve", "999999", 404, "You are no longer in this room."),
        ("bob", "0", 404, "You are no longer in this room."),
        ("bob", str(10**30), 404, "You are no longer in this room."),
    ],
)
async def test_who_may_not_read_gets_a_small_page(bob, eve, private_id, who, room, status, words):
    session = {"nobody": "", "eve": eve.session, "bob": bob.session}[who]
    path = f"/rooms/{room.format(private_id=private_id)}/live"
    async with await StreamReader.open(bob.url, path, session=session) as stream:
        await stream.wait_until_closed()
        assert stream.status == status
        assert stream.header("content-type") == "text/html; charset=utf-8"
        assert stream.header("cache-control") == "no-store"
        assert "frame-ancestors 'self'" in stream.header("content-security-policy")
        assert words in stream.body.decode()
        assert ENDED not in stream.body.decode()


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "DELETE", "OPTIONS"])
async def test_other_methods_are_not_allowed(open_document, bob, private_id, method):
    stream = (await open_document(bob, private_id, method=method)).stream
    assert stream.status == 405
    assert stream.header("allow") == "GET"


@pytest.mark.parametrize(
    ("options", "status"),
    [({"headers": {"Sec-Fetch-Site": "cross-site"}}, 403), ({"query": {"channel": "room-1"}}, 400)],
)
async def test_other_sites_and_unknown_parameters_are_refused(
    open_document, bob, private_id, options, status
):
    assert (await open_document(bob, private_id, **options)).stream.status == status


# What it begins with, and what is added


async def test_begins_with_the_newest_page_and_goes_on(open_document, ann, bob, private_id):
    ids = [await ann.post(private_id, f"Line {number}") for number in range(60)]
    await bob.mark_read(private_id, ids[57])
    lines = [f"Line {number}" for number in range(10, 60)]
    document = await open_document(bob, private_id)
    await document.wait_for_messages(*lines)
    assert f'id="unread" class="line unread-line" data-key="{ids[58]}"' in document.html
    assert f"/rooms/{private_id}/?before={ids[10]}" in document.html
    await ann.post(private_id, "And on")
    await document.wait_for_messages(*lines, "And on")


async def test_own_message_stands_there_once(ann, bob, private_id, document):
    for client in (bob, ann, bob):
        await client.post(private_id, f"by {client.name}")
    await document.wait_for_messages(*(f"by {client.name}" for client in (bob, ann, bob)))


async def test_line_for_the_day_comes_once(ann, private_id, document):
    await ann.post(private_id, "one")
    await document.wait_for_messages("one")
    await ann.post(private_id, "two")
    await document.wait_for_messages("one", "two")
    assert document.html.count("Today") == 1


@pytest.mark.parametrize(
    "text",
    [
        "</li></ol></main><script>x</script><style>*{display:none}</style>",
        "<!-- <template> <plaintext> <title> <meta http-equiv=refresh content=0>",
        "]]> ' \" &amp; &lt;b&gt; \\u003c",
        "a\nb\r\nc",
        "{{ message }} {% now %}",
    ],
)
async def test_texts_are_escaped(ann, private_id, document, text):
    await ann.post(private_id, text)
    await document.wait_for_messages(text.replace("\r\n", "\n"))
    for tag in ("<script", "<meta http-equiv=refresh", "<plaintext", "<template", "<!--", "<style>"):
        assert tag not in document.html


async def test_typing_comes_and_goes(ann, private_id, document):
    await ann.send(f"/rooms/{private_id}/typing/")
    await document.wait_for(f"{ann.name} is typing…")
    await ann.send(f"/rooms/{private_id}/typing/", stop="1")
    await document.wait_for('<li class="typing" hidden>')


def style_of(document):
    """Return the document without white space, by which style is only written."""
    return "".join(document.html.split())


async def test_ticks_are_a_style_and_words(ann, bob, private_id, document):
    first = await bob.post(private_id, "Do you read me?")
    await document.wait_for("Do you read me?")
    await ann.lobby()
    await document.wait_for("Your last message: Delivered")
    assert f"#message-{first}).tick::before" in style_of(document)
    await ann.mark_read(private_id, first)
    await document.wait_for("Your last message: Read")
    assert f"#message-{first}).tick{{" in style_of(document)
    assert 'role="img"' not in document.html


async def test_what_was_written_before_somebody_joined_stays_sent(open_document, ann, bob, eve, group_id):
    await bob.leave(group_id)
    before = await ann.post(group_id, "Is anybody here?")
    await eve.room(group_id)
    after = await ann.post(group_id, "Welcome")
    await eve.mark_read(group_id, after)
    document = await open_document(ann, group_id)
    await document.wait_for("Your last message: Read")
    before_all = f":where(:not(:has(~#message-{before}),#message-{before}))"
    assert f"{before_all}.tick::before" in style_of(document)


async def test_what_a_document_got_is_delivered(ann, bob, private_id, document):
    async with await ann.stream(private_id) as stream:
        await stream.wait_for_event("heartbeat")
        sent = await ann.post(private_id, "Did it come?")
        await stream.wait_for(
            lambda: re.search(rf'data-delivered="\d+:{sent}"', "".join(e.data for e in stream.unnamed))
        )


async def test_only_the_room_that_is_shown_is_delivered(open_document, ann, bob, private_id, group_id, rows):
    document = await open_document(bob, private_id)
    await document.wait_until_level()
    elsewhere = await ann.post(group_id, "Not in this frame")
    here = await ann.post(private_id, "In this frame")
    query = (
        "SELECT last_delivered FROM rooms_membership JOIN accounts_user ON accounts_user.id = user_id"
        " WHERE username = ? AND room_id = ?"
    )
    await eventually(lambda: rows.execute(query, [bob.name, private_id])[0] == (here,))
    assert rows.execute(query, [bob.name, group_id])[0][0] < elsewhere


async def test_heartbeats_follow_each_other(document):
    await document.stream.wait_for(lambda: document.html.count('class="beat ') >= 4, 10 * HEARTBEAT)


async def test_times_are_in_the_zone_of_the_cookie(open_document, ann, bob, private_id, rows):
    sent = await ann.post(private_id, "When?")
    rows.execute("UPDATE rooms_message SET timestamp = '2026-01-01 12:00:00' WHERE id = ?", [sent])
    cookie = f"hearth_session={bob.session}; hearth_timezone=Asia/Kathmandu"
    document = await open_document(bob, private_id, session="", headers={"Cookie": cookie})
    await document.wait_for(">17:45</time>")


async def test_looks_as_its_reader_wants(open_document, bob, private_id, rows):
    look = "UPDATE accounts_user SET theme = 'dark', text_size = 'large' WHERE username = ?"
    rows.execute(look, [bob.name])
    document = await open_document(bob, private_id)
    await document.wait_for('<meta name="color-scheme" content="dark">')
    [attributes] = re.findall(r"<html ([^>]*)>", document.html)
    assert attributes.split() == ['lang="en"', 'dir="ltr"', 'data-theme="dark"', 'data-text-size="large"']


# The end


async def assert_ended(document, words):
    await document.stream.wait_until_closed(2)
    assert document.stream.is_complete
    assert words in document.html
    assert ENDED not in document.html


async def test_logout_ends_it(bob, ann, private_id, document):
    await bob.log_out()
    await ann.post(private_id, "unheard")
    await assert_ended(document, "Your session has ended.")
    assert document.messages == []


async def test_leaving_the_room_ends_it(open_document, ann, bob, group_id):
    document = await open_document(bob, group_id)
    await document.wait_until_level()
    await bob.leave(group_id)
    await ann.post(group_id, "unheard")
    await assert_ended(document, "You are no longer in this room.")
    assert document.messages == []


async def test_end_of_a_membership_that_nobody_rings_for_ends_it(open_document, ann, bob, group_id, rows):
    document = await open_document(bob, group_id)
    await document.wait_until_level()
    rows.execute(
        "DELETE FROM rooms_membership WHERE room_id = ? AND user_id IN"
        " (SELECT id FROM accounts_user WHERE username = ?)",
        [group_id, bob.name],
    )
    await ann.post(group_id, "unheard")
    await assert_ended(document, "You are no longer in this room.")
    assert document.messages == []


def change_text(rows, room_id, message_id, content):
    """Change a message as an edit does, without its form."""
    rows.execute("UPDATE rooms_chatroom SET revision = revision + 1 WHERE id = ?", [room_id])
    rows.execute(
        "UPDATE rooms_message SET content = ?, revision ="
        " (SELECT revision FROM rooms_chatroom WHERE id = ?) WHERE id = ?",
        [content, room_id, message_id],
    )


async def test_message_that_changes_is_put_in_its_place_and_the_document_goes_on(
    ann, private_id, document, rows
):
    sent = [await ann.post(private_id, text) for text in ("tpyo", "Secnod")]
    await document.wait_for_messages("tpyo", "Secnod")
    change_text(rows, private_id, sent[1], "Second")
    await document.wait_for_messages("tpyo", "Secnod", "Second")
    change_text(rows, private_id, sent[0], "typo")
    await document.wait_for_messages("tpyo", "Secnod", "Second", "typo")
    await ann.post(private_id, "Third")
    await document.wait_for_messages("tpyo", "Secnod", "Second", "typo", "Third")
    ids = re.findall(r'<li id="(message-[-0-9]+)"', document.html)
    assert len(set(ids)) == len(ids) == 3
    nonces = set(re.findall(r'<style nonce="(.*?)">', document.html))
    assert len(nonces) == 1
    assert f"'nonce-{nonces.pop()}'" in document.stream.header("content-security-policy")
    styles = re.findall(r'<li class="order">(.*?)</li>', document.html, re.DOTALL)
    orders = [re.findall(r"(\d+) ~ \*\) { order: (\d+); }", style) for style in styles]
    # The second style repeats what the first one says of the message further down.
    assert orders == [
        [(str(sent[1]), str(2 * sent[1]))],
        [(str(pk), str(2 * pk)) for pk in sent],
    ]


async def test_change_of_the_room_has_it_begin_anew(ann, private_id, document, rows):
    sent = await ann.post(private_id, "tpyo")
    await document.wait_for_messages("tpyo")
    rows.execute("UPDATE rooms_chatroom SET head_revision = revision + 1 WHERE id = ?", [private_id])
    change_text(rows, private_id, sent, "typo")
    await document.stream.wait_until_closed(5)
    assert document.stream.is_complete
    assert '<meta http-equiv="refresh" content="0; url=live">' in document.html
    assert document.messages == ["tpyo"]
