"""One stream, with a server that takes what it is given, pushes back, fails or stands still."""

import asyncio

import pytest

from rooms.live.wire import connection as connection_module
from rooms.live.wire.connection import Connection


class FakeServer:
    """What a connection writes to; `room` is how many writes it takes before it pushes back."""

    def __init__(self, room=10**6):
        self.room = asyncio.Semaphore(room)
        self.written = []
        self.is_complete = False
        self.error = None
        self.disconnect = asyncio.Event()

    async def send(self, message):
        if self.error:
            raise self.error
        await self.room.acquire()
        if message["body"]:
            self.written.append(message["body"])
        self.is_complete = not message["more_body"]

    async def receive(self):
        await self.disconnect.wait()
        return {"type": "http.disconnect"}


@pytest.fixture
async def server():
    return FakeServer()


@pytest.fixture
async def slow():
    """A server that takes nothing until it is given `room`."""
    return FakeServer(room=0)


def connect(server, send=None):
    return Connection(
        send or server.send, user_id=1, session_key="", password="", room_id=None, channels={"lobby"}
    )


async def turn():
    """Let everything run that can."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_writes_at_once(server):
    connection = connect(server)
    for frame in (b"a", b"b", b"c"):
        connection.write(frame)
    assert server.written == [b"a", b"b", b"c"]


async def test_reader_that_pushes_back_gets_all_in_order_in_few_writes(slow):
    connection = connect(slow)
    for number in range(10):
        connection.write(b"%d" % number)
    assert not slow.written
    slow.room.release()
    await turn()
    slow.room.release()
    await turn()
    assert slow.written == [b"0", b"123456789"]


async def test_reader_that_takes_nothing_is_closed_past_the_bound(slow, settings):
    settings.STREAM_MAX_BACKLOG = 1000
    connection = connect(slow)
    reading = asyncio.create_task(connection.wait_until_ended(slow.receive))
    await turn()
    for _ in range(11):
        connection.write(b"x" * 100)
    assert not connection.is_ended
    connection.write(b"x" * 100)
    assert connection.is_ended
    await reading
    slow.room.release()
    await turn()
    assert not slow.is_complete  # so that the page knows that something is missing
    assert sum(map(len, slow.written)) <= 100


async def test_reader_that_was_slow_for_a_while_is_not_closed(slow, settings):
    settings.STREAM_MAX_BACKLOG = 1000
    connection = connect(slow)
    for _ in range(50):
        connection.write(b"x" * 900)
        slow.room.release()
        await turn()
    assert not connection.is_ended
    assert sum(map(len, slow.written)) == 50 * 900


async def test_what_a_page_begins_with_does_not_count(slow, settings):
    settings.STREAM_MAX_BACKLOG = 1000
    connection = connect(slow)
    connection.begin(b"b" * 10_000)
    for _ in range(11):
        connection.write(b"x" * 100)
    assert not connection.is_ended
    connection.write(b"x" * 100)
    assert connection.is_ended


async def test_what_a_page_begins_with_counts_no_longer_once_it_is_taken(slow, settings):
    settings.STREAM_MAX_BACKLOG = 1000
    connection = connect(slow)
    connection.begin(b"b" * 10_000)
    slow.room.release()
    await turn()
    for _ in range(12):
        connection.write(b"x" * 100)
    assert connection.is_ended


async def test_what_is_held_is_written_after_what_the_page_begins_with(server):
    connection = connect(server)
    connection.hold()
    connection.write(b"a")
    connection.write(b"b")
    connection.begin(b"first ")
    assert not server.written
    connection.release()
    assert server.written == [b"first ab"]


async def test_changes_follow_the_state_that_they_change(server):
    connection = connect(server)
    connection.tell(b"change ")
    connection.write(b"message ")
    connection.tell_state(b"state ")
    connection.tell(b"next change")
    assert b"".join(server.written) == b"message state change next change"


async def test_two_holds_need_two_releases(server):
    connection = connect(server)
    connection.hold()
    connection.hold()
    connection.write(b"a")
    connection.release()
    assert not server.written
    connection.release()
    assert server.written == [b"a"]


async def test_hold_stops_what_is_waiting_for_the_reader(slow):
    connection = connect(slow)
    connection.write(b"a")
    connection.write(b"b")
    connection.hold()
    slow.room.release()
    slow.room.release()
    await turn()
    assert slow.written == [b"a"]
    connection.release()
    await turn()
    assert slow.written == [b"a", b"b"]


async def test_what_is_held_is_bounded_too(server, settings):
    settings.STREAM_MAX_BACKLOG = 1000
    connection = connect(server)
    connection.hold()
    for _ in range(12):
        connection.write(b"x" * 100)
    assert connection.is_ended


async def test_end_completes_the_response_with_the_last_words_only(server):
    connection = connect(server)
    reading = asyncio.create_task(connection.wait_until_ended(server.receive))
    await turn()
    connection.hold()
    connection.write(b"not for you any more")
    connection.end(b"goodbye")
    connection.end(b"goodbye twice")
    connection.write(b"too late")
    await reading
    assert server.written == [b"goodbye"]
    assert server.is_complete


async def test_end_before_anybody_waits(server):
    connection = connect(server)
    connection.end(b"goodbye")
    await connection.wait_until_ended(server.receive)
    assert server.written == [b"goodbye"]
    assert server.is_complete


async def test_end_lets_a_write_under_way_finish(slow):
    connection = connect(slow)
    reading = asyncio.create_task(connection.wait_until_ended(slow.receive))
    connection.write(b"half ")
    await turn()
    connection.end(b"goodbye")
    slow.room.release()
    slow.room.release()
    await reading
    assert slow.written == [b"half ", b"goodbye"]
    assert slow.is_complete


async def test_end_does_not_wait_for_ever(slow, monkeypatch):
    monkeypatch.setattr(connection_module, "END_SECONDS", 0.01)
    connection = connect(slow)
    reading = asyncio.create_task(connection.wait_until_ended(slow.receive))
    connection.write(b"never taken")
    await turn()
    connection.end()
    async with asyncio.timeout(1):
        await reading
    assert not slow.is_complete


async def test_reader_who_goes_gets_nothing_more(server):
    connection = connect(server)
    server.disconnect.set()
    await connection.wait_until_ended(server.receive)
    connection.write(b"hello?")
    connection.end(b"goodbye")
    assert not server.written
    assert not server.is_complete


async def test_cancellation_by_the_server_goes_through(server):
    connection = connect(server)
    reading = asyncio.create_task(connection.wait_until_ended(server.receive))
    await turn()
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading


@pytest.mark.parametrize(("error", "logged"), [(ConnectionResetError(), 0), (RuntimeError("odd"), 1)])
async def test_write_that_fails_ends_the_stream(server, caplog, error, logged):
    connection = connect(server)
    reading = asyncio.create_task(connection.wait_until_ended(server.receive))
    await turn()
    server.error = error
    connection.write(b"a")
    connection.write(b"b")
    async with asyncio.timeout(1):
        await reading
    assert connection.is_ended
    assert [record.levelname for record in caplog.records] == ["ERROR"] * logged


async def test_connection_of_uvicorn_is_closed_without_waiting(slow, settings):
    settings.STREAM_MAX_BACKLOG = 10

    class Cycle:
        def __init__(self):
            self.transport = self
            self.is_aborted = False

        def abort(self):
            self.is_aborted = True
            slow.disconnect.set()

        async def send(self, message):
            await slow.send(message)

    cycle = Cycle()
    connection = connect(slow, cycle.send)
    reading = asyncio.create_task(connection.wait_until_ended(slow.receive))
    for _ in range(3):
        connection.write(b"x" * 20)
    assert cycle.is_aborted
    await reading
