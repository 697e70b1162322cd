"""(i) A large file on its way in, and to readers who have stopped reading."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

from benchmarks.report import Report
from benchmarks.servers import LOAD_PROCESSOR, folder, pinned
from tests.support.clients import ChatClient
from tests.support.files import Sending
from tests.support.server import Server
from tests.support.wire import Wire, head

MIB = 1024 * 1024
SIZE = 300 * MIB
STALLED = 8
LOOK_SECONDS = 0.01
REST_SECONDS = 3.0


def files(report: Report) -> None:
    report.heading(f"(i) A file of {SIZE // MIB} MiB in, to {STALLED} readers who have stopped, and to one")
    report.columns("", "s", "MiB more", "CPU s", "longest ms")
    for program in ("daphne", "uvicorn"):
        limits = {"FILE_MAX_MB": str(SIZE // MIB), "FILE_QUOTA_MB": "0"}
        with folder() as place, Server(place, program=program, **limits) as server, pinned(LOAD_PROCESSOR):
            asyncio.run(_measured(report, server))


async def _measured(report: Report, server: Server) -> None:
    async with ChatClient(server.url, "ada") as ada:
        room_id = await ada.create_room("Kitchen")
        await ada.lobby()
        async with _row(report, server, "in"), Wire(server) as wire:
            await Sending(ada, room_id, SIZE).send(wire, b"x" * MIB)
            status, _headers = await wire.answer(120)
            if status != 201:
                raise RuntimeError(f"It was answered with {status}.")
        with server.rows() as rows:
            [(file_id,)] = rows.execute("SELECT max(id) FROM rooms_storedfile")
        asked = head(f"/files/{file_id}/", Cookie=f"hearth_session={ada.session}")
        async with (
            _row(report, server, f"to {STALLED} who have stopped"),
            contextlib.AsyncExitStack() as stack,
        ):
            for _reader in range(STALLED):
                await (await stack.enter_async_context(Wire(server))).send(asked)
            await asyncio.sleep(REST_SECONDS)
        async with _row(report, server, "to one"):
            async with ada.http.stream("GET", f"{server.url}/files/{file_id}/") as answer:
                got = sum([len(part) async for part in answer.aiter_raw()])
            if got != SIZE:
                raise RuntimeError(f"{got} bytes came.")


@contextlib.asynccontextmanager
async def _row(report: Report, server: Server, name: str) -> AsyncIterator[None]:
    """Print what it took, and how long somebody else waited for `/healthz` at most meanwhile."""
    server.forget_peak_memory()
    memory, processor, began = server.memory, server.processor_seconds, time.monotonic()
    waits: list[float] = []
    looking = asyncio.create_task(_look(server, waits))
    yield
    seconds = time.monotonic() - began
    looking.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await looking
    report.row(
        f"{server.program}: {name}",
        f"{seconds:.1f}",
        f"{(server.peak_memory - memory) / MIB:.1f}",
        f"{server.processor_seconds - processor:.2f}",
        f"{1000 * max(waits, default=0):.0f}",
    )


async def _look(server: Server, waits: list[float]) -> None:
    while True:
        began = time.monotonic()
        async with Wire(server) as wire:
            await wire.send(head("/healthz"))
            await wire.answer()
        waits.append(time.monotonic() - began)
        await asyncio.sleep(LOOK_SECONDS)
