"""Streams of a real server process: who gets one, what it looks like, and when it ends."""

import pytest

from rooms.live.wire import frames
from tests.rooms.conftest import HEARTBEAT
from tests.support import sse
from tests.support.clients import LivePage, StreamReader, eventually
from tests.support.htmx import Page, posted_in

pytestmark = pytest.mark.usefixtures("no_complaint")
# Seconds: sooner than a look at all sessions, every ten of them.
SOON = 8


async def level(stream):
    """Wait until the stream has sent what it begins with."""
    await stream.wait_for_event("heartbeat")


def page_after(stream):
    """Return the part of a page that connects, as the stream left it."""
    page = Page('<div id="live"><div id="stream"></div></div><ul id="chats"></ul>')
    for event in stream.events:
        if not event.name:
            page.apply(event.data)
    return page


# Opening


async def test_headers_keep_proxies_from_holding_it_back(ann, private_id):
    async with await ann.stream(private_id) as stream:
        assert stream.status == 200
        assert stream.header("content-type") == "text/event-stream; charset=utf-8"
        assert stream.header("cache-control") == "no-store, private, no-transform"
        assert stream.header("x-accel-buffering") == "no"
        assert stream.header("x-content-type-options") == "nosniff"
        assert not stream.header("set-cookie")
        assert not [name for name, _value in stream.headers if name.startswith("access-control-")]


async def test_first_event_says_connected_and_when_to_come_back(ann, private_id):
    async with await ann.stream(private_id) as stream:
        await stream.wait_for(lambda: stream.events)
        assert stream.events[0].name == "connected"
        assert 500 <= stream.events[0].retry <= 2000


async def test_heartbeats_are_events_that_a_page_can_see(ann, private_id):
    async with await ann.stream(private_id) as stream:
        await stream.wait_for(lambda: len(stream.named("heartbeat")) >= 3)
    beats = [arrived for event, arrived in stream.log if event.name == "heartbeat"]
    assert beats[-1] - beats[0] > HEARTBEAT


async def test_anonymous_gets_401(hearth, private_id):
    async with await StreamReader.open(hearth.url, f"/rooms/{private_id}/stream") as stream:
        assert stream.status == 401
        assert stream.header("x-content-type-options") == "nosniff"


async def test_cookie_that_no_database_takes_gets_401(hearth, private_id, no_complaint):
    headers = {"Cookie": r'hearth_session="aaaaaaaaaaaaaaa\000"'}
    async with await StreamReader.open(hearth.url, f"/rooms/{private_id}/stream", headers=headers) as stream:
        assert stream.status == 401
        assert not stream.header("location")


@pytest.mark.parametrize("session", ["", "nosuchsessionkey", "\xff\xfe", "a" * 3000])
async def test_page_without_a_session_is_told_to_stop(hearth, private_id, session):
    async with await StreamReader.open(
        hearth.url, f"/rooms/{private_id}/stream", session=session, headers={"HX-Request": "true"}
    ) as stream:
        await stream.wait_until_closed()
        assert stream.status == 200
        assert stream.header("content-type").startswith("text/event-stream")
        assert stream.is_complete
        assert not page_after(stream).connects
        assert "session has ended" in stream.events[-1].data


@pytest.mark.parametrize("room", ["{private_id}", "999999", "0", str(10**30)])
async def test_outsider_gets_the_404_of_a_room_that_does_not_exist(eve, private_id, room):
    path = f"/rooms/{room.format(private_id=private_id)}/stream"
    async with await StreamReader.open(eve.url, path, session=eve.session) as stream:
        assert stream.status == 404
        assert not stream.header("location")
        await stream.wait_until_closed()
        assert not stream.body


async def test_page_of_an_outsider_is_told_to_stop(eve, private_id):
    async with await eve.stream(private_id, headers={"HX-Request": "true"}) as stream:
        await stream.wait_until_closed()
        assert stream.status == 200
        assert not page_after(stream).connects
        assert len(stream.events) == 1


