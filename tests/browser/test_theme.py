"""What somebody sees who edits a theme with DEBUG=1."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import MakePerson
from tests.support.server import Server


@pytest.fixture
def theme(tmp_path: Path) -> Path:
    folder = tmp_path / "theme"
    for part in ("templates/rooms", "static/css", "static/js"):
        (folder / part).mkdir(parents=True)
    (folder / "static/css/theme.css").touch()
    return folder


@pytest.fixture
def edited(tmp_path: Path, theme: Path) -> Iterator[Server]:
    with Server(tmp_path, DEBUG="1") as server:
        yield server


def test_what_is_saved_shows_with_what_was_typed(person: MakePerson, edited: Server, theme: Path) -> None:
    ada = person("ada", at=edited)
    room = ada.make_room()
    ada.say(room, *(f"Line {number}" for number in range(40)))
    ada.open_live(room)
    ada.box.fill("Half a sentence")
    ada.box.evaluate("box => box.setSelectionRange(4, 6)")
    ada.scroller.evaluate("scroller => { scroller.scrollTop = -300; }")

    # A style sheet, in place
    (theme / "static/css/theme.css").write_text("h1 { letter-spacing: 3px }")
    heading = ada.page.get_by_role("heading", level=1)
    expect(heading).to_have_css("letter-spacing", "3px")

    # A template that does not compile: where, and the line itself, until it is mended
    override = theme / "templates/rooms/_archived.html"
    override.write_text("<b>\n{% iff a %}\n</b>")
    alert = ada.page.get_by_role("alert").filter(has_text="_archived.html, line 2")
    expect(alert).to_contain_text("{% iff a %}")
    assert "_archived.html, line 2" in edited.log

    # One that compiles, and cannot be drawn
    override.write_text('{% load i18n %}\n{% url "nowhere" %}')
    expect(ada.page.get_by_role("alert").filter(has_text="line 2")).to_contain_text("nowhere")

    override.write_text("Not archived yet")
    expect(ada.page.get_by_text("Not archived yet")).to_be_visible()
    expect(ada.box).to_have_value("Half a sentence")
    expect(alert).to_have_count(0)
    expect(ada.box).to_be_focused()
    assert ada.box.evaluate("box => [box.selectionStart, box.selectionEnd]") == [4, 6]
    expect(ada.page.locator("html")).to_have_attribute("data-connection", "connected")
    assert abs(ada.scroller.evaluate("scroller => scroller.scrollTop") + 300) < 50

    # A script
    script = theme / "static/js/theme.js"
    script.write_text("behave('own', [], () => {\n  root.dataset.own = ;\n});\n")
    expect(ada.page.get_by_role("alert").filter(has_text="theme.js, line 2")).to_be_visible()
    script.write_text("behave('own', [], () => {\n  root.dataset.own = 'yes';\n});\n")
    expect(ada.page.locator("html")).to_have_attribute("data-own", "yes")
    expect(ada.box).to_have_value("Half a sentence")
    ada.problems.clear()  # the page that could not be drawn
