"""How a Hearth looks by its settings alone: name, line, colours, pattern, logo and icon."""

import re
from itertools import product
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import environment, release, site
from config.bundle import BundleFinder, minified
from config.colors import DARK, LIGHT, TEXT, WHITE, Color, ratio
from rooms.live.wire import fragments
from tests.support.server import ROOT

TOKENS = (ROOT / "static/css/tokens.css").read_text()
COLORS = [
    "#066456 #00b892",
    "#0a58ca #6ea8fe",
    "#c77700 #fc0",
    "#000 #fff",
    "#d63384 #ff8fc7",
    "#808080 #888",
]


def token(style, name):
    light, dark = re.findall(rf"--{name}: light-dark\((#\w+), (#\w+)\)", style)[-1]
    return Color.parse(light), Color.parse(dark)


def test_contrast_is_reckoned_as_wcag_does():
    assert ratio(Color.parse("#000"), WHITE) == 21
    assert round(ratio(Color.parse("#777"), WHITE), 2) == 4.48
    assert str(Color.parse("#0Af")) == "#00aaff"


def test_grounds_are_those_of_the_style_sheet():
    names = ("panel", "bar", "current", "pill", "field")
    light, dark = zip(*(token(TOKENS, name) for name in names), strict=True)
    assert set(LIGHT) == set(light)
    assert set(DARK) == set(dark)
    for name, pair in zip(("text", "link", "meta-own"), site.ON_BUBBLE.values(), strict=True):
        assert token(TOKENS, name) == tuple(map(Color.parse, pair))


@pytest.mark.parametrize("value", COLORS)
def test_what_follows_the_accent_colour_can_be_read(monkeypatch, value):
    monkeypatch.setenv("X", value)
    style = site.colors(*environment.accent("X"))
    always, usual = style.split("@media")
    for index, grounds in enumerate((LIGHT, DARK)):
        for rules, name in product((always, usual), ("accent-hover", "accent")):
            if f"--{name}:" in rules:
                assert ratio(token(rules, "on-accent")[index], token(rules, name)[index]) >= TEXT
        assert min(ratio(token(always, "accent-text")[index], ground) for ground in grounds) >= 7
        assert ratio(token(usual, "strip")[index], WHITE) >= 7
        bubble = token(always, "bubble-own")[index]
        assert min(ratio(Color.parse(pair[index]), bubble) for pair in site.ON_BUBBLE.values()) >= TEXT


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("#fc0 #fc0", "light theme, buttons of #ffcc00 .* 1.3:1, and WCAG asks for 3:1. #a88700 is darker"),
        ("#066456 #222", "dark theme, buttons of #222222 .* is lighter"),
        ("#066456", "a colour for light and one for dark"),
        ("green red", "a colour for light and one for dark"),
    ],
)
def test_colour_that_can_hardly_be_seen_is_refused_in_words(monkeypatch, value, says):
    monkeypatch.setenv("SITE_ACCENT", value)
    with pytest.raises(ImproperlyConfigured, match=says):
        environment.accent("SITE_ACCENT")


@pytest.mark.parametrize(
    ("read", "value"),
    [
        (lambda: environment.line("X", "", most=5), "123456"),
        (lambda: environment.line("X", "", most=5), "a\nb"),
        (lambda: environment.picture("X"), str(ROOT / "README.md")),
        (lambda: environment.picture("X"), "nowhere.svg"),
    ],
)
def test_wrong_setting_names_its_variable(monkeypatch, read, value):
    monkeypatch.setenv("X", value)
    with pytest.raises(ImproperlyConfigured, match=r"^X "):
        read()


def test_settings_are_in_the_style_sheet_and_make_another_release(settings, tmp_path):
    before = release.current.__wrapped__()
    assert site.style() == ""
    settings.SITE_ACCENT = Color.parse("#0a58ca"), Color.parse("#6ea8fe")
    settings.SITE_PATTERN = "dots"
    settings.SITE_LOGO = settings.SITE_ICON = tmp_path / "own.png"
    settings.SITE_ICON.write_bytes(b"a picture")
    style = minified("css/hearth.css")
    assert "#0a58ca" in style
    assert "24px 24px" in style
    assert "logo.png" in style
    finder = BundleFinder()
    assert {path for path, _storage in finder.list(None)} >= {"icon.svg", "icon-unread.svg", "logo.png"}
    icon, unread = (Path(finder.find(name)).read_text() for name in ("icon.svg", "icon-unread.svg"))
    assert "data:image/png;base64,YSBwaWN0dXJl" in icon
    assert site.DOT in unread
    assert release.current.__wrapped__() != before


def test_name_is_on_pages_and_in_what_is_pushed(settings, client):
    settings.SITE_NAME = "Plot <12>"
    settings.SITE_LINE = "Ask at the gate & wait"
    page = client.get("/login/").content.decode()
    assert "Log in – Plot &lt;12&gt;</title>" in page
    assert "Ask at the gate &amp; wait" in page
    assert "Plot &lt;12&gt; was updated." in fragments.updated()
    assert "Garden – Plot &lt;12&gt;" in fragments.title("Garden", 0)
    assert "Plot &lt;12&gt;" in client.get("/nowhere/").content.decode()


def test_no_template_says_another_name():
    for path in (ROOT / "templates").rglob("*.html"):
        text = re.sub(r"{% comment %}.*?{% endcomment %}|{#.*?#}", "", path.read_text(), flags=re.DOTALL)
        assert "Hearth" not in text, path