async def test_stream_for_another_site_is_refused(ann, private_id):
    async with await ann.stream(private_id, headers={"Sec-Fetch-Site": "cross-site"}) as stream:
        assert stream.status == 403


@pytest.mark.parametrize(
    "query", [{"channel": "room-1"}, {"es-meta": "x"}, {"link": "next"}, {"recover": "true"}, {"": "x"}]
)
async def test_unknown_parameter_is_refused(ann, private_id, query):
    async with await ann.stream(private_id, query=query) as stream:
        assert stream.status == 400


async def test_thousand_parameters_are_refused(ann):
    async with await StreamReader.open(
        ann.url, f"/stream?{'chats=1&' * 1200}", session=ann.session
    ) as stream:
        assert stream.status == 400


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "DELETE", "OPTIONS"])
async def test_other_methods_are_not_allowed(ann, private_id, method):
    async with await ann.stream(private_id, method=method) as stream:
        assert stream.status == 405
        assert stream.header("allow") == "GET"


# What is said


@pytest.mark.parametrize(
    "text",
    [
        "one\ntwo\n\nthree",
        "one\r\ntwo\rthree",
        "a\u2028b\u2029c\u0085d".replace("\u0085", ""),
        "data: x\nevent: heartbeat\nid: room-1:1\nretry: 1\n\nevent: y",
        ": a comment\n:\n\n.",
        "\\0 \\r %00 %0d%0a \ufeff \ufffd &#0; &#10;&#13;",
        "</li></hx-upsert><hx-partial hx-target='#live' hx-swap=delete></hx-partial><script>x</script>",
        "{{ message }} {% now %}",
        "😀" * 50,
    ],
)
async def test_no_text_breaks_the_frame(ann, bob, private_id, text):
    async with (
        await LivePage.open(ann, private_id) as live,
        await ann.stream(private_id, query={"lastEventId": f"room-{private_id}:0"}) as stream,
    ):
        await level(stream)
        before = len(stream.events)
        ids = [await bob.post(private_id, text), await bob.post(private_id, "afterwards")]
        await stream.wait_for_message("afterwards")
        names = {event.name for event in stream.events[before:]}
        assert names <= {"", "heartbeat", "level", "notify", "read-elsewhere"}
        assert [key for event in stream.unnamed for key in posted_in(event.data)] == ids
        content = text.replace("\r\n", "\n").replace("\r", "\n")
        await live.wait_for_messages(list(zip(ids, [content, "afterwards"], strict=True)))
        assert (await ann.room(private_id)).messages == live.page.messages


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\n\n", "\r\r", "\n\r"])
def test_no_line_end_breaks_the_frame_though_none_but_one_comes_out_of_a_form(end):
    [event] = sse.Parser().feed(frames.swap(f"<p>a{end}data: b{end}event: c{end}id: 1</p>\u2028\x85"))
    assert event.fields == ["data"] * len(event.fields)
    assert "".join(event.data.split("\n")) == "<p>adata: bevent: cid: 1</p>\u2028\x85"


@pytest.mark.parametrize(
    "block",
    [b"data: a\rdata: b\n\n", b"note: x\n\n", b"data:x\n\n", b"\n\n", b"id: 1\n\n", b"data: \xff\n\n"],
)
def test_reader_of_these_tests_refuses_what_a_browser_would_misread(block):
    with pytest.raises((AssertionError, UnicodeDecodeError)):
        sse.Parser().feed(block)


# The end


@pytest.fixture
async def two_streams(ann, bob, group_id):
    """bob's stream of the group, and ann's, which shows that the group goes on without him."""
    query = {"lastEventId": f"room-{group_id}:0"}
    async with (
        await bob.stream(group_id, query=query) as his,
        await ann.stream(group_id, query=query) as hers,
    ):
        await level(his)
        await level(hers)
        yield his, hers


