"""axe-core finds nothing on any page, in any state, look and width.

Each state is loaded once; looks and widths change in place. "Incomplete" is what axe could not decide: a
failure like any other, unless it stands in UNDECIDED with a reason.
"""

import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.backstage import Backstage
from tests.browser.conftest import MakePerson
from tests.browser.states import STATES, Scene
from tests.server import Server

AXE = Path(__file__).parent / "axe/node_modules/axe-core/axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag2aaa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice", "experimental"]
OFF_BY_DEFAULT = [
    "target-size",
    "color-contrast-enhanced",
    "aria-roledescription",
]
LOOKS = {
    "light": {"color_scheme": "light", "forced_colors": "none"},
    "dark": {"color_scheme": "dark", "forced_colors": "none"},
    "forced colours": {"color_scheme": "dark", "forced_colors": "active"},
}
WIDTHS = (1280, 320)
# Not asked, since axe cannot decide it, and why that is no loss.
UNDECIDED = {
    "hidden-content": "What is hidden in one state is shown in another, or never.",
    "identical-links-same-purpose": "Links of one text are those of messages of one minute.",
}
RULES = {
    **{rule: {"enabled": True} for rule in OFF_BY_DEFAULT},
    **{rule: {"enabled": False} for rule in UNDECIDED},
}
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

# WCAG 1.4.10, 1.4.4, 1.4.12: what readers may do to a page: (width of the window, style).
SPACING = (
    "* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important; }"
)
NARROW = {
    "400 % zoom": (320, ""),
    "text of twice the size": (640, "html { font-size: 200% }"),
    "more space in text": (320, f"{SPACING} p {{ margin-block-end: 2em !important; }}"),
}
FIND_WIDE = """(css) => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  document.adoptedStyleSheets = [sheet];
  return [document.documentElement, ...document.querySelectorAll('#scroller, .pane-chats, .card')]
    .filter((box) => box.scrollWidth > box.clientWidth + 1)
    .map((box) => box.id || box.className || box.tagName);
}"""


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
    with Server(tmp_path_factory.mktemp("axe")) as server:
        yield server


@pytest.fixture(scope="module")
def backstage(server: Server) -> Iterator[Backstage]:
    with Backstage(server) as backstage:
        yield backstage


def problems(page: Page, axe: str) -> dict[str, list[str]]:
    """Return what axe finds → in which looks and widths."""
    page.evaluate(axe)
    found = defaultdict(list)
    for look, media in LOOKS.items():
        page.emulate_media(**media)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            for kind, rule, where in page.evaluate(RUN, [TAGS, RULES]):
                found[f"{kind} {rule}: {where}"].append(f"{look} {width}")
    return found


def wide_parts(page: Page) -> dict[str, list[str]]:
    """Return what does not fit into the width of the window → under which circumstances."""
    found = defaultdict(list)
    for circumstance, (width, css) in NARROW.items():
        page.set_viewport_size({"width": width, "height": 800})
        for where in page.evaluate(FIND_WIDE, css):
            found[f"too wide: {where}"].append(circumstance)
    return found


@pytest.mark.parametrize("name", STATES)
def test_axe_finds_nothing(
    person: MakePerson, server: Server, backstage: Backstage, axe: str, name: str
) -> None:
    page = STATES[name](Scene(person, server, backstage)).page
    if found := problems(page, axe) | wide_parts(page):
        lines = [f"{problem}\n    {', '.join(looks)}" for problem, looks in found.items()]
        pytest.fail("\n".join(lines), pytrace=False)


def test_axe_would_find_what_is_wrong(person: MakePerson, server: Server, axe: str) -> None:
    page = person("ada", at=server).open("/help/").page
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
    rules = {problem.split(":")[0].split()[1] for problem in problems(page, axe)}
    assert rules >= {"image-alt", "color-contrast-enhanced", "target-size"}
