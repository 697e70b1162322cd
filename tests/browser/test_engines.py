"""What pages do in browsers that lack something. Chromium has it all, so here it is taken away."""

import re

import pytest
from playwright.sync_api import Route, expect

from tests.browser.conftest import MakePerson, Person

LACKING = """
  const supports = CSS.supports;
  const lacks = ['overflow-anchor', 'field-sizing'];
  CSS.supports = (name, ...value) => !lacks.includes(name) && supports.call(CSS, name, ...value);
  delete Element.prototype.moveBefore;
"""


@pytest.fixture
def dora(person: MakePerson) -> Person:
    """Somebody whose browser keeps no place, grows no box and keeps no focus by itself."""

    def without(route: Route) -> None:
        answer = route.fetch()
        style = answer.text().replace("field-sizing", "no-such-thing")
        route.fulfill(response=answer, body=f"{style} * {{ overflow-anchor: none }}")

    dora = person("dora")
    dora.context.add_init_script(LACKING)
    dora.context.route(re.compile(r"/hearth[^/]*\.css$"), without)
    return dora


def test_what_is_read_keeps_its_place(dora, ben, backstage):
    room = ben.make_room(dora)
    backstage.fill(room, ben.name, 60)
    dora.open_live(room)
    dora.scroller.evaluate("scroller => { scroller.scrollTop = -700; }")
    message = dora.page.locator(".message").nth(45)
    expect(message).to_be_in_viewport()
    top = message.bounding_box()["y"]
    ben.say(room, "Short", "Long " * 200)
    expect(dora.messages).to_have_count(62)
    assert abs(message.bounding_box()["y"] - top) <= 1
    assert dora.scroll_position() > 750
    dora.scroller.evaluate("scroller => { scroller.scrollTop = 0; }")
    ben.say(room, "Seen at once")
    expect(dora.messages.last).to_be_in_viewport()


def test_box_grows_with_what_is_in_it(dora, ada, ben):
    room = ben.make_room(dora, ada)
    text = "Words that take more than one line. " * 8
    heights = {}
    for someone in (ada, dora):
        someone.open_live(room)
        empty = someone.box.bounding_box()["height"]
        someone.box.fill(text)
        heights[someone.name] = [empty, someone.box.bounding_box()["height"]]
    [low, high] = heights[dora.name]
    assert heights[dora.name] == pytest.approx(heights[ada.name], abs=1)
    assert high > low + 20

    # What the network lost would be sent again with the next heartbeat.
    dora.page.route("**/messages/", lambda route: route.fulfill(status=500), times=1)
    dora.box.press("Enter")
    expect(dora.notice).to_contain_text("Not sent")
    assert dora.box.bounding_box()["height"] == high
    dora.page.get_by_role("button", name="Send again").click()
    dora.sees(text.strip())
    assert dora.box.bounding_box()["height"] == low

    dora.box.fill(text)
    dora.reload()
    expect(dora.box).to_have_value(text)
    assert dora.box.bounding_box()["height"] == high


@pytest.mark.accessibility("A62")
def test_what_has_the_focus_keeps_it_when_it_is_moved(dora, ben, backstage):
    room, other = ben.make_room(dora), ben.make_room(dora)
    dora.open_live(room)
    ben.say(room, "First")
    dora.sees("First")
    line = dora.line(other)
    line.focus()
    ben.say(room, "Second")
    expect(dora.page.locator("#mine a").first).to_have_attribute("href", room)
    ben.say(other, "Third")
    expect(dora.page.locator("#mine a").first).to_have_attribute("href", other)
    expect(line).to_be_focused()

    dora.page.locator("#messages .message").first.get_by_role("link", name="Menu").focus()
    backstage.fill(room, ben.name, 62)
    expect(dora.page.locator("#history .message").first).to_contain_text("First")
    expect(dora.page.locator("#history .message").first.get_by_role("link", name="Menu")).to_be_focused()


def test_stream_is_closed_before_its_page_is_left(dora):
    """It would be an error in the console of Firefox."""
    dora.open_live("/")
    dora.page.evaluate(
        "addEventListener('htmx-sse-close', () => { sessionStorage.closed = document.visibilityState; })"
    )
    dora.open("/help/")
    assert dora.page.evaluate("sessionStorage.closed") == "visible"


def test_menu_leads_to_the_page_of_a_message(dora, ben):
    room = ben.make_room(dora)
    ben.say(room, "Hello")
    dora.context.add_init_script(
        "delete HTMLElement.prototype.showPopover; delete HTMLElement.prototype.hidePopover;"
    )
    dora.open_live(room)
    link = dora.page.get_by_role("link", name="Menu", exact=True)
    link.focus()
    link.press("Enter")
    dora.page.wait_for_url("**/messages/*/")
    expect(dora.page.get_by_role("main")).to_contain_text("Hello")
