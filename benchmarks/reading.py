"""(j) An open page of a room in a browser while many messages arrive, and its reader is further up."""

import contextlib
import json
import threading
from collections.abc import Iterator
from typing import Any

from playwright.sync_api import Page, sync_playwright

from benchmarks.load import Load
from benchmarks.report import Report
from benchmarks.servers import LOAD_PROCESSOR, Site, hearth, pinned

CHROMIUM = "/usr/bin/chromium"
PEOPLE = 17  # the last one reads
BEFORE = 60  # messages that are there when the page is opened
RATE = 25  # messages a second
ARRIVING = 1000  # messages in each of ROUNDS
ROUNDS = 3
LONG = 100  # milliseconds that no task may take
LOOK_SECONDS = 0.25
PATIENCE = 300  # seconds until all has come, on a machine with other things to do
TASKS = "toplevel"
# How far what stands at the top goes from its place.
WATCH = """() => {
  const scroller = document.querySelector('#scroller');
  scroller.scrollTop = -1200;
  const top = scroller.getBoundingClientRect().top;
  const isBelow = (line) => line.getBoundingClientRect().top > top;
  window.line = [...document.querySelectorAll('.message')].find(isBelow);
  window.place = window.line.getBoundingClientRect().top;
  window.moved = 0;
}"""
LOOK = """() => {
  const moved = Math.abs(window.line.getBoundingClientRect().top - window.place);
  window.moved = Math.max(window.moved, window.line.isConnected ? moved : Infinity);
}"""


def reading(report: Report) -> None:
    report.heading(
        f"(j) {ROUNDS * ARRIVING:,} messages, {RATE} a second, arrive in an open page that was scrolled up"
    )
    report.columns("", "on page", "nodes", "MB", "longest ms", "CPU ms", f"over {LONG} ms", "moved px")
    with hearth("daphne", PEOPLE, 1) as site, _page(site) as page:
        page.evaluate(WATCH)
        _row(report, page, "before", [])
        for number in range(1, ROUNDS + 1):
            tasks = _watch_while_posting(page, site)
            _row(report, page, f"after {number * ARRIVING:,}", tasks)


@contextlib.contextmanager
def _page(site: Site) -> Iterator[Page]:
    """Open the room, in which something was said, as somebody who has read all of it."""
    _post(site, BEFORE)
    with sync_playwright() as playwright, pinned(LOAD_PROCESSOR):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        context = browser.new_context(viewport={"width": 1280, "height": 800})
        url = f"http://127.0.0.1:{site.port}"
        context.add_cookies([{"name": "hearth_session", "value": site.sessions[-1], "url": url}])
        page = context.new_page()
        page.goto(f"{url}{site.room}")
        page.locator("#messages").wait_for(state="attached")
        page.wait_for_function("() => document.querySelectorAll('.message').length > 20")
        yield page
        browser.close()


def _post(site: Site, count: int) -> None:
    with pinned(LOAD_PROCESSOR), Load(site.port, site.pattern) as load:
        site.add_writers(load, PEOPLE - 1)
        result = load.post(RATE, count / RATE, PATIENCE)
    if result.posted != count:
        raise RuntimeError(f"{result.posted} of {count} were posted.")


def _watch_while_posting(page: Page, site: Site) -> list[tuple[float, float]]:
    """Return how long each task of the page took, and how much processor time, in milliseconds."""
    browser = page.context.browser
    assert browser  # noqa: S101 (it was launched)
    browser.start_tracing(page=page, categories=[TASKS])
    posting = threading.Thread(target=_post, args=(site, ARRIVING))
    posting.start()
    while posting.is_alive():
        page.evaluate(LOOK)
        posting.join(LOOK_SECONDS)
    with site.server.rows() as rows:
        [(revision,)] = rows.execute("SELECT max(revision) FROM rooms_chatroom")
    reached = "(revision) => document.querySelector('#cursor').value.endsWith(`:${revision}`)"
    page.wait_for_function(reached, arg=revision, timeout=1000 * PATIENCE)
    page.evaluate(LOOK)
    return _tasks(json.loads(browser.stop_tracing())["traceEvents"])


def _tasks(events: list[dict[str, Any]]) -> list[tuple[float, float]]:
    """Return those of the main threads of pages."""
    names = [event for event in events if event["name"] == "thread_name"]
    mains = {(it["pid"], it["tid"]) for it in names if it["args"]["name"] == "CrRendererMain"}
    return [
        (event["dur"] / 1000, event.get("tdur", 0) / 1000)
        for event in events
        if event["name"].endswith("RunTask") and "dur" in event and (event["pid"], event["tid"]) in mains
    ]


def _row(report: Report, page: Page, name: str, tasks: list[tuple[float, float]]) -> None:
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    counted: dict[str, Any] = session.send("Memory.getDOMCounters")
    heap = session.send("Runtime.getHeapUsage")["usedSize"]
    session.detach()
    moved, messages = page.evaluate("() => [window.moved, document.querySelectorAll('.message').length]")
    took, of_processor = max(tasks, default=(0, 0)), max((spent for _took, spent in tasks), default=0)
    over = sum(spent > LONG for _took, spent in tasks)
    size = f"{counted['nodes']:,}", f"{heap / 1e6:.1f}"
    report.row(name, messages, *size, f"{took[0]:.0f}", f"{of_processor:.0f}", over, f"{moved:.1f}")
