"""The server is told to stop, and stops without cutting anybody off."""

import asyncio
import contextlib
import functools
import signal
import socket
import sqlite3
import subprocess
import sys

import httpx
import pytest

from tests.faults.conftest import assert_no_complaint
from tests.support.clients import ChatClient, eventually
from tests.support.server import ROOT, Server


@pytest.fixture(params=["daphne", "uvicorn"])
def start(start, request):
    return functools.partial(start, program=request.param)


def is_listening(server):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", server.port)) == 0


async def end_of(server, how=signal.SIGTERM, seconds=15):
    """Send the signal; return the exit code. It takes no longer than that, and mostly much less."""
    process = server.process
    process.send_signal(how)
    return await asyncio.to_thread(process.wait, seconds)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
async def test_open_streams_end_as_a_whole(start, how):
    server = start()
    async with ChatClient(server.url, "kim") as kim, contextlib.AsyncExitStack() as stack:
        room_id = await kim.private_chat((await enter(stack, server, "lou")).name)
        streams = [
            await stack.enter_async_context(await kim.stream(room))
            for room in (room_id, None)
            for _tab in range(10)
        ]
        for stream in streams:
            await stream.wait_for_event("connected")
        assert await end_of(server, how) == 0
        for stream in streams:
            await stream.wait_until_closed(1)
            assert stream.is_complete
    assert_no_complaint(server)


async def enter(stack, server, name):
    return await stack.enter_async_context(ChatClient(server.url, name))


async def test_server_without_a_request_ends(start):
    server = start()
    assert await end_of(server) == 0
    assert_no_complaint(server)


@contextlib.contextmanager
def locked_database(server):
    """Keep everybody from writing; posts then wait."""
    with contextlib.closing(sqlite3.connect(server.folder / "hearth.sqlite3", autocommit=True)) as database:
        database.execute("BEGIN IMMEDIATE")
        yield
        database.execute("ROLLBACK")


async def test_request_under_way_is_finished_and_no_more_are_taken(start):
    server = start()
    async with ChatClient(server.url, "kim") as kim, ChatClient(server.url, "lou"):
        room_id = await kim.private_chat("lou")
        with locked_database(server):
            posting = asyncio.create_task(kim.post(room_id, "just in time"))
            await eventually(lambda: is_waiting(server), what="the post is under way")
            server.process.send_signal(signal.SIGTERM)
            await eventually(lambda: not is_listening(server), 3, "it stops listening")
            assert not posting.done()
        message = await posting
        assert await asyncio.to_thread(server.process.wait, 10) == 0
        with contextlib.closing(sqlite3.connect(server.folder / "hearth.sqlite3")) as database:
            assert database.execute("SELECT id, content FROM rooms_message").fetchall() == [
                (message, "just in time")
            ]
    assert_no_complaint(server)


def is_waiting(server):
    """Whether a thread of the server waits for the lock: SQLite sleeps between its attempts."""
    names = [path / "wchan" for path in server._proc("task").iterdir()]
    return any("nanosleep" in name.read_text() for name in names)


async def test_requests_that_take_too_long_do_not_keep_it_alive(start):
    """More posts wait for the database than there are threads, and for longer than the server has time."""
    server = start()
    async with ChatClient(server.url, "kim") as kim, ChatClient(server.url, "lou"):
        room_id = await kim.private_chat("lou")
        with locked_database(server):
            posting = [asyncio.create_task(kim.post(room_id, f"late {n}")) for n in range(12)]
            await eventually(lambda: server.connections >= 12, what="the posts are under way")
            assert await end_of(server, seconds=25) == 0
            for outcome in await asyncio.gather(*posting, return_exceptions=True):
                assert isinstance(outcome, httpx.HTTPError)


async def test_half_a_request_does_not_keep_it_from_ending(start):
    parts = [
        b"",
        b"GET / HT",
        b"GET / HTTP/1.1\r\nHost: x\r\n",
        b"POST /login/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 10\r\n\r\nname",
        b"POST /login/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000\r\n\r\nname",
    ]
    server = start()
    with contextlib.ExitStack() as stack:
        for part in parts:
            half = stack.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            half.sendall(part)
        await eventually(lambda: server.connections >= len(parts))
        assert await end_of(server) == 0
    assert_no_complaint(server)


async def test_reader_that_does_not_read_does_not_keep_it_from_ending(start):
    server = start()
    async with ChatClient(server.url, "kim") as kim, await kim.stream(receive_buffer=4096):
        assert await end_of(server) == 0
    assert_no_complaint(server)


def serve(server, *arguments):
    return subprocess.run(
        [sys.executable, "manage.py", "serve", "--server", server.program, *arguments],
        cwd=ROOT, env=server.environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@pytest.fixture(params=["daphne", "uvicorn"])
def stopped(prepared_folder, request):
    return Server(prepared_folder, program=request.param, DATABASE_URL="")


def test_taken_port_is_said_in_a_sentence(stopped):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        result = serve(stopped, "--port", str(port))
    assert result.returncode == 1
    assert result.stderr == (
        f"CommandError: Port {port} is taken by another program. "
        f"Choose another one: make run PORT={port + 1}\n"
    )
    assert not result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--port", "70000"], "A port is a number from 0 to 65535."),
        (["--host", "192.0.2.1"], "Cannot listen on 192.0.2.1:8000: Cannot assign requested address."),
    ],
)
def test_address_that_cannot_be_listened_on_is_said_in_a_sentence(stopped, arguments, message):
    result = serve(stopped, *arguments)
    assert result.returncode == 1
    assert result.stderr == f"CommandError: {message}\n"
