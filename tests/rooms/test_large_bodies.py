"""Large bodies over the wire: who sends them is known before any of it is read, and pages do not wait."""

import asyncio
import contextlib

import pytest
from django.conf import settings

from tests.support.server import Server
from tests.support.wire import Wire, head

pytestmark = pytest.mark.usefixtures("no_complaint")

LARGE = settings.UPLOAD_MAX_BYTES
PART = b'Content-Disposition: form-data; name="picture"; filename="a.png"\r\n\r\n'


@pytest.fixture(scope="module", params=["daphne", "uvicorn"])
def hearth(request, tmp_path_factory):
    with Server(tmp_path_factory.mktemp(request.param), program=request.param) as server:
        yield server


def upload_head(client=None, length=LARGE, **headers):
    cookies = f"hearth_session={client.session}; hearth_csrf={client.csrf_token}" if client else ""
    return head(
        "/settings/avatar/",
        "POST",
        Content_Length=str(length),
        Content_Type="multipart/form-data; boundary=xyz",
        Cookie=cookies,
        **headers,
    )


def form(client, content=b"no picture"):
    token = b'--xyz\r\nContent-Disposition: form-data; name="csrfmiddlewaretoken"\r\n\r\n%s\r\n'
    return token % client.csrf_token.encode() + b"--xyz\r\n" + PART + content + b"\r\n--xyz--\r\n"


async def test_only_people_who_are_logged_in_are_asked_for_a_large_body(hearth, ann):
    async with Wire(hearth) as wire:
        await wire.send(upload_head(Expect="100-continue"))
        assert (await wire.answer())[0] == 401
    async with Wire(hearth) as wire:
        await wire.send(upload_head(ann, Expect="100-continue"))
        assert (await wire.answer())[0] == 100
        body = form(ann, b"x" * (LARGE - len(form(ann, b""))))
        await wire.send(body)
        assert (await wire.answer())[0] == 422  # no picture


async def test_end_of_a_session_is_the_end_of_large_bodies(hearth, ann):
    asked = upload_head(ann, Expect="100-continue")
    await ann.log_out()
    async with Wire(hearth) as wire:
        await wire.send(asked)
        assert (await wire.answer())[0] == 401


async def test_connection_goes_on_after_an_upload(hearth, ann):
    body = form(ann, b"x" * 500_000)
    async with Wire(hearth) as wire:
        for _upload in range(2):
            await wire.send(upload_head(ann, len(body)) + body)
            status, headers = await wire.answer()
            assert status == 422
            await wire.reader.readexactly(int(headers["content-length"]))


@pytest.mark.parametrize("length", [300_000, 2_000_000])
async def test_what_follows_a_refusal_is_no_request(hearth, length):
    """The body of an upload that was refused must not pass for the next request."""
    hidden = head("/healthz") * (length // len(head("/healthz")) + 1)
    async with Wire(hearth) as wire:
        with contextlib.suppress(OSError):
            await wire.send(upload_head(length=length) + hidden[:length])
            await wire.send(head("/healthz"))
        answer = await wire.rest()
    assert answer.startswith(b"HTTP/1.1 401 ")
    assert answer.count(b"HTTP/1.1") == 1


async def test_one_upload_of_a_person_at_a_time(hearth, ann, bob):
    body = form(ann, b"x" * 400_000)
    async with Wire(hearth) as first, Wire(hearth) as second, Wire(hearth) as other:
        await first.send(upload_head(ann, len(body), Expect="100-continue"))
        assert (await first.answer())[0] == 100  # it has its place
        await first.send(body[:-5])
        await second.send(upload_head(ann, len(body), Expect="100-continue"))
        status, headers = await second.answer()
        assert (status, headers["retry-after"]) == (503, "2")
        await other.send(upload_head(bob, len(body), Expect="100-continue"))
        assert (await other.answer())[0] == 100
        await first.send(body[-5:])
        assert (await first.answer())[0] == 422
    # Both places are free again, one of them since its sender has gone.
    for client in (ann, bob):
        async with asyncio.timeout(20):
            while True:
                async with Wire(hearth) as again:
                    await again.send(upload_head(client, len(body), Expect="100-continue"))
                    if (await again.answer())[0] == 100:
                        break


async def test_pages_do_not_wait_for_the_worst_uploads(hearth, enter):
    """As many as there may be, each of parts that Django's parser takes 0.1 ms for."""
    senders = [await enter(name) for name in ("kim", "lou", "max", "nic")]
    piece = b'--xyz\r\nContent-Disposition: form-data; filename="f"\r\n\r\n\r\n'
    bodies = [piece * (LARGE // len(piece))] * 2 + [b"\r\n" * (LARGE // 2)] * 2
    before = hearth.processor_seconds
    async with contextlib.AsyncExitStack() as stack:
        wires = [await stack.enter_async_context(Wire(hearth)) for _one in senders]
        for wire, sender, body in zip(wires, senders, bodies, strict=True):
            await wire.send(upload_head(sender, len(body)))
            assert await asyncio.gather(wire.send(body), return_exceptions=True)
        async with asyncio.timeout(10):
            await senders[0].lobby()
        assert {(await wire.answer())[0] for wire in wires} <= {400, 403, 422}
    assert hearth.processor_seconds - before < 4


async def test_unfinished_bodies_of_strangers_stay_out_of_memory(hearth):
    """Sixty of 8.5 MB, of which all but the last byte is sent."""
    before = hearth.memory
    body = b"x" * 8_499_999

    async def send_nearly_all():
        async with Wire(hearth) as wire:
            with contextlib.suppress(OSError):
                await wire.send(upload_head(length=len(body) + 1))
                await wire.send(body)
            return await wire.rest()

    answers = await asyncio.gather(*(send_nearly_all() for _one in range(60)))
    assert {answer[:12] for answer in answers} <= {b"HTTP/1.1 401", b""}
    assert hearth.memory - before < 30_000_000


async def test_unfinished_uploads_of_members_are_few(hearth, ann, bob, eve):
    """Whoever is logged in may send one, and more of it than is taken in waits outside."""
    before = hearth.memory
    async with contextlib.AsyncExitStack() as stack:
        for client in (ann, bob, eve) * 5:
            wire = await stack.enter_async_context(Wire(hearth))
            with contextlib.suppress(OSError):
                await wire.send(upload_head(client) + b"x" * (LARGE - 1))
        assert hearth.memory - before < 3 * 2 * LARGE + 30_000_000
