"""What htmx and browsers do that is not what one expects."""

from uuid import uuid4

import pytest
from playwright.sync_api import expect

STREAMS = "**/stream?*"
GREETING = "retry: 500\nevent: connected\ndata: {}\n\n"
ENDINGS = {
    "stream that ends at once": {"content_type": "text/event-stream", "body": GREETING},
    "nothing": {"status": 204},
    "page of a portal": {
        "content_type": "text/html",
        "body": "<title>Wi-Fi</title><h1>Log in to the Wi-Fi</h1>",
    },
    "redirect": {"status": 302, "headers": {"Location": "/login/"}},
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_no_storm_of_requests_whatever_takes_the_place_of_the_stream(person, ending):
    """Once connected, htmx takes every answer for a stream and asks again at once when it is over."""
    dora = person("dora")
    room = dora.make_room()
    dora.take_the_clock()
    dora.page.route(STREAMS, lambda route: route.fulfill(**ENDINGS[ending]))
    dora.page.route(
        STREAMS, lambda route: route.fulfill(content_type="text/event-stream", body=GREETING), times=1
    )
    streams = dora.requests(STREAMS)
    dora.open_live(room)
    title = dora.page.title()
    for _second in range(30):
        dora.pass_time(1)
        dora.page.evaluate("fetch('/own/1.css').then((answer) => answer.text())")  # time for requests to end
    assert 3 <= len(streams.seen) <= 20
    expect(dora.page).to_have_title(title)
    expect(dora.page.get_by_role("heading", name="Log in")).to_have_count(0)
    dora.page.unroute(STREAMS)
    dora.pass_time(11)
    dora.say(room, "Well again")
    dora.sees("Well again")


@pytest.mark.accessibility("A94")
def test_session_that_ended_elsewhere(person):
    dora = person("dora")
    room = dora.make_room()
    dora.take_the_clock()
    dora.open_live(room)
    dora.box.fill("A thought to keep")
    assert dora.post("/logout/").status == 302
    notice = dora.page.get_by_role("status").filter(has_text="Your session has ended")
    expect(notice).to_be_visible()
    requests = dora.requests()
    dora.page.keyboard.type("!")
    for _second in range(30):
        dora.pass_time(1)
    assert requests.seen == []
    expect(dora.box).to_have_value("A thought to keep!")
    notice.get_by_role("link", name="Log in again").click()
    dora.page.get_by_label("Name", exact=True).fill(dora.name)
    dora.page.get_by_role("button", name="Log in").click()
    dora.page.wait_for_url(f"**{room}")
    expect(dora.box).to_have_value("A thought to keep!")


def test_draft_is_not_shown_to_whoever_logs_in_next(person, room):
    dora = person("dora")
    dora.open_live(room)
    dora.box.fill("For my eyes only")
    dora.own_menu("button", "Log out").click()
    dora.page.get_by_label("Name", exact=True).fill(f"{dora.name}.other")
    dora.page.get_by_role("button", name="Log in").click()
    dora.page.wait_for_url(f"{dora.url}/")
    dora.open_live(room)
    expect(dora.box).to_have_value("")


def test_tab_of_who_was_here_before_does_nothing_for_who_is_here_now(person):
    """Several tabs never mix users: a page of dora's says nothing in the name of who logged in after her."""
    dora = person("dora")
    room = dora.make_room()
    dora.open_live(room)
    dora.box.fill("Signed by dora")
    token = next(cookie["value"] for cookie in dora.context.cookies() if cookie["name"] == "hearth_csrf")
    other = dora.context.new_page()
    other.goto(f"{dora.url}/")
    dora.own_menu("button", "Log out", other).click()
    other.get_by_label("Name", exact=True).fill(f"{dora.name}.other")
    other.get_by_role("button", name="Log in").click()
    other.goto(f"{dora.url}{room}")
    expect(dora.page.get_by_role("status").filter(has_text="Your session has ended")).to_be_visible()
    dora.box.press("Enter")
    expect(dora.notice).to_contain_text("Reload the page")
    expect(dora.box).to_have_value("Signed by dora")
    form = {"csrfmiddlewaretoken": token, "content": "Signed by dora", "token": str(uuid4())}
    assert dora.context.request.post(f"{dora.url}{room}messages/", form=form).status == 403
    expect(other.locator(".message")).to_have_count(0)


def test_page_of_a_room_that_one_left_in_another_tab(ada, room):
    ada.open_live(room)
    assert ada.post(f"{room}leave/").status == 302
    notice = ada.page.get_by_role("status").filter(has_text="You are no longer in this room")
    expect(notice).to_be_visible()
    notice.get_by_role("link").click()
    expect(ada.page.get_by_role("heading", name="Hearth")).to_be_visible()


def test_hidden_tab_stays_live(ada, ben, room):
    ben.open_live(room)
    ada.open_live(room)
    ada.hide()
    ben.send("Behind your back")
    ada.sees("Behind your back")


def open_live_windows(person, number):
    for _window in range(number):
        window = person.context.new_page()
        window.goto(f"{person.url}/")
        window.wait_for_selector("html[data-connection=connected]")


def test_hidden_tab_gives_up_its_stream_to_a_fifth_and_catches_up(ada, ben, room):
    """Browsers give a host six connections over HTTP/1.1: four windows are live, also when hidden."""
    ben.open_live(room)
    ada.open_live(room)
    ada.hide()
    open_live_windows(ada, 4)
    expect(ada.page.locator("html")).to_have_attribute("data-connection", "paused")
    streams = ada.requests(STREAMS)
    ben.send("Behind your back")
    ben.sees("Behind your back")
    ada.sees()
    ada.show()
    ada.sees("Behind your back")
    assert len(streams.seen) == 1
    expect(ada.page.get_by_text("Connection lost")).to_be_hidden()


def test_fifth_tab_in_the_background_connects_when_it_is_looked_at(ben, room, person):
    dora = person("dora")
    open_live_windows(dora, 4)
    streams = dora.requests(STREAMS)
    dora.page.add_init_script(
        "Object.defineProperty(document, 'hidden', { value: true, configurable: true })"
    )
    dora.take_the_clock()
    dora.open(room)
    dora.pass_time(10)
    ben.say(room, "Behind your back")
    dora.sees()
    assert streams.seen == []
    dora.show()
    expect(dora.page.get_by_text("Connection lost")).to_be_hidden()
    dora.pass_time(0.1)
    dora.sees("Behind your back")


def test_stream_opens_however_late_the_script_comes(ada, ben, room):
    scripts = ada.hold("**/*.js")
    ada.page.goto(f"{ada.url}{room}", wait_until="commit")
    script = scripts.wait_for(1)
    expect(ada.box).to_be_visible()
    ben.say(room, "Before the script")
    script.continue_()
    ada.sees("Before the script")
    assert len(scripts.routes) == 1


def test_style_sheet_of_own_messages_is_not_waited_for(ada, room):
    """The script is deferred, and deferred scripts wait for style sheets: the message still comes."""
    sheets = ada.hold("**/own/*.css*")
    ada.page.goto(f"{ada.url}{room}", wait_until="commit")
    sheets.wait_for(1).abort()
    ada.send("Hello")
    ada.sees("Hello")


def test_markup_in_messages_and_names_stays_text(ada, ben, room):
    ben.open_live(room)
    text = '<hx-partial hx-target="title">x</hx-partial> <img src=x onerror=alert(1)> &amp; {{ 7 }}'
    ada.open_live(room)
    ada.send(text)
    for someone in (ada, ben):
        someone.sees(text)
    title = ben.page.title()
    ada.send("A line\ndata: <title>Gone</title>\n\nevent: heartbeat\rdone")
    expect(ben.messages.nth(1)).to_contain_text("done")
    expect(ben.page).to_have_title(title)
    ben.page.reload()
    expect(ben.messages.first).to_have_text(text)


def test_letters_with_towers_of_marks_stay_in_their_bubble(ada, ben, room):
    ada.say(room, "Plain")
    ben.open_live(room)
    above = ben.page.locator(".bubble .content").first
    before = above.screenshot()
    ada.say(room, "Z" + "\N{COMBINING ACUTE ACCENT}" * 300 + "\N{COMBINING CEDILLA}" * 300)
    expect(ben.messages).to_have_count(2)
    assert above.screenshot() == before


@pytest.mark.accessibility("A25")
def test_links_in_messages_open_elsewhere(ada, ben, room):
    ben.open_live(room)
    ada.say(room, "Look: https://example.org/a?b=1&c=2.")
    link = ben.messages.get_by_role("link")
    expect(link).to_have_attribute("href", "https://example.org/a?b=1&c=2")
    expect(link).to_have_attribute("target", "_blank")


@pytest.mark.accessibility("A21")
def test_no_id_stands_twice_after_a_long_talk(ada, ben, room):
    ada.open_live(room)
    for number in range(4):
        ada.send(f"From ada {number}")
        ben.say(room, f"From ben {number}")
    expect(ada.messages).to_have_count(8)
    ids = ada.page.evaluate("[...document.querySelectorAll('[id]')].map((element) => element.id)")
    assert len(ids) == len(set(ids))
