"""What the server does with requests that no browser sends."""

import asyncio
import contextlib
import re
import socket

import pytest
from django.conf import settings

from tests.support.server import Server

pytestmark = pytest.mark.usefixtures("no_complaint")


@pytest.fixture(scope="module", params=["daphne", "uvicorn"])
def hearth(request, tmp_path_factory):
    with Server(tmp_path_factory.mktemp(request.param), program=request.param) as server:
        yield server


async def answer_to(hearth, request, until=b"\r\n\r\n"):
    """Send bytes and return what comes back, as far as `until`."""
    reader, writer = await asyncio.open_connection("127.0.0.1", hearth.port)
    try:
        writer.write(request)
        async with asyncio.timeout(10):
            return await reader.readuntil(until)
    finally:
        writer.transport.abort()


def request_for(target, headers=b""):
    return b"GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n%s\r\n" % (target, headers)


def post_with(headers):
    return b"POST /login/ HTTP/1.1\r\nHost: 127.0.0.1\r\n%s\r\n" % headers


UPGRADE = (
    b"Upgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
)


@pytest.mark.parametrize("target", [b"/rooms/1/stream", b"/stream", b"/nowhere", b"/"])
async def test_websocket_is_refused(hearth, target):
    answer = await answer_to(hearth, request_for(target, UPGRADE))
    assert re.match(rb"HTTP/1.1 (302|401|404) ", answer)
    assert b"upgrade" not in answer.lower()


@pytest.mark.parametrize(
    "target",
    [
        b"/%",
        b"/%ff",
        b"/%zz",
        b"/%00",
        b"/\xff\xfe",
        b"/rooms/%ff/",
        b"/people/%ff/",
        b"/%0d%0aX:y",
        b"/rooms/1/stream?\xff",
        b"/stream?%ff=%ff",
        b"/?\xff",
    ],
)
async def test_address_that_is_no_text_is_refused(hearth, ann, target):
    session = f"Cookie: hearth_session={ann.session}\r\n".encode()
    answer = await answer_to(hearth, request_for(target, session))
    assert re.match(rb"HTTP/1.1 40[04] ", answer), answer


@pytest.mark.parametrize("target", [b"//", b"/rooms/1/?before=%ff", b"/?%ff", b"/stream?lastEventId=%ff%00"])
async def test_strange_address_is_not_a_fault(hearth, ann, target):
    session = f"Cookie: hearth_session={ann.session}\r\n".encode()
    answer = await answer_to(hearth, request_for(target, session))
    assert re.match(rb"HTTP/1.1 (200|404) ", answer), answer


@pytest.mark.parametrize("path", ["/elsewhere", "%ff", "/"])
async def test_header_cannot_move_the_site(hearth, ann, path):
    """Daphne takes a header of its own for the place where the site is mounted."""
    answer = await ann.get("/", **{"Daphne-Root-Path": path})
    assert answer.status_code == 200
    assert "/elsewhere" not in answer.text


# Bodies


async def test_body_over_the_limit_is_refused_before_it_is_read(hearth):
    with socket.create_connection(("127.0.0.1", hearth.port), timeout=5) as connection:
        connection.sendall(post_with(b"Content-Length: 1000000000\r\n") + b"name=")
        assert connection.recv(65536).startswith(b"HTTP/1.1 413 Content Too Large\r\n")


async def test_upload_may_be_larger_but_not_by_much(hearth, ann, bob):
    def start_of(path, length, client):
        expected = b"Content-Length: %d\r\nExpect: 100-continue\r\n" % length
        if path.startswith(b"/settings/avatar/"):
            expected += b"Content-Type: multipart/form-data; boundary=x\r\n"
        session = f"Cookie: hearth_session={client.session}\r\n".encode()
        return post_with(expected + session).replace(b"/login/", path)

    limit = settings.UPLOAD_MAX_BYTES
    for path, length, client, status in (
        (b"/settings/avatar/", limit, ann, b"100"),
        (b"/settings/avatar/?x=/", limit, bob, b"100"),
        (b"/settings/avatar/", limit + 1, ann, b"413"),
        (b"/settings/avatar", limit, ann, b"413"),
        (b"/settings/?/settings/avatar/", limit, ann, b"413"),
        (b"//settings/avatar/", limit, ann, b"413"),
    ):
        answer = await answer_to(hearth, start_of(path, length, client))
        assert answer.startswith(b"HTTP/1.1 " + status), path


