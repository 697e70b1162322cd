"""Every answer has the headers that docs/security.md promises, and no request leaves a stack trace."""

import asyncio
import contextlib
import re

import pytest

from tests.support.server import Server
from tests.support.wire import Wire, head, parsed

pytestmark = pytest.mark.usefixtures("no_complaint")

PROMISED = {
    "content-security-policy": r"default-src 'none'; .*frame-ancestors '(none|self)'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY|SAMEORIGIN",
    "referrer-policy": "same-origin",
    "permissions-policy": r"camera=\(\), geolocation=\(\), microphone=\(\)",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store|max-age|private",
}
LONG = b"x" * 100_000


@pytest.fixture(scope="module", params=["daphne", "uvicorn"])
def hearth(request, tmp_path_factory):
    with Server(tmp_path_factory.mktemp(request.param), program=request.param, SENDER_PATIENCE="1") as server:
        yield server


FORM = "multipart/form-data; boundary=x"
REQUESTS = {
    "page": (head("/login/"), 200),
    "page of htmx": (head("/nowhere/", HX_Request="true"), 404),
    "redirect": (head("/"), 302),
    "not found": (head("/static/nothing.css"), 404),
    "method": (head("/logout/"), 405),
    "file": (head("/static/icon.svg"), None),
    "host": (head("/login/").replace(b"127.0.0.1", b"evil.example"), 400),
    "token": (head("/login/", "POST", Content_Length="0"), 403),
    "healthz": (head("/healthz"), 200),
    "healthz by post": (head("/healthz", "POST", Content_Length="0"), 405),
    "readyz": (head("/readyz"), 200),
    "metrics": (head("/metrics"), 404),
    "doctor": (head("/doctor"), 404),
    "stream": (head("/stream"), 401),
    "stream by post": (head("/stream", "POST", Content_Length="0"), 405),
    "stream of htmx": (head("/stream", HX_Request="true"), 200),
    "stream for another site": (head("/stream", Sec_Fetch_Site="cross-site"), 403),
    "stream with a parameter": (head("/stream?x=1"), 400),
    "document": (head("/rooms/1/live"), 401),
    "document by post": (head("/rooms/1/live", "POST", Content_Length="0"), 405),
    "document with a parameter": (head("/rooms/1/live?x=1"), 400),
    "large": (head("/login/", "POST", Content_Length="1000000"), 413),
    "large, of htmx": (head("/login/", "POST", Content_Length="1000000", HX_Request="true"), 413),
    "chunked": (head("/login/", "POST", Transfer_Encoding="chunked") + b"0\r\n\r\n", 413),
    "upload": (head("/settings/avatar/", "POST", Content_Length="1000000", Content_Type=FORM), 401),
    "parts": (
        head(
            "/login/", "POST", Content_Length="1200", Content_Type="multipart/form-data; boundary=x"
        ) + b"--x\r\n\r\n\r\n--" * 120,
        400,
    ),
    "query": (head("/?\xff"), 400),
    "path": (head("/\xff"), 400),
    "surrogate": (head("/%ed%a0%80/"), (400, 404)),
    "no request": (b"nonsense\r\n\r\n", 400),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (400, 505)),
    "version": (b"GET / HTTP/9.9\r\nHost: 127.0.0.1\r\n\r\n", (302, 400)),
    "HTTP/1.0": (b"GET /login/ HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n", 200),
    "asterisk": (head("*", "OPTIONS"), (302, 400, 404)),
    "authority": (head("127.0.0.1:80", "CONNECT"), (302, 400, 404)),
    "absolute": (head("http://127.0.0.1/login/"), (200, 400, 404)),
    "method that is none": (head("/", "B@D"), 400),
    "name of a header": (b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nA B: c\r\n\r\n", 400),
    "header without a colon": (b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nAB\r\nC: d\r\n\r\n", 400),
    "control in a header": (b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nA: b\x00c\r\n\r\n", 400),
    "length": (head("/login/", "POST", Content_Length="-5"), 400),
    "two lengths": (
        head("/login/", "POST", Content_Length="1").replace(b"\r\n\r\n", b"\r\nContent-Length: 2\r\n\r\nab"),
        400,
    ),
    "length and chunks": (
        head("/login/", "POST", Content_Length="5", Transfer_Encoding="chunked") + b"0\r\n\r\n",
        (400, 413),
    ),
    "chunks of nothing": (head("/healthz", "POST", Transfer_Encoding="chunked") + b"zz\r\n", (400, 405, 413)),
    "long head": (b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + LONG + b"\r\n\r\n", 400),
    "long address": (b"GET /" + LONG + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", (302, 400)),
    "many headers": (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 20_000 + b"\r\n", 400),
    "slow head": (b"GET / HTTP/1.1\r\nX-Slow: ", 408),
    "slow body": (head("/login/", "POST", Content_Length="9") + b"name=", 408),
    "websocket": (
        head(
            "/stream", Upgrade="websocket", Connection="Upgrade", Sec_WebSocket_Version="13",
            Sec_WebSocket_Key="dGhlIHNhbXBsZSBub25jZQ==",
        ),
        401,
    ),
    "cookie": (head("/", Cookie="hearth_session=\x00" + "x" * 900), (302, 400)),
    "language": (head("/login/", Accept_Language="x" * 9000), (200, 400)),
    "charset of an address": (head("/login/?a=1", Content_Type="text/plain; charset=zlib"), 400),
    "charset of a stream": (head("/stream?profiles=1", Content_Type="text/plain; charset=zlib"), 400),
    "charset": (
        head("/login/", "POST", Content_Length="0", Content_Type="text/plain; charset=undefined"),
        400,
    ),
}  # fmt: skip


def assert_promised(headers):
    for header, value in PROMISED.items():
        assert re.search(value, headers.get(header, "")), f"{header}: {headers.get(header)}"


@pytest.mark.parametrize("name", REQUESTS)
async def test_every_answer_has_the_headers_that_are_promised(hearth, name):
    request, expected = REQUESTS[name]
    async with Wire(hearth) as wire:
        with contextlib.suppress(OSError):
            await wire.send(request)
        status, headers = await wire.answer()
    assert expected is None or status in (expected if isinstance(expected, tuple) else (expected,))
    assert_promised(headers)


async def test_pages_and_files_have_them_too(hearth, ann):
    page = (await ann.get("/")).text
    files = re.findall(r'(?:src|href)="(/static/[^"]+|/own/[^"]+)"', page)
    assert len(files) > 2
    for path in ("/", "/settings/", *files):
        answer = await ann.get(path)
        assert answer.status_code == 200
        assert_promised(answer.headers)


async def test_upload_without_a_place_has_them_too(hearth, ann):
    upload = head(
        "/settings/avatar/", "POST", Content_Length="1000000", Cookie=f"hearth_session={ann.session}",
        Content_Type=FORM, Expect="100-continue",
    )  # fmt: skip
    async with Wire(hearth) as first, Wire(hearth) as second:
        await first.send(upload)
        assert (await first.answer())[0] == 100
        await second.send(upload)
        status, headers = await second.answer()
    assert status == 503
    assert_promised(headers)


@pytest.mark.parametrize("name", REQUESTS)
async def test_sender_who_is_gone_in_the_middle_leaves_no_trace(hearth, name):
    request, _status = REQUESTS[name]
    for end in {1, len(request) // 2, len(request) - 1, len(request)}:
        for is_abrupt in (True, False):
            _reader, writer = await asyncio.open_connection("127.0.0.1", hearth.port)
            writer.write(request[:end])
            with contextlib.suppress(OSError):
                await writer.drain()
            writer.transport.abort() if is_abrupt else writer.close()
    async with Wire(hearth) as wire:
        await wire.send(head("/healthz"))
        assert (await wire.answer())[0] == 200


async def test_fault_outside_of_django_is_told_in_a_sentence(hearth, tmp_path):
    """It is in the log, with its stack trace, and the answer has the headers of all others."""
    with Server(tmp_path, program=hearth.program, fault="fails_outside_of_django") as server:
        for _time in range(2):  # it goes on after a fault in the middle of an answer
            async with Wire(server) as wire:
                await wire.send(head("/"))
                answer = await wire.rest()
            status, headers = parsed(answer)
            assert status == 500
            assert_promised(headers)
            assert answer.endswith(b"Something went wrong on the server. Try again.")
            async with Wire(server) as wire:
                await wire.send(head("/begun/"))
                assert b"a fault" not in await wire.rest()
        assert "RuntimeError: a fault of ours" in server.log
        assert "already been started" not in server.log
