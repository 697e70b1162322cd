"""What axe-core finds in the states of the gallery: pages as they are sent.

One page shows them one after the other, without scripts: to load each would take longer than to look at it.
What scripts and streams make of pages, tests/browser/test_states.py looks at.
"""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import pytest
from playwright.sync_api import Browser, Page
from pytest_django import DjangoDbBlocker

import rooms.gallery.variants  # noqa: F401 (more states)
from rooms.gallery.check import backend_of, drawing_with
from rooms.gallery.stage import staged
from rooms.gallery.states import STATES
from tests.browser.test_states import FOR_AXE, LOOKS, NO_PREFERENCE, axe, fail_with, run_axe  # noqa: F401 (a fixture)
from tests.support.server import Server

# Which states are not looked at: partials, which stand in pages here, and these.
NOT_SEEN = {
    "accounts/admin_entry_links.html": "the look of the admin is Django's",
    "admin/": "the look of the admin is Django's",
    "gallery/frame.html": "what stands alone has no heading",
    "gallery/template.html": "its frames are the states themselves",
    "rooms/document/": "it stands in a frame of a page, and never ends",
    "rooms/export/": "it stands in a download, beside a style sheet of its own",
}
# What axe finds and is no fault, and why.
NO_FAULT = {
    ("rooms/message_file_detail.html", "color-contrast"): "no file is there, and text lies in its place",
    (
        "for somebody who wants mentions alone",
        "color-contrast",
    ): "forced: axe reads colours that are not painted",
    # Seen at 320 px, where the name before the text is cut: axe cannot tell what is behind the text.
    ("chats", "color-contrast"): "the colours are those of wider windows",
    ("lobby", "color-contrast"): "the colours are those of wider windows",
    ("for somebody who only looks", "scrollable-region-focusable"): "browsers let keys scroll code",
}
# So high that nothing lies below something that stays in its place.
HEIGHT = 2400
SHOW = """async (html) => {
  const shown = new DOMParser().parseFromString(html, 'text/html');
  for (const one of shown.querySelectorAll('script, noscript')) one.remove();
  document.replaceChild(document.adoptNode(shown.documentElement), document.documentElement);
  const styles = [...document.querySelectorAll('link[rel=stylesheet]')].filter((link) => !link.sheet);
  await Promise.all(styles.map((link) => new Promise((done) => { link.onload = link.onerror = done; })));
}"""


def pages_of_gallery(django_db_blocker: DjangoDbBlocker) -> dict[str, str]:
    """Return the pages of the gallery by template and state."""
    with drawing(django_db_blocker):
        return draw_pages()


@contextmanager
def drawing(django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Let states be drawn in the thread in which Playwright has a loop."""
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        yield


@cache
def draw_pages() -> dict[str, str]:
    pages = {}
    with drawing_with(backend_of(None)):
        for state in STATES.values():
            if not state.place and not state.template.startswith(tuple(NOT_SEEN)):
                with staged() as stage:
                    html = state.draw(stage)
                if html.startswith("<!doctype"):
                    pages[f"{state.template}, {state.title}"] = html
    return pages


@pytest.mark.accessibility(
    "A01", "A02", "A03", "A04", "A05", "A12", "A14", "A15", "A26", "A36", "A95", "A97", "A101"
)
def test_axe_finds_nothing_in_any_state(
    browser: Browser,
    server: Server,
    axe: str,  # noqa: F811 (a fixture)
    django_db_blocker: DjangoDbBlocker,
) -> None:
    """Each in one look and width, so that all pairs of these have their turn."""
    pages = pages_of_gallery(django_db_blocker)
    assert len(pages) > 150
    found = defaultdict(list)
    with browser.new_page(bypass_csp=True) as page:
        prepare(page, server, axe)
        look_at_all(page, pages, found)
    fail_with(found)


def look_at_all(page: Page, pages: dict[str, str], found: dict[str, list[str]]) -> None:
    for number, (look, width) in enumerate(FOR_AXE):
        page.emulate_media(**{**NO_PREFERENCE, **LOOKS[look]})
        page.set_viewport_size({"width": width, "height": HEIGHT})
        for name in list(pages)[number :: len(FOR_AXE)]:
            for problem in faults(page, name, pages[name]):
                found[problem].append(f"{name} ({look}, {width})")


def prepare(page: Page, server: Server, axe: str) -> None:  # noqa: F811 (a fixture)
    """Open a page of a server, with axe in it, to show others there."""
    page.goto(f"{server.url}/help/")
    page.evaluate(axe)
    page.set_viewport_size({"width": 1280, "height": HEIGHT})


def faults(page: Page, name: str, html: str, known: tuple[str, ...] = ()) -> list[str]:
    """Show a page; return what axe finds there, but for what is known to be no fault."""
    page.evaluate(SHOW, html)
    here = [f" {rule}:" for (part, rule) in NO_FAULT if part in name.split(", ", 1)]
    return [it for it in run_axe(page) if not it.startswith(known) and not any(rule in it for rule in here)]
