"""What somebody sees who edits a theme with DEBUG=1."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from pytest_django import DjangoDbBlocker

from tests.browser.conftest import MakePerson
from tests.browser.test_gallery import drawing, faults, pages_for_axe, prepare
from tests.browser.test_states import axe  # noqa: F401 (a fixture)
from tests.support.room_picture import PICTURE, marked_room, measured, names_in
from tests.support.server import ROOT, Server
from tests.support.worked_changes import make_copy, make_theme, settings


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
    assert re.search(r"_archived\.html, line 2: .*\n +{% iff a %}\n", edited.log)

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


@pytest.fixture(params=["compact", "plain"])
def shipped(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    with Server(tmp_path, HEARTH_THEME=request.param) as server:
        yield server


# What axe cannot decide, and why that is no fault.
UNDECIDED = {("compact", "color-contrast"): "what was said last goes on below the badge, where it is cut off"}


def test_theme_that_ships_can_be_used(
    person: MakePerson,
    shipped: Server,
    browser: Browser,
    axe: str,  # noqa: F811 (a fixture)
    django_db_blocker: DjangoDbBlocker,
) -> None:
    """Two people talk, and axe finds nothing on a page of each template."""
    ada, ben = person("ada", at=shipped), person("ben", at=shipped)
    room = ada.make_room(ben)
    ben.say(room, "**Hello**", "Right below")
    ada.open_live(room)
    ben.open_live(room)
    ada.page.locator(".message").first.hover()
    ada.page.get_by_role("link", name="Reply", exact=True).first.click()
    ada.send("I see")
    ben.sees("Hello", "Right below", "I see")
    expect(ada.ticks.last).to_have_attribute("data-state", "read")
    ada.menu_of(ada.page.locator(".message").first).get_by_role("link", name="Details").click()
    ada.panel.get_by_role("button", name="Close").click()
    expect(ada.page.get_by_text("Connection lost")).to_be_hidden()
    ada.page.get_by_role("link", name="all chats").or_(ada.line(room)).first.click()
    expect(ada.page.get_by_role("navigation", name="Chats")).to_be_visible()

    pages = pages_for_axe(django_db_blocker)
    first = {name.split(",")[0]: name for name in reversed(pages)}
    assert len(first) > 40
    theme = shipped.environment["HEARTH_THEME"]
    undecided = tuple(f"incomplete {rule}: " for of, rule in UNDECIDED if of == theme)
    with browser.new_page(bypass_csp=True) as page:
        prepare(page, shipped, axe)
        found = {name: faults(page, name, pages[name].html, undecided) for name in first.values()}
    assert {name: problems for name, problems in found.items() if problems} == {}


def test_picture_of_the_docs_names_all_parts_of_a_room(
    browser: Browser, server: Server, django_db_blocker: DjangoDbBlocker
) -> None:
    with drawing(django_db_blocker):
        room = marked_room()
    with browser.new_page() as page:
        parts = measured(page, server.url, *room)["parts"]
    assert parts.keys() == names_in(PICTURE.read_text()), "make templates"


def test_changes_of_the_docs_do_what_they_say(person: MakePerson, tmp_path: Path) -> None:
    """All five of them, one upon the other, in a copy of Hearth."""
    copy, data = tmp_path / "hearth", tmp_path / "data"
    make_copy(copy)
    theme = make_theme(data / "theme")
    assert len(list(theme.rglob("*.*"))) == 2
    chosen = settings()
    chosen["SITE_LOGO"] = str(shutil.copy(ROOT / "static/icon.svg", data / chosen["SITE_LOGO"]))
    server = Server(data, root=copy, **chosen)
    server.manage("makemigrations", "accounts")
    with server:
        stranger = person("cleo", at=server, enter=False).open("/login/")
        expect(stranger.page).to_have_title("Log in – Allotments")
        button = stranger.page.get_by_role("button", name="Log in")
        expect(button).to_have_css("background-color", "rgb(10, 88, 202)")

        ada, ben = person("ada", at=server), person("ben", at=server)
        room = ada.make_room(ben)
        ben.say(room, "Hello")
        ada.say(room, "Hi")
        ada.open_live(room)
        logo = ada.page.locator(".home").evaluate("home => getComputedStyle(home, '::before').content")
        assert ada.page.request.get(logo.split('"')[1]).body() == (ROOT / "static/icon.svg").read_bytes()
        faces = ada.page.locator(".message > .avatar")
        expect(faces).to_have_count(2)
        assert faces.nth(0).bounding_box()["x"] == faces.nth(1).bounding_box()["x"]
        expect(ada.page.locator(".bubble").last).to_have_css("background-color", "rgba(0, 0, 0, 0)")

        members = ada.page.get_by_role("complementary", name="Members")
        expect(members.locator("p")).to_have_count(2)
        assert members.bounding_box()["x"] > ada.scroller.bounding_box()["x"] + 100
        ben.open("/settings/profile/").page.get_by_label("Display name").fill("Benedict")
        ben.page.get_by_label("Pronouns").fill("he/him")
        ben.page.get_by_role("button", name="Save").click()
        first = ada.page.locator(".message").first
        for place in (members, first):
            expect(place.get_by_text("Benedict")).to_be_visible()
            expect(place.get_by_text("he/him")).to_be_visible()
        ben.open_live(room)
        expect(ben.page.locator(".message").first.get_by_text("he/him")).to_be_visible()

        ben.page.get_by_role("button", name="Wave").click()
        for someone in (ada, ben):
            expect(someone.page.get_by_text("Benedict waves")).to_be_visible()
