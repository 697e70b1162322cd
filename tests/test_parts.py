"""The run of all tests itself: red where something fails, and with the names at its end."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests import parts

PASSES = "def test_passes(): pass"
FAILS = "def test_fails(): assert not 'broken'"
PASSES_ALONE = """
from pathlib import Path

def test_passes_alone():
    been_here = Path("been-here")
    if not been_here.exists():
        been_here.touch()
        assert not 'crowded'
"""


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str]]:
    (tmp_path / "tests").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")

    def run(**tests: str) -> tuple[int, str]:
        commands = {}
        for name, test in tests.items():
            file = Path("tests", f"test_{name}.py")
            file.write_text(test)
            commands[name] = [parts.PYTEST, "--rootdir=.", str(file)]
        monkeypatch.setattr(parts, "PARTS", commands)
        return parts.run_all(), capfd.readouterr().out

    return run


Run = Callable[..., tuple[int, str]]


def test_all_that_passes_is_a_success(run: Run) -> None:
    status, output = run(one=PASSES, other=PASSES)
    assert status == 0
    assert "one: passed" in output
    assert "other: passed" in output


def test_what_fails_twice_is_a_failure_and_is_named_last(run: Run) -> None:
    status, output = run(one=PASSES, other=FAILS)
    assert status == 1
    assert "one: passed" in output
    end = output[output.index("other: failed") :]
    assert "FAILED tests/test_other.py::test_fails" in end
    assert "unsteady" not in end


def test_what_passes_alone_is_named_and_no_failure(run: Run) -> None:
    status, output = run(one=PASSES_ALONE)
    assert status == 0
    assert "FAILED tests/test_one.py::test_passes_alone" in output[output.index("one: passed") :]
    assert "1 failed beside the others and passed alone" in output


def test_where_much_fails_nothing_is_tried_again(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "FEW", 0)
    status, _output = run(one=PASSES_ALONE)
    assert status == 1


def test_a_file_that_cannot_be_read_is_a_failure(run: Run) -> None:
    status, output = run(one="import nothing_like_that")
    assert status == 1
    assert "one: failed" in output
