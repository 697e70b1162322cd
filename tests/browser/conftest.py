"""Real Chromium against a real server with a database of its own."""

import functools
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from itertools import count
from pathlib import Path
from typing import Literal, Protocol
from uuid import uuid4

import pytest
from playwright.sync_api import (
    APIResponse,
    Browser,
    BrowserType,
    ConsoleMessage,
    FrameLocator,
    Locator,
    Page,
    Request,
    Route,
    ViewportSize,
    expect,
    sync_playwright,
)

from config.bundle import OF_PACKAGES, join
from tests.browser.backstage import Backstage
from tests.support.server import Server

CHROMIUM = "/usr/bin/chromium"
# Chromium without windows, from the same source: it opens pages in a sixth of the time.
HEADLESS = "/usr/bin/chromium-headless-shell"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
VIEWPORT: ViewportSize = {"width": 1280, "height": 800}
TIMEOUT = 20_000
RELEASE = 'name="release" value="'
serials = count(1)  # no two people have one name


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium() -> Iterator[BrowserType]:
    expect.set_options(timeout=TIMEOUT)
    with sync_playwright() as playwright:
        yield playwright.chromium


@contextmanager
def launched(chromium: BrowserType, path: str) -> Iterator[Browser]:
    # The back/forward cache is on, as it is for users: leaving a page does not end it.
    browser = chromium.launch(
        executable_path=path, args=ARGUMENTS, ignore_default_args=["--disable-back-forward-cache"]
    )
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def browser(chromium: BrowserType) -> Iterator[Browser]:
    with launched(chromium, HEADLESS if Path(HEADLESS).exists() else CHROMIUM) as browser:
        yield browser


@pytest.fixture(scope="session")
def whole_browser(chromium: BrowserType) -> Iterator[Browser]:
    """All of Chromium, for what the other lacks: notifications, and keeping pages that were left."""
    with launched(chromium, CHROMIUM) as browser:
        yield browser


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests that do not harm it; each test uses people and rooms of its own."""
    # The cast makes more rooms than people do, and says more in them.
    with Server(
        tmp_path_factory.mktemp("server"),
        LIMIT_ROOM_PER_USER="off",
        LIMIT_POST_PER_USER="100000/1m",
        ROOMS_PER_OWNER="10000",
        SMALL_HOUSE_ROOMS="10000",
        SMALL_HOUSE_PEOPLE="10000",
    ) as server:
        yield server


@pytest.fixture(scope="session")
def backstage(server: Server) -> Iterator[Backstage]:
    with Backstage(server) as backstage:
        yield backstage


@pytest.fixture(scope="session")
def fragile_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One for the tests that stop it; they start it again."""
    with Server(tmp_path_factory.mktemp("fragile")) as server:
        yield server


class Address(Protocol):
    """Where pages come from: a server, or what stands before it."""

    @property
    def url(self) -> str: ...


class Requests:
    """Those of a page to addresses like `pattern`, as they come."""

    def __init__(self, page: Page, pattern: str) -> None:
        self.page = page
        self.seen: list[Request] = []
        page.on(
            "request", lambda request: self.seen.append(request) if fnmatch(request.url, pattern) else None
        )

    def wait_for(self, number: int) -> None:
        wait_until(self.page, lambda: len(self.seen) >= number)


class Held:
    """Requests of a page that wait until they are let go."""

    def __init__(self, page: Page, pattern: str) -> None:
        self.page = page
        self.routes: list[Route] = []
        page.route(pattern, lambda route: self.routes.append(route))

    def wait_for(self, number: int) -> Route:
        """Wait until `number` requests are held; return the last."""
        wait_until(self.page, lambda: len(self.routes) >= number)
        return self.routes[number - 1]


def wait_until(page: Page, condition: Callable[[], bool]) -> None:
    """Let events of `page` in until they have made `condition` true."""
    deadline = time.monotonic() + TIMEOUT / 1000
    while not condition():
        assert time.monotonic() < deadline
        page.wait_for_timeout(10)  # asking again at once would take a processor from what is waited for


