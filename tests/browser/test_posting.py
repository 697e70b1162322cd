"""What happens between a key press and a message in the list."""

import re
from uuid import uuid4

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import wait_until

POSTS = "**/messages/"
STREAMS = "**/stream?*"
TALL = f"{'A text that fills a line or two of the page. ' * 8}\nLine"


def test_enter_sends_and_shift_enter_breaks_the_line(ada, ben, room):
    ada.open_live(room)
    ben.open_live(room)
    ada.box.click()
    ada.page.keyboard.type("First line")
    ada.page.keyboard.press("Shift+Enter")
    ada.page.keyboard.type("second line")
    expect(ada.box).to_have_value("First line\nsecond line")
    ada.page.keyboard.press("Enter")
    expect(ben.messages).to_have_text("First line second line")
    assert ben.messages.inner_text() == "First line\nsecond line"


@pytest.mark.accessibility("A75")
def test_enter_does_not_send_while_composing(ada, room):
    ada.open_live(room)
    ada.box.click()
    keyboard = ada.context.new_cdp_session(ada.page)
    keyboard.send("Input.imeSetComposition", {"text": "にほ", "selectionStart": 2, "selectionEnd": 2})
    ada.page.keyboard.press("Enter")
    expect(ada.box).not_to_have_value("")
    keyboard.send("Input.insertText", {"text": "日本"})
    ada.page.keyboard.press("Enter")
    expect(ada.box).to_have_value("")
    expect(ada.messages).to_have_count(1)
    expect(ada.messages).to_contain_text("日本")


def test_nothing_is_sent_when_there_is_nothing_to_say(ada, room):
    posts = ada.hold(POSTS)
    ada.open_live(room)
    ada.box.press("Enter")
    ada.page.get_by_role("button", name="Send").click()
    ada.send("  \n ")
    expect(ada.box).to_be_focused()
    expect(ada.notice).to_be_empty()
    ada.send("Something")
    posts.wait_for(1)
    assert len(posts.routes) == 1


@pytest.mark.accessibility("A59", "A60")
@pytest.mark.parametrize("how", ["Enter", "button"])
def test_box_is_empty_and_focused_before_the_server_answers(ada, room, how):
    posts = ada.hold(POSTS)
    ada.open_live(room)
    node = ada.box.element_handle()
    ada.box.fill("Hello")
    if how == "Enter":
        ada.box.press("Enter")
    else:
        ada.page.get_by_role("button", name="Send").click()
    expect(ada.box).to_have_value("")
    expect(ada.box).to_be_focused()
    post = posts.wait_for(1)
    ada.page.keyboard.type("Typed meanwhile")
    post.continue_()
    ada.sees("Hello")
    expect(ada.box).to_have_value("Typed meanwhile")
    expect(ada.box).to_be_focused()
    assert node.evaluate("node => node === document.activeElement")


@pytest.mark.accessibility("A48")
def test_message_stands_once_when_the_echo_comes_first(ada, room):
    ada.open_live(room)
    answers = []
    ada.page.route(POSTS, lambda route: answers.append((route, route.fetch())))
    ada.send("Hello")
    ada.sees("Hello")
    wait_until(ada.page, lambda: answers)  # the server may still be writing its answer
    [(route, response)] = answers
    with ada.page.expect_event("requestfinished", lambda request: request.method == "POST"):
        route.fulfill(response=response)
    ada.sees("Hello")
    ada.send("Again")
    ada.sees("Hello", "Again")


def test_message_stands_once_when_the_answer_comes_first(ada, ben, room):
    streams = ada.hold(STREAMS)
    ada.open(room)
    ada.send("Hello")
    ada.sees("Hello")
    ben.say(room, "Welcome")
    streams.wait_for(1).continue_()
    ada.sees("Hello", "Welcome")


def test_own_message_takes_its_place_behind_one_that_was_saved_before(ada, ben, room):
    streams = ada.hold(STREAMS)
    ada.open(room)
    ben.say(room, "Saved first")
    ada.send("Saved second")
    ada.sees("Saved second")
    streams.wait_for(1).continue_()
    ada.sees("Saved first", "Saved second")


