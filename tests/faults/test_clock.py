"""The clock jumps, runs fast and is changed for the winter, under people who talk."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.faults.conftest import assert_no_complaint
from tests.faults.crowd import Crowd
from tests.support.clients import ChatClient

DAY = 24 * 60 * 60
# From then on it was 2 o'clock in Berlin for the second time.
WINTER = datetime(2026, 10, 25, 1, tzinfo=UTC)


class Clock:
    """How many seconds the clock of a server is ahead, in a file."""

    def __init__(self, file):
        self.file = file
        self.set(0)

    def set(self, ahead):
        self.file.write_text(str(ahead))


@pytest.fixture
def clock(tmp_path):
    return Clock(tmp_path / "clock")


@pytest.fixture
def server(start, clock):
    server = start(fault="has_a_clock_of_its_own", CLOCK=str(clock.file))
    yield server
    assert_no_complaint(server)


async def test_order_streams_and_sessions_do_not_depend_on_the_clock(server, clock):
    async with Crowd(server) as crowd:
        for ahead in (-DAY, DAY, -10 * DAY):
            await crowd.more_messages()
            clock.set(ahead)
        for ahead in range(0, 600, 30):  # it runs fast
            await crowd.more_messages(1)
            clock.set(ahead)
        await crowd.check()
        with server.rows() as rows:
            days = rows.execute("SELECT COUNT(DISTINCT date(timestamp)) FROM rooms_message")[0][0]
        assert days > 1  # the clock did move
        assert all(page.connections == 1 for page in crowd.pages)


async def test_hour_that_comes_twice_keeps_the_order(server, clock):
    async with ChatClient(server.url, "kim") as kim:
        kim.http.cookies.set("hearth_timezone", "Europe/Berlin")
        room_id = await kim.create_room("Night")
        sent = []
        for minutes in (-1, 1, 61):
            now = WINTER + timedelta(minutes=minutes)
            clock.set((now - datetime.now(UTC)).total_seconds())
            while True:
                sent.append((await kim.post(room_id, f"{minutes}"), f"{minutes}"))
                page = await kim.room(room_id)
                at = datetime.fromisoformat(page["conversation"].all("time")[-1]["datetime"])
                if abs(at - now) < timedelta(seconds=30):
                    break  # it has heard of it
        assert page.messages == sent
        shown = [time.text for time in page["conversation"].all("time")]
        assert shown.index("02:59") < shown.index("02:01") < shown.index("03:01")
