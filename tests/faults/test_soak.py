"""A very short piece of `make soak`: it runs, and it would notice what grows."""

import asyncio

from tests.faults import soak
from tests.faults.conftest import assert_no_complaint


async def test_week_goes_by_and_is_judged(tmp_path, prepared_folder, monkeypatch):
    monkeypatch.setattr(soak, "SAMPLES", 6)
    server = soak.serve(tmp_path)
    with server:
        samples = await asyncio.wait_for(soak.live_a_week(server, 6, people=4, seed=1), 60)
        with server.rows() as rows:
            [[days]] = rows.execute(
                "SELECT julianday(max(timestamp)) - julianday(min(timestamp)) FROM rooms_message"
            )
    assert_no_complaint(server)
    # However slow the machine is.
    assert days >= 1
    assert samples[-1]["messages"] >= 4
    assert soak.judged(samples).keys() == samples[0].keys() - {"messages"}


def test_what_grows_is_noticed():
    steady = dict.fromkeys(("memory", "open files", "threads", "database per message", "messages"), 100.0)
    well = soak.judged([{**steady, "memory": 50.0}] * 20 + [steady] * 40)
    assert all(is_well for *_numbers, is_well in well.values())
    for name in steady.keys() - {"messages"}:
        grown = [{**steady, name: 100.0 + number} for number in range(60)]
        assert [one for one, (*_numbers, is_well) in soak.judged(grown).items() if not is_well] == [name]
