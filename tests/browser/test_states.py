"""Every page in every state: what axe-core finds, and what it does not look at.

Each state is loaded once for all tests of it; looks and widths change in place. "Incomplete" is what axe
could not decide: a failure like any other, unless it stands in UNDECIDED with a reason.
"""

import os
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, Page

from tests.browser import measure
from tests.browser.backstage import Backstage
from tests.browser.conftest import MakePerson, Person, leaving_short_lists, serials
from tests.browser.states import LAYOUTS, STATES, Scene
from tests.support.html_checker import HtmlChecker, need_checker
from tests.support.server import Server
from tests.support.turns import Turns

AXE = Path(__file__).parent / "axe/node_modules/axe-core/axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag2aaa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice", "experimental"]
OFF_BY_DEFAULT = [
    "target-size",
    "color-contrast-enhanced",
    "aria-roledescription",
]
LOOKS = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "more contrast": {"color_scheme": "light", "contrast": "more"},
    "dark, more contrast": {"color_scheme": "dark", "contrast": "more"},
    "forced colours": {"color_scheme": "dark", "forced_colors": "active"},
}
FOR_AXE = [(look, width) for look in ("light", "dark", "forced colours") for width in (1280, 320)]
NO_PREFERENCE = {
    "color_scheme": "light",
    "contrast": "no-preference",
    "forced_colors": "none",
    "reduced_motion": "no-preference",
}
# Not asked, since axe cannot decide it, and why that is no loss.
UNDECIDED = {
    "hidden-content": "What is hidden in one state is shown in another, or never.",
    "identical-links-same-purpose": "Links of one text are those of messages of one minute.",
    "video-caption": "There are none for videos that people send.",
}
# The link to a chat is named by itself, which axe does not follow.
NAMED_BY_ITSELF = re.compile(r"\w+ label-content-name-mismatch: (#\S+-link|\S*aria-labelledby\S*):")
# Where the HTML checker may find something, and why.
NOT_VALID = {
    "search with a refused field": "What was typed is kept, also if it is no date.",
    "room with names that complete what is typed": "A field of many lines offers a list of names.",
    "newer draft and emoji that complete what is typed": "A field of many lines offers a list of emoji.",
}
# The rules that ask how something looks, or whether it is shown in a window of this width.
LOOKED_AT = [
    "color-contrast",
    "color-contrast-enhanced",
    "css-orientation-lock",
    "empty-heading",
    "heading-order",
    "landmark-one-main",
    "link-in-text-block",
    "page-has-heading-one",
    "region",
    "scrollable-region-focusable",
    "target-size",
]
RULES = {
    **{rule: {"enabled": True} for rule in OFF_BY_DEFAULT},
    **{rule: {"enabled": False} for rule in UNDECIDED},
}
# axe cannot tell what is behind a text of which a part is scrolled away.
WITHOUT_SCROLLING = (
    "for (const { style } of document.querySelectorAll('.files-choice')) style.maxBlockSize = 'none'"
)
RUN = """async ([tags, rules]) => {
  const found = await axe.run(document, {
    runOnly: tags, rules, resultTypes: ['violations', 'incomplete'],
  });
  return ['violations', 'incomplete'].flatMap((kind) => found[kind].flatMap(({ id, nodes }) =>
    nodes.map(({ target, any, all, none }) => {
      const reasons = [...any, ...all, ...none].map(({ message }) => message);
      return [kind, id, `${target.join(' ')}: ${reasons.join(' ')}`];
    })));
}"""
# What scripts or streams have changed: as they are sent, axe sees pages in tests/browser/test_gallery.py.
CHANGED = {
    "login",
    "lobby with unread messages",
    "rooms and people of whom none is found",
    "room with messages",
    "room with names that complete what is typed",
    "newer draft and emoji that complete what is typed",
    "room with older messages",
    "reply that is written to a reply",
    "reactions and what one reacts with",
    "message that was refused",
    "connection lost",
    "connection failed",
    "session ended",
    "menu of a message",
    "editing above the room",
    "room that was loaded before an update",
    "files that are chosen and sent",
    "picture opened large",
    "help page",
    "own menu",
}
# Nothing has the focus, and the next press of Tab leads to the first stop.
BEFORE_EVERYTHING = """() => {
  const start = document.querySelector(':modal') ?? document.body;
  start.tabIndex = -1;
  start.focus();
  start.removeAttribute('tabindex');
}"""

# What readers may do to a page, and what they may hold it in.
SPACING = (
    "* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important; }"
    "p { margin-block-end: 2em !important; }"
)


class Circumstance(NamedTuple):
    width: int
    height: int
    css: str = ""


