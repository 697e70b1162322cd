"""Real Chromium against a real server with a database of its own."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.server import Server

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        # The back/forward cache is on, as it is for users: leaving a page does not end it.
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM, args=ARGUMENTS, ignore_default_args=["--disable-back-forward-cache"]
        )
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests that do not harm it; each test uses people and rooms of its own."""
    with Server(tmp_path_factory.mktemp("server")) as server:
        yield server


class Person:
    """Somebody at a browser of their own."""

    def __init__(self, context: BrowserContext, server: Server, name: str) -> None:
        self.context = context
        self.server = server
        self.name = name
        self.page: Page = context.new_page()

    def enter(self, address: str = "/") -> "Person":
        self.page.goto(f"{self.server.url}{address}")
        self.page.get_by_label("Name", exact=True).fill(self.name)
        self.page.get_by_role("button", name="Enter").click()
        self.page.wait_for_url(re.compile(r"^(?!.*/login/)"))
        return self

    def open(self, address: str) -> None:
        self.page.goto(f"{self.server.url}{address}")

    def send(self, text: str) -> None:
        self.page.locator("#content").fill(text)
        self.page.keyboard.press("Enter")

    def messages(self) -> list[str]:
        return self.page.locator(".message .content").all_inner_texts()

    def wait_until_live(self) -> None:
        self.page.wait_for_selector("html[data-connection=connected]")


@pytest.fixture
def person(browser: Browser, server: Server) -> Iterator[Callable[..., Person]]:
    """Make a person who has entered: `person("ada")`; options go to the browser's context."""
    contexts: list[BrowserContext] = []

    def make(name: str, address: str = "/", *, at: Server | None = None, **options: object) -> Person:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
        context.set_default_timeout(10_000)
        contexts.append(context)
        return Person(context, at or server, name).enter(address)

    yield make
    for context in contexts:
        context.close()