def test_quick_sends_all_arrive_in_order(ada, ben, room):
    ada.open_live(room)
    ben.open_live(room)
    texts = [f"Message {number}" for number in range(12)]
    ada.box.click()
    for text in texts:
        ada.page.keyboard.type(text)
        ada.page.keyboard.press("Enter")
    for someone in (ada, ben):
        someone.sees(*texts)


def test_quick_sends_all_arrive_in_order_when_the_server_is_slow(ada, ben, room):
    posts = ada.hold(POSTS)
    ada.open_live(room)
    ben.open_live(room)
    for text in ("One", "Two", "Three"):
        ada.send(text)
        expect(ada.box).to_have_value("")
    for number in (1, 2, 3):
        post = posts.wait_for(number)
        assert len(posts.routes) == number, "the next waits for the one before"
        post.continue_()
    for someone in (ada, ben):
        someone.sees("One", "Two", "Three")


def test_slow_sending_is_told(ada, room):
    posts = ada.hold(POSTS)
    ada.open_live(room)
    ada.send("Slowly")
    told = ada.page.locator(".sending")
    expect(told).to_be_visible()
    posts.wait_for(1).continue_()
    expect(told).to_be_hidden()
    ada.sees("Slowly")


def test_double_click_sends_one(ada, room):
    ada.open_live(room)
    ada.box.fill("Only once")
    ada.page.get_by_role("button", name="Send").dblclick()
    ada.sees("Only once")
    ada.send("The next")
    ada.sees("Only once", "The next")
    ada.page.reload()
    ada.sees("Only once", "The next")


def test_message_outlives_the_page_that_sent_it(ada, ben, room):
    ben.open_live(room)
    ada.open_live(room)
    ada.page.route(POSTS, lambda route: route.continue_())
    ada.send("Sent and gone")
    ada.page.goto("about:blank")
    ben.sees("Sent and gone")


@pytest.mark.accessibility("A60", "A62")
def test_typing_goes_on_undisturbed_while_messages_arrive(ada, ben, room):
    ada.open_live(room)
    ben.say(room, "Before")
    ada.sees("Before")
    ada.box.fill("A half written text")
    ada.box.evaluate("box => box.setSelectionRange(2, 6)")
    ben.say(room, "While you type", "and again")
    ada.sees("Before", "While you type", "and again")
    expect(ada.box).to_be_focused()
    expect(ada.box).to_have_value("A half written text")
    assert ada.box.evaluate("box => [box.selectionStart, box.selectionEnd]") == [2, 6]
    ada.page.keyboard.type("full")
    expect(ada.box).to_have_value("A full written text")


@pytest.mark.accessibility("A62")
def test_selected_text_of_a_message_stays_selected_while_messages_arrive(ada, ben, room):
    ben.say(room, "Worth a quotation")
    ada.open_live(room)
    ada.messages.first.dblclick(position={"x": 5, "y": 5})
    assert ada.page.evaluate("getSelection().toString().trim()") == "Worth"
    ben.say(room, "Another")
    ada.sees("Worth a quotation", "Another")
    assert ada.page.evaluate("getSelection().toString().trim()") == "Worth"


def test_reader_further_up_is_not_moved_and_sending_goes_down(ada, ben, room, backstage):
    backstage.fill(room, ben.name, 15, TALL)
    ada.open_live(room)
    ada.scroller.evaluate("scroller => scroller.scrollTop = -700")
    line = ada.messages.filter(has_text="Line 9")
    top = line.bounding_box()["y"]
    ben.say(room, "News", "More news")
    expect(ada.messages.last).to_have_text("More news")
    assert abs(line.bounding_box()["y"] - top) <= 1
    ada.send("Mine")
    expect(ada.messages.last).to_have_text("Mine")
    expect(ada.messages.last).to_be_in_viewport()
    assert ada.scroll_position() == 0
    ben.say(room, "Yours")
    expect(ada.messages.last).to_have_text("Yours")
    expect(ada.messages.last).to_be_in_viewport()


@pytest.mark.accessibility("A63")
def test_button_leads_down_to_the_newest_message(ada, room, backstage):
    backstage.fill(room, ada.name, 15, TALL)
    ada.open_live(room)
    button = ada.page.get_by_role("button", name="To the newest message")
    expect(button).to_be_hidden()
    ada.scroller.evaluate("scroller => scroller.scrollTop = -700")
    button.click()
    expect(ada.messages.last).to_be_in_viewport()
    expect(button).to_be_hidden()
    expect(ada.box).to_be_focused()


