"""The table of old engines in docs/accessibility.md: what pages rely on, since when each engine has it.

The data is MDN's, from npm. What every engine has had since the spring of 2023 is not in the table.
"""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from tests.support.server import ROOT

DATA = ROOT / "tests/browser/axe/node_modules/@mdn/browser-compat-data/data.json"
ENGINES = {"chrome": 111, "firefox": 113, "safari": 16.4}  # the newest of these before the table begins
INTERFACES = {"Element", "HTMLElement", "Request", "TrustedTypePolicyFactory", "Window"}
# Other things of the same name: what `fetch` is given, and a word.
HOMONYMS = {"api.Request.body", "html.global_attributes.is"}
ROW = re.compile(r"^\| `((?:api|css|html)\.[^`]+)` \| (\S+) \| (\S+) \| (\S+) \| (.+) \|$", re.MULTILINE)


@pytest.fixture(scope="module")
def data() -> dict[str, Any]:
    if not DATA.exists():
        missing = "the data on browsers is not installed: bin/setup --dev does that with npm"
        assert os.environ.get("CI") != "true", missing
        pytest.skip(missing)
    found: dict[str, Any] = json.loads(DATA.read_text())
    return found


def since(entry: dict[str, Any]) -> list[str]:
    """Return the first version of each engine with a feature as it is written in the standard, or "never"."""
    versions = []
    for engine in ENGINES:
        support = entry["__compat"]["support"].get(engine, [])
        statements = support if isinstance(support, list) else [support]
        plain = [one for one in statements if not {"flags", "prefix", "alternative_name"} & one.keys()]
        version = plain[0].get("version_added") if plain else None
        versions.append(version.strip("≤") if version and version != "preview" else "never")
    return versions


def is_young(entry: dict[str, Any]) -> bool:
    return any(
        version == "never" or float(version) > baseline
        for version, baseline in zip(since(entry), ENGINES.values(), strict=True)
    )


def joined(pattern: str, comment: str) -> str:
    texts = (path.read_text() for path in sorted(ROOT.glob(pattern)))
    return re.sub(comment, "", "\n".join(texts), flags=re.DOTALL | re.MULTILINE)


def relied_on(data: dict[str, Any]) -> set[str]:
    """Return the young features that style sheets, scripts and templates use, by MDN's names."""
    style = joined("static/css/*.css", r"/\*.*?\*/")
    script = joined("static/js/*.js", r"^\s*//.*?$")
    markup = joined("templates/**/*.html", r"{% comment %}.*?{% endcomment %}")
    names = {
        "css.properties": set(re.findall(r"[{;\s]([a-z-]+):\s", style)),
        "css.selectors": set(re.findall(r":([a-z-]+)", style)),
        "css.at-rules.media": set(re.findall(r"\(([a-z-]+)[:\s]", style)),
        "css.types.color": set(re.findall(r"\b([a-z-]+)\(", style)),
        "html.global_attributes": set(re.findall(r"\s([a-z-]+)[=\s>]", markup)),
        **{f"api.{name}": set(re.findall(r"\.([a-zA-Z]+)\b", script)) for name in INTERFACES},
    }
    found = {
        f"{place}.{name}"
        for place, used in names.items()
        for name, entry in at(data, place).items()
        if name in used and "__compat" in entry and is_young(entry)
    }
    return found - HOMONYMS


def at(data: dict[str, Any], place: str) -> dict[str, Any]:
    for step in place.split("."):
        data = data[step]
    return data


def table() -> dict[str, list[str]]:
    rows = ROW.findall(Path(ROOT / "docs/accessibility.md").read_text())
    return {feature: versions for feature, *versions, _without in rows}


def test_table_says_since_when_each_engine_has_what_pages_use(data):
    assert table() == {feature: since(at(data, feature)) for feature in table()}


def test_table_has_all_that_is_young(data):
    assert relied_on(data) - table().keys() == set()


def test_table_has_nothing_that_is_no_longer_used(data):
    assert table().keys() - relied_on(data) == set()
