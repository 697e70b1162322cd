"""The look that somebody has chosen, and the one that their system asks for."""

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Person, wait_until

LIGHT, DARK = "rgb(255, 255, 255)", "rgb(17, 27, 33)"
BLACK, WHITE = "rgb(0, 0, 0)", "rgb(255, 255, 255)"
# As everything is painted, without a script to put it right.
COLORS = """() => {
  const { backgroundColor, color } = getComputedStyle(document.querySelector('.card, .pane-chats, .bubble'));
  return [backgroundColor, color];
}"""
OPPOSITE = {"light": "dark", "dark": "light"}


def dress(person: Person, theme: str = "system", contrast: str = "system", size: str = "normal") -> None:
    """Choose, in the settings."""
    person.open("/settings/")
    for label, value in {"Theme": theme, "Contrast": contrast, "Text size": size}.items():
        person.page.get_by_label(label, exact=True).select_option(value)
    person.page.get_by_role("button", name="Save").click()


HAS_STYLE = "[...document.querySelectorAll('link[rel=stylesheet]')].every((link) => link.sheet)"


def background(page: Page) -> str:
    return page.evaluate(COLORS)[0]


@pytest.fixture
def dora(person) -> Person:
    """Somebody without JavaScript, so that nothing but HTML and style makes the look."""
    return person("dora", java_script_enabled=False)


def look_at(dora: Person, address: str) -> None:
    """Open a page without a frame, with its style."""
    dora.open(address)
    dora.page.wait_for_load_state("load")


@pytest.mark.accessibility("A102")
@pytest.mark.parametrize(("theme", "paper"), [("light", LIGHT), ("dark", DARK)])
def test_chosen_theme_wins_over_the_system_on_all_pages(dora, theme, paper):
    dora.page.emulate_media(color_scheme=OPPOSITE[theme])
    dress(dora, theme)
    room = dora.make_room()
    for address in ("/", room, "/settings/", "/nowhere/"):
        dora.open(address)
        wait_until(
            dora.page, lambda: dora.page.evaluate(HAS_STYLE)
        )  # a room has a frame that never ends to load
        assert background(dora.page) == paper
        assert dora.page.evaluate("getComputedStyle(document.documentElement).colorScheme") == theme
    dora.say(room, "Hello")
    dora.open(room)
    dora.sees("Hello")
    assert dora.frame.locator(":root").evaluate("root => getComputedStyle(root).colorScheme") == theme


@pytest.mark.accessibility("A102")
@pytest.mark.parametrize(("theme", "text"), [("light", BLACK), ("dark", WHITE)])
def test_window_has_the_chosen_colour_before_the_style_sheet_is_there(person, theme, text):
    """Browsers fill the window with it while they wait: nothing flashes."""
    dora = person("dora")
    dora.page.emulate_media(color_scheme=OPPOSITE[theme])
    dress(dora, theme)
    dora.page.route("**/*.css*", lambda route: route.abort())
    look_at(dora, "/")
    assert dora.page.evaluate("getComputedStyle(document.body).color") == text
    assert dora.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgba(0, 0, 0, 0)"


@pytest.mark.accessibility("A102")
@pytest.mark.parametrize(("system", "paper"), [("light", LIGHT), ("dark", DARK)])
def test_without_a_choice_the_system_decides(dora, system, paper):
    dora.page.emulate_media(color_scheme=system)
    look_at(dora, "/")
    dora.page.wait_for_load_state("load")  # with its style
    assert background(dora.page) == paper


@pytest.mark.accessibility("A102")
@pytest.mark.parametrize(("theme", "colors"), [("light", [WHITE, BLACK]), ("dark", [BLACK, WHITE])])
@pytest.mark.parametrize("by", ["the system", "choice"])
def test_more_contrast_is_black_and_white(dora, theme, colors, by):
    if by == "the system":
        dress(dora, theme)
        dora.page.emulate_media(contrast="more")
    else:
        dress(dora, theme, contrast="more")
    for address in ("/", "/settings/"):
        look_at(dora, address)
        assert dora.page.evaluate(COLORS) == colors
    edges = dora.page.locator(".card, input, select").evaluate_all(
        "all => [...new Set(all.filter((one) => one.type !== 'hidden' && one.type !== 'checkbox')"
        ".map((one) => getComputedStyle(one).borderTopColor))]"
    )
    assert edges == [colors[1]]


@pytest.mark.accessibility("A99")
@pytest.mark.parametrize(("size", "factor"), [("normal", 1), ("large", 1.25), ("larger", 1.5)])
def test_text_has_the_chosen_size(dora, size, factor):
    look_at(dora, "/settings/")
    measure = "parseFloat(getComputedStyle(document.querySelector('h1')).fontSize)"
    before = dora.page.evaluate(measure)
    dress(dora, size=size)
    look_at(dora, "/settings/")
    assert dora.page.evaluate(measure) == pytest.approx(factor * before)
    assert dora.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
