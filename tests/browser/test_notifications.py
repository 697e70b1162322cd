"""Notifications of the desktop, for what comes while nobody looks."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import wait_until

# Chromium shows notifications where no test can look; note them on the way.
RECORDER = """
  window.notifications = [];
  const Real = window.Notification;
  window.Notification = class extends Real {
    constructor(title, options) {
      super(title, options);
      for (const one of notifications) one.isOpen &&= one.tag !== options.tag; // it takes their place
      notifications.push({ title, ...options, isOpen: true, click: () => this.onclick() });
      this.record = notifications.at(-1);
    }
    close() { super.close(); this.record.isOpen = false; }
  };
"""
SOUNDS = """
  window.sounds = 0;
  const start = OscillatorNode.prototype.start;
  OscillatorNode.prototype.start = function () { sounds++; return start.call(this); };
"""


@pytest.fixture
def dora(person, whole_browser):
    dora = person("dora", within=whole_browser, permissions=["notifications"])
    dora.page.add_init_script(RECORDER)
    dora.page.add_init_script(SOUNDS)
    return dora


def shown(person):
    """Title, text and tag of those that were not closed."""
    return person.page.evaluate(
        "notifications.filter((one) => one.isOpen).map((one) => [one.title, one.body, one.tag])"
    )


def eventually_shown(person, number):
    wait_until(person.page, lambda: len(shown(person)) == number)
    return shown(person)


def wait_for_the_end(person):
    wait_until(person.page, lambda: "The end" in [body for _title, body, _tag in shown(person)])


def test_button_asks_explains_a_refusal_and_shows_the_state(person):
    emil = person("emil")
    emil.page.add_init_script(
        "window.Notification = class { static permission = 'default';"
        " static async requestPermission() { Notification.permission = window.answer; } }"
    )
    emil.open_live("/")
    button = emil.page.locator("#notifications")
    expect(button).to_have_text("Enable notifications")
    emil.page.evaluate("window.answer = 'denied'")
    button.click()
    expect(button).to_contain_text("blocked. Allow them for this site")
    emil.page.evaluate("window.answer = 'granted'")
    button.click()
    expect(button).to_have_text("Notifications are on")
    button.click()
    expect(button).to_have_text("Enable notifications")


def test_room_sender_and_text_and_a_click_opens_the_room(ada, dora):
    room = ada.make_room(dora)
    dora.open_live("/").look_away()
    ada.say(room, "Anybody home?")
    [(title, body, _tag)] = eventually_shown(dora, 1)
    assert title.startswith("Room ")
    assert body == "ada: Anybody home?"
    # Later, so that the page that answers is not the one that goes away.
    dora.page.evaluate("setTimeout(() => notifications[0].click())")
    dora.page.wait_for_url(f"**{room}")
    dora.sees("Anybody home?")


def test_one_for_a_room_and_none_when_read_elsewhere(ada, dora):
    chat, room = ada.chat_with(dora), ada.make_room(dora)
    dora.open_live(chat).look_away()
    ada.say(chat, "Here")
    eventually_shown(dora, 1)
    ada.say(room, "There")
    eventually_shown(dora, 2)
    ada.say(room, "Another one")
    wait_until(
        dora.page, lambda: [body for _title, body, _tag in shown(dora)] == ["Here", "ada: Another one"]
    )
    dora.post(f"{room}read/", upto=str(2**40))
    assert eventually_shown(dora, 1)[0][:2] == ["ada", "Here"]


def test_several_windows_notify_once(ada, dora):
    chat = ada.chat_with(dora)
    dora.open_live("/").look_away()
    other = dora.context.new_page()
    for script in (RECORDER, SOUNDS):
        other.add_init_script(script)
    other.goto(f"{dora.url}/")
    other.wait_for_selector("html[data-connection=connected]")
    other.evaluate("document.hasFocus = () => false; dispatchEvent(new Event('blur'))")
    ada.say(chat, "Once")
    for page in (dora.page, other):
        expect(page).to_have_title("(1) Chats – Hearth")
    count = "notifications.length"
    wait_until(dora.page, lambda: dora.page.evaluate(count) + other.evaluate(count) == 1)


def test_none_while_it_is_looked_at_in_any_window(ada, dora):
    chat = ada.chat_with(dora)
    dora.open_live("/").look_away()
    other = dora.context.new_page()
    other.goto(f"{dora.url}/settings/")
    other.goto(f"{dora.url}/")  # has the focus
    other.wait_for_selector("html[data-connection=connected]")
    ada.say(chat, "Seen")
    expect(dora.line(chat)).to_have_accessible_name(re.compile("1 unread"))
    assert shown(dora) == []


@pytest.mark.parametrize(
    ("choice", "expected"),
    [("All messages", 2), ("Only messages that mention me", 1), ("Nothing", 0)],
)
def test_choice_for_a_room(ada, dora, choice, expected):
    room, last = ada.make_room(dora), ada.chat_with(dora)
    dora.open(f"{room}notifications/")
    dora.page.get_by_label("Notify me about").select_option(label=choice)
    dora.page.get_by_role("button", name="Save").click()
    dora.open_live("/").look_away()
    ada.say(room, "For everybody")
    expect(dora.line(room)).to_have_accessible_name(re.compile("1 unread"))
    ada.say(room, f"For @{dora.name}")
    expect(dora.line(room)).to_have_accessible_name(re.compile("2 unread"))
    ada.say(last, "The end")
    wait_for_the_end(dora)
    assert dora.page.evaluate("notifications.length") == expected + 1


def test_muted_for_an_hour(ada, dora):
    room, last = ada.make_room(dora), ada.chat_with(dora)
    dora.open(f"{room}notifications/")
    dora.page.get_by_label("Mute").select_option(label="For an hour")
    dora.page.get_by_role("button", name="Save").click()
    dora.open_live("/").look_away()
    ada.say(room, f"Psst, @{dora.name}")
    ada.say(last, "The end")
    wait_for_the_end(dora)
    assert len(shown(dora)) == 1
    expect(dora.page).to_have_title("(1) Chats – Hearth")
    expect(dora.line(room)).to_have_accessible_name(re.compile("muted"))


def test_sound_is_off_until_it_is_wanted(ada, dora):
    chat = ada.chat_with(dora)
    dora.open_live("/").look_away()
    ada.say(chat, "Quietly")
    eventually_shown(dora, 1)
    assert dora.page.evaluate("sounds") == 0
    dora.open("/settings/")
    dora.page.get_by_label("Play a sound for new messages").check()
    dora.page.get_by_role("button", name="Save").click()
    dora.open_live("/").look_away()
    ada.say(chat, "Aloud")
    eventually_shown(dora, 1)
    assert dora.page.evaluate("sounds") == 1