class Person:
    """Somebody at a browser of their own."""

    script: Callable[[Route], None] | None = None  # what changes the script of pages on its way

    def __init__(self, browser: Browser, server: Address, name: str, **options: object) -> None:
        self.context = browser.new_context(**{"viewport": VIEWPORT, **options})
        self.context.set_default_timeout(TIMEOUT)
        self.context.on("page", self._watch)
        if self.script:
            self.context.route(re.compile(r"/js/hearth[^/]*\.js$"), self.script)
        self.url = server.url
        self.name = name
        self.problems: list[str] = []
        # Without scripts a room has a frame that never ends to load.
        self.has_scripts = options.get("java_script_enabled", True)
        self.loaded: Literal["load", "domcontentloaded"] = "load" if self.has_scripts else "domcontentloaded"

    @functools.cached_property
    def page(self) -> Page:
        """Their first page. Each has a process of its own, which takes its time, so not everybody has one."""
        return self.context.new_page()

    def _watch(self, page: Page) -> None:
        """Note what no page of ours may do, whatever happens to it."""
        page.on("pageerror", lambda error: self.problems.append(f"{page.url}: {error}"))
        page.on("console", self._read)

    def _read(self, message: ConsoleMessage) -> None:
        bad = ("Content Security Policy", "Trusted", "did not match any element")
        if any(words in message.text for words in bad):
            self.problems.append(message.text)

    def enter(self) -> "Person":
        """Log in without the page, which takes its time."""
        self.context.request.get(f"{self.url}/login/")
        assert self.post("/login/", name=self.name).status == 302
        return self

    def become(self, name: str) -> "Person":
        """Be somebody else, at a browser that knows nobody."""
        self.context.clear_cookies()
        self.page.evaluate("localStorage.clear(); sessionStorage.clear()")
        self.name = name
        return self

    def rest(self) -> None:
        """Put everything back for the next test."""
        self.context.set_offline(False)
        self.page.unroute_all(behavior="ignoreErrors")
        for page in self.context.pages[1:]:
            page.close()
        self.page.goto(f"{self.url}/healthz")  # of the same site, so that the next page needs no new process
        self.page.set_viewport_size(VIEWPORT)
        problems, self.problems = self.problems, []
        assert problems == []

    def open(self, address: str) -> "Person":
        self.page.goto(f"{self.url}{address}", wait_until=self.loaded)
        return self

    def reload(self) -> None:
        self.page.reload(wait_until=self.loaded)

    def open_live(self, address: str) -> "Person":
        """Open a page and wait for its stream."""
        self.open(address)
        self.wait_until_live()
        return self

    def open_from_before_an_update(self, address: str) -> "Person":
        """Open a page that says it is of another release, this once."""

        def age(route: Route) -> None:
            answer = route.fetch()
            route.fulfill(response=answer, body=answer.text().replace(RELEASE, f"{RELEASE}old-"))

        self.page.route(f"{self.url}{address}", age, times=1)
        return self.open_live(address)

    def wait_until_live(self) -> None:
        self.page.wait_for_selector("html[data-connection=connected]")

    def post(self, address: str, **fields: str) -> APIResponse:
        """Post a form from somewhere else than the page, without following to the next one."""
        cookies = self.context.cookies()
        token = next(cookie["value"] for cookie in cookies if cookie["name"].endswith("hearth_csrf"))
        form = {"csrfmiddlewaretoken": token, **fields}
        return self.context.request.post(
            f"{self.url}{address}", form=form, headers={"Referer": f"{self.url}/"}, max_redirects=0
        )

    def make_room(self, *members: "Person") -> str:
        """Make a group room that `members` have joined; return its address."""
        room = self.post("/rooms/", name=f"Room {uuid4()}").headers["location"]
        for member in members:
            assert member.post(f"{room}join/").status == 302
        return room

    def chat_with(self, other: "Person") -> str:
        """Begin the private chat with somebody; return its address."""
        address = f"{self.url}/people/{other.name}/"
        return self.context.request.get(address).url.removeprefix(self.url)

    def say(self, room: str, *texts: str) -> None:
        """Post messages without the page."""
        for text in texts:
            assert self.post(f"{room}messages/", content=text, token=str(uuid4())).status == 302

    def keys(self, room: str) -> list[str]:
        """Return the ids of the messages on the newest page of a room, without opening it in the browser."""
        text = self.context.request.get(f"{self.url}{room}").text()
        return re.findall(r'id="message-(\d+)"', text)

    def requests(self, pattern: str = "*") -> Requests:
        return Requests(self.page, pattern)

    def hold(self, pattern: str) -> Held:
        return Held(self.page, pattern)

    @property
    def box(self) -> Locator:
        return self.page.get_by_role("textbox", name="Message")

    @property
    def notice(self) -> Locator:
        return self.page.get_by_role("alert")

    @property
    def scroller(self) -> Locator:
        return self.page.get_by_role("region", name="Messages")

    def menu_of(self, message: Locator) -> Locator:
        """Open the menu of a message."""
        link = message.get_by_role("link", name="Menu", exact=True)
        link.focus()  # which shows it, also if what arrives moves it from under the mouse
        link.click()
        return self.page.get_by_role("dialog", name="Message menu")

    def own_menu(self, role: Literal["link", "button"], name: str, page: Page | None = None) -> Locator:
        """Open the menu at the head of the page, and find what is in it."""
        menu = (page or self.page).locator("#own-menu")
        menu.locator("summary").click()
        return menu.get_by_role(role, name=name)

    @property
    def panel(self) -> Locator:
        """Where pages open above this one."""
        return self.page.locator("#panel")

    @property
    def ticks(self) -> Locator:
        """Those of own messages; others have none to be seen."""
        return self.page.locator(".tick:visible")

    def line(self, chat: str) -> Locator:
        """The link to a chat, by its address: to a private one when something was said in it."""
        return self.chats.locator(f"a[href^='{chat}']")

    @property
    def frame(self) -> FrameLocator:
        """What a room without scripts shows its newest messages in."""
        return self.page.frame_locator("iframe[name=live]")

    @property
    def messages(self) -> Locator:
        """Those of the newest page."""
        return (self.page if self.has_scripts else self.frame).locator(".message .content")

    @property
    def chats(self) -> Locator:
        return self.page.locator("#chats").get_by_role("listitem")

    def keep_pages(self) -> None:
        """Have pages of rooms kept in the back/forward cache, which Chromium does not do with "no-store"."""

        def without_no_store(route: Route) -> None:
            response = route.fetch()
            route.fulfill(response=response, headers={**response.headers, "cache-control": "private"})

        self.page.route(re.compile(r"/rooms/\d+/(\?.*)?$"), without_no_store)

    def take_the_clock(self) -> None:
        """Let tests move time on, in pages opened from now on. It goes on by itself until it is stopped."""
        self.page.clock.install()

    def stop_the_clock(self) -> None:
        self.page.clock.pause_at(self.page.evaluate("Date.now() / 1000 + 5"))

    def pass_time(self, seconds: float) -> None:
        self.page.clock.run_for(int(1000 * seconds))

    def end_stream(self) -> None:
        """Have the stream end as if the server had ended it.

        Only this reads what is private in htmx: it has no event and no method for it, and no script of a page
        shows the connection that it holds.
        """
        self.page.evaluate("document.getElementById('stream')._htmx.sse.reader?.cancel()")

    @contextmanager
    def losing_the_stream(self) -> Iterator[None]:
        """Let moments pass, at the end, until the page knows that its stream is lost."""
        self.page.evaluate("document.addEventListener('htmx-sse-close', () => { window.isLost = true; })")
        yield
        while not self.page.evaluate("window.isLost"):
            self.pass_time(0.01)

    def hide(self) -> None:
        """Look at another tab. Tabs without a window are never hidden, so that the page has to be told."""
        self._set_visibility("hidden")

    def show(self) -> None:
        self._set_visibility("visible")

    def _set_visibility(self, state: str) -> None:
        self.page.evaluate(
            """state => {
              Object.defineProperty(document, 'hidden', { value: state === 'hidden', configurable: true });
              Object.defineProperty(document, 'visibilityState', { value: state, configurable: true });
              document.dispatchEvent(new Event('visibilitychange'));
            }""",
            state,
        )

    def look_away(self) -> None:
        """Work in another window. Pages of Playwright always have the focus, and have to be told."""
        self.page.evaluate("document.hasFocus = () => false; dispatchEvent(new Event('blur'))")

    def look(self) -> None:
        self.page.evaluate("document.hasFocus = () => true; dispatchEvent(new Event('focus'))")

    def send(self, text: str) -> None:
        self.box.fill(text)
        self.box.press("Enter")

    def sees(self, *texts: str, timeout: float = TIMEOUT) -> None:
        """Wait until the conversation shows exactly these messages, in this order."""
        expect(self.messages).to_have_text(list(texts), timeout=timeout)

    def scroll_position(self) -> int:
        """Distance from the newest message, in pixels."""
        return -self.scroller.evaluate("scroller => Math.round(scroller.scrollTop)")


