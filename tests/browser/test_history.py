"""Older messages, and how time is shown."""

import re
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Person

OLDER = "**/?before=*"
AMOUNT = 130
STEP = timedelta(minutes=37)  # 130 messages span more than three days
NOW = datetime.now(UTC).replace(microsecond=0)
SEED = f"""
from datetime import datetime, timedelta
room = ChatRoom.objects.get(pk=%s)
messages = factories.make_messages(room, factories.make_user("chronicler"), {AMOUNT}, "Message")
for number, message in enumerate(messages):
    before_now = ({AMOUNT} - number) * timedelta(seconds={STEP.seconds})
    message.timestamp = datetime.fromisoformat("{NOW}") - before_now
Message.objects.bulk_update(messages, ["timestamp"])
Membership.objects.filter(room=room).update(read_marker=messages[-1].pk)
factories.make_membership(room, factories.make_user("latecomer"), read_marker=messages[19].pk)
"""


def moment_of(number: int) -> datetime:
    """When "Message <number>" was posted."""
    return NOW - (AMOUNT - (number - 1)) * STEP


@pytest.fixture(scope="session")
def old_room(cast, backstage) -> str:
    """The address of a group room with "Message 1" to "Message 130", of which the last 50 are on its page."""
    room = cast("ada").make_room()
    backstage.run(SEED % re.search(r"\d+", room)[0])
    return room


@pytest.fixture(scope="session")
def latecomer(browser, server, old_room) -> Person:
    """Somebody who has read the first 20 messages."""
    return Person(browser, server, "latecomer").enter()


def messages(first: int, last: int = AMOUNT) -> list[str]:
    return [f"Message {number}" for number in range(first, last + 1)]


def scroll_up(person: Person) -> None:
    person.scroller.evaluate("scroller => scroller.scrollTop = -scroller.scrollHeight")


def test_older_messages_come_page_by_page_when_scrolled_to(ada, old_room):
    ada.open_live(old_room)
    ada.sees(*messages(81))
    held = ada.hold(OLDER)
    scroll_up(ada)
    request = held.wait_for(1)
    before = ada.messages.first.bounding_box()
    request.continue_()
    ada.sees(*messages(31))
    assert abs(ada.messages.nth(50).bounding_box()["y"] - before["y"]) <= 1
    scroll_up(ada)
    held.wait_for(2).continue_()
    ada.sees(*messages(1))
    expect(ada.page.get_by_role("link", name="Older messages")).to_have_count(0)
    expect(ada.page.get_by_text("This is the beginning of the conversation")).to_be_visible()
    assert len(held.routes) == 2, "one page for each time one scrolls up"


def test_older_messages_by_the_link_after_loading_them_failed(ada, old_room):
    ada.open_live(old_room)
    title = ada.page.title()
    ada.page.route(
        OLDER,
        lambda route: route.fulfill(status=502, body="<title>Bad Gateway</title><h1>Bad Gateway</h1>"),
        times=1,
    )
    with ada.page.expect_response(OLDER):
        scroll_up(ada)
    ada.sees(*messages(81))
    expect(ada.page).to_have_title(title)
    ada.page.get_by_role("link", name="Older messages").click()
    ada.sees(*messages(31))


def test_impatient_clicks_load_nothing_twice(ada, old_room):
    ada.open_live(old_room)
    held = ada.hold(OLDER)
    link = ada.page.get_by_role("link", name="Older messages")
    link.click()
    held.wait_for(1)
    link.click()
    link.click()
    held.routes[0].continue_()
    ada.sees(*messages(31))
    assert len(held.routes) == 1


@pytest.mark.accessibility("A70")
def test_keyboard_focus_stays_on_the_link_to_its_end(ada, old_room):
    ada.open_live(old_room)
    ada.scroller.focus()
    ada.page.keyboard.press("Tab")  # comes into view, and loads
    ada.sees(*messages(31))
    link = ada.page.get_by_role("link", name="Older messages")
    expect(link).to_be_focused()
    ada.page.keyboard.press("Enter")
    ada.sees(*messages(1))
    expect(ada.page.get_by_text("This is the beginning of the conversation")).to_be_focused()


def test_messages_arrive_in_order_while_history_is_loaded(ada, ben, room, backstage):
    lines = backstage.fill(room, ada.name, 52)
    ada.open_live(room)
    held = ada.hold(OLDER)
    scroll_up(ada)
    request = held.wait_for(1)
    ben.say(room, "News")
    expect(ada.messages.last).to_have_text("News")
    request.continue_()
    ada.sees(*lines, "News")


