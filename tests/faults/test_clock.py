"""The clock is put back and ahead under people who talk."""

from tests.faults.conftest import assert_no_complaint
from tests.faults.crowd import Crowd

DAY = 24 * 60 * 60


async def test_order_streams_and_sessions_do_not_depend_on_the_clock(start, tmp_path):
    clock = tmp_path / "clock"
    clock.write_text("0")
    server = start(program="has_a_clock_of_its_own", CLOCK=str(clock))
    async with Crowd(server) as crowd:
        for ahead in (-DAY, DAY, -10 * DAY, 0.5):
            await crowd.more_messages()
            clock.write_text(str(ahead))
        await crowd.check()
        with server.rows() as rows:
            days = rows.execute("SELECT COUNT(DISTINCT date(timestamp)) FROM rooms_message")[0][0]
        assert days > 1  # the clock did move
        assert all(page.connections == 1 for page in crowd.pages)
    assert_no_complaint(server)
