"""Pages in other languages: German beside English, and one from right to left whose texts are longer."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser import measure
from tests.browser.backstage import Backstage
from tests.browser.conftest import MakePerson
from tests.browser.states import LAYOUTS, STATES, Scene
from tests.support import pseudo
from tests.support.server import Server

NAMES = r"Room [0-9a-f-]{36}|\b(?:ada|ben)-\d+|Meta?|Esc|Tab|Kitchen of|Benedict the Great"

LISTEN = """() => {
  window.heard = [];
  new MutationObserver((changes) => changes.forEach(({ addedNodes: [line] }) => {
    if (line) heard.push(line.textContent);
  })).observe(document.getElementById('announcer'), { childList: true });
}"""
OVERFLOWING = """() => {
  const boxes = ['html', '.card', '.pane-chats', '.pane-main', '#scroller'];
  return boxes.filter((box) => {
    const element = document.querySelector(box);
    return element?.checkVisibility() && element.scrollWidth > element.clientWidth;
  });
}"""


# Side by side


def test_two_readers_of_one_room_have_their_own_languages(person):
    anna, bob, cleo = person("anna", locale="de-DE"), person("bob", locale="en-GB"), person("cleo")
    room = anna.make_room(bob, cleo)
    chat = anna.chat_with(cleo)
    other_chat = bob.chat_with(cleo)
    anna.say(chat, "Hallo")
    anna.open_live(room)
    bob.open_live(room)
    expect(anna.page.locator("html")).to_have_attribute("lang", "de")
    cleo.open_live(room)
    cleo.box.press_sequentially("Hallo")
    expect(anna.page.locator("#typing")).to_have_text(f"{cleo.name} schreibt …")
    expect(bob.page.locator("#typing")).to_have_text(f"{cleo.name} is typing…")
    cleo.box.press("Enter")
    for reader, label in ((anna, "Antworten"), (bob, "Reply")):
        expect(reader.messages).to_have_text(["Hallo"])
        expect(reader.page.locator(".message .reply")).to_contain_text(label)
    # Presence, and what comes into the list.
    expect(anna.page.locator(f"a[href^='{chat}'] .presence")).to_have_text("online")
    cleo.say(chat, "Eins", "Zwei")
    cleo.say(other_chat, "One", "Two")
    expect(anna.page.locator(f"a[href^='{chat}']")).to_have_accessible_name(
        re.compile("2 ungelesene Nachrichten")
    )
    expect(bob.page.locator(f"a[href^='{other_chat}']")).to_have_accessible_name(
        re.compile("2 unread messages")
    )
    fresh = cleo.make_room()
    expect(anna.page.locator(f"a[href^='{fresh}']")).to_contain_text("Neuer Raum")
    expect(bob.page.locator(f"a[href^='{fresh}']")).to_contain_text("New room")
    # What scripts write.
    anna.say(room, "Meine")
    bob.say(room, "Mine")
    expect(anna.ticks).to_have_accessible_name("Gelesen von 2 von 2")
    expect(bob.ticks).to_have_accessible_name("Read by 2 of 2")


def test_announcer_counts_as_the_language_does(person):
    anna, bob = person("anna", locale="de-DE"), person("bob")
    room = anna.make_room(bob)
    anna.open_live(room)
    anna.page.evaluate(LISTEN)
    with_stream = anna.page.locator("html[data-connection=connected]")
    for amount, words in ((1, f"1 neue Nachricht von {bob.name}"), (2, f"2 neue Nachrichten von {bob.name}")):
        anna.context.set_offline(True)
        anna.end_stream()
        bob.say(room, *["Hallo"] * amount)
        anna.context.set_offline(False)
        expect(with_stream).to_be_attached()
        anna.page.wait_for_function("words => heard.includes(words)", arg=words)


def test_frame_is_in_german(person):
    anna, bob = person("anna", locale="de-DE", java_script_enabled=False), person("bob")
    room = anna.chat_with(bob)
    anna.open(room)
    expect(anna.frame.locator("html")).to_have_attribute("lang", "de")
    expect(anna.frame.get_by_text("Noch keine Nachrichten.")).to_be_visible()
    bob.open_live(room).box.press_sequentially("Hallo")
    expect(anna.frame.get_by_text(f"{bob.name} schreibt …")).to_be_visible()


def test_changing_the_language_leaves_open_pages_as_they_are(person):
    """Their words would not fit together otherwise."""
    anna, bob = person("anna"), person("bob")
    room = anna.make_room(bob)
    anna.open_live(room)
    elsewhere = anna.context.new_page()
    elsewhere.goto(f"{anna.url}/settings/")
    elsewhere.get_by_label("Language").select_option("de")
    elsewhere.get_by_role("button", name="Save").click()
    expect(elsewhere.get_by_role("status")).to_have_text("Einstellungen gespeichert")
    expect(elsewhere.locator("html")).to_have_attribute("lang", "de")
    bob.say(room, "Hello")
    anna.sees("Hello")
    expect(anna.page.locator(".message .reply")).to_contain_text("Reply")
    anna.reload()
    expect(anna.page.locator(".message .reply")).to_contain_text("Antworten")


# From right to left


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One that speaks the languages of `tests.support.pseudo` besides."""
    folder = pseudo.write_catalogs(tmp_path_factory.mktemp("locales"))
    more = {"DJANGO_SETTINGS_MODULE": "tests.support.pseudo_settings", "PSEUDO_LOCALES": str(folder)}
    with Server(tmp_path_factory.mktemp("languages"), **more) as server:
        yield server


