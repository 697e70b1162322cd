"""Badges, titles and the icon of the tab: what is unread, on every page of the reader."""

import re

import pytest
from playwright.sync_api import Page, expect


@pytest.fixture
def dora(person):
    return person("dora")


def icon(page: Page):
    return page.locator("link[rel=icon]")


@pytest.mark.accessibility("A36", "A40")
def test_badge_title_and_icon_in_the_lobby(ada, dora):
    chat = ada.chat_with(dora)
    dora.open_live("/")
    expect(dora.page).to_have_title("Chats – Hearth")
    expect(icon(dora.page)).to_have_attribute("href", re.compile(r"/icon\."))
    ada.say(chat, "One")
    expect(dora.line(chat)).to_have_accessible_name(re.compile(r"^ada ?, 1 unread message\b"))
    expect(dora.page).to_have_title("(1) Chats – Hearth")
    ada.say(chat, "Two", "Three")
    expect(dora.line(chat)).to_have_accessible_name(re.compile(r"^ada ?, 3 unread messages"))
    expect(dora.page).to_have_title("(3) Chats – Hearth")
    expect(icon(dora.page)).to_have_attribute("href", re.compile("icon-unread"))


def test_over_99_and_after_a_reload_the_same(ada, dora, backstage):
    room = ada.make_room(dora)
    backstage.fill(room, ada.name, 99)
    dora.open_live("/")
    expect(dora.line(room)).to_have_accessible_name(re.compile(", 99 unread messages"))
    ada.say(room, "One hundred")
    for _load in range(2):
        expect(dora.line(room)).to_have_accessible_name(re.compile(r", 99\+ unread messages"))
        expect(dora.page).to_have_title("(99+) Chats – Hearth")
        dora.page.reload()


def test_reading_in_one_tab_clears_all(ada, dora):
    chat = ada.chat_with(dora)
    dora.open_live(chat).look_away()
    lobby = dora.context.new_page()
    lobby.goto(f"{dora.url}/")
    ada.say(chat, "One", "Two")
    badge = lobby.get_by_role("link", name=re.compile("^ada ?, 2 unread messages"))
    expect(badge).to_be_visible()
    expect(lobby).to_have_title("(2) Chats – Hearth")
    expect(dora.page).to_have_title("(2) ada – Hearth")
    dora.look()
    expect(badge).to_have_count(0)
    expect(lobby).to_have_title("Chats – Hearth")
    expect(dora.page).to_have_title("ada – Hearth")
    expect(icon(lobby)).to_have_attribute("href", re.compile(r"/icon\."))


def test_nothing_flickers_in_a_room_that_is_read(ada, dora):
    """Neither title nor icon nor badge says for a moment that there is something unread."""
    room = ada.make_room(dora)
    ada.say(room, "One")
    dora.open_live(room)
    expect(dora.page).to_have_title(re.compile("^Room"))
    dora.page.evaluate(
        """() => {
          window.seen = new Set();
          const look = () => {
            const badge = document.querySelector('[aria-current] .badge');
            const isShown = badge?.checkVisibility({ visibilityProperty: true }) ?? false;
            const icon = document.querySelector('#icon').href.includes('unread');
            window.seen.add([document.title[0], icon, isShown].join());
            requestAnimationFrame(look);
          };
          look();
        }"""
    )
    requests = dora.requests("**/read/")
    for number in range(3):
        ada.say(room, f"More {number}")
        requests.wait_for(number + 1)
    expect(dora.messages.last).to_have_text("More 2")
    ada.say(room, "Last")
    expect(dora.messages.last).to_have_text("Last")
    assert dora.page.evaluate("[...window.seen]") == ["R,false,false"]
    dora.look_away()
    ada.say(room, "Later")
    expect(dora.page).to_have_title(re.compile(r"^\(\d\) Room"))


@pytest.mark.accessibility("A40")
def test_title_of_a_room_counts_that_room_only(ada, dora):
    chat, room = ada.chat_with(dora), ada.make_room(dora)
    dora.open_live(chat).look_away()
    ada.say(room, "Elsewhere")
    ada.say(chat, "Here")
    expect(dora.page).to_have_title("(1) ada – Hearth")
    expect(dora.line(room)).to_have_accessible_name(re.compile(", 1 unread message"))


