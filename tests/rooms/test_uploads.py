"""Pictures that are sent to a server: whatever they are, pages of others are answered meanwhile."""

import asyncio
import functools
import io
import os
import signal
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest
from PIL import Image

from accounts import avatars, picture

START_OF_SCAN = picture.START_OF_SCAN


@functools.cache
def worst_picture():
    """The JPEG of the most pixels and scans that is still decoded: some KB, and a second or more of work."""
    file = io.BytesIO()
    Image.new("RGB", (5000, 5000), "teal").save(file, "JPEG", progressive=True, quality=50)
    data = file.getvalue()
    last = data.rindex(START_OF_SCAN)
    more = picture.MAX_SCANS - data.count(START_OF_SCAN)
    return data[:last] + data[last:-2] * (more + 1) + data[-2:]


def decoders_of(server):
    """Return the decoders that the server has at work now: those that were there before and after a look."""
    found = [process for process in Path("/proc").glob("[0-9]*") if is_decoder(process, server)]
    return [int(process.name) for process in found if is_decoder(process, server)]


def tell(decoders, what):
    for decoder in decoders:
        with suppress(ProcessLookupError):  # it has ended
            os.kill(decoder, what)


def is_decoder(process, server):
    try:
        parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
        return parent == server.process.pid and b"picture.py" in (process / "cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):  # it has ended
        return False


async def upload(client, data):
    answer = await client.http.post(
        f"{client.url}/settings/avatar/",
        data={"csrfmiddlewaretoken": client.csrf_token},
        files={"picture": ("me.jpg", data, "image/jpeg")},
        headers={"HX-Request": "false"},
        timeout=200,  # on a busy machine its turn may come late
    )
    return answer.status_code


@pytest.mark.timeout(300)
@pytest.mark.parametrize("people", [1, 5])
async def test_twenty_at_once_of_the_worst_picture_keep_nobody_elses_page(
    hearth, enter, bob, no_complaint, people
):
    clients = [await enter(f"painter{number}") for number in range(people)]
    data = await asyncio.to_thread(worst_picture)
    assert len(data) < 200_000
    uploads = [asyncio.create_task(upload(clients[number % people], data)) for number in range(20)]
    most = pages = 0
    while waiting := sum(not task.done() for task in uploads):
        before = decoders_of(hearth)
        most = max(most, len(before))
        # They work on when all others were refused and pages were answered, however long that takes here.
        if pages >= 3 and waiting <= most:
            tell(before, signal.SIGCONT)
            await asyncio.sleep(0.1)  # looking takes the processor from them
            continue
        tell(before, signal.SIGSTOP)
        assert (await bob.get("/settings/")).status_code == 200
        after = decoders_of(hearth)
        most = max(most, len(after))
        pages += bool(before and after)  # it was answered while pictures were being decoded
    assert pages >= 3
    assert 1 <= most <= min(people, avatars.AT_ONCE)
    statuses = Counter(task.result() for task in uploads)
    assert statuses.keys() <= {302, 422, 429, 503}
    assert statuses[429] + statuses[503] >= 10
