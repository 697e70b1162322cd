"""One room: what its readers get in which round. The database is played by the test."""

import asyncio
from collections import deque

import pytest
from django.db import DatabaseError

from rooms.live.news.tail import Tail
from rooms.live.watch import supervision
from rooms.live.wire import frames
from rooms.live.wire.channels import Change
from rooms.live.wire.formats import EVENTS, Document
from tests.support.clients import eventually


class FakeDatabase:
    """A room at `revision`; while `gate` is shut, those who ask wait."""

    def __init__(self):
        self.revision = 0
        self.members = {1, 2, 3}
        self.visitors = set()
        self.errors = deque()
        self.asked = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def run(self, _read, wanted, users, visits):
        self.asked.append({position for _format, position in wanted})
        revision, members = self.revision, set(self.members)
        await self.gate.wait()
        if self.errors:
            raise self.errors.popleft()
        changes = {position: Change(1, position, revision, page=object()) for _format, position in wanted}
        changes = {
            (format, position): (
                changes[position],
                None if format.is_append_only else frames.swap(f"{position} to {revision}"),
            )
            for format, position in wanted
            if position != revision
        }
        return changes, members & set(users), self.visitors & set(visits)


class Reader:
    """Stands for a connection."""

    def __init__(self, user_id=1, format=EVENTS):
        self.user_id = user_id
        self.format = format
        self.is_visit = False
        self.written = []
        self.begun = []
        self.level_after = []
        self.last = None

    def write(self, frame):
        if frame == frames.LEVEL:
            self.level_after.append(list(self.written))
        else:
            self.written.append(text_of(frame))

    def begin(self, frame):
        self.begun.append(text_of(frame))
        self.write(frame)

    def end(self, last):
        self.last = last


def text_of(frame):
    return next(
        line.removeprefix("data: ") for line in frame.decode().split("\n") if line.startswith("data: ")
    )


@pytest.fixture
async def database():
    return FakeDatabase()


@pytest.fixture
async def tail(database, monkeypatch):
    monkeypatch.setattr(supervision, "SHORTEST_WAIT", 0.001)
    tail = Tail(1, database)
    yield tail
    tail.stop()


async def test_reader_who_joins_gets_what_it_missed_and_then_what_is_new(tail, database):
    database.revision = 5
    reader = Reader()
    tail.join(reader, 3)
    await eventually(lambda: reader.written == ["3 to 5"])
    database.revision = 6
    tail.ring()
    await eventually(lambda: reader.written == ["3 to 5", "5 to 6"])
    assert reader.begun == ["3 to 5"]
    assert reader.level_after == [["3 to 5"]]


async def test_reader_who_is_level_gets_nothing(tail, database):
    database.revision = 5
    reader, other = Reader(), Reader()
    tail.join(reader, 5)
    tail.join(other, 4)
    await eventually(lambda: other.written)
    assert not reader.written
    assert reader.level_after == [[]]


async def test_ring_during_a_round_begins_another(tail, database):
    """The round may have read just before what the bell is for."""
    reader = Reader()
    tail.join(reader, 0)
    await eventually(lambda: len(database.asked) == 1)
    database.gate.clear()
    database.revision = 1
    tail.ring()
    await eventually(lambda: len(database.asked) == 2)
    database.revision = 2
    tail.ring()
    database.gate.set()
    await eventually(lambda: reader.written == ["0 to 1", "1 to 2"])


async def test_many_rings_during_a_round_begin_one(tail, database):
    reader = Reader()
    tail.join(reader, 0)
    await eventually(lambda: len(database.asked) == 1)
    database.gate.clear()
    tail.ring()
    await eventually(lambda: len(database.asked) == 2)
    database.revision = 50
    for _ in range(50):
        tail.ring()
    database.gate.set()
    await eventually(lambda: reader.written == ["0 to 50"])
    assert len(database.asked) == 3


async def test_reader_who_joins_during_a_round_gets_its_own_in_the_next(tail, database):
    database.revision = 9
    database.gate.clear()
    early, late, same = Reader(), Reader(), Reader()
    tail.join(early, 8)
    await eventually(lambda: database.asked)
    tail.join(late, 2)
    tail.join(same, 8)
    database.gate.set()
    await eventually(lambda: late.written == ["2 to 9"])
    assert early.written == same.written == ["8 to 9"]
    assert late.begun


async def test_reader_who_leaves_during_a_round_gets_nothing(tail, database):
    database.revision = 9
    database.gate.clear()
    leaving, staying = Reader(), Reader()
    tail.join(leaving, 8)
    tail.join(staying, 8)
    await eventually(lambda: database.asked)
    tail.leave(leaving)
    database.gate.set()
    await eventually(lambda: staying.written)
    assert not leaving.written


async def test_failed_round_is_done_again(tail, database, caplog):
    database.revision = 1
    database.errors += [DatabaseError("locked"), DatabaseError("locked")]
    reader = Reader()
    tail.join(reader, 0)
    await eventually(lambda: reader.written == ["0 to 1"])
    assert len(caplog.records) == 1


async def test_who_is_no_member_any_more_gets_only_the_end(tail, database):
    member, gone = Reader(1), Reader(2)
    for reader in (member, gone):
        tail.join(reader, 0)
    database.members = {1}
    database.revision = 1
    tail.ring()
    await eventually(lambda: member.written == ["0 to 1"])
    assert not gone.written
    assert b"no longer in this room" in gone.last


async def test_revision_is_what_every_reader_has(tail, database):
    """The poll compares it: a reader left behind must not be hidden by one who is ahead."""
    database.revision = 5
    database.gate.clear()
    for position in (5, 2):
        tail.join(Reader(), position)
    assert tail.revision == 2
    database.gate.set()
    await eventually(lambda: tail.revision == 5)


@pytest.mark.django_db(transaction=True)
async def test_room_that_is_gone_ends_its_streams(monkeypatch):
    class Direct:
        async def run(self, function, *arguments):
            return await asyncio.to_thread(in_a_thread, function, *arguments)

    tail = Tail(999999, Direct())
    reader = Reader()
    tail.join(reader, 0)
    await eventually(lambda: reader.last)
    tail.stop()


def in_a_thread(function, *arguments):
    from django.db import connections

    try:
        return function(*arguments)
    finally:
        connections.close_all()


async def test_document_that_cannot_show_a_change_ends_and_begins_anew(tail, database):
    page, document = Reader(), Reader(format=Document("en", "UTC"))
    for reader in (page, document):
        tail.join(reader, 3)
    database.revision = 5
    tail.ring()
    await eventually(lambda: page.written == ["3 to 5"])
    assert document.written == []
    assert b'http-equiv="refresh" content="0;' in document.last


async def test_documents_of_one_time_zone_share_a_rendering(tail, database):
    for zone in ("UTC", "UTC", "Asia/Kathmandu"):
        tail.join(Reader(format=Document("en", zone)), 3)
    tail.join(Reader(), 3)
    formats = []
    run = database.run

    async def noting_formats(read, wanted, *people):
        formats.extend(format for format, _position in wanted)
        return await run(read, wanted, *people)

    database.run = noting_formats
    await eventually(lambda: formats)
    assert sorted(map(repr, map(type, formats))) == sorted(map(repr, [Document, Document, type(EVENTS)]))
