"""Searching messages, by keyboard alone, with scripts and without."""

import re
from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Person


def count_says(person: Person, text: str) -> None:
    expect(person.page.get_by_role("status").filter(has_text=text)).to_be_visible()


def follow_by_keyboard(person: Person, link: str) -> None:
    person.page.get_by_role("link", name=link, exact=True).focus()
    person.page.keyboard.press("Enter")


@pytest.mark.accessibility("A84", "A85", "A86")
def test_from_a_room_to_a_message_and_back_by_keyboard(ada, ben, room):
    ben.say(
        room, "A large umbrella, very **bold**", *(f"Filler {number}" for number in range(60)), "No umbrella"
    )
    ada.open_live(room)
    follow_by_keyboard(ada, "Search")
    box = ada.page.get_by_role("searchbox")
    expect(box).to_be_focused()
    ada.page.keyboard.type("umbrella")
    ada.page.keyboard.press("Enter")
    count_says(ada, "2 messages found.")
    expect(box).to_be_focused()
    expect(box).to_have_value(re.compile(r"umbrella in:.+"))
    assert "umbrella" in ada.page.url

    ada.page.keyboard.press("Home")
    ada.page.keyboard.type("very bold ")
    count_says(ada, "1 message found.")
    expect(box).to_be_focused()
    expect(ada.page.locator("#found mark")).to_have_text(["umbrella", "very", "bold"])
    assert "very+bold" in ada.page.url
    expect(ada.page.locator("#notice")).to_have_js_property("textContent", "")  # else it shows a bar
    ada.page.keyboard.type("from:nobody ")
    count_says(ada, "“from:nobody” was searched for as text")
    sender = ada.page.get_by_label("From", exact=True)
    expect(sender).to_have_value("nobody")
    sender.focus()
    ada.page.keyboard.press("Control+a")
    ada.page.keyboard.type(ben.name)
    expect(box).to_have_value(re.compile(rf"from:{ben.name}$"))
    expect(sender).to_be_focused()
    count_says(ada, "1 message found.")
    box.fill("very bold umbrella")
    expect(sender).to_have_value("")
    expect(box).to_be_focused()
    count_says(ada, "1 message found.")

    ada.page.get_by_role("region", name="Messages").get_by_role("list").get_by_role("link").first.focus()
    ada.page.keyboard.press("Enter")
    ada.wait_until_live()
    message = ada.page.locator(".message").filter(has_text="large umbrella")
    expect(message).to_be_focused()
    expect(message.locator("mark")).to_have_text(["umbrella", "very", "bold"])
    expect(ada.page.locator("#gap")).to_be_visible()
    ada.page.go_back()
    expect(ada.page.get_by_role("searchbox")).to_have_value("very bold umbrella")
    count_says(ada, "1 message found.")


def test_without_scripts_and_without_an_address(person, ben):
    dora = person("dora", java_script_enabled=False)
    room = dora.make_room(ben)
    ben.say(room, "A large umbrella", *(f"Filler {number}" for number in range(60)))
    dora.open("/")
    dora.page.get_by_role("link", name="Search messages").click()
    dora.page.get_by_role("link", name="Keep it out of the address").click()
    dora.page.locator("main summary").click()
    dora.page.get_by_label("From", exact=True).fill(ben.name)
    dora.page.get_by_role("searchbox").fill("umbrella")
    dora.page.get_by_role("button", name="Search", exact=True).click()
    count_says(dora, "1 message found.")
    expect(dora.page.get_by_role("searchbox")).to_have_value(f"umbrella from:{ben.name}")
    assert dora.page.url.endswith("/search/")
    dora.page.locator("#found").get_by_role("link").first.click()
    expect(dora.page.locator(".linked-line")).to_be_visible()
    expect(dora.page.locator(".message").filter(has_text="A large umbrella")).to_be_visible()

    dora.open(f"{room}search/")
    dora.page.get_by_label("Day").fill(datetime.now(UTC).date().isoformat())
    dora.page.get_by_role("button", name="Jump", exact=True).click()
    expect(dora.page.locator(".linked-line")).to_be_visible()
    expect(dora.page.locator(".message").first).to_contain_text("A large umbrella")
