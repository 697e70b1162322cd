"""A page that was cut off catches up by itself: nothing missing, nothing twice, in order."""

import pytest
from playwright.sync_api import expect

from tests.browser.proxy import Proxy

STREAMS = "**/stream?*"


def tall(*numbers: int) -> list[str]:
    """Messages that fill a screen."""
    return [f"Line {number}\n{'and more ' * 30}" for number in numbers]


def flat(texts: list[str]) -> list[str]:
    return [" ".join(text.split()) for text in texts]


@pytest.mark.usefixtures("either_htmx")
def test_after_the_server_was_killed(person, fragile_server):
    ada, ben = person("ada", at=fragile_server), person("ben", at=fragile_server)
    room = ada.make_room(ben)
    ben.say(room, *tall(*range(12)))
    ada.open_live(room)
    ada.box.fill("Half a thought")
    ada.scroller.evaluate("scroller => scroller.scrollTop = -700")
    line = ada.messages.filter(has_text="Line 6")
    top = line.bounding_box()["y"]
    fragile_server.kill()
    expect(ada.page.get_by_text("Connection lost")).to_be_visible()
    fragile_server.start()
    ben.say(room, "After the restart", "And more")
    ada.sees(*flat(tall(*range(12))), "After the restart", "And more")
    expect(ada.page.get_by_text("Connection lost")).to_be_hidden()
    assert abs(line.bounding_box()["y"] - top) <= 1
    expect(ada.box).to_have_value("Half a thought")
    expect(ada.box).to_be_focused()


@pytest.mark.usefixtures("either_htmx")
def test_sending_while_the_server_is_down(person, fragile_server):
    ada, ben = person("ada", at=fragile_server), person("ben", at=fragile_server)
    room = ada.make_room(ben)
    ada.open_live(room)
    ben.open_live(room)
    fragile_server.kill()
    ada.send("Is anybody there?")
    expect(ada.notice).to_contain_text("no connection")
    expect(ada.box).to_have_value("Is anybody there?")
    fragile_server.start()
    ada.box.press("Enter")
    for someone in (ada, ben):
        someone.sees("Is anybody there?")


@pytest.mark.accessibility("A92")
def test_blip_is_not_worth_a_word(person, ada, server):
    with Proxy(server.port) as proxy:
        dora = person("dora", at=proxy)
        room = ada.make_room(dora)
        dora.take_the_clock()
        dora.open_live(room)
        dora.stop_the_clock()
        lost = dora.page.get_by_text("Connection lost")
        with dora.losing_the_stream():
            proxy.cut()
        dora.pass_time(2)
        expect(lost).to_be_hidden()
        dora.pass_time(2)
        expect(lost).to_be_visible()
        proxy.mend()
        dora.pass_time(20)
        expect(lost).to_be_hidden()


def test_after_the_network_was_gone(person, ada, server):
    with Proxy(server.port) as proxy:
        dora = person("dora", at=proxy)
        room = ada.make_room(dora)
        dora.take_the_clock()
        dora.open_live(room)
        dora.stop_the_clock()
        dora.context.set_offline(True)
        with dora.losing_the_stream():
            proxy.cut()
        dora.pass_time(4)
        expect(dora.page.get_by_text("Connection lost")).to_be_visible()
        ada.say(room, "While you were away", "Twice")
        proxy.mend()
        dora.context.set_offline(False)
        dora.pass_time(0.1)  # rather than until the next attempt
        dora.sees("While you were away", "Twice")


def test_stream_that_a_change_of_networks_killed_silently(person, ada, server):
    with Proxy(server.port) as proxy:
        dora = person("dora", at=proxy)
        room = ada.make_room(dora)
        dora.take_the_clock()
        dora.open_live(room)
        dora.stop_the_clock()
        proxy.is_silent = True
        dora.context.set_offline(True)
        ada.say(room, "Sent to the old address")
        proxy.is_silent = False
        dora.context.set_offline(False)
        dora.pass_time(0.1)
        dora.sees("Sent to the old address")


