"""What the documentation says of tests is so."""

import ast
import re
from pathlib import Path

from django.conf import settings

ROOT = Path(__file__).resolve().parent.parent
NUMBER_OF_POINTS = 84


def points():
    """Return what docs/security.md says of each point: its sentence, and the tests that show it."""
    text = (ROOT / "docs" / "security.md").read_text()
    rows = re.findall(r"^\| (S\d\d) \| (.+) \| (.+) \|$", text, re.MULTILINE)
    return {name: (sentence, re.findall(r"`([^`]+\.py::[^`]+)`", shown)) for name, sentence, shown in rows}


def is_a_test(reference):
    path, name = reference.split("::")
    tree = ast.parse((ROOT / "tests" / path).read_text())
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return any(isinstance(node, functions) and node.name == name for node in ast.walk(tree))


def test_every_point_of_the_checklist_is_there():
    assert list(points()) == [f"S{number:02}" for number in range(1, NUMBER_OF_POINTS + 1)]
    assert all(sentence.endswith(".") for sentence, _tests in points().values())


def test_tests_that_show_a_point_exist():
    named = [test for _sentence, tests in points().values() for test in tests]
    assert len(named) > NUMBER_OF_POINTS
    assert [test for test in named if not is_a_test(test)] == []


def test_limits_are_those_of_the_settings():
    text = (ROOT / "docs" / "security.md").read_text()
    seconds = {"an hour": 3600, "10 minutes": 600, "a minute": 60, "10 seconds": 10}
    rows = re.findall(r"^\| .+ \| .+ \| ([\d,]+) in (.+?) \| .+ \|$", text, re.MULTILINE)
    told = sorted((int(amount.replace(",", "")), seconds[period]) for amount, period in rows)
    assert told == sorted((rate.amount, rate.period) for rate in settings.LIMITS.values())
    assert f"{settings.STREAMS_PER_USER}; {settings.STREAMS_PER_ADDRESS}" in text
