"""One long visit, made in each way in which somebody may use Hearth."""

import re
from collections.abc import Iterator
from typing import Protocol

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.backstage import Backstage
from tests.browser.conftest import Person
from tests.support.server import Server


class Hand(Protocol):
    def press(self, target: Locator) -> None: ...
    def write(self, target: Locator, text: str) -> None: ...
    def choose_next(self, target: Locator) -> None: ...
    def send(self, text: str) -> None: ...


class Mouse:
    def __init__(self, person: Person) -> None:
        self.person = person

    def press(self, target: Locator) -> None:
        target.click()

    def write(self, target: Locator, text: str) -> None:
        target.click()
        self.person.page.keyboard.type(text)

    def choose_next(self, target: Locator) -> None:
        target.select_option(index=target.evaluate("select => select.selectedIndex + 1"))

    def send(self, text: str) -> None:
        self.write(self.person.box, text)
        self.press(self.person.page.get_by_role("button", name="Send"))


class Keys:
    """Whatever is used is reached with Tab."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.keyboard = person.page.keyboard

    def go_to(self, target: Locator) -> None:
        target.wait_for()
        for _press in range(100):
            if target.evaluate("target => target === document.activeElement"):
                return
            self.keyboard.press("Tab")
        raise AssertionError(f"Tab never came to {target}")

    def press(self, target: Locator) -> None:
        self.go_to(target)
        self.keyboard.press("Enter")

    def write(self, target: Locator, text: str) -> None:
        self.go_to(target)
        self.keyboard.type(text)

    def choose_next(self, target: Locator) -> None:
        self.go_to(target)
        self.keyboard.press("ArrowDown")

    def send(self, text: str) -> None:
        self.write(self.person.box, text)
        self.keyboard.press("Enter")


# The first in all of Chromium, with which everything takes several times as long.
WAYS = {"with JavaScript": (True, Mouse), "without JavaScript": (False, Mouse), "with keys": (True, Keys)}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One of its own, with a short list of chats."""
    with Server(tmp_path_factory.mktemp("journeys")) as server:
        yield server


@pytest.fixture(scope="module")
def backstage(server: Server) -> Iterator[Backstage]:
    with Backstage(server) as backstage:
        yield backstage


