"""What the documentation says of tests is so."""

import ast
import re
import tomllib
from functools import cache
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(__file__).resolve().parent.parent
# How many points of a kind a page has. Each is a row of a table: its name, a sentence, what shows it.
POINTS = [
    ("security-checklist", "S", 85),
    ("reliability", "F", 12),
    ("reliability", "R", 34),
    ("reliability", "T", 15),
]
TEST = re.compile(r"`([\w/]+\.py::\w+)`")
# What people read, and the pages that say how Hearth works, each of which can be read in one go.
PAGES = sorted(
    path for where in (".", "docs", "docs/*", "tests/*", "benchmarks") for path in ROOT.glob(f"{where}/*.md")
)
ARCHITECTURE = sorted((ROOT / "docs" / "architecture").glob("*.md"))
LINES_AT_MOST = 150
GENERATED = {"js/hearth.js"}
LINK = re.compile(r"\]\(([^)\s]+)\)")
FILE = re.compile(r"`((?:\w[\w.-]*/)+[\w.-]*)`")


def rows(page, kind):
    text = (ROOT / "docs" / f"{page}.md").read_text()
    return re.findall(rf"^\| ({kind}\d\d) \| (.+) \| (.*)\|$", text, re.MULTILINE)


@cache
def functions_of(path):
    tree = ast.parse((ROOT / "tests" / path).read_text())
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in ast.walk(tree) if isinstance(node, kinds)}


def anchors_of(page):
    """Return the anchors that GitHub gives to the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).replace(" ", "-").lower() for heading in headings}


@pytest.mark.parametrize(("page", "kind", "count"), POINTS)
def test_every_point_is_there(page, kind, count):
    found = rows(page, kind)
    assert [name for name, *_rest in found] == [f"{kind}{number:02}" for number in range(1, count + 1)]
    assert all(sentence.endswith(".") for _name, sentence, _tests in found)


@pytest.mark.parametrize("page", sorted({page for page, _kind, _count in POINTS}))
def test_tests_that_show_a_point_exist(page):
    named = TEST.findall((ROOT / "docs" / f"{page}.md").read_text())
    assert len(named) > sum(count for other, _kind, count in POINTS if other == page)
    assert [test for test in named if test.split("::")[1] not in functions_of(test.split("::")[0])] == []


def test_limits_are_those_of_the_settings():
    text = (ROOT / "docs" / "security.md").read_text()
    seconds = {"a day": 86400, "an hour": 3600, "10 minutes": 600, "a minute": 60, "10 seconds": 10}
    rows = re.findall(r"^\| .+ \| .+ \| ([\d,]+) in (.+?) \| .+ \|$", text, re.MULTILINE)
    told = sorted((int(amount.replace(",", "")), seconds[period]) for amount, period in rows)
    assert told == sorted((rate.amount, rate.period) for rate in settings.LIMITS.values())
    assert f"{settings.STREAMS_PER_USER}; {settings.STREAMS_PER_ADDRESS}" in text


@pytest.mark.parametrize("page", ARCHITECTURE, ids=lambda page: page.stem)
def test_page_on_how_it_works_is_short_and_opens_with_its_files(page):
    text = page.read_text()
    assert len(text.splitlines()) <= LINES_AT_MOST
    assert page.stem == "README" or text.split("\n\n")[1].startswith("Files: `")


@pytest.mark.parametrize("page", ARCHITECTURE, ids=lambda page: page.stem)
def test_files_that_a_page_on_how_it_works_names_are_there(page):
    named = set(FILE.findall(page.read_text())) - GENERATED
    assert named
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


def test_map_names_every_page_on_how_it_works():
    linked = set(LINK.findall((ROOT / "docs" / "architecture" / "README.md").read_text()))
    assert {page.name for page in ARCHITECTURE} - {"README.md"} <= linked


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_of_a_page_lead_somewhere(page):
    links = [link.partition("#") for link in LINK.findall(page.read_text()) if "://" not in link]
    missing = [
        f"{path}#{anchor}"
        for path, _hash, anchor in links
        if not (target := page.parent / path if path else page).exists()
        or (anchor and anchor not in anchors_of(target))
    ]
    assert missing == []


def test_releases_of_the_changelog_have_their_commits_and_the_newest_is_the_version():
    releases = tomllib.loads((ROOT / "tests" / "releases.toml").read_text())["release"]
    told = [(release["version"], str(release["date"])) for release in releases]
    changelog = (ROOT / "CHANGELOG.md").read_text()
    assert re.findall(r"^## (\d\S*) - (\S+)$", changelog, re.MULTILINE) == told
    assert all(re.fullmatch(r"[0-9a-f]{40}", release["commit"]) for release in releases)
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert version == told[0][0]
