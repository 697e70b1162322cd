"""(i) A large file on its way in, and to readers who have stopped reading, while others write."""

import asyncio
import contextlib
import time
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from statistics import median

from benchmarks.report import Report
from benchmarks.servers import LOAD_PROCESSOR, UNLIMITED, folder, pinned
from tests.support.clients import ChatClient
from tests.support.files import Sending
from tests.support.server import Server
from tests.support.wire import Wire, head

MIB = 1024 * 1024
SIZE = 300 * MIB
STALLED = 8
PAUSE_SECONDS = 0.02  # between two messages
REST_SECONDS = 3.0


def files(report: Report) -> None:
    report.heading(f"(i) A file of {SIZE // MIB} MiB in, to {STALLED} readers who have stopped, and to one")
    report.columns("", "s", "MiB more", "CPU s", "p50 ms", "longest ms")
    for program in ("daphne", "uvicorn"):
        limits = {**UNLIMITED, "FILE_MAX_MB": str(SIZE // MIB), "FILE_QUOTA_MB": "0"}
        with folder() as place, Server(place, program=program, **limits) as server, pinned(LOAD_PROCESSOR):
            asyncio.run(_measured(report, server))


async def _measured(report: Report, server: Server) -> None:
    async with ChatClient(server.url, "ada") as ada, ChatClient(server.url, "ben") as ben:
        room_id = await ada.create_room("Kitchen")
        await ben.room(room_id)
        talk = Talk(ben, room_id)
        async with _row(report, server, "nothing", talk):
            await asyncio.sleep(REST_SECONDS)
        async with _row(report, server, "in", talk), Wire(server) as wire:
            await Sending(ada, room_id, SIZE).send(wire, b"x" * MIB)
            status, _headers = await wire.answer(120)
            if status != 201:
                raise RuntimeError(f"It was answered with {status}.")
        with server.rows() as rows:
            [(file_id,)] = rows.execute("SELECT max(id) FROM rooms_storedfile")
        asked = head(f"/files/{file_id}/", Cookie=f"hearth_session={ada.session}")
        async with (
            _row(report, server, f"to {STALLED} who have stopped", talk),
            contextlib.AsyncExitStack() as stack,
        ):
            for _reader in range(STALLED):
                await (await stack.enter_async_context(Wire(server))).send(asked)
            await asyncio.sleep(REST_SECONDS)
        async with _row(report, server, "to one", talk):
            async with ada.http.stream("GET", f"{server.url}/files/{file_id}/") as answer:
                got = sum([len(part) async for part in answer.aiter_raw()])
            if got != SIZE:
                raise RuntimeError(f"{got} bytes came.")


@dataclass
class Talk:
    """Somebody writes in a room and reads it from a stream."""

    client: ChatClient
    room_id: int

    async def go_on(self, delays: list[float]) -> None:
        """Note how long each message took from the beginning of its post to the stream."""
        async with await self.client.stream(self.room_id) as stream:
            while True:
                text, began = str(uuid.uuid4()), time.monotonic()
                await self.client.post(self.room_id, text)
                await stream.wait_for_message(text)
                delays.append(time.monotonic() - began)
                await asyncio.sleep(PAUSE_SECONDS)


@contextlib.asynccontextmanager
async def _row(report: Report, server: Server, name: str, talk: Talk) -> AsyncIterator[None]:
    """Print what it took, and how long messages of others took meanwhile."""
    server.forget_peak_memory()
    memory, processor, began = server.memory, server.processor_seconds, time.monotonic()
    delays: list[float] = []
    talking = asyncio.create_task(talk.go_on(delays))
    yield
    seconds = time.monotonic() - began
    talking.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await talking
    report.row(
        f"{server.program}: {name}",
        f"{seconds:.1f}",
        f"{(server.peak_memory - memory) / MIB:.1f}",
        f"{server.processor_seconds - processor:.2f}",
        f"{1000 * median(delays or [0]):.0f}",
        f"{1000 * max(delays, default=0):.0f}",
    )