@pytest.mark.parametrize("failure", ["abort", "502"])
def test_page_whose_first_connection_fails(person, ada, failure):
    dora = person("dora")
    room = ada.make_room(dora)
    dora.take_the_clock()
    dora.page.route(
        STREAMS,
        lambda route: (
            route.abort()
            if failure == "abort"
            else route.fulfill(
                status=502, body="<html><title>502 Bad Gateway</title><h1>502 Bad Gateway</h1></html>"
            )
        ),
    )
    dora.open(room)
    title = dora.page.title()
    ada.say(room, "Between page and stream")
    dora.pass_time(4)
    expect(dora.page.get_by_text("Connection lost")).to_be_visible()
    dora.page.unroute(STREAMS)
    dora.pass_time(8)
    dora.sees("Between page and stream")
    expect(dora.page).to_have_title(title)
    expect(dora.page.get_by_text("Connection lost")).to_be_hidden()
    expect(dora.page.get_by_text("Bad Gateway")).to_have_count(0)


def test_page_far_behind_gets_the_newest_page_as_a_whole(person, ben, server, backstage):
    with Proxy(server.port) as proxy:
        dora = person("dora", at=proxy)
        room = ben.make_room(dora)
        ben.say(room, "Long ago")
        dora.open_live(room)
        dora.box.fill("Half a thought")
        proxy.cut()  # and it stays so until all messages are there
        news = backstage.fill(room, ben.name, 120, "News")
        proxy.mend()
        dora.sees(*news[-50:])
        expect(dora.box).to_have_value("Half a thought")
        expect(dora.page.locator(".day")).to_have_count(1)
        ben.say(room, "And on it goes")
        expect(dora.messages.last).to_have_text("And on it goes")
        dora.scroller.evaluate("scroller => scroller.scrollTop = -scroller.scrollHeight")
        expect(dora.messages).to_have_count(101)


@pytest.mark.parametrize("is_kept", [False, True], ids=["loaded anew", "kept by the browser"])
def test_page_left_and_returned_to_catches_up(person, whole_browser, ben, is_kept):
    dora = person("dora", within=whole_browser)
    room, other = dora.make_room(ben), dora.make_room(ben)
    ben.say(other, "Come over")
    if is_kept:
        dora.keep_pages()
    dora.open_live(room)
    dora.page.evaluate("window.isKept = true")
    dora.page.get_by_role("link").filter(has_text="Come over").first.click()
    dora.sees("Come over")
    ben.say(room, "Missed")
    dora.page.go_back(wait_until="commit")
    dora.sees("Missed")
    assert bool(dora.page.evaluate("window.isKept")) == is_kept
    ben.say(room, "Live again")
    dora.sees("Missed", "Live again")
    dora.send("Me too")
    dora.sees("Missed", "Live again", "Me too")


def test_many_rooms_in_one_tab_leave_no_connections_behind(person, whole_browser, ben):
    """A browser gives a host six connections. Pages that it keeps must not keep theirs."""
    dora = person("dora", within=whole_browser)
    dora.keep_pages()
    rooms = [dora.make_room(ben) for _number in range(8)]
    for number, room in enumerate(rooms):
        ben.say(room, f"Greetings from {number} of {room}")
    dora.open_live("/")
    for number, room in enumerate(rooms):
        dora.page.get_by_role("link").filter(has_text=f"Greetings from {number} of {room}").click()
        dora.page.wait_for_url(f"**{room}*")
        dora.wait_until_live()
    dora.send("All the way")
    dora.sees(f"Greetings from 7 of {rooms[7]}", "All the way")
    ben.say(rooms[6], "Come back")
    dora.page.go_back(wait_until="commit")
    dora.sees(f"Greetings from 6 of {rooms[6]}", "Come back")


def test_stream_that_dies_without_a_word(person, ada, server):
    with Proxy(server.port) as proxy:
        dora = person("dora", at=proxy)
        room = ada.make_room(dora)
        dora.take_the_clock()
        dora.open_live(room)
        dora.stop_the_clock()
        proxy.is_silent = True
        ada.say(room, "Into the void")
        dora.pass_time(25)
        dora.sees()
        proxy.is_silent = False
        dora.pass_time(40)  # and a moment before the next attempt
        dora.sees("Into the void")


def test_new_connection_that_never_answers(person, ada, server):
    with Proxy(server.port) as proxy:
        dora = person("dora", at=proxy)
        room = ada.make_room(dora)
        dora.take_the_clock()
        dora.open_live(room)
        dora.stop_the_clock()
        streams = dora.requests(STREAMS)
        proxy.is_silent = True
        ada.say(room, "Into the void")
        dora.pass_time(31)  # the old one is given up
        dora.pass_time(3)
        streams.wait_for(1)
        expect(dora.page.get_by_text("Connection lost")).to_be_visible()
        proxy.is_silent = False
        dora.pass_time(31)  # and the one in its place
        dora.pass_time(6)
        dora.sees("Into the void")
