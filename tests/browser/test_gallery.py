"""What axe-core and the HTML checker find in the states of the gallery: pages as they are sent.

One page shows them one after the other, without scripts: to load each would take longer than to look at it.
What scripts and streams make of pages, tests/browser/test_states.py looks at.
"""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pytest
from django.conf import settings
from django.test import override_settings
from playwright.sync_api import Browser, Page
from pytest_django import DjangoDbBlocker

from rooms.gallery.check import backend_of, drawing_with
from rooms.gallery.stage import staged
from rooms.gallery.states import STATES
from tests.browser.test_states import FOR_AXE, LOOKS, NO_PREFERENCE, axe, fail_with, run_axe  # noqa: F401 (a fixture)
from tests.support import pseudo
from tests.support.html_checker import checked
from tests.support.server import Server

# The last one is made up: it reads from right to left, and its texts are longer.
LANGUAGES = ("en", "de", pseudo.RIGHT_TO_LEFT)
# Each look and width beside each language, once in as many pages.
CIRCUMSTANCES = [
    (look, width, LANGUAGES[(shift + number) % len(LANGUAGES)])
    for shift in range(len(LANGUAGES))
    for number, (look, width) in enumerate(FOR_AXE)
]
# At which pages axe does not look, and why.
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
    (
        "accounts/block_create.html",
        "label-content-name-mismatch",
    ): "in the language that is made up, the same words end otherwise in a sentence",
    ("for somebody who only looks", "scrollable-region-focusable"): "browsers let keys scroll code",
}
# Where the HTML checker may find something, and why.
NOT_VALID = {
    "document": "a document never ends",
    "document of a direct message": "a document never ends",
    "document that is refused": "four in one",
    "for somebody who only looks": "messages are drawn once for all: their reactions have no form here",
    "refused search": "what was typed is kept, also if it is no date",
    "day that is none": "what was typed is kept, also if it is no date",
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


class Shown(NamedTuple):
    """A state of a page as it is sent, and how it is looked at."""

    html: str
    look: str
    width: int
    language: str


def pages_of_gallery(django_db_blocker: DjangoDbBlocker) -> dict[str, Shown]:
    """Return the pages of the gallery by template and state, each in one language."""
    with drawing(django_db_blocker):
        return draw_pages()


def pages_for_axe(django_db_blocker: DjangoDbBlocker) -> dict[str, Shown]:
    pages = pages_of_gallery(django_db_blocker)
    return {name: shown for name, shown in pages.items() if not name.startswith(tuple(NOT_SEEN))}


@contextmanager
def drawing(django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Let states be drawn in the thread in which Playwright has a loop."""
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        yield


@cache
def draw_pages() -> dict[str, Shown]:
    pages: dict[str, Shown] = {}
    with speaking_all(), drawing_with(backend_of(None)):
        for state in STATES.values():
            if not state.place:
                look, width, language = CIRCUMSTANCES[len(pages) % len(CIRCUMSTANCES)]
                with staged(language=language) as stage:
                    html = state.draw(stage)
                if html.startswith("<!doctype"):
                    pages[f"{state.template}, {state.title}"] = Shown(html, look, width, language)
    return pages


@contextmanager
def speaking_all() -> Iterator[None]:
    with TemporaryDirectory() as folder:
        paths = [*settings.LOCALE_PATHS, pseudo.write_catalogs(Path(folder))]
        with override_settings(LANGUAGES=[*settings.LANGUAGES, *pseudo.LANGUAGES], LOCALE_PATHS=paths):
            yield


@pytest.mark.accessibility(
    "A01", "A02", "A03", "A04", "A05", "A12", "A14", "A15", "A26", "A36", "A95", "A97", "A101"
)
def test_axe_finds_nothing_in_any_state(
    browser: Browser,
    server: Server,
    axe: str,  # noqa: F811 (a fixture)
    django_db_blocker: DjangoDbBlocker,
) -> None:
    """Each in one look, width and language, so that all pairs of these have their turn."""
    pages = pages_for_axe(django_db_blocker)
    assert len(pages) > 150
    for one, other in combinations(range(1, 4), 2):
        pairs = {(shown[one], shown[other]) for shown in pages.values()}
        assert len(pairs) == len({one for one, _other in pairs}) * len({other for _one, other in pairs})
    found = defaultdict(list)
    with browser.new_page(bypass_csp=True) as page:
        prepare(page, server, axe)
        for name, (html, look, width, language) in sorted(pages.items(), key=lambda item: item[1][1:]):
            page.emulate_media(**{**NO_PREFERENCE, **LOOKS[look]})
            page.set_viewport_size({"width": width, "height": HEIGHT})
            for problem in faults(page, name, html):
                found[problem].append(f"{name} ({look}, {width}, {language})")
    fail_with(found)


@pytest.mark.accessibility("A22")
def test_all_pages_are_valid(tmp_path: Path, django_db_blocker: DjangoDbBlocker) -> None:
    pages = pages_of_gallery(django_db_blocker)
    for number, (name, shown) in enumerate(pages.items()):
        if name.partition(", ")[2] not in NOT_VALID:
            (tmp_path / f"{number} {name.replace('/', ' ')}.html").write_text(shown.html)
    files = sorted(tmp_path.iterdir())
    assert len(files) > 150
    assert not (problems := checked(files)), problems


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
