"""Writes docs/conformance.md: which tests prove which requirement, and what follows for WCAG.

A test says what it proves: `@pytest.mark.accessibility("A07", "A08")`. `make accessibility-statement` runs
those tests and writes the page with the words of conformance.toml; tests/test_conformance.py notices when it
no longer fits the tests.
"""

import ast
import re
import sys
import tomllib
import xml.etree.ElementTree as ElementTree
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent.parent
STATEMENT = ROOT / "docs/conformance.md"


class Item(NamedTuple):
    requirement: str
    criteria: tuple[str, ...]


class Criterion(NamedTuple):
    name: str
    level: str


_words = tomllib.loads(Path(__file__).with_suffix(".toml").read_text())
ITEMS = {
    number: Item(requirement, tuple(criteria)) for number, (requirement, *criteria) in _words["items"].items()
}
CRITERIA = {number: Criterion(*criterion) for number, criterion in _words["criteria"].items()}
LIMITS, NOT_TESTED = _words["limits"], _words["not_tested"]
NOT_APPLICABLE = _words["not_applicable"]


class Marks(NamedTuple):
    """The tests of each item, as "file::test"."""

    tests: Mapping[str, list[str]]

    @classmethod
    def read(cls) -> "Marks":
        tests: dict[str, list[str]] = defaultdict(list)
        for path in sorted((ROOT / "tests").rglob("test_*.py")):
            for node in ast.parse(path.read_text()).body:
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    for item in _marked(node):
                        tests[item].append(f"{path.relative_to(ROOT / 'tests')}::{node.name}")
        return cls(tests)

    @property
    def all(self) -> set[str]:
        return {test for tests in self.tests.values() for test in tests}


def _marked(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    calls = [one for one in function.decorator_list if isinstance(one, ast.Call)]
    marks = [one for one in calls if ast.unparse(one.func) == "pytest.mark.accessibility"]
    return [ast.literal_eval(argument) for mark in marks for argument in mark.args]


def by_number(numbers: Iterable[str]) -> list[str]:
    return sorted(numbers, key=lambda number: [int(part) for part in re.findall(r"\d+", number)])


def render(marks: Marks, failed: set[str]) -> str:
    """Return the page, where the tests in `failed` did not pass or run."""
    lines = [_words["introduction"], *_summary(failed), "## Success criteria of WCAG 2.2", ""]
    lines += ["| criterion | level | | requirements |", "|---|---|---|---|"]
    for number, criterion in CRITERIA.items():
        items = [item for item in by_number(ITEMS) if number in ITEMS[item].criteria]
        verdict = _verdict(number, [_state(item, marks, failed) for item in items])
        lines.append(f"| {number} {criterion.name} | {criterion.level} | {verdict} | {', '.join(items)} |")
    lines += ["", "## Requirements", "", "| | requirement | | tests |", "|---|---|---|---|"]
    for number in by_number(ITEMS):
        tests = "<br>".join(f"`{test}`" for test in sorted(marks.tests.get(number, [])))
        state, note = _state(number, marks, failed), LIMITS.get(number) or NOT_TESTED.get(number, "")
        lines.append(
            f"| {number} | {ITEMS[number].requirement} | {state}{f': {note}' if note else ''} | {tests} |"
        )
    return "\n".join(lines) + "\n"


def _summary(failed: set[str]) -> list[str]:
    if not failed:
        return ["All of these tests passed.", ""]
    return [
        "These tests failed, or did not run:",
        "",
        *(f"- not passed: `{test}`" for test in sorted(failed)),
        "",
    ]


def _state(item: str, marks: Marks, failed: set[str]) -> str:
    if item in NOT_TESTED:
        return "not tested"
    if failed.intersection(marks.tests.get(item, [])):
        return "open"
    return "in part" if item in LIMITS else "tested"


def _verdict(criterion: str, states: list[str]) -> str:
    if criterion in NOT_APPLICABLE:
        return f"not applicable: {NOT_APPLICABLE[criterion]}"
    if "open" in states:
        return "open: a test failed or did not run"
    # What does not exist yet takes nothing away.
    existing = [state for state in states if state != "not tested"]
    if not existing:
        return "not tested"
    return "partially" if "in part" in existing else "supports"


def passed_in(reports: Iterable[Path]) -> set[str]:
    """Return the tests that passed in each of their cases; a later report counts more than an earlier one.

    Reports are in the format of JUnit.
    """
    cases: dict[tuple[str, str], bool] = {}
    for report in reports:
        for case in ElementTree.parse(report).iter("testcase"):  # noqa: S314  # pytest wrote it
            path = case.attrib["classname"].removeprefix("tests.").replace(".", "/")
            is_passed = not any(child.tag in ("failure", "error", "skipped") for child in case)
            cases[f"{path}.py", case.attrib["name"]] = is_passed
    ran: dict[str, bool] = {}
    for (path, name), is_passed in cases.items():
        test = f"{path}::{name.split('[')[0]}"
        ran[test] = ran.get(test, True) and is_passed
    return {test for test, is_passed in ran.items() if is_passed}


def main() -> None:
    marks = Marks.read()
    open_tests = marks.all - passed_in(map(Path, sys.argv[1:]))
    STATEMENT.write_text(render(marks, open_tests))
    print(f"{STATEMENT.relative_to(ROOT)}: {len(marks.all)} tests, {len(open_tests)} did not pass")


if __name__ == "__main__":
    main()
