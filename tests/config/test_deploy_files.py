"""The files in `deploy/`, as far as they can be checked without what runs them."""

import math
import re
import subprocess
from pathlib import Path

import pytest
from django.conf import settings

from tests.support.server import ROOT
from tests.support.services import program

UNITS = sorted((ROOT / "deploy").glob("*.service"))
NOT_HERE = re.compile(r"Command /opt/hearth/\S+ is not executable: No such file or directory")


def run(*command):
    return subprocess.run(command, capture_output=True, text=True)


def test_there_are_units():
    assert [unit.name for unit in UNITS] == ["hearth-setup.service", "hearth@.service"]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_unit_is_hardened(unit):
    """systemd counts up what a process could do that it should not: below 3 of 10 is "OK"."""
    analyze = program("systemd-analyze")
    judged = run(analyze, "security", "--offline=yes", "--threshold=29", "--no-pager", str(unit))
    assert judged.returncode == 0, judged.stdout[-2000:]
    # Else it would show nothing.
    assert run(analyze, "security", "--offline=yes", "--threshold=1", "--no-pager", str(unit)).returncode == 1


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_finds_nothing_wrong_with_a_unit(unit):
    said = run(program("systemd-analyze"), "verify", str(unit)).stderr.splitlines()
    assert [line for line in said if not NOT_HERE.search(line)] == []
    assert len(said) == 1


def test_processes_are_given_the_time_that_they_need_to_end():
    from config import asgi

    [seconds] = re.findall(r"TimeoutStopSec=(\d+)", (ROOT / "deploy" / "hearth@.service").read_text())
    assert int(seconds) > asgi.DRAIN_SECONDS + 5


def test_nginx_lets_through_as_much_as_hearth_takes():
    text = Path(ROOT, "deploy", "nginx.conf").read_text()
    assert f"client_max_body_size {settings.REQUEST_MAX_BYTES // 1024}k;" in text
    location = r"location (?:=|~) (\S+) \{[^}]*client_max_body_size (\d+)m;[^}]*request_buffering off"
    found = {path.strip("^$"): int(size) for path, size in re.findall(location, text)}
    assert found == {path: math.ceil(size / 1024**2) for path, size in settings.UPLOAD_PATHS.items()}
