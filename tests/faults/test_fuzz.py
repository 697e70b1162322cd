"""A short piece of `make fuzz`; what a long one found is a test of its own elsewhere."""

from contextlib import ExitStack

import pytest

from tests.faults import fuzz

SEED = 11
EXAMPLES = 60


@pytest.mark.parametrize("program", fuzz.PROGRAMS)
def test_no_request_is_a_fault_or_takes_long(tmp_path, program, monkeypatch):
    monkeypatch.setattr(fuzz, "EXAMPLES", EXAMPLES)
    with ExitStack() as stack:
        site = fuzz.Site(tmp_path / program, program, stack)
        assert fuzz.look_for_faults([site], SEED, 0) == []
