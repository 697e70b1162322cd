"""Two people talk, each with a browser of their own, in each engine for which Hearth is promised.

All three do all of it. Tab stops once more in Firefox (FOCUSED_TOO), and WebKitGTK shows nobody its console.
"""

import functools
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.browser.backstage import Backstage
from tests.browser.engines import ENGINES, Browser
from tests.support.server import Server

MEASURE = (Path(__file__).parent / "measure.js").read_text()
LIVE = "() => document.documentElement.dataset.connection === 'connected'"
MESSAGES = "[...document.querySelectorAll('.message')]"
IN_FRAME = "[...document.querySelector('iframe').contentDocument.querySelectorAll('.message')]"
READS = "(text) => {}.at(-1)?.querySelector('.content').textContent.trim() === text"
TOP = f"(text) => {MESSAGES}.find((one) => one.textContent.includes(text)).getBoundingClientRect().top"
IS_AT = f"(text, top) => Math.abs(({TOP})(text) - top) <= 1"
HEIGHT = "() => document.getElementById('content').offsetHeight"
# Without a stream. tests/browser/test_states.py goes through all pages and states in Chromium.
PAGES = (
    "/find/",
    "/search/",
    "/mentions/",
    "/saved/",
    "/help/",
    "/settings/",
    "/settings/profile/",
    "/settings/password/",
    "/settings/sessions/",
    "/settings/invitations/",
    "/settings/blocked/",
    "/settings/files/",
    "/settings/data/",
)
FOCUSED_TOO = {"nav.pane-chats"}  # by Firefox: what scrolls
# Nothing has the focus, and the next press of Tab leads to the first stop.
BEFORE_EVERYTHING = """() => {
  document.body.tabIndex = -1;
  document.body.focus();
  document.body.removeAttribute('tabindex');
}"""


