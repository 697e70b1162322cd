"""What can be measured on a page that tools for accessibility do not look at (measure.js, pixels.js)."""

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

HERE = Path(__file__).parent
# What is cut with "…" is whole elsewhere: names and previews of chats in the room, authors in the details of
# the message, the own name on the profile, what is answered at the link of its quote.
CUT_BY_DESIGN = ".chat-name, .chat-text, .sender, .own, .quote"
ACTS = {"click", "dblclick", "mousedown", "pointerdown", "touchstart"}
OPERABLE = {"A", "BUTTON", "INPUT", "LABEL", "SUMMARY"}
ANYWHERE = {"#document", "HTML", "BODY"}  # what looks at events of others there is nothing to click at


RUN = "([name, given]) => 'measure' in window ? { found: measure.take(name, given) } : null"


def run(page: Page, measurement: str, *arguments: object) -> Any:
    done = page.evaluate(RUN, [measurement, arguments])
    if not done:
        page.evaluate((HERE / "measure.js").read_text())
        done = page.evaluate(RUN, [measurement, arguments])
    return done["found"]


def problems(page: Page, *measurements: str) -> list[str]:
    """Return what is wrong, in words."""
    return sorted({problem for measurement in measurements for problem in run(page, measurement)})


def lost(page: Page) -> list[str]:
    """Return what cannot be seen or read in a page of this size."""
    return sorted({*problems(page, "wide", "overlaps"), *run(page, "cut", CUT_BY_DESIGN)})


def misplaced_clicks(page: Page) -> list[str]:
    """Return what acts on a click and is not made for it, or acts before the button is up."""
    session = page.context.new_cdp_session(page)
    document = session.send("Runtime.evaluate", {"expression": "document"})["result"]["objectId"]
    found = session.send("DOMDebugger.getEventListeners", {"objectId": document, "depth": -1})
    problems = []
    for listener in found["listeners"]:
        if listener["type"] in ACTS:
            node = session.send("DOM.describeNode", {"backendNodeId": listener["backendNodeId"]})["node"]
            name = node["nodeName"]
            if name not in ANYWHERE and (listener["type"] != "click" or name not in OPERABLE):
                problems.append(f"{listener['type']} on {name} {node.get('attributes')}")
    session.detach()
    return problems


@dataclass(frozen=True)
class Stop:
    """What has the focus, and where it stands. The number tells apart what looks the same."""

    number: int
    name: str
    left: float
    top: float
    width: float
    height: float
    perimeter: float
    is_covered: bool

    def clip(self, page: Page) -> dict[str, float]:
        """Return the part of the window that it and its indicator take up."""
        size = page.viewport_size
        assert size
        left, top = max(0, round(self.left) - 8), max(0, round(self.top) - 8)
        right = min(size["width"], round(self.left + self.width) + 8)
        bottom = min(size["height"], round(self.top + self.height) + 8)
        return {"x": left, "y": top, "width": max(1, right - left), "height": max(1, bottom - top)}


def focused(page: Page) -> Stop | None:
    found = run(page, "focused")
    return Stop(**found) if found else None


class Pixels:
    """A page that compares pictures of others."""

    def __init__(self, browser: Browser) -> None:
        self.page = browser.new_page()
        self.page.add_script_tag(path=HERE / "pixels.js")

    @staticmethod
    def picture(page: Page, clip: dict[str, float] | None = None) -> str:
        return base64.b64encode(page.screenshot(clip=clip)).decode()

    def changed(self, *pictures: str) -> int:
        """Return how many pixels differ by at least 3:1."""
        return self.page.evaluate("(pictures) => pixels.changed(...pictures)", pictures)

    def pale_shapes(self, page: Page, seen: set[str]) -> list[str]:
        """Return what is not text and differs from its surroundings by less than 3:1.

        What was `seen` is not looked at again.
        """
        shapes = [(name, place) for name, place in run(page, "shapes") if name not in seen]
        if not shapes:
            return []
        seen.update(name for name, _place in shapes)
        places = [place for _name, place in shapes]
        left, top = (max(0, min(place[edge] for place in places)) for edge in (0, 1))
        clip = {
            "x": left,
            "y": top,
            "width": max(place[0] + place[2] for place in places) - left,
            "height": max(place[1] + place[3] for place in places) - top,
        }
        within = [[place[0] - left, place[1] - top, *place[2:]] for place in places]
        picture = self.picture(page, clip)
        ratios = self.page.evaluate("(given) => pixels.contrasts(...given)", [picture, within])
        return [
            f"{name} has {ratio:.1f}:1"
            for (name, _place), ratio in zip(shapes, ratios, strict=True)
            if ratio < 3
        ]
