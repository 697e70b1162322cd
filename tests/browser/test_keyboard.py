"""A whole visit without a mouse."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Person


def tab_to(person: Person, role: str, name: str) -> None:
    """Press Tab until that element has the focus, as somebody does who cannot see how far it is."""
    target = person.page.get_by_role(role, name=name)
    for _press in range(60):
        person.page.keyboard.press("Tab")
        if target.evaluate_all("(found) => found.includes(document.activeElement)"):
            return
    raise AssertionError(f"Tab never came to the {role} {name!r}")


def leave_box(person: Person, key: str = "Shift+Tab") -> None:
    """Go from the box to the messages, past what chooses files; with Tab, back to it.

    Somebody who is at the newest message has no button that leads there.
    """
    person.page.keyboard.press(key)
    expect(person.page.locator("#files-choice summary")).to_be_focused()
    person.page.keyboard.press(key)


@pytest.mark.accessibility("A17", "A59", "A70")
def test_login_chat_history_logout(person, ada, backstage):
    dora = person("dora", enter=False)
    room = ada.make_room()
    backstage.fill(room, ada.name, 52)
    ada.say(room, f"Last for {dora.name}")
    keyboard = dora.page.keyboard

    dora.open("/")
    keyboard.type(dora.name)  # the box for the name has the focus
    keyboard.press("Enter")
    expect(dora.page.get_by_role("heading", name="Hearth")).to_be_visible()
    tab_to(dora, "link", f"Last for {dora.name}")
    keyboard.press("Enter")
    expect(dora.messages.last).to_have_text(f"Last for {dora.name}")

    expect(dora.box).to_be_focused()
    keyboard.type("Good morning")
    keyboard.press("Enter")
    expect(dora.messages.last).to_have_text("Good morning")
    expect(dora.box).to_be_focused()

    leave_box(dora)  # to the link to older messages, which come when it is in view
    expect(dora.messages).to_have_count(54)
    expect(dora.page.get_by_text("This is the beginning of the conversation")).to_be_focused()

    dora.page.locator("#own-menu summary").focus()
    keyboard.press("Enter")
    tab_to(dora, "button", "Log out")
    keyboard.press("Enter")
    expect(dora.page.get_by_label("Name", exact=True)).to_be_focused()


@pytest.mark.accessibility("A06")
def test_skip_link_leads_past_the_chats(ada):
    ada.open_live("/")
    ada.page.keyboard.press("Tab")
    link = ada.page.get_by_role("link", name="Skip to content")
    expect(link).to_be_focused()
    expect(link).to_be_in_viewport()
    ada.page.keyboard.press("Enter")
    expect(ada.page.get_by_role("main")).to_be_focused()


@pytest.mark.accessibility("A06")
def test_long_list_of_chats_is_passed_in_one_step(ada, ben):
    for _chat in range(3):
        ada.make_room(ben)
    ada.open_live("/")
    ada.page.get_by_role("button", name="Mark all as read").focus()
    tab_to(ada, "link", "Skip the chats")
    ada.page.keyboard.press("Enter")
    expect(ada.page.get_by_role("main")).to_be_focused()
    ada.page.keyboard.press("Tab")
    assert ada.page.evaluate("!document.querySelector('#chats').contains(document.activeElement)")


@pytest.mark.accessibility("A06", "A61")
def test_first_tab_in_a_room_finds_the_skip_link(ada, room):
    ada.open_live(room)
    expect(ada.box).to_be_focused()
    ada.page.keyboard.press("Tab")
    link = ada.page.get_by_role("link", name="Skip to content")
    expect(link).to_be_focused()
    expect(link).to_be_in_viewport()
    ada.page.keyboard.press("Enter")
    expect(ada.page.get_by_role("main")).to_be_focused()


@pytest.mark.parametrize("use", ["typed", "clicked"])
def test_tab_goes_on_from_a_box_that_was_used(ada, room, use):
    ada.open_live(room)
    if use == "typed":
        ada.page.keyboard.type("H")
    else:
        ada.box.click()
    for button in ["Preview", "Send"] if use == "typed" else ["Send"]:
        ada.page.keyboard.press("Tab")
        expect(ada.page.get_by_role("button", name=button)).to_be_focused()


def test_name_is_completed_with_keys_and_by_pointing(ada, ben, room):
    ada.open_live(room)
    box, keyboard = ada.page.locator("#content"), ada.page.keyboard
    options, said = ada.page.get_by_role("option"), ada.page.locator("#completions-said")
    option = ada.page.get_by_role("option", name=ben.name, exact=True)  # there may be a ben-1
    begun = f"@{ben.name[:-1]}"

    box.press_sequentially(f"Hi {begun}")
    expect(said).to_have_text(re.compile(r"^\d (person|people)$"))
    expect(box).to_have_role("combobox")
    expect(box).not_to_have_attribute("aria-activedescendant", re.compile("."))
    keyboard.press("Escape")
    expect(options).to_have_count(0)
    expect(box).to_have_role("textbox")
    expect(said).to_be_empty()
    keyboard.press("Backspace")
    expect(options).to_have_count(0)  # the reader has seen enough of this one

    box.fill("")
    box.press_sequentially(begun)
    option.wait_for()
    keyboard.press("ArrowUp")
    keyboard.press("ArrowDown")
    expect(options.first).to_have_attribute("aria-selected", "true")
    expect(box).to_have_attribute("aria-activedescendant", options.first.get_attribute("id"))
    keyboard.press("Tab")
    expect(box).to_have_value(re.compile(r"^@\S+ $"))
    expect(box).to_be_focused()

    box.press_sequentially(f"and {begun}")
    assert option.bounding_box()["height"] >= 44
    option.click()
    expect(box).to_have_value(re.compile(rf"^@\S+ and @{ben.name} $"))
    # Emoji by a : and two letters, which no smiley has.
    box.fill("")
    box.press_sequentially("at 10:30 :D :bir")
    expect(said).to_have_text(re.compile(r"^\d emoji$"))
    ada.page.get_by_role("option", name="Birthday cake", exact=True).wait_for()
    keyboard.press("Tab")
    expect(box).to_have_value(re.compile(r"^at 10:30 :D \S+ $"))
    # Somebody who has chosen nothing sends what is there.
    box.fill("")
    box.press_sequentially(begun)
    options.first.wait_for()
    keyboard.press("Enter")
    expect(ada.messages.last).to_have_text(begun)
    expect(options).to_have_count(0)


@pytest.mark.accessibility("A64", "A65")
def test_messages_are_one_stop_with_keys_inside(ada, ben, room, backstage):
    backstage.fill(room, ben.name, 30)
    ben.say(room, "See https://example.com/ and https://example.org/")
    ada.open_live(room)
    ada.scroller.evaluate("scroller => scroller.scrollTo(0, 0)")
    expect(ada.page.locator("#to-newest")).to_be_hidden()
    message = ada.page.locator(".message")
    keyboard = ada.page.keyboard
    leave_box(ada)
    expect(ada.scroller).to_be_focused()
    leave_box(ada, "Tab")
    expect(ada.box).to_be_focused()
    leave_box(ada)

    keyboard.press("ArrowUp")
    expect(message.last).to_be_focused()
    # Author, text, time, state: in this order, and no more than once.
    expect(message.last).to_have_accessible_name(
        re.compile(r"^ben See https://example\.com/ and https://example\.org/ \d\d:\d\d$")
    )
    keyboard.press("ArrowDown")
    expect(message.last).to_be_focused()
    for key, number in (("ArrowUp", 29), ("PageUp", 19), ("PageUp", 9), ("PageUp", 0), ("ArrowUp", 0)):
        keyboard.press(key)
        expect(message.nth(number)).to_be_focused()
        expect(message.nth(number)).to_be_in_viewport()
    for key, number in (("PageDown", 10), ("Home", 0), ("End", 30)):
        keyboard.press(key)
        expect(message.nth(number)).to_be_focused()

    for name in (ben.name, "https://example.com/", "https://example.org/", "Menu", "Reply", "React"):
        keyboard.press("Tab")
        expect(message.last.get_by_role("link", name=name)).to_be_focused()
    leave_box(ada, "Tab")
    expect(ada.box).to_be_focused()

    leave_box(ada)
    keyboard.press("ArrowUp")
    keyboard.press("Escape")
    expect(ada.box).to_be_focused()
    leave_box(ada)
    keyboard.press("ArrowUp")
    keyboard.press("Enter")
    expect(ada.page.get_by_role("link", name="Details")).to_be_focused()


@pytest.mark.accessibility("A62")
def test_incoming_message_moves_neither_focus_nor_place(ada, ben, room, backstage):
    backstage.fill(room, ben.name, 40)
    ada.open_live(room)
    ada.scroller.evaluate("scroller => scroller.scrollTo(0, 0)")
    expect(ada.page.locator("#to-newest")).to_be_hidden()
    leave_box(ada)
    ada.page.keyboard.press("ArrowUp")
    ada.page.keyboard.press("Home")
    first = ada.page.locator(".message").first
    expect(first).to_be_focused()
    top = first.bounding_box()["y"]
    ben.say(room, "News")
    expect(ada.messages.last).to_have_text("News")
    expect(first).to_be_focused()
    assert abs(first.bounding_box()["y"] - top) <= 1


@pytest.mark.accessibility("A66")
def test_f6_goes_from_region_to_region(ada, ben, room):
    ben.say(room, "Hello", "How are you?")
    ada.open_live(room)
    keyboard = ada.page.keyboard
    chat = ada.page.locator("#chats [aria-current]")
    older, newest = ada.page.locator(".message").all()
    for stop in (chat, newest, ada.box, chat):
        keyboard.press("F6")
        expect(stop).to_be_focused()
    for stop in (ada.box, newest, chat):
        keyboard.press("Shift+F6")
        expect(stop).to_be_focused()
    keyboard.press("F6")
    expect(newest).to_have_accessible_name(re.compile("^ben How are you"))
    keyboard.press("ArrowUp")
    expect(older).to_be_focused()
    keyboard.press("F6")
    expect(ada.box).to_be_focused()
    ada.page.get_by_role("link", name="Leave").focus()  # in no region
    keyboard.press("Shift+F6")
    expect(ada.box).to_be_focused()

    ada.page.set_viewport_size({"width": 320, "height": 600})  # the chats have a page of their own
    for stop in (newest, ada.box):
        keyboard.press("F6")
        expect(stop).to_be_focused()

    ada.page.set_viewport_size({"width": 1280, "height": 800})
    ada.open_live("/")
    keyboard.press("F6")
    expect(ada.page.locator("#chats a").first).to_be_focused()
    keyboard.press("F6")
    expect(ada.page.get_by_role("main")).to_be_focused()


@pytest.mark.accessibility("A106")
def test_no_single_key_does_anything(ada, room):
    ada.say(room, "Hello")
    ada.open_live(room)
    leave_box(ada)
    requests = ada.requests("**/*")
    for key in "abcdefghijklmnopqrstuvwxyz0123456789/?.,-+*#":
        ada.page.keyboard.press(key)
    expect(ada.scroller).to_be_focused()
    expect(ada.box).to_have_value("")
    ada.sees("Hello")
    assert [request.url for request in requests.seen if request.is_navigation_request()] == []


@pytest.mark.accessibility("A84", "A85")
def test_somebody_is_found_and_written_to(person, ada, room):
    zoe = person("zoe")
    shown = f"{zoe.name.title()} Weiß"
    assert zoe.post("/settings/profile/", display_name=shown, status_ends="never").status == 302
    ada.page.set_viewport_size({"width": 360, "height": 640})
    ada.open_live(room)
    keyboard, count = ada.page.keyboard, ada.page.get_by_role("status")
    keyboard.type("Half a message")
    keyboard.press("Control+k")
    box = ada.page.get_by_role("searchbox", name="Name, or part of it")
    expect(box).to_be_focused()
    keyboard.type(f"{zoe.name.upper()} WEISS", delay=5)
    expect(count).to_have_text("1 found")
    expect(box).to_be_focused()
    assert ada.page.evaluate("document.documentElement.scrollWidth") <= 360
    keyboard.type(" but nobody", delay=5)
    expect(count).to_have_text("Nothing found.")
    for _letter in " but nobody":
        keyboard.press("Backspace")
    expect(count).to_have_text("1 found")
    ada.reload()  # the address has what was found
    expect(count).to_have_text("1 found")
    ada.page.get_by_role("link", name="All chats", exact=True).focus()
    keyboard.press("Control+k")
    expect(box).to_be_focused()
    tab_to(ada, "link", f"Write {shown}")
    keyboard.press("Enter")
    expect(ada.page.get_by_role("heading", name=shown)).to_be_visible()
    ada.open_live(room)
    expect(ada.box).to_have_value("Half a message")


def test_on_a_mac_the_key_is_another_one(person):
    dora = person("dora")  # who stays on it
    dora.page.add_init_script("Object.defineProperty(navigator, 'platform', { get: () => 'MacIntel' })")
    dora.open("/help/")
    dora.page.keyboard.press("Control+k")
    dora.page.keyboard.press("Meta+Shift+k")
    assert dora.page.url.endswith("/help/")
    dora.page.keyboard.press("Meta+k")
    expect(dora.page.get_by_role("heading", name="Rooms and people")).to_be_visible()


@pytest.mark.accessibility("A66", "A106")
def test_help_lists_the_keys(ada):
    ada.open("/")
    ada.own_menu("link", "Help").click()
    expect(ada.page.get_by_role("rowheader", name="F6")).to_be_visible()
    ada.open("/settings/")
    ada.own_menu("link", "Help").click()
    expect(ada.page.get_by_role("heading", name="Keys")).to_be_visible()


@pytest.mark.accessibility("A28")
def test_password_can_be_shown_and_is_hidden_again(ada):
    ada.open("/settings/password/")
    field = ada.page.get_by_label("New password", exact=True)
    button = ada.page.get_by_role("button", name="Show New password", exact=True)
    ada.page.get_by_label("New password again", exact=True).fill("correct horse")
    field.fill("correct horse")
    ada.page.keyboard.press("Tab")
    expect(button).to_be_focused()
    expect(button).to_have_attribute("aria-pressed", "false")
    ada.page.keyboard.press("Space")
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(field).to_have_attribute("type", "text")
    ada.page.keyboard.press("Space")
    expect(field).to_have_attribute("type", "password")
    ada.page.keyboard.press("Space")
    ada.page.evaluate("document.addEventListener('submit', (event) => event.preventDefault())")
    ada.page.get_by_role("button", name="Set password").click()
    expect(field).to_have_attribute("type", "password")


@pytest.mark.accessibility("A28", "A105")
def test_without_scripts_nothing_offers_to_show_a_password(person):
    dora = person("dora", java_script_enabled=False).open("/settings/password/")
    expect(dora.page.get_by_label("New password", exact=True)).to_be_visible()
    expect(dora.page.get_by_role("button", name="Show")).to_have_count(0)