HTMX = Path(__file__).parent / "axe/node_modules/htmx.org/dist"
NEWER_HTMX = ["htmx.min.js", "ext/hx-sse.min.js", "ext/hx-upsert.min.js"]


@pytest.fixture(params=["shipped", "newer"])
def either_htmx(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages with the htmx that django-htmx ships, and with the one from npm that it may ship next."""
    if request.param == "shipped":
        return
    if not HTMX.exists():
        missing = "the newer htmx is not installed: bin/setup --dev does it, and needs npm"
        assert os.environ.get("CI") != "true", missing
        pytest.skip(missing)
    shipped, newer = join(OF_PACKAGES), "".join(f"{(HTMX / name).read_text()}\n;\n" for name in NEWER_HTMX)

    def replace(route: Route) -> None:
        answer = route.fetch()
        assert answer.text().startswith(shipped)
        route.fulfill(response=answer, body=newer + answer.text().removeprefix(shipped))

    monkeypatch.setattr(Person, "script", staticmethod(replace))


type MakePerson = Callable[..., Person]

# People whose names have a hyphen are of one test: `person`. Others stay: `cast`.
LAST_ROOM = "SELECT coalesce(max(id), 0) FROM rooms_chatroom"
LAST_PERSON = "SELECT coalesce(max(id), 0) FROM accounts_user"
EMPTYING_ROOMS = [
    "UPDATE rooms_chatroom SET is_by_invitation = TRUE WHERE id > ? AND type = 'group'",
    """DELETE FROM rooms_membership WHERE room_id > ? AND room_id NOT IN (
         SELECT room.id FROM rooms_chatroom room
         JOIN accounts_user low ON low.id = room.low_user_id AND low.username NOT LIKE '%-%'
         JOIN accounts_user high ON high.id = room.high_user_id AND high.username NOT LIKE '%-%')""",
]
LEAVING = "UPDATE accounts_user SET is_active = FALSE WHERE id > ? AND username LIKE '%-%'"


@pytest.fixture(scope="session")
def cast(browser: Browser, server: Server) -> Callable[[str], Person]:
    """People who stay for all tests, since opening a browser takes longer than most tests."""
    return functools.cache(lambda name: Person(browser, server, name).enter())


@contextmanager
def leaving_short_lists(server: Server) -> Iterator[None]:
    """Take what comes meanwhile out of the lists, at the end: each later page would show all of it."""
    with server.rows() as rows:
        [room], [person] = rows.execute(LAST_ROOM), rows.execute(LAST_PERSON)
    yield
    with server.rows() as rows:
        for statement in EMPTYING_ROOMS:
            rows.execute(statement, room)
        rows.execute(LEAVING, person)


@pytest.fixture
def short_lists(server: Server) -> Iterator[None]:
    with leaving_short_lists(server):
        yield


@pytest.fixture
def ada(cast: Callable[[str], Person], short_lists: None) -> Iterator[Person]:
    yield cast("ada")
    cast("ada").rest()


@pytest.fixture
def ben(cast: Callable[[str], Person], short_lists: None) -> Iterator[Person]:
    yield cast("ben")
    cast("ben").rest()


@pytest.fixture
def cleo(cast: Callable[[str], Person], short_lists: None) -> Iterator[Person]:
    yield cast("cleo")
    cast("cleo").rest()


@pytest.fixture
def room(ada: Person, ben: Person) -> str:
    """The address of a new group room in which ada and ben are."""
    return ada.make_room(ben)


@pytest.fixture
def person(browser: Browser, server: Server, short_lists: None) -> Iterator[MakePerson]:
    """Make somebody new who has entered: `person("dora")`; more options go to the browser's context."""
    people: list[Person] = []
    serial = next(serials)

    def make(
        name: str,
        *,
        at: Address = server,
        enter: bool = True,
        within: Browser = browser,
        **options: object,
    ) -> Person:
        people.append(Person(within, at, f"{name}-{serial}", **options))
        return people[-1].enter() if enter else people[-1]

    yield make
    for person in people:
        person.context.close()
    assert [problem for person in people for problem in person.problems] == []