def lines_of(person: Person) -> list[str]:
    """What stands in the conversation: names of days, "New messages" and messages with their times."""
    return person.page.evaluate(
        """() => [...document.querySelectorAll('#conversation li:not(.nothing)')].map(
          (line) => line.matches('.message')
          ? `${line.querySelector('.content').textContent} ${line.querySelector('time').textContent}`
          : line.textContent.trim())"""
    )


def day_name(day: date, today: date) -> str:
    """What a page calls a day, whose clock stands at a moment of `today`."""
    if day == today:
        return "Today"
    return "Yesterday" if day == today - timedelta(days=1) else f"{day:%B} {day.day}, {day.year}"


def expected_lines(zone: ZoneInfo, first: int, unread: int | None = None) -> list[str]:
    numbers = range(first, AMOUNT + 1)
    lines = []
    for day, of_day in groupby(numbers, lambda number: moment_of(number).astimezone(zone).date()):
        lines.append(day_name(day, NOW.astimezone(zone).date()))
        lines += [f"Message {number} {moment_of(number).astimezone(zone):%H:%M}" for number in of_day]
    if unread:
        place = next(i for i, line in enumerate(lines) if line.startswith(f"Message {unread} "))
        begins_a_day = not lines[place - 1].startswith("Message ")
        lines.insert(place - begins_a_day, "New messages")
    return lines


@pytest.mark.accessibility("A69")
@pytest.mark.parametrize("zone", ["Pacific/Auckland", "America/Los_Angeles", "Asia/Kolkata"])
def test_days_and_times_are_the_readers_across_pages(person, old_room, zone):
    dora = person("dora", timezone_id=zone)
    dora.page.clock.set_fixed_time(NOW)
    dora.open_live(old_room)
    assert lines_of(dora) == expected_lines(ZoneInfo(zone), first=81)
    scroll_up(dora)
    dora.sees(*messages(31))
    assert lines_of(dora) == expected_lines(ZoneInfo(zone), first=31)
    scroll_up(dora)
    dora.sees(*messages(1))
    assert lines_of(dora) == expected_lines(ZoneInfo(zone), first=1)
    # From the second page on the server knows the zone, and there is nothing to correct.
    html = dora.context.request.get(f"{dora.url}{old_room}").text()
    clock = f"{moment_of(AMOUNT).astimezone(ZoneInfo(zone)):%H:%M}"
    assert re.findall(r"<time [^>]*>(\d\d:\d\d)</time>", html)[-1] == clock


def test_live_messages_and_the_list_of_chats_show_the_readers_time(person, ada):
    dora = person("dora", timezone_id="Asia/Kolkata")
    room = ada.make_room(dora)
    dora.open_live(room)
    ada.say(room, "What time is it?")
    message = dora.page.locator(".message")
    stamp = datetime.fromisoformat(message.locator("time").get_attribute("datetime"))
    clock = f"{stamp.astimezone(ZoneInfo('Asia/Kolkata')):%H:%M}"
    expect(message.locator("time")).to_have_text(clock)
    expect(dora.chats.filter(has_text="What time is it?").locator("time")).to_have_text(clock)
    assert lines_of(dora) == ["Today", f"What time is it? {clock}"]


def test_today_becomes_yesterday_on_an_open_page(ada, person):
    dora = person("dora")
    room = ada.make_room()
    ada.say(room, "Good evening")
    evening = datetime.now(UTC)
    dora.page.clock.set_fixed_time(evening)
    dora.open_live(room)
    assert lines_of(dora)[0] == "Today"
    dora.page.clock.set_fixed_time(evening + timedelta(days=1))
    ada.say(room, "Rise and shine")
    dora.sees("Good evening", "Rise and shine")
    assert lines_of(dora)[0] == "Yesterday"
    assert "Today" not in lines_of(dora)
    expect(dora.line(room).locator("time")).to_have_text("Yesterday")


@pytest.mark.accessibility("A67")
def test_line_above_the_first_unread_message(ada, ben, room, backstage):
    ben.say(room, "Seen")
    with ada.page.expect_response("**/read/"):
        ada.open_live(room)
    ada.open("/")
    backstage.fill(room, ben.name, 20, f"Unseen {'and more ' * 60}")
    ben.say(room, "The last one")
    ada.open("/")
    ada.line(room).click()
    line = ada.page.get_by_role("heading", name="New messages")
    expect(line).to_be_in_viewport()
    expect(ada.box).to_be_focused()
    assert [line.split()[0] for line in lines_of(ada)[:4]] == ["Today", "Seen", "New", "Unseen"]


