"""Whatever goes wrong: the text stays in the box, the reason stands beside it, trying again sends it once."""

import re

import pytest
from playwright.sync_api import Route, expect

POSTS = "**/messages/"
NGINX = (
    "<html>\r\n<head><title>{0}</title></head>\r\n<body>\r\n<center><h1>{0}</h1></center>\r\n"
    "<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)
# What stands between may answer instead of Hearth.
ANSWERS = {
    "413 of nginx": (413, NGINX.format("413 Request Entity Too Large"), "too long"),
    "429 of nginx": (429, NGINX.format("429 Too Many Requests"), "in a moment"),
    "500 of Apache": (500, "<!DOCTYPE HTML><title>500 Internal Server Error</title><h1>Oops</h1>", "problem"),
    "502 of nginx": (502, NGINX.format("502 Bad Gateway"), "problem"),
    "503 without a body": (503, "", "problem"),
    "403 of a firewall": (403, "<title>Blocked</title><p>Blocked. Ray ID: 7</p>", "refused"),
    "page of a portal": (200, "<!doctype html><title>Welcome</title><h1>Log in to the Wi-Fi</h1>", "problem"),
}


@pytest.mark.accessibility("A91")
@pytest.mark.parametrize("answer", ANSWERS)
def test_answer_of_somebody_in_between(ada, ben, room, answer):
    status, body, reason = ANSWERS[answer]
    ben.say(room, "Here before")
    ada.open_live(room)
    title = re.compile("^Room")  # all is read
    expect(ada.page).to_have_title(title)
    ada.page.route(
        POSTS, lambda route: route.fulfill(status=status, body=body, content_type="text/html"), times=1
    )
    ada.send("Please arrive")
    expect(ada.notice).to_contain_text(reason)
    expect(ada.box).to_have_value("Please arrive")
    expect(ada.box).to_be_focused()
    ada.sees("Here before")
    expect(ada.page).to_have_title(title)
    ada.box.press("Enter")
    ada.sees("Here before", "Please arrive")
    expect(ada.box).to_have_value("")
    expect(ada.notice).to_be_empty()
    ada.page.reload()
    ada.sees("Here before", "Please arrive")


@pytest.mark.accessibility("A58", "A93")
def test_offline(ada, ben, room):
    ada.open_live(room)
    ben.open_live(room)
    ada.context.set_offline(True)
    ada.send("From the tunnel")
    expect(ada.notice).to_contain_text("no connection")
    expect(ada.box).to_have_value("From the tunnel")
    ada.page.keyboard.type(", still")
    ada.context.set_offline(False)
    ada.page.keyboard.press("Enter")
    for someone in (ada, ben):
        someone.sees("From the tunnel, still")
    expect(ada.notice).to_be_empty()


def test_refused_after_cookies_were_cleared(ada, room):
    ada.open_live(room)
    ada.context.clear_cookies(name="hearth_csrf")
    ada.send("Keep this")
    expect(ada.notice).to_contain_text("Reload the page")
    expect(ada.box).to_have_value("Keep this")
    ada.page.reload()
    expect(ada.box).to_have_value("Keep this")
    ada.box.press("Enter")
    ada.sees("Keep this")


@pytest.mark.accessibility("A29", "A91")
@pytest.mark.parametrize(
    ("text", "reason", "better"),
    [
        ("x" * 4001, "at most 4000 characters", "x" * 4000),
        ("長" * 6_000, "at most 4000 characters", "Short"),
        ("x" * 300_000, "too large", "Short"),
        ("A bell\x07", "control character", "A bell"),
    ],
    ids=["a little too long", "much too long", "far too long", "control character"],
)
def test_refused_by_the_server_until_it_is_right(ada, room, text, reason, better):
    ada.open_live(room)
    title = ada.page.title()
    ada.send(text)
    expect(ada.notice).to_contain_text(reason)
    expect(ada.box).to_have_value(text)
    expect(ada.page).to_have_title(title)
    expect(ada.messages).to_have_count(0)
    ada.send(better)
    ada.sees(better)
    expect(ada.notice).to_be_empty()


def lose_the_answer(route: Route) -> None:
    route.fetch()
    route.abort("connectionreset")


def test_retry_after_a_lost_answer_sends_nothing_twice(ada, ben, room):
    ada.open_live(room)
    ada.page.route(POSTS, lose_the_answer)  # also when it is sent again by itself
    ada.send("Saved, but who knows")
    expect(ada.notice).to_contain_text("no connection")
    ada.sees("Saved, but who knows")
    expect(ada.box).to_have_value("Saved, but who knows")
    ada.page.unroute(POSTS)
    ada.box.press("Enter")
    expect(ada.box).to_have_value("")
    ada.send("Next")
    ada.sees("Saved, but who knows", "Next")
    ben.open(room).sees("Saved, but who knows", "Next")


def test_reload_after_a_lost_answer_sends_nothing_twice(ada, room):
    ada.open_live(room)
    ada.page.route(POSTS, lose_the_answer, times=1)
    ada.send("Saved, but who knows")
    expect(ada.notice).not_to_be_empty()
    ada.page.reload()  # which sends it again by itself
    expect(ada.box).to_have_value("")
    ada.send("Next")
    ada.sees("Saved, but who knows", "Next")


def test_other_text_after_a_lost_answer_is_asked_about(ada, room):
    ada.open_live(room)
    ada.page.route(POSTS, lose_the_answer, times=1)
    ada.send("One thing")
    expect(ada.notice).not_to_be_empty()
    ada.send("Another thing")
    expect(ada.notice).to_contain_text("Send again to send this one as well")
    expect(ada.box).to_have_value("Another thing")
    ada.box.press("Enter")
    ada.sees("One thing", "Another thing")


def test_what_waits_behind_a_failure_comes_back_in_order(ada, room):
    posts = ada.hold(POSTS)
    ada.open_live(room)
    for text in ("One", "Two", "Three"):
        ada.send(text)
    ada.page.keyboard.type("half of fo")
    posts.wait_for(1).abort()
    expect(ada.box).to_have_value("One\nTwo\nThree\nhalf of fo")
    ada.page.keyboard.type("ur")
    ada.page.keyboard.press("Enter")
    posts.wait_for(2).continue_()
    expect(ada.messages).to_have_count(1)
    assert ada.messages.inner_text() == "One\nTwo\nThree\nhalf of four"
    assert len(posts.routes) == 2


def test_what_waits_behind_a_lost_answer_is_sent_without_what_was_saved(ada, ben, room):
    posts = ada.hold(POSTS)
    ada.open_live(room)
    ada.send("One")
    ada.send("Two")
    lose_the_answer(posts.wait_for(1))
    expect(ada.box).to_have_value("One\nTwo")
    ada.sees("One")
    ada.box.press("Enter")
    posts.wait_for(2).continue_()
    ada.sees("One", "Two")
    expect(ada.box).to_have_value("")
    expect(ada.notice).to_be_empty()
    ben.open(room).sees("One", "Two")


def test_sending_after_the_session_has_ended(person):
    dora = person("dora")
    room = dora.make_room()
    dora.open_live(room)
    dora.page.route("**/stream?*", lambda route: route.abort())
    dora.context.clear_cookies(name="hearth_session")
    dora.send("Too late")
    expect(dora.notice).to_contain_text("session has ended")
    expect(dora.box).to_have_value("Too late")


def test_failed_report_of_what_was_read_is_nobodys_business(ada, ben, room):
    ben.say(room, "Unread")
    with ada.page.expect_response("**/read/"):
        ada.page.route("**/read/", lambda route: route.fulfill(status=500, body=NGINX.format("500")), times=1)
        ada.open_live(room)
    expect(ada.page).to_have_title(re.compile(r"^\(1\) Room"))
    expect(ada.notice).to_be_empty()
    with ada.page.expect_response(lambda response: response.url.endswith("/read/") and response.ok):
        ben.say(room, "Unread too")
    expect(ada.page).to_have_title(re.compile("^Room"))
    expect(ada.chats.get_by_role("link", name=re.compile("Unread too"))).not_to_have_accessible_name(
        re.compile("unread message")
    )


def test_failed_mark_as_read_changes_nothing(ada, ben, room):
    ben.say(room, "Unread")
    ada.open_live(room)
    title = re.compile("^Room")
    expect(ada.page).to_have_title(title)
    ada.page.route("**/read/", lambda route: route.fulfill(status=502, body=NGINX.format("502 Bad Gateway")))
    with ada.page.expect_response("**/read/"):
        ada.page.get_by_role("button", name="Mark as read").click()
    ada.sees("Unread")
    expect(ada.page).to_have_title(title)
