"""People talk, each in a browser of their own."""

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser import measure
from tests.browser.test_blocking import block


@pytest.mark.usefixtures("either_htmx")
def test_two_people_see_each_others_messages_in_order(person):
    ada, ben = person("ada"), person("ben")
    ada.open_live(f"/people/{ben.name}/")
    ben.open_live(f"/people/{ada.name}/")
    ada.send("Hello Ben")
    ben.sees("Hello Ben")
    ben.send("Hello Ada")
    ada.sees("Hello Ben", "Hello Ada")
    ada.send("How are you?")
    ben.sees("Hello Ben", "Hello Ada", "How are you?")
    ada.sees("Hello Ben", "Hello Ada", "How are you?")
    # The first message makes the line in the list of chats anew; it stays the marked one.
    line = ada.line(urlsplit(ada.page.url).path)
    expect(line).to_have_attribute("aria-current", "page")
    expect(line).to_contain_text(ben.name)


def test_outsider_finds_no_private_chat(ada, ben, cleo):
    room = ada.chat_with(ben)
    assert cleo.page.goto(f"{cleo.url}{room}").status == 404
    expect(cleo.page.get_by_role("heading", name="Not found")).to_be_visible()
    assert cleo.post(f"{room}messages/", content="Let me in").status == 404


def test_three_people_talk_in_a_group(ada, ben, cleo, room):
    for someone in (ada, ben, cleo):
        someone.open_live(room)
    for number, someone in enumerate((ada, ben, cleo, ada)):
        someone.send(f"Message {number}")
        cleo.sees(*(f"Message {n}" for n in range(number + 1)))
    for someone in (ada, ben):
        someone.sees("Message 0", "Message 1", "Message 2", "Message 3")


def test_everybody_posting_at_once_sees_the_same_order(ada, ben, cleo, room):
    people = ada, ben, cleo
    for someone in people:
        someone.open_live(room)
    for number in range(5):
        for someone in people:
            someone.send(f"{someone.name} {number}")
    for someone in people:
        expect(someone.messages).to_have_count(15)
    orders = [someone.messages.all_inner_texts() for someone in people]
    assert orders[0] == orders[1] == orders[2]
    for someone in people:
        mine = [text for text in orders[0] if text.startswith(someone.name)]
        assert mine == [f"{someone.name} {number}" for number in range(5)]


def test_lobby_shows_last_message_time_badge_and_order_as_they_change(ada, ben):
    quiet, busy = ada.make_room(ben), ada.make_room(ben)
    ada.say(busy, "Early")
    ada.say(quiet, "Late")
    ben.open_live("/")
    expect(ben.chats.nth(0)).to_contain_text("Late")
    expect(ben.chats.nth(1)).to_contain_text("Early")
    ada.say(busy, "Now look")
    expect(ben.chats.nth(0)).to_contain_text("Now look")
    expect(ben.chats.nth(1)).to_contain_text("Late")
    expect(ben.chats.nth(0).get_by_role("link")).to_have_accessible_name(re.compile(", 2 unread messages"))
    expect(ben.chats.nth(0).locator("time")).to_have_text(re.compile(r"^\d\d:\d\d$"))


def test_badge_goes_when_the_messages_are_read_in_another_tab(ada, ben, room):
    ada.say(room, "One", "Two, which nobody else says")
    ben.open_live("/")
    link = ben.page.get_by_role("link").filter(has_text="Two, which nobody else says")
    expect(link).to_have_accessible_name(re.compile("2 unread messages"))
    other = ben.context.new_page()
    other.goto(f"{ben.url}{room}")
    expect(link).not_to_have_accessible_name(re.compile("unread"))


def test_what_was_not_scrolled_to_is_unread_until_it_is_marked(ada, ben, room, backstage):
    with ada.page.expect_response("**/read/"):
        ben.say(room, "Seen")
        ada.open_live(room)
    ada.open("/")
    backstage.fill(room, ben.name, 20, f"Unseen {'and more ' * 60}")
    ada.open_live(room)
    link = ada.page.locator("[aria-current]")
    expect(link).to_have_accessible_name(re.compile(r", 1\d unread messages"))
    ada.page.get_by_role("button", name="Mark as read").click()
    expect(link).not_to_have_accessible_name(re.compile("unread"))


def test_new_room_and_new_person_appear_in_the_lobby(ada, person):
    ada.open_live("/")
    newcomer = person("newcomer")
    expect(ada.chats.get_by_role("link", name=newcomer.name)).to_be_visible()
    newcomer.open("/")
    name = f"Garden of {newcomer.name}"
    newcomer.page.locator(".new-room summary").click()
    newcomer.page.get_by_label("Name of a new room").fill(name)
    newcomer.page.get_by_role("button", name="Create room").click()
    expect(newcomer.page.get_by_role("heading", name=name)).to_be_visible()
    expect(ada.chats.get_by_role("link", name=name)).to_be_visible()
    # Rooms come before people whom one has not written to, as after a reload.
    chats = ada.chats.all_inner_texts()
    room = next(number for number, text in enumerate(chats) if name in text)
    assert room < next(number for number, text in enumerate(chats) if f"\n{newcomer.name}\n" in text)


@pytest.mark.accessibility("A39")
def test_focus_in_the_list_of_chats_survives_a_change_of_order(ada, ben):
    first, second = ada.make_room(ben), ada.make_room(ben)
    ben.open_live("/")
    ada.say(first, "First room")
    ada.say(second, "Second room")
    expect(ben.chats.first).to_contain_text("Second room")
    ben.page.get_by_role("link").filter(has_text="First room").focus()
    ada.say(first, "First again")
    expect(ben.chats.first).to_contain_text("First again")
    expect(ben.chats.first.get_by_role("link")).to_be_focused()


