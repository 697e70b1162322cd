"""Small things that all pages keep to, for who uses them with more than eyes and a mouse."""

import re

import pytest
from playwright.sync_api import expect


@pytest.mark.accessibility("A24", "A35")
def test_navigation_is_the_same_in_the_lobby_and_in_a_room(ada, ben, room):
    def stops() -> list[str]:
        return ada.page.locator(":is(.banner, nav) :is(a, button, summary):visible").evaluate_all(
            "all => all.filter((one) => !one.closest('#chats, .first-steps'))"
            ".map((one) => one.textContent.trim())"
        )

    ben.say(room, "Hello")  # the latest chats are in the list
    ada.open_live("/")
    ada.own_menu("link", "Help")
    in_lobby = stops()
    assert {"Settings", "Log out", "Help"} <= set(in_lobby)
    ada.open_live(room)
    ada.own_menu("link", "Help")
    assert stops() == in_lobby
    lists = ada.page.get_by_role("navigation", name="Chats").get_by_role("list")
    assert lists.count() == ada.page.locator("#chats ul:visible").count() > 1
    for one in lists.all():
        expect(one).to_have_accessible_name(re.compile(r"\w"))
    assert ada.chats.count() == ada.page.locator("#chats ul > li").count() > 1
    expect(ada.page.locator("nav [aria-current=page]")).to_have_count(1)
    expect(ada.line(room)).to_have_attribute("aria-current", "page")


def test_head_is_one_menu_that_nothing_moves(person):
    """Its name has the room that words beside it had; "Connected" goes and takes nothing along."""
    dora = person("Johanna-Maria")
    head = dora.page.locator(".banner")
    heads = [dora.open(address) and head.bounding_box() for address in ("/", "/settings/")]
    assert heads[0]["y"] == heads[1]["y"] == 0
    dora.open_live("/")
    name = dora.page.locator(".own bdi")
    assert name.evaluate("name => name.scrollWidth <= name.clientWidth")
    assert head.bounding_box()["y"] == 0
    expect(dora.page.get_by_text("Connected")).to_be_hidden()
    dora.own_menu("link", "Settings")
    dora.page.keyboard.press("Escape")
    expect(dora.page.get_by_role("link", name="Settings")).to_have_count(0)
    expect(dora.page.locator("#own-menu summary")).to_be_focused()
    dora.own_menu("link", "Help")
    dora.page.get_by_role("main").click()
    expect(dora.page.get_by_role("link", name="Help")).to_have_count(0)


@pytest.mark.accessibility("A89")
def test_choosing_does_nothing_by_itself(ada):
    ada.open("/settings/")
    requests = ada.requests()
    for select in ada.page.locator("select").all():
        select.focus()
        ada.page.keyboard.press("ArrowDown")
    for box in ada.page.locator("input[type=checkbox]").all():
        box.focus()
        ada.page.keyboard.press("Space")
    expect(ada.page.get_by_role("heading", name="Settings")).to_be_visible()
    acts = ("document", "fetch", "xhr")
    assert [request.url for request in requests.seen if request.resource_type in acts] == []


@pytest.mark.accessibility("A28")
def test_passwords_can_be_pasted(ada):
    ada.open("/settings/password/")
    for field in ada.page.locator("input[type=password]").all():
        is_allowed = field.evaluate(
            "field => field.dispatchEvent(new ClipboardEvent('paste', { bubbles: true, cancelable: true }))"
        )
        assert is_allowed
        field.fill("")
        field.press_sequentially("Pasted 123")
        expect(field).to_have_value("Pasted 123")


@pytest.mark.accessibility("A87")
def test_settings_are_grouped_and_saving_is_told(ada):
    ada.open("/settings/")
    groups = ada.page.get_by_role("main").get_by_role("group")
    fields = ada.page.locator("form.stacked select, form.stacked input[type=checkbox]")
    assert groups.count() >= 3
    assert groups.locator("select, input[type=checkbox]").count() == fields.count()
    for group in groups.all():
        expect(group).to_have_accessible_name(re.compile(r"\w"))
    ada.page.get_by_role("button", name="Save").click()
    expect(ada.page.get_by_role("status")).to_have_text("Settings saved")
    expect(ada.page).to_have_title(re.compile("^Settings saved"))


@pytest.mark.accessibility("A37", "A43")
def test_name_of_a_chat_tells_what_matters_first(ada, person):
    dora = person("dora")
    chat = ada.chat_with(dora)
    ada.open_live("/")
    dora.open_live("/")
    ada.say(chat, "One", "Two")
    expect(dora.line(chat)).to_have_accessible_name(
        re.compile(r"^ada ?, 2 unread messages.*\d\d:\d\d.*Two.*, direct message ?$")
    )