CIRCUMSTANCES = {
    "400 % zoom": Circumstance(320, 256),
    "text of twice the size": Circumstance(1280, 1024, "html { font-size: 200% }"),
    "text of twice the size, 200 % zoom": Circumstance(640, 512, "html { font-size: 200% }"),
    "more space in text": Circumstance(1280, 800, SPACING),
    "more space in text, 400 % zoom": Circumstance(320, 800, SPACING),
    "upright": Circumstance(375, 667),
    "across": Circumstance(667, 375),
}


class Looks:
    """A page in a state; `wear` changes how it is looked at, with the chats from their first on.

    Axe takes what was scrolled out of the list of chats for covered, and other tests go through it with keys.
    """

    def __init__(self, name: str, person: Person) -> None:
        self.name = name
        self.page = person.page
        self.worn: tuple[object, ...] = ()

    def wear(
        self, look: str = "light", width: int = 1280, height: int = 800, css: str = "", **preferences: str
    ) -> None:
        # What the page has on already is not put on again, which takes longer than most questions.
        if self.worn != (look, preferences, width, height):
            self.page.emulate_media(**{**NO_PREFERENCE, **LOOKS[look], **preferences})
            self.page.set_viewport_size({"width": width, "height": height})
            self.worn = look, preferences, width, height
        self.page.evaluate(
            """css => {
              document.activeElement.blur();
              document.querySelector('.pane-chats')?.scrollTo(0, 0);
              // The focus may have closed them.
              for (const one of window.opened ??= document.querySelectorAll('details[open]')) one.open = true;
              const sheet = new CSSStyleSheet();
              sheet.replaceSync(css);
              document.adoptedStyleSheets = [sheet];
            }""",
            css,
        )


