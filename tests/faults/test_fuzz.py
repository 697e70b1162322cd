"""A short piece of `make fuzz`; what a long one found is a test of its own elsewhere."""

from contextlib import ExitStack

from tests.faults import fuzz

SEED = 11
EXAMPLES = 30


def test_no_request_is_a_fault_or_takes_long(tmp_path, monkeypatch):
    """The servers share the routes, since what answers is the same in both; `make fuzz` asks both."""
    monkeypatch.setattr(fuzz, "EXAMPLES", EXAMPLES)
    with ExitStack() as stack:
        sites = [fuzz.Site(tmp_path / program, program, stack) for program in fuzz.PROGRAMS]
        assert fuzz.look_for_faults(sites, SEED, 0, share=True) == []