def test_unread_line_stands_on_the_page_where_it_belongs(latecomer, old_room):
    latecomer.page.clock.set_fixed_time(NOW)
    latecomer.open_live(old_room)
    latecomer.sees(*messages(11))  # so far back that reading can begin
    expect(latecomer.page.get_by_role("heading", name="New messages")).to_have_count(1)
    scroll_up(latecomer)
    latecomer.sees(*messages(1))
    assert lines_of(latecomer) == expected_lines(ZoneInfo("UTC"), first=1, unread=21)
    latecomer.rest()


# Around a message


@pytest.fixture
def long_room(ada, ben, room, backstage) -> list[str]:
    """Messages of ben, of which ada has read the first 20."""
    lines = backstage.fill(room, ben.name, 120)
    number = re.search(r"\d+", room)[0]
    backstage.run(
        f"keys = list(Message.objects.filter(room={number}).order_by('pk').values_list('pk', flat=True))\n"
        f"Membership.objects.filter(room={number}).update(read_marker=keys[19], last_read=keys[19])"
    )
    return lines


def key_of(person: Person, room: str, place: int) -> int:
    """Return the id of a message by its place in the room, from the pages that lead back to it."""
    html = person.context.request.get(f"{person.url}{room}").text()
    return int(re.findall(r'id="message-(\d+)"', html)[-1]) - (119 - place)


@pytest.mark.accessibility("A70")
def test_room_opens_around_a_message_and_goes_on_to_the_newest(ada, ben, room, long_room):
    """Nothing stands below a gap, nothing is passed over as read, and at the newest the page is live."""
    reads = ada.requests("*/read/")
    ada.open_live(f"{room}?message={key_of(ada, room, 60)}")
    ada.sees(*long_room[35:85])
    focused = ada.page.locator(".message:focus")
    expect(focused.locator(".content")).to_have_text(long_room[60])
    expect(focused).to_be_in_viewport()
    ben.say(room, "News")
    gap = ada.page.get_by_role("link", name="36 newer messages. Go to the newest")
    expect(gap).to_be_visible()
    arrived = ada.page.locator("#messages .message")
    expect(arrived).to_have_count(1)
    expect(arrived).to_be_hidden()
    ada.page.get_by_role("link", name="Newer messages", exact=True).click()
    visible = ada.page.locator(".message .content:visible")
    expect(visible).to_have_text([*long_room[35:], "News"])
    expect(focused.locator(".content")).to_have_text(long_room[85])
    expect(gap).to_have_count(0)
    ben.say(room, "And more")
    expect(visible).to_have_text([*long_room[35:], "News", "And more"])
    ada.page.keyboard.press("End")
    expect(focused.locator(".content")).to_have_text("And more")
    assert reads.seen == [], "the first unread messages are not on the page"
    scroll_up(ada)
    ada.sees(*long_room, "News", "And more")
    with ada.page.expect_response("**/read/"):
        ada.page.keyboard.press("End")


def test_who_writes_on_an_older_page_is_led_to_the_newest(ada, room, long_room):
    ada.open_live(f"{room}?message={key_of(ada, room, 60)}")
    ada.send("Back again")
    expect(ada.page).to_have_url(f"{ada.url}{room}")
    expect(ada.messages.last).to_have_text("Back again")


def test_code_and_the_link_to_a_message_are_copied(ada, room):
    ada.say(room, "Look here")
    ada.context.grant_permissions(["clipboard-read", "clipboard-write"])
    ada.open_live(room)
    ada.say(room, "```\nx = 1\n  y\n```")  # from elsewhere
    button = ada.page.get_by_role("button", name="Copy code")
    expect(button).to_have_js_property("tabIndex", -1)  # until its message is reached
    button.click()
    expect(ada.page.get_by_role("status").filter(has_text="Copied")).to_be_visible()
    assert ada.page.evaluate("navigator.clipboard.readText()") == "x = 1\n  y"
    size, code = button.bounding_box(), ada.page.locator("pre").bounding_box()
    assert min(size["width"], size["height"]) >= 44
    assert code["x"] + code["width"] <= size["x"], "it covers nothing"
    ada.page.reload()
    ada.menu_of(ada.page.locator(".message").first).get_by_role("button", name="Copy link").click()
    expect(ada.page.get_by_text("Copied")).to_be_visible()
    ada.page.goto(ada.page.evaluate("navigator.clipboard.readText()"))
    expect(ada.page.locator(".message:focus")).to_contain_text("Look here")


