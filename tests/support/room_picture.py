"""docs/room.svg: a room as Chromium lays it out, with the name of the file at each part.

`make templates` draws it.
"""

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from pathlib import Path
from typing import Any

from django.template import Template
from django.utils.safestring import mark_safe
from playwright.sync_api import Page, sync_playwright

from rooms.gallery.check import backend_of, drawing_with
from rooms.gallery.stage import RAW, staged
from rooms.gallery.states import STATES
from tests.support.server import ROOT, Server

PICTURE = ROOT / "docs" / "room.svg"
STATE = STATES["rooms/chat_room_detail.html", "with_messages"]
# Around all others, and around what is in it.
AROUND = {"skeleton.html", "base.html", "rooms/_panes.html", STATE.template}
WIDTH, HEIGHT, MARGIN = 1000, 1040, 250
LABEL = 20  # pixels from one name to the next
BEGINS = re.compile(r"<(?!!doctype)", re.IGNORECASE)
MEASURE = (Path(__file__).parent / "room_picture.js").read_text()


@contextmanager
def marked() -> Iterator[None]:
    """Let each template say, in comments of HTML, where begins and ends what it has drawn."""
    usual = Template._render  # type: ignore[attr-defined]

    def draw(self: Template, context: Any) -> Any:
        html = usual(self, context)
        if self.name in AROUND or not BEGINS.match(html.lstrip()):
            return html  # a word, or attributes
        return mark_safe(f"<!--[{self.name}-->{html}<!--]{self.name}-->")  # noqa: S308 (what a template made)

    Template._render = draw  # type: ignore[attr-defined]
    try:
        yield
    finally:
        Template._render = usual  # type: ignore[attr-defined]


def marked_room() -> tuple[str, str]:
    """Return the page of a room, and the reader's own style sheet."""
    with drawing_with(backend_of(None)), marked(), staged({"theme": "light"}) as stage:
        html = STATE.draw(stage).replace(f"&lt;{RAW}&gt; ", "").replace(f" &lt;{RAW}&gt;", "")
        return html, stage.get(f"/own/{stage.ada.pk}.css")


def measured(page: Page, address: str, html: str, own_style: str) -> dict[str, Any]:
    """Return where the page has its parts, by file, its words and its lines of longer texts."""
    page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
    page.route("**/room", lambda route: route.fulfill(body=html, content_type="text/html"))
    page.route("**/own/*", lambda route: route.fulfill(body=own_style, content_type="text/css"))
    page.goto(f"{address}/room")
    found: dict[str, Any] = page.evaluate(MEASURE, {"page": STATE.template})
    return found


def names_in(picture: str) -> set[str]:
    return set(re.findall(r'<text class="file"[^>]*>([^<]+)</text>', picture))


def draw_picture() -> str:
    room = marked_room()
    with tempfile.TemporaryDirectory() as folder, Server(Path(folder)) as server, sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        return svg(measured(browser.new_page(), server.url, *room))


# The picture


def svg(found: dict[str, Any]) -> str:
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH + 2 * MARGIN} {HEIGHT}"'
        ' font-family="sans-serif" role="img">',
        "<title>A room, with the name of the file at each part</title>",
        "<style>.box{fill:none;stroke:#0a58ca}.file{font-size:15px;fill:#0a3069}.to{fill:none;stroke:#8c959f}"
        "</style>",
        f'<rect width="{WIDTH + 2 * MARGIN}" height="{HEIGHT}" fill="#fff"/>',
        f'<rect x="{MARGIN}" width="{WIDTH}" height="{HEIGHT}" fill="#f6f8fa"/>',
        f'<g transform="translate({MARGIN})">',
        *map(bar, found["lines"]),
        *map(word, found["words"]),
        "</g>",
    ]
    parts = sorted(found["parts"].items(), key=lambda part: (part[1]["y"], part[1]["x"]))
    for side in ("left", "right"):
        here = [part for part in parts if side_of(part[1]) == side]
        places = spread([box["y"] + 12 for _name, box in here])
        lines += [named(name, box, side, y) for (name, box), y in zip(here, places, strict=True)]
    return "\n".join([*lines, "</svg>", ""])


def bar(line: dict[str, float]) -> str:
    return (
        f'<rect x="{line["x"]:.0f}" y="{line["y"] + line["height"] * 0.3:.0f}" width="{line["width"]:.0f}"'
        f' height="{line["height"] * 0.4:.0f}" fill="#d0d7de"/>'
    )


def word(one: dict[str, Any]) -> str:
    return (
        f'<text x="{one["x"]:.0f}" y="{one["y"] + one["height"] * 0.78:.0f}" font-size="{one["size"]:.0f}"'
        f">{escape(one['text'])}</text>"
    )


def side_of(box: dict[str, float]) -> str:
    return "left" if box["x"] < WIDTH * 0.27 else "right"


def spread(wanted: list[float]) -> list[float]:
    """Return where names stand, near where they are wanted and none upon another."""
    places: list[float] = []
    for y in wanted:
        places.append(max(y, places[-1] + LABEL if places else 16))
    lowest = HEIGHT - 8.0
    for number in reversed(range(len(places))):
        places[number] = min(places[number], lowest)
        lowest = places[number] - LABEL
    return places


def named(name: str, box: dict[str, float], side: str, y: float) -> str:
    left, right = box["x"] + MARGIN, box["x"] + box["width"] + MARGIN
    start, edge, anchor = (
        (MARGIN - 10, left, "end") if side == "left" else (WIDTH + MARGIN + 10, right, "start")
    )
    at = box["y"] + min(box["height"] / 2, 12)
    return (
        f'<rect class="box" x="{left:.0f}" y="{box["y"]:.0f}" width="{box["width"]:.0f}"'
        f' height="{box["height"]:.0f}" rx="3"/>'
        f'<path class="to" d="M{start:.0f} {y - 5:.0f}L{edge:.0f} {at:.0f}"/>'
        f'<text class="file" x="{start:.0f}" y="{y:.0f}" text-anchor="{anchor}">{name}</text>'
    )