@pytest.mark.accessibility("A63")
def test_button_leads_to_what_is_unread_and_then_to_the_end(ada, ben, room, backstage):
    """In two clicks, whatever came meanwhile; its number is that of the badge."""
    backstage.fill(room, ada.name, 15, TALL)
    ada.open_live(room)
    ada.scroller.evaluate("scroller => scroller.scrollTop = -700")
    ben.say(room, "One")
    backstage.fill(room, ben.name, 30, TALL)
    ada.say(room, "My own, from elsewhere")
    button = ada.page.locator("#to-newest")
    expect(button).to_have_accessible_name("31 new messages")
    expect(ada.line(room)).to_have_accessible_name(re.compile("31 unread messages"))
    button.click()
    expect(ada.page.locator(".message").filter(has_text="One").first).to_be_focused()
    ben.say(room, "Two")
    expect(ada.messages.last).to_have_text("Two")
    button.click()
    expect(ada.messages.last).to_be_in_viewport()
    expect(button).to_be_hidden()
    expect(ada.line(room)).not_to_have_accessible_name(re.compile("unread"))


def test_long_conversation_stays_in_order_as_it_goes_on(ada, ben, room, backstage):
    """What arrives is moved on into the history after a while."""
    ada.open_live(room)
    texts = backstage.fill(room, ben.name, 75)
    ada.sees(*texts)
    expect(ada.page.locator(".day")).to_have_count(1)
    assert ada.page.locator("#messages > li").count() <= 61
    ada.send("And one more")
    ada.sees(*texts, "And one more")


@pytest.mark.accessibility("A93")
def test_draft_waits_until_its_writer_comes_back(ada, room):
    other = ada.make_room()
    ada.open_live(room)
    ada.box.fill(f"Not finished {uuid4()}")
    text = ada.box.input_value()
    ada.open_live(other)
    expect(ada.box).to_have_value("")
    ada.open_live(room)
    expect(ada.box).to_have_value(text)
    ada.box.press("Enter")
    ada.sees(text)
    ada.page.reload()
    expect(ada.box).to_have_value("")


def test_draft_is_in_other_tabs_until_it_is_sent(ada, room):
    ada.open_live(room)
    text = f"Not finished {uuid4()}"
    with ada.page.expect_response("**/draft/") as answer:
        ada.box.fill(text)
    assert answer.value.status == 200
    expect(ada.line(room)).to_contain_text("Draft")
    other = ada.context.new_page()
    other.goto(f"{ada.url}{room}")
    box = other.get_by_role("textbox", name="Message")
    expect(box).to_have_value(text)
    with other.expect_response("**/draft/"):
        box.press_sequentially("!")
    # The first one is told, and keeps what it has until its reader takes the other.
    ada.page.evaluate("window.dispatchEvent(new Event('focus'))")
    use = ada.page.get_by_role("button", name="Use it")
    expect(use).to_be_visible()
    expect(ada.box).to_have_value(text)
    use.click()
    expect(use).to_be_hidden()
    expect(ada.box).to_have_value(f"{text}!")
    ada.box.press("ControlOrMeta+z")
    expect(ada.box).to_have_value(text)
    box.press("Enter")
    expect(other.locator(".message .content").last).to_have_text(f"{text}!")
    ada.box.fill("")
    ada.open_live(room)
    expect(ada.box).to_have_value("")
    expect(ada.line(room)).not_to_contain_text("Draft")


def test_preview_shows_the_message_and_keeps_the_text(ada, ben, room):
    ada.open_live(room)
    preview, button = ada.page.locator("#preview"), ada.page.get_by_role("button", name="Preview")
    expect(button).to_be_hidden()
    ada.box.fill("very **bold**")
    button.click()
    expect(preview.locator("strong")).to_have_text("bold")
    expect(ada.box).to_have_value("very **bold**")
    expect(ada.messages).to_have_count(0)
    ada.box.press("Enter")
    expect(ada.messages).to_have_text(["very bold"])
    expect(preview).to_be_empty()
    expect(ada.box).to_have_value("")