async def assert_ended(streams, ann, room_id, reason):
    """Assert that his stream ends, tells its page so, and shows no more of the room."""
    his, hers = streams
    for number in range(5):
        await ann.post(room_id, f"unheard in {room_id}, {number}")
    await his.wait_until_closed()
    await hers.wait_for_message(f"unheard in {room_id}, 4")
    assert his.is_complete
    assert reason in his.events[-1].data
    assert not page_after(his).connects
    assert not [event for event in his.events if event.id and f"unheard in {room_id}" in event.data]


async def test_leaving_a_room_ends_its_streams(ann, bob, group_id, two_streams):
    await bob.leave(group_id)
    await assert_ended(two_streams, ann, group_id, "no longer in this room")


async def test_leaving_a_room_keeps_the_lobby_open(ann, bob, group_id, two_streams):
    async with await bob.stream() as lobby:
        await level(lobby)
        await bob.leave(group_id)
        await two_streams[0].wait_until_closed(SOON)
        await ann.post(group_id, f"still public in {group_id}")
        await lobby.wait_for_text(f"still public in {group_id}")


async def test_logout_ends_all_streams_of_the_session(ann, bob, group_id, two_streams):
    async with await bob.stream() as lobby:
        await level(lobby)
        await bob.log_out()
        await assert_ended(two_streams, ann, group_id, "session has ended")
        await lobby.wait_until_closed(SOON)
        for stream in (lobby, two_streams[0]):
            assert not stream.with_text(f"unheard in {group_id}")


async def test_logout_elsewhere_ends_nothing_here(ann, bob, group_id, two_streams, enter):
    elsewhere = await enter("bob")
    assert elsewhere.name == bob.name
    await elsewhere.log_out()
    await ann.post(group_id, "still heard")
    await two_streams[0].wait_for_message("still heard")


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE accounts_user SET is_active = FALSE WHERE username = ?",
        "UPDATE accounts_user SET is_staff = TRUE WHERE username = ?",
        "UPDATE accounts_user SET is_superuser = TRUE WHERE username = ?",
    ],
)
async def test_deactivation_ends_streams_and_so_does_a_role_that_needs_a_password(
    ann, bob, group_id, two_streams, rows, change
):
    rows.execute(change, [bob.name])
    await two_streams[0].wait_until_closed(SOON)
    await assert_ended(two_streams, ann, group_id, "session has ended")


async def test_expiry_of_the_session_ends_streams(ann, bob, group_id, two_streams, rows):
    rows.execute("UPDATE django_session SET expire_date = '2020-01-01' WHERE session_key = ?", [bob.session])
    await two_streams[0].wait_until_closed(SOON)
    await assert_ended(two_streams, ann, group_id, "session has ended")


async def test_end_of_a_membership_that_nobody_rings_for_lets_nothing_through(
    ann, bob, group_id, two_streams, rows
):
    rows.execute(
        "DELETE FROM rooms_membership WHERE room_id = ? AND user_id IN"
        " (SELECT id FROM accounts_user WHERE username = ?)",
        [group_id, bob.name],
    )
    await assert_ended(two_streams, ann, group_id, "no longer in this room")


async def test_deletion_of_a_room_ends_its_streams(group_id, two_streams, rows):
    rows.execute("DELETE FROM rooms_membership WHERE room_id = ?", [group_id])
    rows.execute("DELETE FROM rooms_chatroom WHERE id = ?", [group_id])
    for stream in two_streams:
        await stream.wait_until_closed(SOON)
        assert stream.is_complete


async def test_page_that_left_a_room_can_come_back(ann, bob, group_id, two_streams):
    await bob.leave(group_id)
    await two_streams[0].wait_until_closed(SOON)
    async with await LivePage.open(bob, group_id) as live:
        message = await ann.post(group_id, "welcome back")
        await live.wait_for_messages([(message, "welcome back")])


async def test_reader_who_goes_is_forgotten(ann, private_id, hearth):
    """What is written to nobody would gather in the server."""
    before = hearth.connections
    for _ in range(2):
        streams = [await ann.stream(private_id) for _ in range(10)]
        assert hearth.connections >= before + 10
        for stream in streams:
            await stream.close()
        await eventually(lambda: hearth.connections <= before, what="sockets closed")