@pytest.fixture(scope="session")
def axe() -> str:
    if not AXE.exists():
        missing = "axe-core is not installed: bin/setup --dev does it, and needs npm"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    return AXE.read_text()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One of its own: others leave long lists of chats behind."""
    with Server(
        tmp_path_factory.mktemp("states"),
        JOIN_BY_VISIT="no",
        LIMIT_ROOM_PER_USER="off",
        ROOMS_PER_OWNER="10000",
        SMALL_HOUSE_ROOMS="10000",
        SMALL_HOUSE_PEOPLE="10000",
    ) as server:
        yield server


@pytest.fixture(scope="module")
def backstage(server: Server) -> Iterator[Backstage]:
    with Backstage(server) as backstage:
        yield backstage


@pytest.fixture(scope="module")
def resting() -> Iterator[list[Person]]:
    """People of the states before, whose browsers are open still: to open one takes its time."""
    people: list[Person] = []
    yield people
    for person in people:
        person.context.close()


@pytest.fixture(scope="module", params=STATES)
def state(
    request: pytest.FixtureRequest,
    browser: Browser,
    server: Server,
    backstage: Backstage,
    resting: list[Person],
) -> Iterator[Looks]:
    """A page in one of the states, for all tests of it."""
    people: list[Person] = []

    def make(name: str, *, at: Server = server, enter: bool = True) -> Person:
        name = f"{name}-{next(serials)}"
        people.append(resting.pop().become(name) if resting else Person(browser, at, name))
        return people[-1].enter() if enter else people[-1]

    with leaving_short_lists(server):
        looks = Looks(request.param, STATES[request.param](Scene(make, server, backstage)))
        yield looks
        looks.page.emulate_media(**NO_PREFERENCE)
        for person in people:
            person.rest()
            resting.append(person)


@pytest.fixture(scope="module")
def pixels(browser: Browser) -> Iterator[measure.Pixels]:
    pixels = measure.Pixels(browser)
    yield pixels
    pixels.page.close()


@pytest.fixture(scope="module")
def html_checker() -> Iterator[HtmlChecker]:
    need_checker()
    with HtmlChecker() as checker:
        yield checker


@pytest.fixture(scope="module")
def seen() -> dict[str, set[str]]:
    """What was seen in each look, by kind or name: once in all states is enough."""
    return defaultdict(set)


@pytest.fixture(scope="module")
def other_look() -> Turns:
    """Give what is asked for in the light look another one besides, each in its turn."""
    return Turns(look for look in LOOKS if look != "light")


@pytest.fixture
def page(state: Looks) -> Page:
    state.wear()
    return state.page


def run_axe(page: Page, only: Sequence[str] = TAGS) -> list[str]:
    """Return what axe finds with the rules of these tags, or with these rules."""
    rules = RULES if only is TAGS else {}
    found = [f"{kind} {rule}: {where}" for kind, rule, where in page.evaluate(RUN, [only, rules])]
    return [it for it in found if not NAMED_BY_ITSELF.match(it)]


def fail_with(found: dict[str, list[str]]) -> None:
    """Tell what was found, and where or when."""
    if found:
        lines = [f"{problem}\n    {', '.join(places)}" for problem, places in found.items()]
        pytest.fail("\n".join(lines), pytrace=False)


def for_axe(state: str) -> list[tuple[str, int]]:
    """Return the looks and widths: each look for a layout, else one, so that all pairs have their turn."""
    if state not in CHANGED:
        return []
    turn = list(STATES).index(state)
    if state in LAYOUTS:
        return [FOR_AXE[2 * ((turn + number) % 3) + (turn + number) % 2] for number in range(3)]
    return [FOR_AXE[turn % len(FOR_AXE)]]


@pytest.mark.accessibility(
    "A01", "A02", "A03", "A04", "A05", "A12", "A14", "A15", "A26", "A36", "A95", "A97", "A101"
)
def test_axe_finds_nothing(state: Looks, axe: str) -> None:
    """All rules in the first look; in further ones of a layout those to which looks and widths matter."""
    found = defaultdict(list)
    looks = for_axe(state.name)
    if looks:
        state.page.evaluate(axe)
    for number, (look, width) in enumerate(looks):
        state.wear(look, width)
        state.page.evaluate(WITHOUT_SCROLLING)
        for problem in run_axe(state.page, LOOKED_AT if number else TAGS):
            found[problem].append(f"{look} {width}")
    fail_with(found)


@pytest.mark.accessibility("A98", "A99", "A100", "A104")
def test_nothing_is_lost_at_any_size(state: Looks) -> None:
    found = defaultdict(list)
    for name in CIRCUMSTANCES if state.name in LAYOUTS else ("400 % zoom", "text of twice the size"):
        circumstance = CIRCUMSTANCES[name]
        state.wear("light", *circumstance)
        for problem in measure.lost(state.page):
            found[problem].append(name)
        if not circumstance.css:
            for problem in measure.problems(state.page, "crowded"):
                found[problem].append(name)
    fail_with(found)


@pytest.mark.accessibility("A96", "A101", "A102")
def test_what_is_not_text_can_be_seen(
    state: Looks, pixels: measure.Pixels, seen: dict[str, set[str]]
) -> None:
    found = defaultdict(list)
    for look in LOOKS if state.name in LAYOUTS else ("light",):
        state.wear(look)
        for problem in pixels.pale_shapes(state.page, seen[f"shapes, {look}"]):
            found[problem].append(look)
    fail_with(found)


@pytest.mark.accessibility("A95", "A102")
def test_placeholder_and_selection_can_be_read(state: Looks, other_look: Turns) -> None:
    """In each look for a layout, else in one."""
    found = defaultdict(list)
    for look in LOOKS if state.name in LAYOUTS else other_look(1):
        if look != "forced colours":  # which are the reader's own
            state.wear(look)
            for problem in measure.problems(state.page, "paleText"):
                found[problem].append(look)
    fail_with(found)


@pytest.mark.accessibility("A07", "A08", "A10", "A17")
def test_tab_goes_through_everything_and_back(state: Looks, page: Page, seen: dict[str, set[str]]) -> None:
    """In the order of the page, and nothing that has the focus is covered.

    To the end and back in each layout, else through what no state before had.
    """
    if page.locator(":popover-open").count():
        return  # browsers have an order of their own for what opens on top
    walked = measure.run(page, "tabStops")
    new = [number for number, stop in enumerate(walked) if stop["kind"] not in seen["walks"]]
    seen["walks"].update(stop["kind"] for stop in walked)
    if state.name not in LAYOUTS:
        walked = walked[: new[-1] + 2] if new else []
    first = new[0] if new and state.name not in LAYOUTS else 0
    if first:
        measure.run(page, "focus", first - 1)
    else:
        page.evaluate(BEFORE_EVERYTHING)
    walked = walked[first:]
    stops = [stop["name"] for stop in walked]
    forward = visited(page, "Tab", len(stops))
    assert [stop.name for stop in forward] == stops
    assert [stop.name for stop in forward if stop.is_covered] == []
    if state.name in LAYOUTS:
        backward = visited(page, "Shift+Tab", len(stops) - 1)
        assert [stop.name for stop in backward] == stops[-2::-1]
        assert [stop.name for stop in backward if stop.is_covered] == []


def visited(page: Page, key: str, number: int) -> list[measure.Stop]:
    """Press it until so many others have had the focus. A field for a date has it for each of its parts."""
    measure.run(page, "beginWalk")
    found: list[measure.Stop] = []
    for _round in range(10):
        for _press in range(number - len(found)):
            page.keyboard.press(key)
        walked = pairwise(measure.run(page, "walked"))
        found = [
            measure.Stop(**now)
            for before, now in walked
            if now and not (before and before["number"] == now["number"])
        ]
        if len(found) == number:
            break
    return found


@pytest.mark.accessibility("A07")
def test_order_of_the_page_is_what_is_seen(page: Page) -> None:
    stops = [stop for stop in measure.run(page, "tabStops") if not stop["is_skip_link"]]
    for one, other in pairwise(stops):
        if one["group"] == other["group"]:
            is_below = other["top"] >= one["bottom"] - 4
            is_beside = other["left"] >= one["left"] and other["bottom"] > one["top"]
            assert is_below or is_beside, f"{one['name']} before {other['name']}"


@pytest.mark.accessibility("A09", "A101")
def test_focus_is_seen(
    state: Looks, pixels: measure.Pixels, seen: dict[str, set[str]], other_look: Turns
) -> None:
    """What changes with the focus has the area of an edge of two pixels, and 3:1 to what was there.

    Each kind of thing is looked at in the light look and in another one.
    """
    if state.page.locator(":popover-open").count():
        return  # it covers some of what is behind it
    state.wear()
    stops = {stop["kind"]: number for number, stop in enumerate(measure.run(state.page, "tabStops"))}
    new = {kind: number for kind, number in stops.items() if kind not in seen["focus"]}
    seen["focus"].update(new)
    looks = {"light": new}
    for kind, number in new.items():
        looks.setdefault(*other_look(1), {})[kind] = number
    found = defaultdict(list)
    for look, kinds in looks.items():
        if kinds:
            state.wear(look)
            state.page.keyboard.press("Tab")  # browsers show the focus to who uses keys
        for kind, number in kinds.items():
            changed, edge = change_by_focus(state.page, pixels, number)
            if changed < 1.7 * edge:  # curves and letters have edges that are neither
                found[f"{kind}: {changed} pixels for an edge of {edge:.0f}"].append(look)
    fail_with(found)


def change_by_focus(page: Page, pixels: measure.Pixels, number: int) -> tuple[int, float]:
    """Return how many pixels change where a stop has the focus, and how long its edge is."""
    measure.run(page, "focus", number)
    focus = measure.focused(page)
    assert focus
    after = pixels.picture(page, focus.clip(page))
    page.evaluate("document.activeElement.blur()")
    return pixels.changed(pixels.picture(page, focus.clip(page)), after), focus.perimeter


@pytest.mark.accessibility(
    "A02", "A03", "A04", "A05", "A07", "A12", "A13", "A21", "A23", "A25", "A26", "A29", "A30", "A38", "A41",
    "A55", "A65", "A68", "A69", "A71", "A108",
)  # fmt: skip
def test_markup(page: Page) -> None:
    """Titles, headings, landmarks, ids and times; fields say what is wrong, and buttons what they do."""
    assert measure.problems(page, "structure", "markup", "messages", "ids", "fields", "alike") == []


@pytest.mark.accessibility("A22")
def test_page_is_valid(state: Looks, html_checker: HtmlChecker) -> None:
    """As scripts and streams have changed it; as it is sent: tests/browser/test_gallery.py."""
    errors = html_checker.errors(state.page.content())
    assert not errors or state.name in NOT_VALID, errors


@pytest.mark.accessibility("A11", "A16")
def test_clicks_are_for_what_is_made_for_them(page: Page) -> None:
    assert measure.misplaced_clicks(page) == []


@pytest.mark.accessibility("A103")
def test_nothing_moves_for_who_wants_no_motion(state: Looks) -> None:
    state.wear(reduced_motion="reduce")
    assert measure.problems(state.page, "motion") == []


def test_axe_would_find_what_is_wrong(person: MakePerson, server: Server, axe: str) -> None:
    page = person("ada", at=server).open("/help/").page
    page.evaluate(axe)
    page.evaluate("""() => {
      const tags = ['img', 'p', 'div', 'button'];
      const [image, text, both, button] = tags.map((tag) => document.createElement(tag));
      text.textContent = 'A contrast of 6:1';
      text.style.cssText = 'color: #636363; background: #fff';
      button.textContent = 'x';
      const other = button.cloneNode(true);
      const small = 'width: 12px; height: 12px; padding: 0; margin: 0';
      button.style.cssText = other.style.cssText = small;
      both.append(button, other);
      document.querySelector('main').append(image, text, both);
    }""")
    rules = {problem.split(":")[0].split()[1] for problem in run_axe(page)}
    assert rules >= {"image-alt", "color-contrast-enhanced", "target-size"}