@pytest.mark.accessibility("A62")
def test_line_that_is_drawn_anew_keeps_the_focus(ada, ben):
    room = ada.make_room(ben)
    ben.open_live("/")
    line = ben.line(room)
    line.focus()
    assert ben.post(f"{room}favourite/", is_favourite="on").status == 302
    expect(ben.page.locator("#favourites").get_by_role("link")).to_have_attribute("href", room)
    expect(line).to_be_focused()
    assert ben.post(f"{room}favourite/", is_favourite="").status == 302
    expect(ben.page.locator("#mine a").first).to_have_attribute("href", room)
    expect(line).to_be_focused()


def test_favourite_is_on_top_in_all_tabs_by_keyboard_on_a_narrow_screen(person, ada):
    dora = person("dora", viewport={"width": 360, "height": 640})
    chats = [ada.chat_with(dora), ada.make_room(dora)]
    for chat in chats:
        ada.say(chat, "Hello")
    dora.open_live("/")
    lobby, dora.page = dora.page, dora.context.new_page()
    dora.open_live(chats[0])
    favourites = lobby.get_by_role("list", name="Favourites")
    for name, other, count in (("Add to", "Remove from", 1), ("Remove from", "Add to", 0)):
        expect(favourites.get_by_role("listitem")).to_have_count(1 - count)
        dora.page.get_by_role("button", name=f"{name} favourites").press("Enter")
        expect(dora.page.get_by_role("button", name=f"{other} favourites")).to_be_focused()
        expect(favourites.get_by_role("listitem")).to_have_count(count)
    expect(lobby.get_by_role("list", name="Favourites")).to_be_hidden()
    expect(lobby.get_by_role("list", name="My chats").get_by_role("listitem")).to_have_count(2)


def test_older_chat_comes_in_at_the_top(person, ada, backstage):
    dora = person("dora")
    backstage.make_rooms(dora.name, 52)
    dora.open("/")
    dora.page.get_by_role("link", name="Older chats").press("Enter")
    older = dora.page.get_by_role("main").get_by_role("listitem")
    expect(older).to_have_count(2)
    room = older.last.get_by_role("link").get_attribute("href")
    dora.open_live("/")
    mine = dora.page.get_by_role("list", name="My chats").get_by_role("listitem")
    expect(mine).to_have_count(50)
    assert ada.context.request.get(f"{ada.url}{room}").ok
    ada.say(room, "Still here")
    expect(mine.first).to_contain_text("Still here")
    expect(mine).to_have_count(51)


@pytest.mark.accessibility("A73")
def test_reaction_by_keyboard_is_seen_and_said_at_once(person, ada):
    ben = person("ben")
    room = ada.make_room(ben)
    ben.say(room, "Cake?")
    for someone in (ada, ben):
        someone.open_live(room)
    message = ada.page.locator(".message")
    message.get_by_role("link", name="Menu", exact=True).focus()
    ada.page.get_by_role("link", name="React", exact=True).press("Enter")
    ada.page.keyboard.press("Tab")
    expect(ada.page.get_by_role("button", name="Heart")).to_be_focused()
    ada.page.keyboard.press("Enter")
    expect(ada.page.get_by_role("button", name="Heart: you")).to_have_attribute("aria-pressed", "true")
    expect(ada.page.get_by_role("link", name="React", exact=True)).to_be_focused()
    theirs = ben.page.get_by_role("button", name=f"Heart: {ada.name}")
    expect(theirs).to_have_attribute("aria-pressed", "false")
    expect(ben.page.locator("#announcer")).to_be_empty()
    theirs.click()
    expect(ben.page.get_by_role("button", name=f"Heart: {ada.name} and you")).to_be_visible()
    ben.page.get_by_role("button", name="Heart").click()
    expect(ben.page.get_by_role("button", name=f"Heart: {ada.name}", exact=True)).to_be_visible()
    block(ben, ada)
    ben.open_live(room)
    expect(ben.page.locator(".kind")).to_be_hidden()


def test_what_comes_with_the_pointer_has_its_place_however_large_letters_are(ada, ben, room):
    long = "More words than there is room for in one line of a message. " * 3
    ben.say(room, long)
    ada.say(room, long)
    ada.open_live(room)
    ada.page.set_viewport_size({"width": 1280, "height": 1024})
    for size in ("100%", "200%"):
        ada.page.evaluate("size => { document.documentElement.style.fontSize = size; }", size)
        for message in ada.page.locator(".message").all():
            message.hover()
            expect(message.locator(".reply")).to_be_visible()
            assert measure.problems(ada.page, "wide") == []


def test_reactions_do_not_move_what_one_reads(ada, ben, room, backstage):
    backstage.fill(room, ben.name, 40)
    ada.open_live(room)
    read = ada.page.locator(".message").nth(15)
    read.scroll_into_view_if_needed()
    read.focus()
    before = read.bounding_box()["y"]
    for place in (16, 39, 2):  # below, far below, far above
        key = ada.page.locator(".message").nth(place).get_attribute("data-key")
        assert ben.post(f"/messages/{key}/react/", emoji="🎂").status == 302
        expect(ada.page.locator(f"#message-{key} .reaction")).to_have_count(1)
        assert abs(read.bounding_box()["y"] - before) < 1, place


def test_reaction_that_is_refused_is_said_in_the_room(person, ada):
    ben = person("ben")
    room = ada.chat_with(ben)
    ben.say(room, "Hello")
    ada.open_live(room)
    block(ben, ada)
    ada.page.locator(".message").hover()
    ada.page.get_by_role("link", name="React", exact=True).click()
    ada.page.get_by_role("button", name="Thumbs up").click()
    expect(ada.page.locator("#not-reacted")).to_have_text("You can’t write in this chat right now.")
