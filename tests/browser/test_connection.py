"""What is said of the connection, and what becomes of what is written meanwhile."""

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import Person

STREAMS = "**/stream?*"


def status(person: Person) -> Locator:
    return person.page.locator(".connection[role=status]:not(#archived, #updated)")


@pytest.fixture
def dora(person):
    dora = person("dora")
    dora.take_the_clock()
    return dora


def lose(dora: Person) -> None:
    """Break the stream, and every attempt to get it back."""
    dora.page.route(STREAMS, lambda route: route.abort())
    with dora.losing_the_stream():
        dora.end_stream()


def let_attempts_end(person: Person, seconds: int) -> None:
    """Let time pass, by two seconds, after each of which the requests that it brought come to their end."""
    for _step in range(seconds // 2):
        person.pass_time(2)
        person.page.evaluate("fetch('/own/1.css').then((answer) => answer.text())")


@pytest.mark.accessibility("A92")
def test_reconnecting_after_a_while_then_failed_then_back(dora):
    room = dora.make_room()
    dora.open_live(room)
    expect(status(dora)).to_have_text("Connected", use_inner_text=True)
    streams = dora.requests(STREAMS)
    lose(dora)
    dora.pass_time(2)
    expect(status(dora)).to_have_text("Connected", use_inner_text=True)
    dora.pass_time(1.2)
    expect(status(dora)).to_contain_text("Reconnecting", use_inner_text=True)
    let_attempts_end(dora, 60)
    expect(status(dora)).to_contain_text("Connection failed", use_inner_text=True)
    assert 5 <= len(streams.seen) <= 20
    before = len(streams.seen)
    let_attempts_end(dora, 30)
    assert before < len(streams.seen) <= before + 10  # slow attempts go on
    dora.page.unroute(STREAMS)
    dora.page.get_by_role("button", name="Try again now").click()
    dora.pass_time(0.1)
    expect(status(dora)).to_have_text("Connected", use_inner_text=True)
    dora.say(room, "Well again")
    dora.sees("Well again")


@pytest.mark.accessibility("A58", "A93")
def test_what_was_written_without_a_connection_is_sent_when_it_is_back(ada, dora):
    room = ada.make_room(dora)
    ada.open_live(room)
    dora.open_live(room)
    dora.context.set_offline(True)
    dora.send("From the tunnel")
    expect(dora.notice).to_contain_text("It will be sent when you are back online")
    expect(dora.box).to_have_value("From the tunnel")
    expect(dora.box).to_be_editable()
    dora.context.set_offline(False)
    let_attempts_end(dora, 16)
    ada.sees("From the tunnel")
    dora.sees("From the tunnel")
    expect(dora.box).to_have_value("")
    expect(dora.notice).to_be_empty()


def test_what_was_changed_since_is_not_sent_behind_ones_back(ada, dora):
    room = ada.make_room(dora)
    dora.open_live(room)
    dora.context.set_offline(True)
    dora.send("I hate")
    expect(dora.notice).not_to_be_empty()
    dora.page.keyboard.type(" to be late")
    dora.context.set_offline(False)
    let_attempts_end(dora, 16)
    ada.say(room, "News")
    dora.sees("News")
    expect(dora.box).to_have_value("I hate to be late")


def test_half_a_sentence_is_not_sent_behind_ones_back(ada, dora):
    room = ada.make_room(dora)
    ada.open_live(room)
    dora.open_live(room)
    posts = dora.hold("**/messages/")
    dora.send("First")
    posts.wait_for(1)
    dora.page.keyboard.type("half a sen")
    posts.routes[0].abort()
    expect(dora.box).to_have_value("First\nhalf a sen")
    dora.page.unroute("**/messages/")
    let_attempts_end(dora, 16)
    expect(dora.box).to_have_value("First\nhalf a sen")
    ada.sees()


def test_trying_again_in_vain_says_so(dora):
    room = dora.make_room()
    dora.open_live(room)
    lose(dora)
    let_attempts_end(dora, 60)
    expect(status(dora)).to_contain_text("Connection failed", use_inner_text=True)
    streams = dora.requests(STREAMS)
    dora.page.get_by_role("button", name="Try again now").click()
    dora.pass_time(0.1)
    streams.wait_for(1)
    dora.pass_time(0.1)
    expect(status(dora)).to_contain_text("Connection failed", use_inner_text=True)


def test_window_in_the_background_is_live(ada, person):
    emil = person("emil")
    chat = ada.chat_with(emil)
    emil.open_live("/")
    emil.hide()
    ada.say(chat, "In the background")
    expect(emil.page).to_have_title("(1) Chats – Hearth")


@pytest.mark.accessibility("A92")
def test_page_from_before_an_update_says_so_and_loses_nothing_when_it_is_loaded_again(ada, ben):
    room = ada.make_room(ben)
    ada.open_from_before_an_update(room)
    expect(ada.page.get_by_role("status").filter(has_text="Hearth was updated.")).to_be_visible()
    ben.say(room, "It still works")
    ada.sees("It still works")
    ada.box.fill("half a sent")
    ada.page.get_by_role("link", name="Reload this page").click()
    expect(ada.page.get_by_text("Hearth was updated.")).to_have_count(0)
    ada.wait_until_live()
    expect(ada.box).to_have_value("half a sent")
    ada.sees("It still works")


def test_of_eight_windows_four_are_live_and_the_last_used_among_them(person):
    """Over HTTP/1.1: the others say that they are paused, and go on when they are used."""
    dora = person("dora")
    room = dora.make_room()
    dora.open_live(room)
    windows = [dora.page]
    for _window in range(7):
        windows.append(dora.context.new_page())
        windows[-1].goto(f"{dora.url}{room}")
        windows[-1].wait_for_selector("html[data-connection=connected]")
    windows[-1].get_by_role("textbox", name="Message").fill("From the eighth")
    windows[-1].keyboard.press("Enter")
    expect(windows[-1].locator(".message .content")).to_have_text("From the eighth")
    for window in windows[:4]:
        expect(window.get_by_text("Paused: other windows")).to_be_visible()
    assert [window.locator("html").get_attribute("data-connection") for window in windows[4:]] == [
        "connected"
    ] * 4
    windows[0].evaluate("dispatchEvent(new Event('focus'))")
    expect(windows[0].locator(".message .content")).to_have_text("From the eighth")
    expect(windows[0].get_by_text("Paused")).to_have_count(0)
    expect(windows[4].get_by_text("Paused: other windows")).to_be_visible()
