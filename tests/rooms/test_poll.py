"""What other processes did without a doorbell."""

from datetime import timedelta

import pytest
from django.db import OperationalError
from django.utils import timezone

from config.doorbell import Bell
from rooms.live.news.chat_list import ChatList
from rooms.live.news.look import OVERLAP
from rooms.live.news.tails import Tails
from rooms.live.process.live import TOPICS
from rooms.live.process.poll import Poll
from rooms.live.watch.database import DatabaseThreads
from rooms.live.wire.hub import Hub
from tests.support.factories import make_message, make_messages, make_private_room, make_room, make_user

pytestmark = pytest.mark.django_db(transaction=True)


class FakeTail:
    def __init__(self, revision):
        self.revision = revision
        self.rung = 0

    def ring(self):
        self.rung += 1


class Process:
    """The topics of a process that have something looked for; `heard` is what the poll rings for."""

    def __init__(self):
        self.hub, self.database, self.rung = Hub(), DatabaseThreads(), []
        self.topics = [topic(self.hub, self.database) for topic in TOPICS]
        self.looks = [look for topic in self.topics for look in topic.looks]

    def part(self, kind):
        return next(topic for topic in self.topics if isinstance(topic, kind))

    @property
    def tails(self):
        return self.part(Tails).of_rooms

    def ring(self, bell):
        self.rung.append((bell.kind, *bell.ids.values()))

    @property
    def heard(self):
        """What was rung for since the last time somebody asked."""
        heard, self.rung = self.rung, []
        return heard


@pytest.fixture
async def live():
    live = Process()
    yield live
    await live.database.close()


@pytest.fixture
async def poll(live):
    return Poll(live.database, live.looks, live.ring)


@pytest.fixture
def do(live):
    """Do something with the database: `await do(make_message, room, ada)`."""
    return live.database.run


async def test_first_look_rings_for_nothing(live, poll, do, room, ada):
    await do(make_message, room, ada)
    assert not poll.has_looked.is_set()
    await poll.look()
    assert poll.has_looked.is_set()
    assert live.heard == []


async def test_message_rings_once(live, poll, do, room, ada):
    await poll.look()
    await do(make_message, room, ada)
    await poll.look()
    assert live.heard == [("room", room.pk)]
    await poll.look()
    assert live.heard == []


async def test_new_room_rings(live, poll, do):
    await poll.look()
    room = await do(make_room)
    await poll.look()
    assert live.heard == [("room", room.pk)]


async def test_room_that_was_quiet_for_long_rings(live, poll, do, room, ada, ben):
    private = await do(make_private_room, ada, ben)
    await do(make_message, private, ada)
    await do(make_messages, room, ada, OVERLAP + 10)
    await poll.look()
    await do(make_message, private, ben)
    await poll.look()
    assert live.heard == [("room", private.pk)]


async def test_person_rings_once(live, poll, do):
    await poll.look()
    person = await do(make_user)
    await poll.look()
    assert live.heard == [("person", person.pk)]
    await poll.look()
    assert live.heard == []


async def test_person_whom_a_doorbell_announced_does_not_ring_again(live, poll, do):
    await poll.look()
    person = await do(make_user)
    live.part(ChatList).heard(Bell("person", {"user": person.pk}))
    for _ in range(2):
        await poll.look()
        assert live.heard == []


async def test_person_announced_while_the_poll_looks_does_not_ring_again(live, poll, do, monkeypatch):
    await poll.look()
    monkeypatch.setattr(live.part(ChatList)._new_people, "read", lambda after: {})
    person = await do(make_user)
    await poll.look()
    live.part(ChatList).heard(Bell("person", {"user": person.pk}))
    monkeypatch.undo()
    await poll.look()
    assert live.heard == []


async def test_inactive_person_does_not_ring(live, poll, do):
    await poll.look()
    await do(lambda: make_user(is_active=False))
    await poll.look()
    assert live.heard == []


async def test_room_whose_readers_are_behind_rings(live, poll, do, room, ada):
    await do(make_message, room, ada)
    live.tails[room.pk] = FakeTail(0)
    await poll.look()
    assert live.heard == [("room", room.pk)]


async def test_room_that_is_gone_rings_for_its_readers_alone(live, poll, do, room):
    tail = live.tails[room.pk] = FakeTail(0)
    await poll.look()
    assert not tail.rung
    await do(room.delete)
    await poll.look()
    assert tail.rung
    assert live.heard == []


async def test_old_room_that_somebody_opens_does_not_ring(live, poll, do, room, ada, ben):
    private = await do(make_private_room, ada, ben)
    await do(make_message, private, ada)
    await do(make_messages, room, ada, OVERLAP + 10)
    for _ in range(OVERLAP + 1):
        await do(make_room)
    await poll.look()
    live.tails[private.pk] = FakeTail(1)
    await poll.look()
    assert live.heard == []


async def test_look_that_fails_loses_nothing(live, poll, do, room, ada, monkeypatch):
    await poll.look()
    await do(make_message, room, ada)
    person = await do(make_user)

    def fail(*arguments):
        raise OperationalError("no database")

    monkeypatch.setattr(live.looks[-1], "see", fail)
    with pytest.raises(OperationalError):
        await poll.look()
    monkeypatch.undo()
    await poll.look()
    assert live.heard == [("room", room.pk), ("person", person.pk)]


async def test_empty_database_is_no_fault(live, poll):
    await poll.look()
    await poll.look()
    assert live.heard == []


async def test_report_and_its_decision_ring_once_each(live, poll, do, room, ada, ben):
    message = await do(make_message, room, ben)
    await poll.look()
    for verb in (
        lambda: message.report(ada, reason="spam"),
        lambda: message.dismiss_reports(ada),
    ):
        await do(verb)
        for _time in range(2):
            await poll.look()
        assert live.heard == [("report", room.pk, ben.pk)]


async def test_changed_profile_rings_once(live, poll, do, ada):
    await do(lambda: ada.change_profile(status="before the first look"))
    await poll.look()
    assert live.heard == []
    await do(lambda: ada.change_profile(status="busy"))
    await poll.look()
    await poll.look()
    assert live.heard == [("profile", ada.pk)]


async def test_status_that_ends_rings_once(live, poll, do, ada, clock):
    until = timezone.now() + timedelta(minutes=30)
    await do(lambda: ada.change_profile(status="busy", status_until=until))
    await poll.look()
    clock.shift(1799)
    await poll.look()
    assert live.heard == []
    clock.shift(1)
    await poll.look()
    await poll.look()
    assert live.heard == [("profile", ada.pk)]
