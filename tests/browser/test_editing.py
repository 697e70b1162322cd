"""Editing and deleting own messages, as those see it who do it and those who look on."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Person
from tests.browser.test_announcements import ORACLE, heard_nothing


def row(person: Person, text: str):
    return person.page.locator(".message").filter(has_text=text)


def open_form(person: Person, text: str) -> None:
    person.menu_of(row(person, text)).get_by_role("link", name="Edit", exact=True).click()
    expect(field(person)).to_be_focused()


def field(person: Person):
    return person.panel.get_by_label("Message")


def test_edit_appears_everywhere_and_the_focus_comes_back(ada, ben, room):
    ada.say(room, "Helo", "Another one")
    ben.open_live(room)
    ada.open_live(room)
    open_form(ada, "Helo")
    field(ada).fill("Hello https://example.com/")
    ada.page.keyboard.press("Enter")
    expect(row(ada, "Hello")).to_be_focused()
    for person in (ada, ben):
        person.sees("Hello https://example.com/", "Another one")
        expect(row(person, "Hello").get_by_text("edited")).to_be_visible()
        expect(row(person, "Hello").get_by_role("link", name="https://example.com/")).to_be_visible()
    menu = ben.menu_of(row(ben, "Hello"))
    expect(menu.get_by_role("link", name="Report")).to_be_visible()
    expect(menu.get_by_role("link", name="Edit")).to_have_count(0)


def test_preview_of_the_last_message_changes_in_the_list(ada, ben, room):
    ada.say(room, "Helo")
    ben.open_live("/")
    expect(ben.line(room)).to_contain_text("Helo")
    ada.open_live(room)
    open_form(ada, "Helo")
    field(ada).fill("Good morning")
    ada.page.get_by_role("button", name="Save").click()
    expect(ben.line(room)).to_contain_text("Good morning")
    ada.menu_of(row(ada, "Good morning")).get_by_role("link", name="Delete").click()
    ada.page.get_by_role("button", name="Delete message").click()
    expect(ben.line(room)).to_contain_text("This message was deleted.")
    expect(ben.line(room)).not_to_contain_text("unread")


@pytest.mark.parametrize("way", ["Escape", "Cancel"])
def test_what_was_not_saved_changes_nothing(ada, room, way):
    ada.say(room, "Hello")
    ada.open_live(room)
    open_form(ada, "Hello")
    field(ada).fill("Changed")
    if way == "Escape":
        ada.page.keyboard.press("Escape")
    else:
        ada.page.get_by_role("link", name="Cancel").click()
    hello = row(ada, "Hello")
    expect(hello.get_by_role("link", name="Menu") if way == "Escape" else hello).to_be_focused()
    expect(ada.page.get_by_text("edited")).to_have_count(0)


def tab_to(target):
    for _press in range(15):
        target.page.keyboard.press("Tab")
        if target.evaluate("target => target === document.activeElement"):
            break
    expect(target).to_be_focused()


@pytest.mark.accessibility("A17", "A88")
def test_keyboard_alone_edits_and_deletes(ada, room):
    ada.say(room, "First", "Second")
    ada.open_live(room)
    keyboard = ada.page.keyboard
    expect(ada.box).to_be_focused()
    keyboard.press("Shift+F6")
    keyboard.press("ArrowUp")
    keyboard.press("ArrowUp")
    expect(row(ada, "First")).to_be_focused()
    keyboard.press("Enter")
    tab_to(ada.page.get_by_role("link", name="Edit", exact=True))
    keyboard.press("Enter")
    expect(field(ada)).to_be_focused()
    keyboard.press("End")
    keyboard.type(" of all")
    keyboard.press("Enter")
    expect(row(ada, "First of all")).to_be_focused()
    keyboard.press("Enter")
    tab_to(ada.page.get_by_role("link", name="Delete", exact=True))
    keyboard.press("Enter")
    expect(ada.page.get_by_role("heading", name="Delete this message?")).to_be_visible()
    tab_to(ada.page.get_by_role("button", name="Delete message"))
    keyboard.press("Enter")
    expect(ada.page.locator(".message.deleted")).to_be_focused()
    ada.sees("Second")


def test_deleted_message_goes_from_open_pages(ada, ben, room):
    ada.say(room, "Secret", "Open")
    ben.open_live(room)
    ben.sees("Secret", "Open")
    ada.open_live(room)
    ada.menu_of(row(ada, "Secret")).get_by_role("link", name="Delete").click()
    expect(ada.panel.get_by_text("Secret")).to_be_visible()
    ada.page.get_by_role("button", name="Delete message").click()
    ben.sees("Open")
    expect(ben.page.locator(".message")).to_have_count(2)
    expect(ben.page.locator(".message").first).to_contain_text("This message was deleted.")
    assert "Secret" not in ben.page.content()
    ada.sees("Open")
    expect(ada.page).to_have_url(f"{ada.url}{room}")


@pytest.mark.accessibility("A52")
def test_screen_readers_are_told_nothing(person, ada, ben):
    dora = person("dora")
    dora.context.add_init_script(ORACLE)
    room = dora.make_room(ada, ben)
    ada.say(room, "Helo", "Secret")
    dora.open_live(room)
    first, second = (row.get_attribute("data-key") for row in dora.page.locator(".message").all())
    assert ada.post(f"/messages/{first}/edit/", content="Hello", since="0").status == 302
    assert ada.post(f"/messages/{second}/delete/").status == 302
    dora.sees("Hello")
    heard_nothing(dora, room, ben)


def test_notification_of_a_deleted_message_is_taken_back(ada, ben, room):
    ben.open_live(room)
    ben.page.evaluate("""() => {
      window.takenBack = [];
      window.Notification = class {
        static permission = 'granted';
        constructor(title, { data }) { this.data = data; }
        close() { window.takenBack.push(this.data); }
      };
      delete localStorage.silent;
      delete localStorage.notified;
    }""")
    ben.look_away()
    ben.page.evaluate("localStorage.lookedAt = 0")
    ada.say(room, "Secret")
    ben.sees("Secret")
    key = ben.page.locator(".message").get_attribute("data-key")
    ben.page.wait_for_function("key => localStorage.notified === key", arg=key)
    assert ada.post(f"/messages/{key}/delete/").status == 302
    ben.page.wait_for_function("key => window.takenBack.includes(+key)", arg=key)


def test_without_javascript(person, ada, ben):
    dora = person("dora", java_script_enabled=False)
    room = ada.chat_with(dora)
    dora.say(room, "Helo")
    ada.open_live(room)
    dora.open(room)
    dora.sees("Helo")
    dora.frame.locator(".message .menu").click()
    dora.page.get_by_role("link", name="Edit", exact=True).click()
    dora.page.get_by_label("Message").fill("")
    dora.page.get_by_label("Message").fill("Hello")
    dora.page.get_by_role("button", name="Save").click(no_wait_after=True)
    dora.sees("Hello")
    ada.sees("Hello")
    dora.frame.locator(".message .menu").click()
    dora.page.get_by_role("link", name="Delete").click()
    dora.page.get_by_role("button", name="Delete message").click(no_wait_after=True)
    expect(dora.frame.get_by_text("This message was deleted.")).to_be_visible()
    expect(ada.page.locator("#conversation").get_by_text("This message was deleted.")).to_be_visible()


def test_frame_without_javascript_shows_changes_in_their_place(person, ada):
    dora = person("dora", java_script_enabled=False)
    room = ada.chat_with(dora)
    ada.say(room, "Secret", "Helo", "Last")
    dora.open(room)
    dora.sees("Secret", "Helo", "Last")
    frame = dora.requests("*/live")
    first, second, _last = (
        element.get_attribute("data-key") for element in dora.frame.locator(".message").all()
    )
    assert ada.post(f"/messages/{second}/edit/", content="Hello", since="0").status == 302
    visible = dora.frame.locator(".message .content:visible")
    expect(visible).to_have_text(["Secret", "Last", "Hello"])  # in the order in which they are written
    assert places(dora) == ["Secret", "Hello", "Last"]
    assert ada.post(f"/messages/{first}/delete/").status == 302
    expect(visible).to_have_text(["Last", "Hello"])
    expect(dora.frame.locator(".tombstone")).to_have_text("This message was deleted.")
    ada.say(room, "And on")
    expect(visible).to_have_text(["Last", "Hello", "And on"])
    assert places(dora) == ["This message was deleted.", "Hello", "Last", "And on"]
    assert frame.seen == []


def places(person):
    """Return what messages of the frame say from top to bottom."""
    shown = person.frame.locator(".message :is(.content, .tombstone):visible").all()
    return [text.inner_text() for text in sorted(shown, key=lambda text: text.bounding_box()["y"])]