def test_mark_unread_from_here(ada, dora):
    room = ada.make_room(dora)
    ada.say(room, "One", "Two", "Three")
    dora.open_live(room)
    expect(dora.page).to_have_title(re.compile("^Room"))
    other = dora.context.new_page()
    other.goto(f"{dora.url}{room}")
    other.evaluate("document.hasFocus = () => false")
    dora.menu_of(dora.page.locator(".message").nth(1)).get_by_role(
        "button", name="Mark as unread from here"
    ).click()
    expect(dora.line(room)).to_have_accessible_name(re.compile(", 2 unread messages"))
    expect(other).to_have_title(re.compile(r"^\(2\) Room"))
    dora.line(room).click()
    expect(dora.page.get_by_role("heading", name="New messages")).to_be_visible()
    expect(dora.page).to_have_title(re.compile("^Room"))  # seen again


def test_what_comes_after_is_read_in_a_window_from_before(ada, dora):
    room = ada.make_room(dora)
    ada.say(room, "One")
    dora.open_live(room)
    expect(dora.page).to_have_title(re.compile("^Room"))
    other = dora.context.new_page()
    other.goto(f"{dora.url}{room}")
    other.locator(".message").hover()
    other.get_by_role("link", name="Menu", exact=True).click()
    other.get_by_role("button", name="Mark as unread from here").click()
    expect(dora.page).to_have_title(re.compile(r"^\(1\) Room"))
    ada.say(room, "Two")
    dora.sees("One", "Two")
    expect(dora.page).to_have_title(re.compile("^Room"))


def test_more_than_a_page_begins_with_what_is_unread(ada, dora, backstage):
    room = ada.make_room(dora)
    backstage.fill(room, ada.name, 130)
    dora.open(room)
    expect(dora.page.get_by_role("heading", name="New messages")).to_be_in_viewport()
    dora.wait_until_live()
    expect(dora.line(room)).to_have_accessible_name(re.compile(r", 99\+ unread messages"))


@pytest.mark.accessibility("A61")
def test_typing_types_in_a_room_with_unread_opened_from_the_list(ada, dora, backstage):
    """A fragment in the address would leave Orca reading at it in Chromium, where letters are commands."""
    room = ada.make_room(dora)
    ada.say(room, "Read")
    dora.open_live(room)
    dora.open_live("/")
    backstage.fill(room, ada.name, 40)
    dora.line(room).click()
    expect(dora.page.get_by_role("heading", name="New messages")).to_be_in_viewport()
    assert dora.page.url == f"{dora.url}{room}"
    expect(dora.box).to_be_focused()
    dora.page.keyboard.type("Hello")
    expect(dora.box).to_have_value("Hello")


def test_mark_all_as_read_and_undo(ada, dora):
    room, chat = ada.make_room(dora), ada.chat_with(dora)
    ada.say(room, "One", "Two")
    ada.say(chat, "Three")
    dora.open_live("/")
    expect(dora.page).to_have_title("(3) Chats – Hearth")
    dora.page.get_by_role("button", name="Mark all as read").click()
    expect(dora.page).to_have_title("Chats – Hearth")
    expect(dora.line(chat)).not_to_have_accessible_name(re.compile("unread"))
    dora.page.get_by_role("button", name="Undo").click()
    expect(dora.page).to_have_title("(3) Chats – Hearth")
    expect(dora.line(room)).to_have_accessible_name(re.compile(", 2 unread messages"))
    expect(dora.page.get_by_role("button", name="Undo")).to_have_count(0)


def test_mentions_are_highlighted_and_counted_apart(ada, dora):
    room = ada.make_room(dora)
    dora.open_live("/")
    ada.say(room, "Nothing", f"Is @{dora.name} here? I miss @nobody.")
    expect(dora.line(room)).to_have_accessible_name(re.compile(", 2 unread messages, 1 mentions you"))
    dora.open(room)
    expect(dora.page.locator(".mention")).to_have_text([f"@{dora.name}"])


def test_mark_as_read_without_a_script(ada, person):
    dora = person("dora", java_script_enabled=False)
    chat = ada.chat_with(dora)
    ada.say(chat, "One", "Two")
    ada.open_live(chat)
    dora.open(chat)
    expect(dora.page).to_have_title("(2) ada – Hearth")
    mark = dora.page.get_by_role("button", name="Mark as read")
    expect(mark).to_have_count(1)  # style hides the other one
    mark.click()
    expect(dora.page).to_have_title("ada – Hearth")
    for tick in ada.ticks.all():
        expect(tick).to_have_accessible_name("Read")
