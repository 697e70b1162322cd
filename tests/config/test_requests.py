"""What is refused before Django sees it."""

import asyncio
import importlib

import pytest
from django.conf import settings

from rooms.senders import Sender

WHOLE = {"type": "http.request", "body": b"", "more_body": False}
GONE = {"type": "http.disconnect"}


def part(body):
    return {"type": "http.request", "body": body, "more_body": True}


async def answer_to(application, path="/login/", headers=(), query=b"", received=(WHOLE,), client=None):
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
    scope["client"] = client
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


UPLOAD = settings.UPLOAD_MAX_BYTES
FORM = [(b"content-type", b"multipart/form-data; boundary=x")]
LARGE_FORM = [*FORM, (b"content-length", b"%d" % UPLOAD)]


@pytest.fixture
def logged_in(asgi, monkeypatch):
    """`logged_in(5)` says who uploads from then on, and `logged_in(error)` that nobody can say."""

    def say(who):
        async def run(function, scope, length):
            if isinstance(who, Exception):
                raise who
            return who if who is None else Sender(who)

        monkeypatch.setattr(asgi.live.openings, "run", run)

    say(1)
    return say


@pytest.mark.parametrize(
    ("path", "length", "who", "status"),
    [
        ("/settings/avatar/", UPLOAD, 1, 200),
        ("/settings/avatar/", UPLOAD + 1, 1, 413),
        ("/settings/avatar/", UPLOAD, None, 401),
        ("/settings/avatar/", LIMIT + 1, None, 401),
        ("/settings/avatar/", LIMIT, None, 200),
        ("/settings/avatar/", LIMIT + 1, OSError("gone"), 503),
        ("/settings/avatar/", LIMIT, OSError("gone"), 200),
        ("/rooms/5/messages/", LIMIT + 1, 1, 200),
        ("/rooms/5/messages/", 251 * 1024 * 1024, 1, 413),
        ("/settings/avatar", LIMIT + 1, 1, 413),
        ("/settings/", LIMIT + 1, 1, 413),
    ],
)
async def test_upload_may_be_larger_of_people_who_are_logged_in(
    pages, logged_in, path, length, who, status, caplog
):
    logged_in(who)
    pages.upload_application = pages.application
    sent = await answer_to(pages, path, headers=[*FORM, (b"content-length", b"%d" % length)])
    assert sent[0]["status"] == status
    if length > LIMIT:
        only_text = await answer_to(pages, path, headers=[(b"content-length", b"%d" % length)])
        assert only_text[0]["status"] == 413
    assert not [record for record in caplog.records if record.exc_info]


async def test_uploads_have_threads_of_their_own(pages, logged_in):
    def never(*_message):
        raise AssertionError

    async def behind(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})

    pages.application, pages.upload_application = never, behind
    assert (await answer_to(pages, "/settings/avatar/", headers=FORM))[0]["status"] == 200
    assert (await answer_to(pages, "/settings/avatar/", headers=LARGE_FORM))[0]["status"] == 200


@pytest.fixture
async def uploading(pages, logged_in):
    """`await uploading(5, "192.0.2.1")` begins an upload that comes to no end; `over()` ends all of them."""
    is_over = asyncio.Event()
    tasks = []

    async def behind(scope, receive, send):
        await is_over.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})

    pages.upload_application = behind

    async def begin(who, address="192.0.2.1"):
        logged_in(who)
        asked = answer_to(pages, "/settings/avatar/", headers=LARGE_FORM, client=(address, 1))
        tasks.append(asyncio.create_task(asked))
        await asyncio.sleep(0)
        done, _going_on = await asyncio.wait(tasks[-1:], timeout=0.1)
        return done.pop().result() if done else None

    async def over():
        is_over.set()
        await asyncio.gather(*tasks)

    begin.over, begin.tasks = over, tasks
    yield begin
    await over()


async def test_uploads_are_few_at_a_time(uploading, settings, pages):
    settings.UPLOADS_AT_ONCE, settings.UPLOADS_PER_ADDRESS = 3, 2
    assert await uploading(1) is None
    start, body, _end = await uploading(1)
    assert start["status"] == 503, "a second one of the same person"
    assert dict(start["headers"])[b"retry-after"] == b"2"
    assert body["body"] == b"Many files are being sent right now. Try again in a moment."
    assert await uploading(2) is None
    assert (await uploading(3))[0]["status"] == 503, "a third one from the same address"
    assert await uploading(3, "192.0.2.3") is None
    assert (await uploading(4, "192.0.2.4"))[0]["status"] == 503, "one more than there are places"
    await uploading.over()
    assert not pages.uploads.people
    assert not pages.uploads.addresses
    assert (await uploading(4, "192.0.2.4"))[0]["status"] == 200


async def test_place_of_an_upload_is_kept_until_its_thread_is_done(uploading, pages):
    await uploading(1)
    (task,) = uploading.tasks
    task.cancel()  # the sender has gone
    await asyncio.wait([task])
    uploading.tasks.clear()
    assert pages.uploads.people == {1}
    await uploading.over()
    await asyncio.gather(*pages.under_way)
    assert not pages.uploads.people


async def test_place_of_an_upload_that_does_not_come_is_free_again(pages, logged_in):
    begin = b'--x\r\nContent-Disposition: form-data; name="picture"; filename="a"\r\n\r\n'
    received = [part(begin + b"a" * 2_000_000), GONE]
    assert await answer_to(pages, "/settings/avatar/", headers=LARGE_FORM, received=received) == []
    assert not pages.uploads.people