@pytest.mark.accessibility("A74", "A105", "A17")
@pytest.mark.parametrize("way", WAYS)
def test_from_entering_to_logging_out(request, person, browser, server, backstage, way):
    has_scripts, how = WAYS[way]
    if way == "with JavaScript":
        browser = request.getfixturevalue("whole_browser")
    ben = person("ben", at=server)
    dora = person("dora", at=server, within=browser, enter=False, java_script_enabled=has_scripts)
    hand: Hand = how(dora)
    page = dora.page

    def button(name: str) -> Locator:
        return page.get_by_role("button", name=name, exact=True)

    def open_what_can_be_done_with_the_newest() -> None:
        if how is Keys:
            hand.go_to(dora.scroller)
            page.keyboard.press("ArrowUp")
            page.keyboard.press("Enter")
        else:
            message = (page if has_scripts else dora.frame).locator(".message").last
            message.hover()
            hand.press(message.locator(".menu"))

    # Enter, and make a room.
    dora.open("/")
    hand.write(page.get_by_label("Name", exact=True), dora.name)
    hand.press(button("Log in"))
    hand.press(page.locator("summary").filter(has_text="New room"))
    hand.write(page.get_by_label("Name of a new room"), f"Shed of {dora.name}")
    hand.press(button("Create room"))
    expect(page.get_by_role("heading", name=f"Shed of {dora.name}")).to_be_visible()
    room = re.search(r"/rooms/\d+/", page.url)[0]

    # Talk.
    hand.send("Good morning")
    dora.sees("Good morning")
    ben.context.request.get(f"{ben.url}{room}")
    ben.say(room, "You too")
    dora.sees("Good morning", "You too")

    # Mend what was written, and take it back.
    hand.send("Helo")
    dora.sees("Good morning", "You too", "Helo")
    open_what_can_be_done_with_the_newest()
    hand.press(page.get_by_role("link", name="Edit", exact=True))
    hand.write(page.get_by_label("Message", exact=True), "")
    page.keyboard.press("Control+End")
    page.keyboard.type(" again")
    hand.press(button("Save"))
    dora.sees("Good morning", "You too", "Helo again")
    open_what_can_be_done_with_the_newest()
    hand.press(page.get_by_role("link", name="Delete", exact=True))
    hand.press(button("Delete message"))
    dora.sees("Good morning", "You too")

    # Let somebody in.
    hand.press(page.get_by_role("link", name="about this room"))
    hand.press(page.get_by_role("link", name="Invite people"))
    hand.press(button("Show a link and a QR code"))
    link = page.get_by_label("Link", exact=True).input_value()
    emil = person("emil", at=server)
    emil.open(link.removeprefix(emil.url)).page.get_by_role("button", name="Join").click()
    expect(emil.page.get_by_role("heading", name=f"Shed of {dora.name}")).to_be_visible()

    # Read what is older.
    backstage.fill(room, ben.name, 52)
    dora.open(room)
    hand.press(button("Mark as read"))
    expect(dora.line(room)).not_to_have_accessible_name(re.compile("unread"))
    dora.open(room)
    expect(dora.messages.last).to_have_text("Line 52")
    # With scripts they load as their link comes into view.
    older = page if has_scripts else dora.frame
    first = page.locator(".message .content").first
    if how is Keys:
        for _press in range(100):  # what has the focus when they are there depends on when they come
            if first.text_content() == "Good morning":
                break
            page.keyboard.press("Tab")
    elif has_scripts:
        dora.scroller.hover()
        page.mouse.wheel(0, -100_000)
    else:
        hand.press(older.get_by_role("link", name="Older messages"))
    expect(first).to_have_text("Good morning")

    # Mark as unread, and as read.
    dora.open(room)
    expect(dora.messages.last).to_have_text("Line 52")
    open_what_can_be_done_with_the_newest()
    hand.press(button("Mark as unread from here"))
    expect(dora.line(room)).to_have_accessible_name(re.compile(", 1 unread message"))
    hand.press(dora.line(room))
    expect(older.get_by_role("heading", name="New messages")).to_be_attached()
    hand.press(button("Mark as read"))
    expect(dora.line(room)).not_to_have_accessible_name(re.compile("unread"))

    # Settings.
    hand.press(page.locator("#own-menu summary"))
    hand.press(page.get_by_role("link", name="Settings"))
    hand.choose_next(page.get_by_label("Theme"))
    hand.press(button("Save"))
    expect(page.locator("html[data-theme=light]")).to_be_attached()

    # A profile.
    hand.press(page.get_by_role("link", name="Edit your profile"))
    hand.write(page.get_by_label("Status", exact=True), "In the shed")
    hand.press(button("Save"))
    expect(page.get_by_role("main").get_by_text("In the shed")).to_be_visible()

    # A private chat.
    dora.open("/")
    hand.press(dora.chats.get_by_role("link", name=re.compile(f"^{ben.name}")))
    hand.send("Just you")
    dora.sees("Just you")
    ben.say(re.search(r"/rooms/\d+/", page.url)[0], "Just me")
    dora.sees("Just you", "Just me")

    # Leave.
    hand.press(dora.line(room))
    hand.press(page.get_by_role("link", name="Leave", exact=True))
    hand.press(button("Leave"))
    expect(page.get_by_role("heading", name="Hearth")).to_be_visible()
    hand.press(page.locator("#own-menu summary"))
    hand.press(button("Log out"))
    expect(page.get_by_label("Name", exact=True)).to_be_visible()
    dora.open(room)
    expect(page.get_by_label("Name", exact=True)).to_be_visible()
