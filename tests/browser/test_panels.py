"""What opens above the conversation: the menu of a message, and the pages that it and other links lead to."""

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import Person


def row(person: Person, text: str) -> Locator:
    return person.page.locator(".message").filter(has_text=text)


@pytest.mark.accessibility("A19")
def test_conversation_stays_where_it_is(person, backstage):
    """At any depth of its history, and live: through details, editing, errors, Back, and Close."""
    dora = person("dora")
    room = dora.make_room()
    backstage.fill(room, dora.name, 120)
    dora.open_live(room)
    for count in (100, 120):
        dora.scroller.evaluate("scroller => scroller.scrollTop = -scroller.scrollHeight")
        expect(dora.messages).to_have_count(count)
    dora.scroller.evaluate("scroller => scroller.scrollTop = -scroller.scrollHeight / 2")
    text = dora.messages.nth(60).inner_text()
    row(dora, text).scroll_into_view_if_needed()
    place = row(dora, text).bounding_box()["y"]

    dora.menu_of(row(dora, text)).get_by_role("link", name="Edit").click()
    box = dora.panel.get_by_label("Message")
    expect(box).to_be_focused()
    expect(dora.page).to_have_title("Edit message – Hearth")
    assert "/edit/" in dora.page.url
    box.fill(" ")
    box.press("Enter")
    expect(dora.panel.get_by_role("alert").last).to_be_visible()
    dora.page.go_back()
    expect(dora.panel).to_be_hidden()
    assert dora.page.url.endswith(room)

    dora.menu_of(row(dora, text)).get_by_role("link", name="Details").click()
    expect(dora.panel.get_by_role("heading", name="Message details")).to_be_focused()
    dora.panel.get_by_role("link", name="Edit").click()
    box.fill("Something else")
    dora.say(room, "Meanwhile")
    box.press("Enter")
    expect(row(dora, "Something else")).to_be_focused()
    expect(row(dora, "Meanwhile")).to_have_count(1)
    expect(dora.page).to_have_url(f"{dora.url}{room}")
    assert row(dora, "Something else").bounding_box()["y"] == pytest.approx(place, abs=2)
    assert dora.messages.count() == 121


def test_address_of_a_panel_is_a_page_of_its_own(ada, ben, room):
    """For whoever gets it, after a reload, and on the way back from there."""
    ada.say(room, "Hello")
    ben.open_live(room)
    ben.menu_of(row(ben, "Hello")).get_by_role("link", name="Details").click()
    expect(ben.panel.get_by_role("heading", name="Message details")).to_be_visible()
    ben.panel.get_by_role("link", name=ada.name, exact=True).click()
    expect(ben.panel.get_by_role("heading", name=ada.name)).to_be_focused()
    ben.page.go_back()
    expect(ben.panel.get_by_role("heading", name="Message details")).to_be_focused()
    ada.page.goto(ben.page.url)
    expect(ada.page.get_by_role("main").get_by_role("heading", name="Message details")).to_be_visible()
    ben.reload()
    expect(ben.page.get_by_role("main").get_by_role("heading", name="Message details")).to_be_visible()
    ben.page.go_back()
    expect(ben.box).to_be_visible()
    expect(ben.panel).to_be_hidden()
    ben.wait_until_live()
    ben.page.go_forward()
    expect(ben.panel.get_by_role("heading", name="Message details")).to_be_visible()
    ben.panel.get_by_role("button", name="Close").click()
    expect(ben.page).to_have_url(f"{ben.url}{room}")


@pytest.mark.accessibility("A15", "A17")
def test_touch_and_keyboard_find_the_menu_on_a_narrow_screen(person, ada):
    dora = person("dora", viewport={"width": 360, "height": 640}, has_touch=True)
    room = ada.make_room(dora)
    ada.say(room, "Hello", "Are you there?")
    dora.say(room, "Mine")
    dora.open_live(room)
    for link in dora.page.get_by_role("link", name="Menu", exact=True).all():
        box = link.bounding_box()
        assert min(box["width"], box["height"]) >= 44
        assert 0 <= box["x"] <= 360 - 44
    assert dora.scroller.evaluate("scroller => scroller.scrollWidth === scroller.clientWidth")
    row(dora, "Hello").get_by_role("link", name="Menu", exact=True).tap()
    menu = dora.page.get_by_role("dialog", name="Message menu")
    expect(menu.get_by_role("link", name="Details")).to_be_focused()
    for entry in menu.get_by_role("link").all():
        assert entry.bounding_box()["height"] >= 44
    dora.page.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    expect(row(dora, "Hello").get_by_role("link", name="Menu", exact=True)).to_be_focused()

    dora.page.keyboard.press("End")
    expect(row(dora, "Mine")).to_be_focused()
    dora.page.keyboard.press("Enter")
    menu.get_by_role("link", name="Delete").press("Enter")
    dora.panel.get_by_role("button", name="Delete message").press("Enter")
    expect(dora.panel).to_be_hidden()
    expect(dora.page.locator(".message.deleted")).to_be_focused()

    row(dora, "Hello").get_by_role("link", name="Menu", exact=True).tap()
    menu.get_by_role("button", name="Mark as unread from here").tap()
    expect(dora.page.locator(f".chat a[href^='{room}']")).to_contain_text("2 unread messages")
    expect(dora.page).to_have_url(f"{dora.url}{room}")
    row(dora, "Hello").get_by_role("link", name="Menu", exact=True).tap()
    menu.get_by_role("link", name="Reply").tap()
    expect(dora.page.get_by_role("link", name="Cancel reply")).to_be_visible()
    expect(dora.box).to_be_focused()
