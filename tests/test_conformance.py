"""The page about conformance fits the tests that it speaks of."""

import re

from tests.support.conformance import (
    CRITERIA,
    ITEMS,
    LIMITS,
    NOT_APPLICABLE,
    NOT_TESTED,
    STATEMENT,
    Marks,
    render,
)


def test_statement_is_up_to_date():
    """If not: make accessibility-statement."""
    statement = STATEMENT.read_text()
    failed = set(re.findall(r"^- not passed: `(.+)`$", statement, re.MULTILINE))
    assert statement == render(Marks.read(), failed)


def test_every_requirement_is_tested_or_says_why_not():
    tested = set(Marks.read().tests)
    assert tested <= set(ITEMS), "marks of requirements that there are not"
    assert tested.isdisjoint(NOT_TESTED)
    assert tested | set(NOT_TESTED) == set(ITEMS)
    assert set(LIMITS) <= tested


def test_requirements_are_those_of_the_list_and_criteria_those_of_wcag():
    assert list(ITEMS) == [f"A{number:02}" for number in range(1, 109)]
    assert {criterion for item in ITEMS.values() for criterion in item.criteria} <= set(CRITERIA)
    assert len([one for one in CRITERIA.values() if one.level != "AAA"]) == 55
    named = {criterion for item in ITEMS.values() for criterion in item.criteria} | set(NOT_APPLICABLE)
    assert named == set(CRITERIA)


def test_failure_shows(tmp_path):
    marks = Marks({**Marks.read().tests, "A01": ["test_a.py::test_it"]})
    page = render(marks, {"test_a.py::test_it"})
    assert "| 3.1.1 Language of Page | A | open: a test failed or did not run | A01 |" in page
    assert "- not passed: `test_a.py::test_it`" in page
