"""What is refused before Django sees it."""

import asyncio
import importlib

import pytest
from django.conf import settings

WHOLE = {"type": "http.request", "body": b"", "more_body": False}
GONE = {"type": "http.disconnect"}


def part(body):
    return {"type": "http.request", "body": body, "more_body": True}


async def answer_to(application, path="/login/", headers=(), query=b"", received=(WHOLE,)):
    sent = []
    messages = iter(received)

    async def receive():
        try:
            return next(messages)
        except StopIteration:
            return await asyncio.Future()  # nothing more comes

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": path, "query_string": query, "headers": list(headers)}
    await application(scope, receive, send)
    return sent


LIMIT = settings.REQUEST_MAX_BYTES


@pytest.fixture
def asgi():
    """The module that a server runs; importing it makes the application, with the settings of that moment."""
    return importlib.import_module("config.asgi")


@pytest.fixture
def pages(asgi):
    """The pages, with nothing behind them."""

    async def behind(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})

    pages = asgi.Pages()
    pages.application = behind
    return pages


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([], 200),
        ([(b"content-length", b"0")], 200),
        ([(b"content-length", b"%d" % LIMIT)], 200),
        ([(b"content-length", b"%d" % (LIMIT + 1))], 413),
        ([(b"content-length", b"-1")], 413),
        ([(b"content-length", b"many")], 413),
        ([(b"content-length", b"9" * 4000)], 413),
        ([(b"transfer-encoding", b"chunked")], 413),
        ([(b"transfer-encoding", b"chunked"), (b"content-length", b"1")], 413),
    ],
)
async def test_body_that_is_too_large_or_says_not_how_large_is_refused_unread(pages, headers, status):
    sent = await answer_to(pages, headers=headers)
    assert sent[0]["status"] == status


@pytest.mark.parametrize(
    ("path", "length", "status"),
    [
        ("/settings/avatar/", settings.UPLOAD_MAX_BYTES, 200),
        ("/settings/avatar/", settings.UPLOAD_MAX_BYTES + 1, 413),
        ("/settings/avatar", LIMIT + 1, 413),
        ("/settings/", LIMIT + 1, 413),
    ],
)
async def test_upload_may_be_larger_but_not_by_much(pages, path, length, status):
    sent = await answer_to(pages, path, headers=[(b"content-length", b"%d" % length)])
    assert sent[0]["status"] == status


async def test_upload_without_a_length_is_refused(pages):
    sent = await answer_to(pages, "/settings/avatar/", headers=[(b"transfer-encoding", b"chunked")])
    assert sent[0]["status"] == 413


@pytest.mark.parametrize(
    ("path", "query", "status"), [("/ä/", b"a=%C3%A4", 200), ("/\ud800/", b"", 400), ("/", "ä".encode(), 400)]
)
async def test_address_that_cannot_be_passed_on_is_refused(pages, path, query, status):
    sent = await answer_to(pages, path, query=query)
    assert sent[0]["status"] == status


async def test_refusal_is_a_sentence(pages):
    start, body, _end = await answer_to(pages, headers=[(b"transfer-encoding", b"chunked")])
    assert body["body"] == b"This is too large."
    assert dict(start["headers"])[b"content-type"] == b"text/plain; charset=utf-8"
    assert dict(start["headers"])[b"cache-control"] == b"no-store"


async def test_refusal_for_htmx_is_a_fragment(pages):
    headers = [(b"transfer-encoding", b"chunked"), (b"hx-request", b"true")]
    start, body, _end = await answer_to(pages, headers=headers)
    assert (
        b'<hx-partial hx-target="#notice" hx-swap="innerHTML">This is too large.</hx-partial>' in body["body"]
    )
    assert dict(start["headers"])[b"hx-reswap"] == b"none"
    assert dict(start["headers"])[b"content-length"] == b"%d" % len(body["body"])


async def test_requests_under_way_are_counted(pages):
    async def behind(scope, receive, send):
        assert pages.under_way
        raise RuntimeError

    pages.application = behind
    with pytest.raises(RuntimeError):
        await answer_to(pages)
    assert not pages.under_way


async def test_websockets_are_refused(asgi):
    [message] = await answer_to(asgi.refuse_websocket)
    assert message["type"] == "websocket.close"


async def test_header_that_passes_for_that_of_a_proxy_is_dropped(pages):
    seen = []

    async def behind(scope, receive, send):
        seen.extend(scope["headers"])
        await send({"type": "http.response.start", "status": 200, "headers": []})

    pages.application = behind
    await answer_to(pages, headers=[(b"x_forwarded_proto", b"https"), (b"x-forwarded-proto", b"http")])
    assert seen == [(b"x-forwarded-proto", b"http")]


@pytest.fixture
def bodies(pages):
    """The bodies that reach the pages."""
    seen = []

    async def behind(scope, receive, send):
        seen.append((await receive())["body"])

    pages.application = behind
    return seen


async def test_pages_get_a_body_as_a_whole(pages, bodies):
    await answer_to(pages, received=[part(b"name="), part(b"a"), {"type": "http.request", "body": b"da"}])
    assert bodies == [b"name=ada"]


async def test_part_of_a_body_does_not_pass_for_all_of_it(pages, bodies):
    assert await answer_to(pages, received=[part(b"name=a"), GONE]) == []
    assert not bodies
    assert not pages.under_way


async def test_body_that_does_not_come_keeps_no_thread(pages, bodies, asgi, monkeypatch):
    monkeypatch.setattr(asgi, "BODY_SECONDS", 0.01)
    start, *_body = await answer_to(pages, received=[part(b"name=a")])
    assert start["status"] == 400
    assert not bodies


async def test_page_that_hangs_is_answered_without_it(pages, asgi, monkeypatch):
    is_over = asyncio.Event()

    async def behind(scope, receive, send):
        await is_over.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})

    monkeypatch.setattr(asgi, "patience", lambda: 0.01)
    pages.application = behind
    start, body, _end = await answer_to(pages)
    assert start["status"] == 503
    assert dict(start["headers"])[b"retry-after"] == b"2"
    assert body["body"] == b"The database does not answer. Try again in a moment."
    assert pages.under_way  # it may still be saved
    is_over.set()
    await asyncio.gather(*pages.under_way)


async def test_answer_that_has_begun_is_waited_for(pages, asgi, monkeypatch):
    async def behind(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await asyncio.sleep(0.05)
        await send({"type": "http.response.body", "body": b"all of it"})

    monkeypatch.setattr(asgi, "patience", lambda: 0.01)
    pages.application = behind
    assert [message.get("body") for message in await answer_to(pages)] == [None, b"all of it"]