class Person:
    def __init__(self, browser: Browser, url: str, name: str, *, has_scripts: bool = True) -> None:
        self.browser = browser
        self.url = url
        self.name = name
        self.messages = MESSAGES if has_scripts else IN_FRAME
        self.ask = browser.evaluate
        self.press, self.type, self.click = browser.press, browser.type, browser.click

    def enter(self) -> None:
        self.browser.open(f"{self.url}/login/")
        self.click("[name=name]")
        self.type(self.name)
        self.press("Enter")
        self.sees("the lobby", "() => location.pathname === '/' && document.getElementById('chats')")

    def open(self, address: str) -> None:
        self.browser.open(self.url + address)
        self.is_live()

    def sees(self, what: str, condition: str, *given: object) -> None:
        try:
            self.browser.wait_for(condition, *given)
        except TimeoutError:
            pytest.fail(f"{self.name} does not see {what}")

    def reads(self, text: str) -> None:
        self.sees(text, READS.format(self.messages), text)

    def is_live(self) -> None:
        self.sees("a live page", LIVE)

    def has_focus(self, selector: str) -> None:
        self.sees(f"the focus in {selector}", "(it) => document.activeElement.matches(it)", selector)

    def says(self, text: str) -> None:
        self.type(text)
        self.press("Enter")
        self.sees("an empty box", "() => document.getElementById('content').value === ''")

    def follow(self, selector: str) -> None:
        """Follow a link with the keyboard. Some are shown while another one beside them has the focus."""
        self.sees(selector, "(it) => document.querySelector(it)", selector)
        self.ask(
            "(it) => document.querySelector(it).closest('.message')?.querySelector('.menu').focus()", selector
        )
        self.ask("(it) => document.querySelector(it).focus()", selector)
        self.press("Enter")

    def make_room(self, name: str) -> str:
        """Make a room, and return its address."""
        self.open("/")
        self.click(".new-room summary")
        self.click(".new-room [name=name]")
        self.type(f"{name} of {self.name}")
        self.press("Enter")
        self.sees("the room", "() => location.pathname.startsWith('/rooms/')")
        self.is_live()
        return urlsplit(self.ask("() => location.href")).path


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One of its own, with a short list of chats. It is killed and comes back."""
    with Server(tmp_path_factory.mktemp("engines"), LIMIT_ROOM_PER_USER="off") as server:
        yield server


@pytest.fixture(scope="module")
def backstage(server: Server) -> Iterator[Backstage]:
    with Backstage(server) as backstage:
        yield backstage


type Visit = Callable[..., Person]


@pytest.fixture(scope="module")
def visitors(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visit]:
    """People who have entered and stay for all tests."""
    with ExitStack() as stack:

        @functools.cache
        def visitor(engine: str, name: str, *, has_scripts: bool = True) -> Person:
            launched = ENGINES[engine].launch(tmp_path_factory.mktemp(engine), has_scripts=has_scripts)
            person = Person(
                stack.enter_context(launched), server.url, f"{name}-{engine}", has_scripts=has_scripts
            )
            person.enter()
            return person

        yield visitor


@pytest.fixture(params=ENGINES)
def visit(request: pytest.FixtureRequest, visitors: Visit) -> Iterator[Visit]:
    """Have people visit with browsers of one engine; at the end none of those has complained."""
    engine: str = request.param
    if missing := ENGINES[engine].missing:
        assert os.environ.get("CI") != "true", f"{missing} are missing: .ci/run installs them"
        pytest.skip(f"{missing} are missing")
    people: list[Person] = []

    def visit(name: str, **options: Any) -> Person:
        people.append(visitors(engine, name, **options))
        return people[-1]

    yield visit
    complaints = [complaint for person in people for complaint in person.browser.complaints()]
    for person in people:
        person.browser.open("about:blank")
    assert complaints == []


@pytest.fixture
def ada(visit: Visit) -> Person:
    return visit("ada")


@pytest.fixture
def ben(visit: Visit) -> Person:
    return visit("ben")


@pytest.fixture
def room(request: pytest.FixtureRequest, ada: Person, ben: Person) -> str:
    """The address of a room that both have open."""
    room = ada.make_room(request.function.__name__.removeprefix("test_")[:20])
    ben.open(room)
    return room


@pytest.mark.accessibility("A40", "A59")
def test_two_people_talk(ada, ben, room):
    ada.has_focus("#content")
    assert ada.ask("() => document.getElementById('content').matches(':valid')")
    ada.type("Good mor")
    ben.sees("that ada types", "() => document.getElementById('typing').textContent.includes('is typing')")
    ada.type("ning")
    ada.press("Enter")
    ben.reads("Good morning")
    ada.reads("Good morning")
    ada.has_focus("#content")
    ada.sees("that it was read", "() => document.querySelector('.message .tick').dataset.state === 'read'")

    # A badge and the title; typing types in a room with something unread; back and forward.
    ben.open("/")
    ben.click(".list-actions button[type=submit]")  # marks as read what other tests have left
    ben.sees("nothing unread", "() => document.title.startsWith('Chats')")
    ben.is_live()
    ada.says("Are you there?")
    line = f"#chats a[href^='{room}']"
    badge = "(line) => document.querySelector(`${line} [data-part=unread]`)?.textContent"
    ben.sees("a badge", f"(line) => ({badge})(line) === '1'", line)
    ben.sees("a number in the title", "() => document.title.startsWith('(1)')")
    ben.click(line)
    ben.sees("the room", "(room) => location.pathname === room", room)
    ben.is_live()
    ben.has_focus("#content")
    ben.says("Yes")
    ada.reads("Yes")
    ben.browser.back()
    ben.sees("no badge", f"(line) => document.querySelector(line) && !({badge})(line)", line)
    ben.is_live()
    ben.browser.forward()
    ben.is_live()
    ben.reads("Yes")
    ada.says("And live again")
    ben.reads("And live again")


def test_box_grows_with_lines_words_and_a_draft(ada, room):
    low = ada.ask(HEIGHT)
    ada.type("One")
    ada.press("Shift+Enter")
    lines = ada.ask(HEIGHT)
    ada.type("words that need another line " * 6)
    words = ada.ask(HEIGHT)
    assert low < lines < words
    ada.browser.reload()
    ada.is_live()
    assert ada.ask("() => document.getElementById('content').value").startswith("One\nwords")
    assert ada.ask(HEIGHT) == words
    ada.has_focus("#content")
    ada.press("Enter")
    ada.sees("an empty box", "() => document.getElementById('content').value === ''")
    assert ada.ask(HEIGHT) == low


@pytest.mark.accessibility("A39", "A62")
def test_what_is_read_and_what_has_the_focus_keep_their_place(ada, ben, room, backstage):
    other = ada.make_room("Elsewhere")
    for address in (other, room):
        ben.open(address)
    ben.open("/")
    line = f"#mine a[href^='{other}']"
    ben.ask("(line) => document.querySelector(line).focus()", line)
    newest = "(text) => document.querySelector('#mine a').textContent.includes(text)"
    for address, text in ((room, "Here"), (other, "There")):
        ada.open(address)
        ada.says(text)
        ben.sees("it on top", newest, text)
        ben.has_focus(line)

    # What is older comes above, and what is new below.
    backstage.fill(room, ada.name, 60)
    ada.open(room)
    ben.open(room)
    ben.ask("() => { document.getElementById('scroller').scrollTop = -1e6; }")
    top = ben.ask(TOP, "Line 15")
    ben.sees("older messages", f"() => {MESSAGES}.length > 60")
    ben.sees("it where it was", IS_AT, "Line 15", top)
    ben.ask("() => { document.getElementById('scroller').scrollTop = -600; }")
    top = ben.ask(TOP, "Line 50")
    ada.says("One more")
    ben.reads("One more")
    ben.sees("it where it was", IS_AT, "Line 50", top)

    # Where many have come, those before them move to the earlier ones.
    ben.press("F6", "F6")
    assert "One more" in ben.ask("() => document.activeElement.textContent")
    backstage.fill(room, ada.name, 62, "Then")
    ben.sees("earlier ones", "() => document.getElementById('history').textContent.includes('One more')")
    assert "One more" in ben.ask("() => document.activeElement.textContent")


@pytest.mark.accessibility("A64", "A66")
def test_keys_lead_from_region_to_region(ada, ben, room):
    for text in ("First", "Last"):
        ada.says(text)
        ben.reads(text)
    focused = "() => document.activeElement.textContent"
    ben.has_focus("#content")
    ben.press("F6", "F6")
    assert "Last" in ben.ask(focused)
    ben.press("ArrowUp")
    assert "First" in ben.ask(focused)
    ben.press("Escape")
    ben.has_focus("#content")


@pytest.mark.accessibility("A07", "A08")
def test_tab_goes_to_the_end_as_seen_and_back(ada, ben, room):
    ada.says("Hello")
    ben.reads("Hello")
    message = ben.ask("() => document.querySelector('.message .menu').pathname")
    for address in ("/", room, *PAGES, f"{room}about/", f"{room}pins/", message, f"{message}replies/"):
        ben.browser.open(ben.url + address)
        ben.sees("the page", "() => document.readyState === 'complete'")
        if address in ("/", room):
            ben.is_live()
        ben.ask(f"() => {{ {MEASURE} }}")
        for _round in range(3):
            stops = stops_of(ben)
            ben.ask(BEFORE_EVERYTHING)
            there, back = walk(ben, "Tab", len(stops)), walk(ben, "Shift+Tab", len(stops) - 1)
            if stops_of(ben) == stops:  # else something has come meanwhile
                break
        assert (there, back) == (stops, stops[-2::-1])


def stops_of(person: Person) -> list[str]:
    return [stop["name"] for stop in person.ask("() => window.measure.take('tabStops', [])")]


def walk(person: Person, key: str, number: int) -> list[str]:
    """Press a key until so many stops were reached; return them."""
    person.ask("() => window.measure.take('beginWalk', [])")
    found: list[str] = []
    for _round in range(4):
        person.press(*[key] * (number - len(found)))
        walked = person.ask("() => window.measure.take('walked', [])")
        stops = [now["name"] for before, now in pairwise(walked) if now and now != before]
        found = [name for name in stops if name not in FOCUSED_TOO]
        if len(found) == number:
            break
    return found


@pytest.mark.accessibility("A73", "A86")
def test_reply_reaction_search_and_file(ada, ben, room, tmp_path):
    ada.says("Shall we?")
    ben.reads("Shall we?")
    ben.follow(".message .reply")
    ben.sees("what is answered", "() => document.querySelector('#reply .quote')")
    ben.has_focus("#content")
    ben.says("Gladly")
    ada.reads("Gladly")
    quote = "() => document.querySelector('.message .quote')?.textContent.includes('Shall we?')"
    ada.sees("what was answered", quote)

    ben.follow(".message .react")
    ben.has_focus("#reacting button")
    ben.press("Enter")
    reaction = "(is) => document.querySelector('.message .reaction')?.ariaPressed === is"
    ben.sees("their own reaction", reaction, "true")
    ada.sees("the reaction of somebody else", reaction, "false")

    ada.follow(".seek")
    ada.has_focus("[type=search]")
    ada.type("gladly")
    ada.press("Enter")
    ada.sees("what was found", "() => document.querySelector('#found mark')?.textContent === 'Gladly'")
    ada.follow(".hits a")
    ada.sees("the room", "(room) => location.pathname === room", room)
    ada.is_live()
    ada.has_focus(".message:has(mark)")

    file = tmp_path / "minutes.txt"
    file.write_text("Nobody came.")
    ben.browser.choose("#files", file)
    ben.sees("the file", "() => document.querySelector('#chosen')?.textContent.includes('minutes.txt')")
    ben.click("#content")
    ben.says("The minutes")
    ada.reads("The minutes")
    download = f"() => {MESSAGES}.at(-1).querySelector('.download')?.textContent.includes('minutes.txt')"
    ada.sees("the file", download)


@pytest.mark.accessibility("A105")
def test_without_scripts(visit, ada, room):
    dora = visit("dora", has_scripts=False)
    dora.browser.open(dora.url + room)
    ada.says("Good morning")
    dora.reads("Good morning")
    dora.click("#content")
    dora.type("And to you")
    dora.click(".send")
    ada.reads("And to you")
    ada.says("It is live")
    dora.reads("It is live")
    assert dora.ask(f"() => {IN_FRAME}.length") == 3


@pytest.mark.accessibility("A93")
def test_server_is_killed_and_comes_back(ada, ben, room, server):
    ada.says("Before")
    ben.reads("Before")
    server.kill()
    ben.type("Into the dark")
    ben.press("Enter")
    ben.sees("why", "() => document.getElementById('notice').textContent.includes('no connection')")
    ben.sees("a loss", "() => document.documentElement.dataset.connection === 'reconnecting'")
    server.start()
    ben.is_live()
    ada.is_live()
    ada.reads("Into the dark")
    ben.reads("Into the dark")
    assert ada.ask(f"() => {MESSAGES}.length") == ben.ask(f"() => {MESSAGES}.length") == 2
    for person in (ada, ben):
        person.browser.complaints()  # of requests that nobody answered
