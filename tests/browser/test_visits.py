"""Open rooms that are looked at before they are joined."""

import re

import pytest
from playwright.sync_api import expect

from tests.support.server import Server


@pytest.fixture(scope="module")
def large_house(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("large"), JOIN_BY_VISIT="no") as server:
        yield server


def test_room_is_looked_at_joined_left_and_hidden(person, large_house):
    """Live all along; nobody hears of a visit, and joined and not joined look different in the list."""
    ada, dora = (person(name, at=large_house) for name in ("ada", "dora"))
    room = ada.make_room()
    ada.say(room, "One")
    dora.open_live(room)
    ada.say(room, "Two")
    dora.sees("One", "Two")
    for message in dora.page.locator(".message").all():  # one of the page, and one that came later
        assert ada.post(f"/messages/{message.get_attribute('data-key')}/react/", emoji="👍").status == 302
        reaction = message.get_by_role("button", name=f"Thumbs up: {ada.name}")
        expect(reaction).to_be_disabled()
    assert dora.post(f"/messages/{message.get_attribute('data-key')}/react/", emoji="👍").status == 404
    expect(dora.box).to_have_count(0)
    expect(dora.page.get_by_role("link", name="Menu", exact=True)).to_have_count(0)
    expect(dora.page).to_have_title(re.compile("^Room"))
    expect(dora.line(room)).to_have_accessible_name(re.compile("not joined$"))
    ada.open(f"{room}about/")
    expect(ada.page.get_by_role("heading", name="1 member")).to_be_visible()
    dora.page.get_by_role("button", name="Join").click()
    expect(reaction).to_be_enabled()
    dora.send("Three")
    dora.sees("One", "Two", "Three")
    expect(dora.line(room)).not_to_have_accessible_name(re.compile("not joined"))
    dora.page.get_by_role("link", name="Notifications", exact=True).click()
    dora.panel.get_by_role("button", name="Hide this chat from the list").click()
    expect(dora.line(room)).to_have_count(0)
    ada.say(room, "Four")
    expect(dora.line(room)).to_have_accessible_name(re.compile("1 unread message"))
    dora.open(f"{room}leave/")
    dora.page.get_by_role("button", name="Leave").click()
    expect(dora.line(room)).to_have_accessible_name(re.compile("You left$"))
    expect(dora.line(room).get_by_text("You left")).to_be_in_viewport()
    # Without scripts, in the frame.
    erik = person("erik", at=large_house, java_script_enabled=False)
    erik.open(room)
    erik.sees("One", "Two", "Three", "Four")
    ada.say(room, "```\nFive\n```")
    erik.sees("One", "Two", "Three", "Four", "Five")
    erik.page.get_by_role("button", name="Join").click()
    expect(erik.box).to_be_visible()
    # Who only looks can copy code, by keyboard as well.
    dora.context.grant_permissions(["clipboard-read", "clipboard-write"])
    dora.open_live(room)
    expect(dora.box).to_have_count(0)
    for press in (lambda copy: copy.click(), lambda copy: copy.press("Enter")):
        dora.page.evaluate("navigator.clipboard.writeText('')")
        press(dora.page.get_by_role("button", name="Copy code"))
        dora.page.wait_for_function("async () => await navigator.clipboard.readText() === 'Five'")
