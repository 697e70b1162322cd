"""The people who are online, across processes, and how many streams there are."""

import logging
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from rooms.live.news.part import PresentState
from rooms.live.news.presence import Presence, _exchange
from rooms.live.wire.connection import Connection
from rooms.live.wire.hub import Hub
from rooms.models import ServerProcess
from rooms.models.tick import Marks
from tests.support.factories import make_user, make_users

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


class Process:
    """The part of one process that knows who is online."""

    def __init__(self, database):
        self.hub = Hub()
        self.presence = Presence(self.hub, database)

    def open(self, user, *shown):
        """Open a page that shows these people; return what it is sent."""
        written = []

        async def send(message):
            written.append(message["body"].decode())

        channels = {f"user-{user.pk}", "presence"} if user.shows_presence else {f"user-{user.pk}"}
        page = Connection(send, user_id=user.pk, session_key="", password="", room_id=None, channels=channels)
        page.tell_state(b"")
        written.clear()
        self.hub.join(page)
        self.presence.joined(page)
        people = {person.pk: person.is_online for person in shown}
        self.presence.began(page, PresentState(b"", Marks(), {}, people=people))
        return page, written

    def close(self, page):
        self.hub.leave(page)
        self.presence.left(page)


@pytest.fixture
def clock():
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def here(database):
    return Process(database)


@pytest.fixture
def there(database):
    return Process(database)


def of(user):
    return f"[data-presence='{user.pk}']"


@pytest.fixture
def people(transactional_db):
    return make_user("ada"), make_user("ben")


async def test_everybody_learns_who_comes_in_any_process(people, here, there, clock):
    ada, ben = people
    _page, ada_sees = here.open(ada, ben)
    await here.presence.round(None)
    there.open(ben)
    await there.presence.round(None)
    ada_sees.clear()
    await here.presence.round(None)
    assert len(ada_sees) == 1
    assert of(ben) in ada_sees[0]
    assert "online" in ada_sees[0]
    await here.presence.round(None)
    assert len(ada_sees) == 1  # told once


async def test_only_pages_that_show_somebody_are_told(people, here, clock, do):
    ada, ben = people
    cem = await do(make_user, "cem")
    page, ada_sees = here.open(ada, ben)
    _page, cem_sees = here.open(cem)
    here.open(ben)
    await here.presence.round(None)
    assert of(ben) in ada_sees.pop()
    assert cem_sees == []
    here.close(page)
    await here.presence.round(None)
    assert here.hub.watched() == set()


async def test_page_that_was_read_before_the_others_were_told_is_told_again(people, here, clock):
    ada, ben = people
    _page, first_sees = here.open(ada, ben)
    here.open(ben)
    await here.presence.round(None)
    first_sees.clear()
    _page, late_sees = here.open(ada, ben)  # as of when he was not there yet
    await here.presence.round(None)
    assert "online" in late_sees[0]


async def test_page_keeps_the_people_that_came_last(people, here, clock, monkeypatch):
    monkeypatch.setattr("rooms.live.wire.hub.PEOPLE_ON_A_PAGE", 2)
    page, _sees = here.open(people[0])
    for person_id in (1, 2, 1, 3):
        here.hub.watch(page, person_id)
    assert here.hub.watched() == {1, 3}


def test_round_costs_as_much_however_many_are_online(people, clock):
    ada, ben = people
    costs = []
    for _time in range(2):
        User.objects.filter(pk__in=[person.pk for person in make_users(100)]).update(
            online_until=NOW + User.ONLINE_FOR
        )
        with CaptureQueriesContext(connection) as queries:
            online, count = _exchange({ada.pk}, {ada.pk, ben.pk})
        costs.append((len(queries), max(len(query["sql"]) for query in queries)))
        assert online == {ada.pk}
    assert count == 201
    assert costs[0] >= costs[1]  # the first one notes her


async def test_somebody_whose_process_was_killed_is_gone_within_a_minute(people, here, there, clock):
    ada, ben = people
    _page, ada_sees = here.open(ada, ben)
    there.open(ben)
    await there.presence.round(None)
    await here.presence.round(None)
    ada_sees.clear()
    seconds = 0
    while not ada_sees and seconds < 60:
        seconds += 10  # the time between two heartbeats
        clock.move_to(NOW + timedelta(seconds=seconds))
        await here.presence.round(None)
    assert of(ben) in ada_sees[0]
    assert "last seen" in ada_sees[0]
    assert "2026-05-04T12:00:00" in ada_sees[0]


async def test_going_from_page_to_page_is_not_going_away(people, here, clock):
    ada, ben = people
    _page, ada_sees = here.open(ada, ben)
    first, _ben_sees = here.open(ben)
    await here.presence.round(None)
    ada_sees.clear()
    here.close(first)
    await here.presence.round(None)
    clock.move_to(NOW + timedelta(seconds=3))
    here.open(ben)
    await here.presence.round(None)
    assert ada_sees == []


async def test_who_hides_it_is_not_told_of_and_sees_nothing(people, here, database, clock):
    ada, ben = people
    ben.shows_presence = False
    await database.run(ben.save)
    _page, ada_sees = here.open(ada, ben)
    _page, ben_sees = here.open(ben, ada)
    await here.presence.round(None)
    assert of(ben) not in "".join(ada_sees)
    assert ben_sees == []
    assert here.presence.online_count == 1


async def test_what_is_still_good_is_not_written_again(people, here, database, clock):
    ada, _ben = people

    async def until():
        await database.run(ada.refresh_from_db)
        return ada.online_until

    here.open(ada)
    await here.presence.round(None)
    assert await until() == NOW + User.ONLINE_FOR
    clock.move_to(NOW + timedelta(seconds=4))
    await here.presence.round(None)
    assert await until() == NOW + User.ONLINE_FOR
    clock.move_to(NOW + timedelta(seconds=10))
    await here.presence.round(None)
    assert await until() == NOW + timedelta(seconds=10) + User.ONLINE_FOR


async def test_streams_are_counted_in_all_processes_but_dead_ones(people, here, there, database, clock):
    ada, ben = people
    here.open(ada)
    here.open(ada)
    there.open(ben)
    await there.presence.round(None)
    await here.presence.round(None)
    assert here.presence.stream_count == 3
    assert here.presence.online_count == 2
    clock.move_to(NOW + timedelta(seconds=31))
    await here.presence.round(None)
    assert here.presence.stream_count == 2
    assert await database.run(ServerProcess.objects.count) == 1


async def test_the_log_tells_the_numbers(people, here, caplog, clock):
    ada, _ben = people
    caplog.set_level(logging.DEBUG, "rooms.live.news.presence")
    page, _written = here.open(ada)
    await here.presence.round(None)
    here.close(page)
    assert caplog.messages == [
        "Stream opened: 1 streams of 1 people here, 0 streams of 0 people in all",
        "Stream closed: 0 streams of 0 people here, 1 streams of 1 people in all",
    ]
