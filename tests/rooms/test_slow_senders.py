"""Whoever sends slowly, or opens very many connections, is let go; streams are not."""

import asyncio
import contextlib
import time

import pytest

from tests.support.clients import ChatClient, StreamReader, eventually
from tests.support.server import Server
from tests.support.wire import Wire, head, parsed

pytestmark = pytest.mark.usefixtures("no_complaint")

PATIENCE = 0.5
UNFINISHED = 20
UPLOAD = {"Content_Type": "multipart/form-data; boundary=b", "Content_Length": "1000000"}


@pytest.fixture(scope="module", params=["daphne", "uvicorn"])
def hearth(request, tmp_path_factory):
    options = {
        "SENDER_PATIENCE": str(PATIENCE),
        "UNFINISHED_PER_ADDRESS": str(UNFINISHED),
        "TRUSTED_PROXIES": "127.0.0.9",
        "HEARTBEAT_INTERVAL": "1",
        "STREAMS_PER_USER": "400",
    }
    folder = tmp_path_factory.mktemp(request.param)
    with Server(folder, program=request.param, **options) as server:
        yield server


async def trickle(wire, data, pause=PATIENCE / 10):
    """Send a byte at a time, until the server has closed."""
    with contextlib.suppress(OSError):
        for byte in data:
            await wire.send(bytes([byte]))
            await asyncio.sleep(pause)


async def answer_to_trickle(hearth, beginning, then=b"x" * 1000):
    """Return what is answered to somebody who sends `beginning`, and from then on slowly."""
    async with Wire(hearth) as wire:
        await wire.send(beginning)
        task = asyncio.create_task(trickle(wire, then))
        try:
            return await wire.rest()
        finally:
            task.cancel()


@pytest.mark.parametrize(
    ("beginning", "status"),
    [
        (b"GET / HTTP/1.1\r\nX-Long: ", 408),
        (b"GET /", 408),
        (head("/login/", "POST", Content_Length="1000"), 408),
        (head("/login/", "POST", Content_Length="1000") + b"name=", 408),
        (head("/rooms/1/stream", Content_Length="1000"), None),
        (head("/healthz", "POST", Content_Length="1000"), None),
        (head("/settings/avatar/", "POST", **UPLOAD), 401),
    ],
    ids=["head", "first line", "no body", "body", "body of a stream", "body of healthz", "upload"],
)
async def test_slow_sender_is_not_waited_for(hearth, beginning, status):
    answer = await answer_to_trickle(hearth, beginning)
    if status:
        assert parsed(answer)[0] == status
    if status == 408:
        assert answer.endswith(b"This took too long to arrive. Try again.")


@pytest.mark.parametrize("sent", [b"", b"\r\n", head("/healthz"), head("/login/") * 3])
async def test_idle_connection_is_closed(hearth, sent):
    async with Wire(hearth) as wire:
        await wire.send(sent)
        began = time.monotonic()
        assert b"HTTP/1.1 400" not in await wire.rest()
        assert time.monotonic() - began < 10


async def test_sender_who_is_slow_but_not_too_slow_is_answered(hearth):
    """It takes more than twice the patience, at about twice the least rate."""
    body = b"name=" + b"x" * 20_000
    async with Wire(hearth) as wire:
        await wire.send(head("/login/", "POST", Content_Length=str(len(body))))
        for start in range(0, len(body), 1700):
            await wire.send(body[start : start + 1700])
            await asyncio.sleep(0.1)
        assert (await wire.answer())[0] == 403  # without a token


async def test_upload_that_is_slow_gives_its_place_back(hearth, ann):
    beginning = head("/settings/avatar/", "POST", **UPLOAD, Cookie=f"hearth_session={ann.session}")
    for _attempt in range(3):
        answer = await answer_to_trickle(hearth, beginning)
        assert parsed(answer)[0] == 408


async def test_reader_who_does_not_take_an_answer_is_let_go(hearth, ann):
    """No request is unfinished, but a descriptor is held all the same."""
    before = hearth.connections
    script = (await ann.get("/")).text.split('src="/static/js/')[1].split('"')[0]
    path = f"/static/js/{script}"
    reader = await StreamReader.open(hearth.url, path, receive_buffer=4096)
    for _more in range(200):
        reader._writer.write(head(path))
    assert hearth.connections > before
    await eventually(lambda: hearth.connections <= before, 20, "it is let go")
    await reader.close()


async def test_address_has_so_many_unfinished_connections(hearth, enter):
    """Those that wait longest go first, and whoever sends a whole request is answered."""
    before = hearth.connections
    wires = []
    async with contextlib.AsyncExitStack() as stack:
        for _one in range(3 * UNFINISHED):
            wire = await stack.enter_async_context(Wire(hearth))
            # Fast enough to stay, were they not so many.
            await wire.send(head("/login/", "POST", Content_Length="250000") + b"x" * 200_000)
            wires.append(wire)
        kim = await enter("kim")
        await kim.lobby()
        await eventually(lambda: hearth.connections <= before + UNFINISHED + 5, 20)
        assert not wires[-1].reader.at_eof()
    await eventually(lambda: hearth.connections <= before + 5, 20)


async def test_address_that_opens_more_and_more_is_refused_at_once(hearth):
    before = hearth.connections

    async def wait():
        with contextlib.suppress(ConnectionResetError):
            async with Wire(hearth) as wire:
                return await wire.rest()
        return b""

    assert set(await asyncio.gather(*(wait() for _one in range(6 * UNFINISHED)))) == {b""}
    await eventually(lambda: hearth.connections <= before, 20)


async def test_streams_of_two_hundred_people_behind_one_address_stay(hearth, enter):
    """They open at once, which is more than there may be of unfinished requests, and go on for long."""
    kim = await enter("kim")
    streams = []
    async with contextlib.AsyncExitStack() as stack:
        for _batch in range(4):
            opened = await asyncio.gather(*(kim.stream() for _one in range(50)))
            streams += [await stack.enter_async_context(stream) for stream in opened]
        assert {stream.status for stream in streams} == {200}
        for stream in streams:
            await stream.wait_for(lambda stream=stream: len(stream.named("heartbeat")) >= 3 * PATIENCE)
        assert not [stream for stream in streams if stream.is_closed]
        await ChatClient.lobby(kim)