@pytest.mark.parametrize(
    ("headers", "parts", "status"),
    [
        (FORM, settings.MULTIPART_MAX_PARTS - 1, 200),
        (FORM, settings.MULTIPART_MAX_PARTS, 400),
        ([(b"content-type", b"Multipart/Form-Data;a=b; boundary=x")], 170_000, 400),
        ([(b"content-type", b"application/x-www-form-urlencoded")], 1000, 200),
    ],
)
async def test_form_of_very_many_parts_is_refused_unparsed(pages, headers, parts, status):
    body = b'--x\r\nContent-Disposition: form-data; filename="f"\r\n\r\n\r\n' * parts + b"--x--"
    received = [{"type": "http.request", "body": body, "more_body": False}]
    assert (await answer_to(pages, headers=headers, received=received))[0]["status"] == status


async def test_upload_without_a_length_is_refused(pages):
    sent = await answer_to(pages, "/settings/avatar/", headers=[(b"transfer-encoding", b"chunked")])
    assert sent[0]["status"] == 413


@pytest.fixture
def reached(asgi, monkeypatch):
    """Return the scopes that get past the look at the head."""
    scopes = []

    async def behind(scope, receive, send):
        scopes.append(scope)

    monkeypatch.setattr(asgi, "routes", behind)
    return scopes


@pytest.mark.parametrize(
    ("path", "query", "is_acceptable"),
    [
        ("/ä/", b"a=%C3%A4", True),
        ("/\ud800/", b"", False),
        ("/", "ä".encode(), False),
        ("/" + "x" * 1023, b"x" * 8192, True),
        ("/" + "x" * 1024, b"", False),
        ("/" + "ä" * 512, b"", False),
        ("/", b"x" * 8193, False),
    ],
)
async def test_address_that_is_too_long_or_cannot_be_passed_on_is_refused(
    asgi, reached, path, query, is_acceptable
):
    sent = await answer_to(asgi.answer, path, query=query)
    assert bool(reached) is is_acceptable
    assert is_acceptable or sent[0]["status"] == 400


@pytest.mark.parametrize(
    ("headers", "is_acceptable"),
    [
        ([(b"cookie", b"x" * 8190)], True),
        ([(b"cookie", b"x" * 8191)], False),
        ([(b"x-forwarded-for", b"x" * 4094)] * 2, True),
        ([(b"x-forwarded-for", b"x" * 4095)] * 2, False),
        ([(b"user-agent", b"a\0b")], False),
    ],
)
async def test_header_that_is_too_long_is_refused(asgi, reached, headers, is_acceptable):
    await answer_to(asgi.answer, headers=headers)
    assert bool(reached) is is_acceptable


URLENCODED = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("path", "content_type", "is_acceptable"),
    [
        ("/login/", "", True),
        ("/login/", URLENCODED, True),
        ("/login/", f"{URLENCODED};charset=UTF-8", True),
        ("/login/", f'{URLENCODED}; charset="utf-8"', True),
        ("/login/", "text/plain", True),
        ("/login/", "nothing", False),
        *[
            ("/login/", f"text/plain; charset={codec}", False)
            for codec in (
                "zlib",
                "hex",
                "rot13",
                "undefined",
                "idna",
                "unicode_escape",
                "utf-7",
                "latin-1",
                "",
            )
        ],
        ("/login/", f"{URLENCODED}; charset*=utf-8''zlib", False),
        ("/login/", f"{URLENCODED}; charset*0=zl; charset*1=ib", False),
        ("/login/", "text/plain; charset*=nonsense''utf-8", False),
        ("/login/", f"{URLENCODED}{';' * 200}", False),
        ("/settings/avatar/", f"multipart/form-data; boundary={';' * 8000}", False),
        ("/login/", "multipart/form-data; boundary=x", False),  # only where files are sent
        ("/settings/avatar/", "multipart/form-data; boundary=x", True),
        ("/settings/avatar/", "multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxkTrZu0gW", True),
        ("/settings/avatar/", 'multipart/form-data; boundary="a b"; charset=utf-8', True),
        ("/settings/avatar/", f"multipart/form-data; boundary={'x' * 71}", False),
        ("/settings/avatar/", "multipart/form-data; boundary=x; charset=zlib", False),
    ],
)
async def test_content_type_is_that_of_a_form_or_refused(asgi, reached, path, content_type, is_acceptable):
    await answer_to(asgi.answer, path, headers=[(b"content-type", content_type.encode())])
    assert bool(reached) is is_acceptable


async def test_two_content_types_are_refused(asgi, reached):
    await answer_to(asgi.answer, headers=[(b"content-type", b"text/plain")] * 2)
    assert not reached


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

    async def behind(scope, body, send):
        seen.append(body.read())

    pages.application = behind
    return seen


async def test_pages_get_a_body_as_a_whole(pages, bodies):
    await answer_to(pages, received=[part(b"name="), part(b"a"), {"type": "http.request", "body": b"da"}])
    assert bodies == [b"name=ada"]


async def test_part_of_a_body_does_not_pass_for_all_of_it(pages, bodies):
    assert await answer_to(pages, received=[part(b"name=a"), GONE]) == []
    assert not bodies
    assert not pages.under_way


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
    assert body["body"].decode() == "The database isn’t responding. Try again in a moment."
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
