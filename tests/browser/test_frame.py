"""A room is live without JavaScript: in a frame whose document never ends."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Person


@pytest.fixture
def dora(person) -> Person:
    """Somebody without JavaScript."""
    return person("dora", java_script_enabled=False)


def pass_time_faster(person: Person, times: int) -> None:
    """Let animations run faster, which are all that knows of time without scripts."""
    session = person.context.new_cdp_session(person.page)
    session.send("Animation.enable")
    session.send("Animation.setPlaybackRate", {"playbackRate": times})


def typing(person: Person):
    return person.frame.locator(".typing").filter(visible=True)


@pytest.mark.accessibility("A105")
def test_messages_appear_as_they_come(dora, ada):
    room = ada.chat_with(dora)
    ada.say(room, "Before")
    dora.open(room)
    dora.sees("Before")
    ada.open_live(room)
    ada.send("Good morning")
    dora.sees("Before", "Good morning")
    ada.send("<b>bold</b>")
    dora.sees("Before", "Good morning", "<b>bold</b>")
    expect(dora.frame.locator(".message").last).to_be_in_viewport()
    expect(dora.page.locator("#scroller")).to_be_hidden()


def test_own_message_stands_there_once(dora, ada):
    room = ada.chat_with(dora)
    dora.open(room)
    dora.box.fill("Only once")
    dora.page.get_by_role("button", name="Send").click()
    dora.page.wait_for_url("**#content", wait_until="commit")
    dora.sees("Only once")
    ada.say(room, "I heard you")
    dora.sees("Only once", "I heard you")
    expect(dora.frame.locator(".line.day")).to_have_count(1)
    own, other = dora.frame.locator(".bubble").all()
    assert own.bounding_box()["x"] > other.bounding_box()["x"]


def test_typing_appears_and_goes(dora, ada):
    room = ada.chat_with(dora)
    dora.open(room)
    ada.open_live(room)
    ada.box.press_sequentially("Well")
    expect(typing(dora)).to_have_text(re.compile("ada is typing…"))
    ada.box.press("Enter")
    dora.sees("Well")
    expect(typing(dora)).to_have_count(0)


def test_ticks_turn_as_the_other_reads(dora, person):
    emil = person("emil")
    room = dora.chat_with(emil)
    dora.say(room, "One", "Two")
    dora.open(room)
    words = dora.frame.locator(".ticks p").filter(visible=True)
    tick = dora.frame.locator(".tick").first
    shape = "tick => getComputedStyle(tick, '::before').content.split(' / ')[0]"
    expect(words).to_have_text("Your last message: Sent")
    assert tick.evaluate(shape) == '"✓"'
    sent = tick.evaluate("tick => getComputedStyle(tick).color")
    emil.open_live("/")
    expect(words).to_have_text("Your last message: Delivered")
    assert tick.evaluate(shape) == '"✓✓"'
    assert tick.evaluate("tick => getComputedStyle(tick).color") == sent
    emil.open_live(room)
    expect(words).to_have_text("Your last message: Read")
    for one in dora.frame.locator(".tick").all():
        assert one.evaluate(shape) == '"✓✓"'
        assert one.evaluate("tick => getComputedStyle(tick).color") != sent


def test_frame_comes_back_when_the_server_was_restarted(person, fragile_server):
    dora = person("dora", at=fragile_server, java_script_enabled=False)
    ada = person("ada", at=fragile_server)
    room = ada.chat_with(dora)
    ada.say(room, "Before")
    dora.open(room)
    dora.sees("Before")
    expect(dora.frame.locator(".ticks")).to_have_count(1)  # all that it begins with is there
    fragile_server.stop()
    expect(dora.frame.get_by_text("Reconnecting…")).to_be_visible()
    fragile_server.start()
    ada.say(room, "After")
    dora.sees("Before", "After", timeout=30_000)
    ada.say(room, "And live")
    dora.sees("Before", "After", "And live")


def test_frame_of_a_server_that_was_killed_can_be_refreshed(person, fragile_server):
    dora = person("dora", at=fragile_server, java_script_enabled=False)
    ada = person("ada", at=fragile_server)
    room = ada.chat_with(dora)
    ada.say(room, "Before")
    dora.open(room)
    pass_time_faster(dora, 30)
    dora.sees("Before")
    fragile_server.kill()
    lost = dora.frame.get_by_text("Connection lost").filter(visible=True)
    expect(lost).to_have_count(1)
    fragile_server.start()
    ada.say(room, "After")
    dora.frame.get_by_role("link", name="Refresh", exact=True).click()
    dora.sees("Before", "After")
    ada.say(room, "And live")
    dora.sees("Before", "After", "And live")


@pytest.mark.accessibility("A105")
def test_refresh_beside_the_frame(dora, ada):
    room = ada.chat_with(dora)
    dora.open(room)
    expect(dora.frame.get_by_text("No messages yet.")).to_be_visible()
    dora.page.get_by_role("link", name="Refresh", exact=True).click()
    ada.say(room, "Anew")
    dora.sees("Anew")
    expect(dora.frame.get_by_text("No messages yet.")).to_be_hidden()
    assert dora.page.url.endswith(room)


@pytest.mark.accessibility("A105")
def test_keyboard_scrolls_the_frame_and_reaches_links(dora, backstage):
    room = dora.make_room()
    backstage.fill(room, dora.name, 60)
    dora.open(room)
    newest = dora.frame.get_by_text("Line 60", exact=True)
    expect(newest).to_be_in_viewport()
    dora.frame.locator("#scroller").focus()
    dora.page.keyboard.press("PageUp")
    expect(newest).not_to_be_in_viewport()
    dora.page.keyboard.press("Home")
    expect(dora.frame.get_by_text("Line 11", exact=True)).to_be_in_viewport()
    dora.page.keyboard.press("Tab")
    expect(dora.frame.get_by_role("link", name="Older messages")).to_be_focused()
    dora.page.keyboard.press("Enter")
    expect(dora.page.get_by_role("link", name="Go to the newest")).to_be_visible()
    expect(dora.page.locator(".message")).to_have_count(10)


def test_left_room_says_so(dora, ada):
    room = ada.make_room(dora)
    dora.open(room)
    expect(dora.frame.get_by_text("No messages yet.")).to_be_visible()
    dora.post(f"{room}leave/")
    expect(dora.frame.get_by_text("You are no longer in this room.")).to_be_visible()
    dora.frame.get_by_role("link", name="All chats").click()
    expect(dora.page.get_by_role("heading", name="Hearth")).to_be_visible()


def test_with_scripts_there_is_no_frame(ada, ben):
    ada.open_live(ada.make_room(ben))
    assert len(ada.page.frames) == 1
    expect(ada.scroller).to_be_visible()