@pytest.fixture(scope="module")
def backstage(server: Server) -> Iterator[Backstage]:
    with Backstage(server) as backstage:
        yield backstage


def turn_around(page: Page, backstage: Backstage) -> None:
    """Show the page that is open in the language that reads from right to left."""
    backstage.run(f"User.objects.update(language={pseudo.RIGHT_TO_LEFT!r})")
    page.set_extra_http_headers({"Accept-Language": pseudo.RIGHT_TO_LEFT})
    page.goto(page.url)
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    expect(page.locator("html")).to_have_attribute("lang", pseudo.RIGHT_TO_LEFT)


@pytest.fixture
def scene(person: MakePerson, server: Server, backstage: Backstage) -> Iterator[Scene]:
    yield Scene(person, server, backstage)
    backstage.run("User.objects.update(language='')")


@pytest.mark.parametrize("name", LAYOUTS)
def test_page_is_turned_around(scene, name, backstage):
    page = STATES[name](scene).page
    turn_around(page, backstage)
    if page.locator("#stream").count():
        page.wait_for_selector("html[data-connection=connected]")
    for width in (1280, 320):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate(OVERFLOWING) == [], width
        assert measure.lost(page) == [], width
    assert pseudo.strangers(page.content(), NAMES) == []


def middle(locator) -> float:
    box = locator.bounding_box()
    return box["x"] + box["width"] / 2


@pytest.mark.parametrize("width", [1280, 320])
def test_own_messages_are_at_the_other_side(scene, backstage, width):
    ada, ben = scene.ada, scene.ben
    room = ada.make_room(ben)
    ada.say(room, "Mine")
    ben.say(room, "Yours")
    ada.open_live(room)
    ada.page.set_viewport_size({"width": width, "height": 800})
    bubbles = ada.page.locator(".bubble")
    assert middle(bubbles.nth(0)) > middle(bubbles.nth(1))
    turn_around(ada.page, backstage)
    assert middle(bubbles.nth(0)) < middle(bubbles.nth(1))
    if width > 1000:
        assert middle(ada.page.locator(".pane-chats")) > middle(ada.page.locator(".pane-main"))
    # The button to send is at the end of the box, and so is the newest message's time at that of its bubble.
    assert middle(ada.page.locator(".send")) < middle(ada.page.locator("#content"))
