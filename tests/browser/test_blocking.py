"""Blocking somebody, as seen by who does it and by who is blocked."""

from playwright.sync_api import expect

from tests.browser.conftest import Person
from tests.browser.test_announcements import ORACLE, hears


def block(blocker: Person, other: Person) -> None:
    blocker.open(f"/people/{other.name}/profile/")
    blocker.page.get_by_role("link", name="Block").click()
    blocker.page.get_by_role("button", name="Block", exact=True).click()
    expect(blocker.page.get_by_role("heading", name="People you have blocked")).to_be_visible()


def test_what_they_write_is_hidden_until_it_is_asked_for(person, ben, cleo):
    dora = person("dora")
    dora.context.add_init_script(ORACLE)
    room = dora.make_room(ben, cleo)
    cleo.say(room, "Before")
    block(dora, ben)
    dora.open_live(room)
    ben.say(room, "Nasty")
    cleo.say(room, "After")
    hears(dora, "cleo: After")
    shown = dora.messages.filter(visible=True)
    expect(shown).to_have_text(["Before", "After"])
    cleo.open_live(room)
    ben.open_live(room)
    ben.box.press_sequentially("I am")
    expect(cleo.page.get_by_text("ben is typing…")).to_be_visible()
    expect(dora.page.locator("#typing")).to_be_empty()
    dora.page.get_by_label("Show messages of people you have blocked").check()
    expect(shown).to_have_text(["Before", "Nasty", "After"])
    dora.page.get_by_label("Show messages of people you have blocked").uncheck()
    keyboard = dora.page.keyboard
    dora.scroller.focus()
    keyboard.press("End")
    keyboard.press("ArrowUp")
    expect(dora.page.locator(".message").filter(has_text="Before")).to_be_focused()


def test_lists_and_open_tabs_follow(person, ben):
    dora = person("dora")
    room = dora.make_room(ben)
    ben.say(room, "Before")
    elsewhere = dora.context.new_page()
    elsewhere.goto(f"{dora.url}{room}")
    expect(elsewhere.locator(".message .content")).to_be_visible()
    block(dora, ben)
    expect(elsewhere.locator(".message .content")).to_be_hidden()
    dora.open_live("/")
    ben.say(room, "Nasty")
    expect(dora.line(room).locator(".chat-text").get_by_text("Nasty")).to_be_hidden()
    expect(dora.line(room)).not_to_contain_text("unread")
    expect(dora.line(f"/people/{ben.name}/").locator("[data-presence]")).to_be_hidden()
    dora.open("/settings/blocked/")
    dora.page.get_by_role("button", name=f"Unblock {ben.name}").click()
    expect(dora.page.get_by_text("You haven’t blocked anyone.")).to_be_visible()
    expect(elsewhere.locator(".message .content").last).to_be_visible()


def test_private_chat_is_closed_for_both(person, ben):
    dora = person("dora")
    room = dora.chat_with(ben)
    ben.open_live(room)
    block(dora, ben)
    ben.send("Are you there?")
    expect(ben.notice).to_have_text(f"You can’t write to {dora.name}.")
    expect(ben.box).to_have_value("Are you there?")
    dora.open_live(room)
    dora.send("Hello")
    expect(dora.notice).to_contain_text("You have blocked ben.")
    dora.page.get_by_role("button", name="Unblock ben").click()
    expect(dora.page.get_by_text("You haven’t blocked anyone.")).to_be_visible()
    ben.box.press("Enter")
    ben.sees("Are you there?")


def test_without_javascript(person, ben, cleo):
    dora = person("dora", java_script_enabled=False)
    room = dora.make_room(ben, cleo)
    ben.say(room, "Nasty")
    cleo.say(room, "Nice")
    block(dora, ben)
    dora.open(room)
    shown = dora.messages.filter(visible=True)
    expect(shown).to_have_text(["Nice"])
    dora.frame.get_by_label("Show messages of people you have blocked").check()
    expect(shown).to_have_text(["Nasty", "Nice"])