def test_reply_leads_to_what_it_answers_and_changes_with_it(ada, ben, room, backstage):
    ben.say(room, "Shall we?")
    ada.open_live(room)
    ada.page.locator(".message").hover()
    ada.page.get_by_role("link", name="Reply", exact=True).click()
    expect(ada.page.get_by_role("link", name="Cancel reply")).to_be_visible()
    expect(ada.box).to_be_focused()
    ada.page.keyboard.press("Escape")
    expect(ada.page.locator("#reply")).to_be_empty()
    ada.page.get_by_role("link", name="Reply", exact=True).click()
    expect(ada.page.get_by_role("link", name="Cancel reply")).to_be_visible()
    ada.box.press_sequentially("Ye")
    key = ada.page.locator(".message").first.get_attribute("data-key")
    assert ben.post(f"/messages/{key}/edit/", content="Shall I?", since="0").status == 302
    expect(ada.page.locator("#reply .quote")).to_contain_text("Shall I?")
    ada.send("Yes")
    expect(ada.page.locator("#reply")).to_be_empty()
    quote = ada.page.locator("#conversation .quote")
    expect(quote).to_contain_text("Shall I?")
    assert ben.post(f"/messages/{key}/edit/", content="Shall they?", since="1").status == 302
    expect(quote).to_contain_text("Shall they?")
    ada.page.evaluate("window.isTheSame = true")
    quote.get_by_role("link").click()
    expect(ada.page.locator(".message:focus .content")).to_have_text("Shall they?")
    assert ada.page.evaluate("window.isTheSame")
    backstage.fill(room, ben.name, 60)
    ada.open_live(f"{room}?message={int(key) + 1}")
    answered = ada.page.locator(f"#message-{key}")
    answered.hover()
    answered.get_by_role("link", name="Reply", exact=True).click()
    expect(ada.page.locator("#reply .quote")).to_contain_text("Shall they?")
    assert ben.post(f"/messages/{key}/delete/").status == 302
    expect(quote).to_contain_text("This message was deleted.")
    expect(ada.page.locator("#reply .quote")).to_contain_text("This message was deleted.")


def test_page_stays_light_and_in_its_place_however_much_arrives(ada, ben, room, backstage):
    """What is far away is taken out, and comes back by the link; at the end, what is far above."""
    backstage.fill(room, ada.name, 40, "A text that fills a line or two of the page. Line")
    ada.open_live(room)
    ada.scroller.evaluate("scroller => scroller.scrollTop = -900")
    line = ada.page.locator(".message").filter(has_text="Line 20").first
    place = line.bounding_box()
    for number in range(5):
        backstage.fill(room, ben.name, 80, f"Part {number}, line")
        live = ada.page.locator("#messages .message", has_text=f"Part {number}, line 80")
        live.wait_for(state="attached")
    expect(ada.page.locator("#gap")).to_be_attached()
    expect(ada.page.locator("#to-newest")).to_have_accessible_name("99+ new messages")
    assert ada.page.locator(".message").count() <= 40 + 160 + 61
    assert abs(line.bounding_box()["y"] - place["y"]) <= 1
    button = ada.page.locator("#to-newest")
    button.click()
    expect(ada.page.locator("#conversation").get_by_text("Part 0, line 1", exact=True)).to_be_in_viewport()
    ada.page.locator("#newer-link").click()
    expect(ada.page.locator("#conversation").get_by_text("Part 1, line 80", exact=True)).to_be_attached()
    button.click()
    expect(ada.page.locator("#conversation").get_by_text("Part 4, line 80", exact=True)).to_be_in_viewport()
    ada.wait_until_live()
    for number in range(5, 9):
        backstage.fill(room, ben.name, 80, f"Part {number}, line")
        expect(ada.messages.last).to_have_text(f"Part {number}, line 80")
        expect(ada.messages.last).to_be_in_viewport()
    assert ada.page.locator(".message").count() <= 300 + 61
    expect(ada.page.locator("#older-link")).to_be_attached()
