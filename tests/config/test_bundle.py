"""The scripts and the style sheet that pages load."""

import re
from pathlib import Path

import brotli
import pytest

from config.bundle import BUNDLES, EDITING, SCRIPTS, STYLES, minified, written
from tests.support.server import ROOT

STATIC = ROOT / "static"
OURS = [path for folder in ("js", "css") for path in sorted((STATIC / folder).iterdir())]
ON_THEIR_OWN = {"js/password.js", "css/gallery.css", "css/no-script.css"}


def test_our_own_scripts_of_a_room_stay_small():
    """As they are sent, without those of packages. Ask first what markup, style or the server can do."""
    assert len(brotli.compress(minified("js/hearth.js").encode())) <= 12 * 1024


@pytest.mark.parametrize("debug", [True, False])
def test_only_who_edits_templates_loads_what_shows_changes(settings, debug):
    settings.DEBUG = debug
    assert ("behave('editing'" in written("js/hearth.js")) is debug


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.name)
def test_lines_fit_on_a_screen(path):
    wide = [number for number, line in enumerate(path.read_text().splitlines(), 1) if len(line) > 120]
    assert wide == []


def test_every_file_is_in_a_bundle():
    """A file that nothing joins would be written in vain."""
    assert {path.relative_to(STATIC).as_posix() for path in OURS} == {
        *SCRIPTS,
        *STYLES,
        EDITING,
    } | ON_THEIR_OWN
    assert "js/password.js" in BUNDLES["js/password.min.js"][1]


def test_more_contrast_is_the_same_for_readers_and_for_systems():
    """Style sheets cannot say "or" between a choice on the page and one of the system."""
    tokens = (STATIC / "css" / "tokens.css").read_text()
    [chosen] = re.findall(r"\[data-contrast=more\] {(.*?)}", tokens, re.DOTALL)
    [asked] = re.findall(r"prefers-contrast: more\) {\s*:root {(.*?)}", tokens, re.DOTALL)
    assert chosen.split() == asked.split()
    assert "--ink" in chosen


def test_no_rule_has_its_selector_twice():
    """Within one file and one medium, what belongs together stands together."""
    for path in OURS:
        if path.suffix == ".css":
            selectors = top_level_selectors(path)
            assert {one for one in selectors if selectors.count(one) > 1} == set(), path.name


def top_level_selectors(path: Path) -> list[str]:
    style = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)
    return [" ".join(rule.split()) for rule in re.findall(r"^([^\s@}][^{}]*){", style, re.MULTILINE)]
