"""Everything works as plain pages and forms."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Person


@pytest.fixture
def dora(person) -> Person:
    """Somebody without JavaScript."""
    return person("dora", java_script_enabled=False)


def press(person: Person, name: str) -> None:
    person.page.get_by_role("button", name=name, exact=True).click()


@pytest.mark.accessibility("A30", "A31", "A105")
def test_from_login_to_logout(person):
    dora = person("dora", enter=False, java_script_enabled=False)
    dora.open("/")
    name = dora.page.get_by_label("Name", exact=True)
    name.fill("two: words")
    press(dora, "Log in")
    expect(name).to_have_value("two: words")
    expect(name).to_have_attribute("aria-invalid", "true")
    name.fill(dora.name)
    press(dora, "Log in")
    expect(dora.page.get_by_role("heading", name="Hearth")).to_be_visible()
    press(dora, "Got it")
    dora.open("/help/")
    expect(dora.page.get_by_role("heading", name="Without JavaScript")).to_be_visible()
    expect(dora.page.get_by_role("heading", name="Keys")).to_be_hidden()
    dora.open("/")
    expect(dora.page.get_by_text("First steps")).to_have_count(0)

    dora.page.locator(".new-room summary").click()
    room = dora.page.get_by_label("Name of a new room")
    room.fill("general")
    press(dora, "Create room")
    expect(room).to_have_value("general")
    expect(dora.page.get_by_text("A room with this name already exists.")).to_be_visible()
    room.fill(f"Shed of {dora.name}")
    press(dora, "Create room")
    expect(dora.page.get_by_role("heading", name=f"Shed of {dora.name}")).to_be_visible()

    dora.box.fill("Hello\nthere")
    press(dora, "Send")
    dora.sees("Hello there")
    expect(dora.box).to_have_value("")
    assert dora.page.url.endswith("#content")
    dora.reload()
    dora.sees("Hello there")

    dora.page.get_by_role("link", name="Leave").click()
    press(dora, "Leave")
    expect(dora.page.get_by_role("heading", name="Hearth")).to_be_visible()
    dora.own_menu("button", "Log out").click()
    expect(name).to_be_visible()
    dora.open("/")
    assert "/login/" in dora.page.url


@pytest.mark.accessibility("A02", "A105")
def test_refused_message_stays_in_the_box(dora):
    dora.open(dora.make_room())
    dora.box.fill("x" * 4001)
    with dora.page.expect_response("**/messages/") as answer:
        press(dora, "Send")
    assert answer.value.status == 422
    expect(dora.notice).to_contain_text("at most 4000 characters")
    expect(dora.box).to_have_value("x" * 4001)
    expect(dora.page).to_have_title(re.compile("^Error:"))
    dora.box.fill("Short")
    press(dora, "Send")
    dora.sees("Short")


def test_double_click_and_the_way_back_save_one(dora):
    dora.open(dora.make_room())
    dora.box.fill("Only once")
    dora.page.get_by_role("button", name="Send").dblclick()
    dora.page.wait_for_url("**#content", wait_until=dora.loaded)
    dora.sees("Only once")
    dora.page.go_back(wait_until=dora.loaded)
    dora.sees("Only once")
    expect(dora.box).to_have_value("")  # nothing that looks as if it had not been sent


@pytest.mark.accessibility("A70", "A105")
def test_older_pages_and_back_to_the_newest(dora, backstage):
    room = dora.make_room()
    lines = backstage.fill(room, dora.name, 52)
    dora.open(room)
    dora.sees(*lines[2:])
    dora.frame.get_by_role("link", name="Older messages").click()
    expect(dora.page.locator(".message .content")).to_have_text(lines[:2])
    dora.page.get_by_role("link", name="Go to the newest").click()
    dora.sees(*lines[2:])


@pytest.mark.accessibility("A74", "A105")
def test_mark_as_read(dora, ada):
    room = ada.chat_with(dora)
    ada.say(room, "Do you read me?")
    dora.open("/")
    link = dora.page.get_by_role("link").filter(has_text="Do you read me?")
    expect(link).to_have_accessible_name(re.compile("1 unread message"))
    link.click()
    expect(dora.frame.get_by_role("heading", name="New messages")).to_be_visible()
    dora.page.set_viewport_size({"width": 360, "height": 740})
    assert dora.page.locator("main > header").bounding_box()["height"] < 72, "it is one row"
    press(dora, "Mark as read")
    dora.page.set_viewport_size({"width": 1280, "height": 720})
    dora.sees("Do you read me?")
    expect(dora.frame.get_by_role("heading", name="New messages")).to_have_count(0)
    expect(link).not_to_have_accessible_name(re.compile("unread"))
    with dora.page.expect_response(re.compile(rf"{room}seen/\d+/0/")) as seen:
        ada.say(room, "And this, while you look?")
    assert seen.value.status == 204
    dora.sees("Do you read me?", "And this, while you look?")
    dora.box.fill("I do")
    press(dora, "Send")
    expect(dora.frame.get_by_role("heading", name="New messages")).to_have_count(0)
    expect(dora.page.locator("[aria-current]")).not_to_have_accessible_name(re.compile("unread"))


# The line takes the focus when it is there, and what stands below it comes later.
COMES_IN_PARTS = """() => {
  const linked = document.getElementById('linked');
  const rest = [];
  while (linked.nextElementSibling?.nextElementSibling) {
    rest.push(linked.parentElement.lastElementChild);
    rest.at(-1).remove();
  }
  linked.blur();
  scroller.scrollTo(0, 0);
  linked.focus();
  linked.parentElement.append(...rest.reverse());
}"""


def test_link_to_a_message_opens_the_room_there_and_leads_on(dora, ben, backstage):
    room = ben.make_room(dora)
    lines = backstage.fill(room, ben.name, 120)
    html = dora.context.request.get(f"{dora.url}{room}").text()
    keys = re.findall(r'id="message-(\d+)"', html)
    around = int(keys[-1]) - 69
    dora.open(f"{room}?message={around}")
    expect(dora.page.locator("#linked")).to_be_focused()
    expect(dora.page.locator(f"#message-{around}")).to_be_in_viewport()
    dora.page.evaluate(COMES_IN_PARTS)
    expect(dora.page.locator("#linked")).to_be_focused()
    expect(dora.page.locator(f"#message-{around}")).to_be_in_viewport()
    expect(dora.page.locator(".message .content")).to_have_text(lines[25:75])
    dora.page.get_by_role("link", name="Newer messages", exact=True).click()
    # The newest page is live; its frame begins at the message.
    linked = dora.frame.locator("#linked:focus + .message .content")
    expect(linked).to_be_in_viewport()
    expect(linked).to_have_text(lines[74])
    ben.say(room, "News")
    expect(dora.messages.last).to_have_text("News")


@pytest.mark.accessibility("A105")
def test_draft_is_saved_by_a_button(dora):
    room = dora.make_room()
    dora.open(room)
    dora.box.fill("To be finished")
    press(dora, "Save draft")
    dora.open("/")
    expect(dora.line(room)).to_contain_text("Draft")
    dora.open(room)
    expect(dora.box).to_have_value("To be finished")


@pytest.mark.accessibility("A84", "A105")
def test_message_is_answered_on_a_page_of_its_own_and_forwarded(dora, ben):
    room = dora.make_room(ben)
    private = dora.chat_with(ben)
    ben.say(room, "**Shall** we?")
    dora.open(room)
    key = dora.page.locator(".message").get_attribute("data-key")
    dora.open(f"/messages/{key}/replies/")
    dora.page.get_by_label("Message").last.fill("Yes")
    press(dora, "Reply")
    expect(dora.page.get_by_role("heading", name="1 reply")).to_be_visible()
    expect(dora.page.locator(".message:target")).to_contain_text("Yes")
    dora.open(f"/messages/{key}/")
    expect(dora.page.get_by_role("link", name="1 reply")).to_be_visible()
    dora.page.get_by_role("link", name="Forward", exact=True).click()
    dora.page.get_by_label("Name, or part of it").fill(ben.name)
    press(dora, "Find")
    expect(dora.page.get_by_text("Nothing found.")).to_be_visible()  # nothing was said there yet
    ben.say(private, "Hello")
    dora.page.reload()
    dora.page.get_by_label("Forward to").select_option(ben.name)
    press(dora, "Forward")
    expect(dora.page).to_have_url(re.compile(f"{private}\\?message="))
    expect(dora.page.frame_locator("iframe").locator(".message").last).to_contain_text("Shall we?")


def test_room_is_found_and_joined(dora, ada):
    name = f"Gärten of {ada.name}"
    ada.post("/rooms/", name=name)
    dora.open("/")
    dora.page.get_by_role("link", name="Find rooms and people").click()
    dora.page.get_by_role("searchbox").fill(f"garten of {ada.name}")
    dora.page.keyboard.press("Enter")
    expect(dora.page.get_by_role("status")).to_have_text("1 found")
    dora.page.get_by_role("link", name=f"Join {name}").click()
    expect(dora.page.get_by_role("heading", name=name)).to_be_visible()


@pytest.mark.accessibility("A105")
def test_favourites_and_older_chats(dora, backstage):
    backstage.make_rooms(dora.name, 51)
    dora.open("/")
    dora.page.get_by_role("link", name="Older chats").click()
    dora.page.get_by_role("main").get_by_role("listitem").get_by_role("link").click()
    room = dora.page.url.removeprefix(dora.url)
    press(dora, "Add to favourites")
    dora.open("/")
    favourites = dora.page.get_by_role("list", name="Favourites").get_by_role("link")
    expect(favourites).to_have_attribute("href", room)
    favourites.click()
    press(dora, "Remove from favourites")
    expect(dora.page.get_by_role("button", name="Add to favourites")).to_be_visible()


def test_reacting_on_the_page_of_a_message_is_seen_in_the_frame(dora, ada, room):
    ada.say(room, "Cake?")
    dora.open(room)
    dora.frame.locator(".message").hover()
    dora.frame.get_by_role("link", name="React", exact=True).click()
    press(dora, "Thumbs up")
    dora.page.get_by_label("Any other emoji").fill("🎂")
    press(dora, "React with it")
    expect(dora.page.get_by_role("button", name="Birthday cake")).to_be_visible()
    dora.page.get_by_role("link", name="Back to").click()
    expect(dora.frame.locator(".reaction")).to_have_count(2)
    key = dora.frame.locator(".message").get_attribute("data-key")
    assert ada.post(f"/messages/{key}/react/", emoji="🎂").status == 302
    expect(dora.frame.locator(".reaction:visible").last).to_have_text(re.compile("🎂 2"))