async def test_refusal_is_a_sentence_and_closes(hearth):
    answer = await answer_to(hearth, post_with(b"Content-Length: 300000\r\n"), b"This is too large.")
    assert b"\r\nconnection: close\r\n" in answer.lower()
    assert b"\r\ncontent-length: 18\r\n" in answer.lower()


async def test_refusal_for_htmx_is_a_fragment(hearth):
    headers = b"Content-Length: 300000\r\nHX-Request: true\r\n"
    answer = await answer_to(hearth, post_with(headers), b"</hx-partial>")
    assert b"This is too large." in answer
    assert b"\r\nhx-reswap: none\r\n" in answer.lower()


async def test_sender_of_too_much_gets_to_see_the_answer(hearth):
    """Closed at once, the connection would be reset, and the answer lost with it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", hearth.port)
    body = b"x" * 2_000_000
    writer.write(post_with(b"Content-Length: %d\r\n" % len(body)) + body)
    async with asyncio.timeout(10):
        await writer.drain()
        assert (await reader.read()).startswith(b"HTTP/1.1 413 ")
    writer.close()
    await writer.wait_closed()


async def test_body_over_the_limit_stays_out_of_memory(hearth):
    before = hearth.memory
    _reader, writer = await asyncio.open_connection("127.0.0.1", hearth.port)
    writer.write(post_with(b"Content-Length: 1000000000\r\n"))
    try:
        async with asyncio.timeout(10):
            for _ in range(300):
                writer.write(b"x" * 100_000)
                await writer.drain()
    except OSError:
        pass
    finally:
        writer.transport.abort()
    assert hearth.memory - before < 10_000_000


async def test_nobody_is_asked_to_go_on_with_a_body_over_the_limit(hearth):
    answer = await answer_to(hearth, post_with(b"Content-Length: 1000000\r\nExpect: 100-continue\r\n"))
    assert answer.startswith(b"HTTP/1.1 413 ")


async def test_body_within_the_limit_is_asked_for(hearth):
    answer = await answer_to(hearth, post_with(b"Content-Length: 1000\r\nExpect: 100-continue\r\n"))
    assert answer.startswith(b"HTTP/1.1 100 ")


async def test_body_without_a_length_is_refused(hearth):
    answer = await answer_to(hearth, post_with(b"Transfer-Encoding: chunked\r\n") + b"ffffff\r\nname=")
    assert answer.startswith(b"HTTP/1.1 413 ")


async def test_length_that_is_no_number_is_refused(hearth):
    assert (await answer_to(hearth, post_with(b"Content-Length: -5\r\n"))).startswith(b"HTTP/1.1 400 ")


async def test_body_within_the_limit_is_read(ann, private_id):
    answer = await ann.send(f"/rooms/{private_id}/messages/", content="x" * 60_000)
    assert answer.status_code == 422


async def test_form_with_a_hostile_head_is_parsed_by_nobody(hearth):
    """Twisted would, in the event loop: for seconds."""
    part = b'--x\r\nContent-Disposition: form-data; name="a' + b";" * 60_000 + b"\r\n\r\nv\r\n--x--\r\n"
    head = b"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: %d\r\n" % len(part)
    before = hearth.processor_seconds
    answer = await answer_to(hearth, post_with(head) + part)
    assert re.match(rb"HTTP/1.1 40[03] ", answer)
    assert hearth.processor_seconds - before < 0.5


async def test_head_that_does_not_end_is_cut_off(hearth):
    reader, writer = await asyncio.open_connection("127.0.0.1", hearth.port)
    writer.write(b"GET / HTTP/1.1\r\nX-Long: " + b"x" * 2_000_000)
    with contextlib.suppress(ConnectionError):
        async with asyncio.timeout(10):
            assert re.match(rb"$|HTTP/1.1 400 ", await reader.read())
    writer.transport.abort()
