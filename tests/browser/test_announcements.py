"""What a screen reader is told: each message of others in the open room, once, and little else.

The oracle notes whatever is put into any live region of the page. Silence is tested with a message at the
end: what would have been said by mistake would have been said before it.
"""

import re
from uuid import uuid4

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Person, wait_until
from tests.browser.proxy import Proxy

ORACLE = """(() => {
  const spoken = window.spoken = [];
  const implicit = { log: 'polite', status: 'polite', alert: 'assertive' };
  const regionOf = (element) => {
    for (; element; element = element.parentElement) {
      const live = element.getAttribute('aria-live') || implicit[element.getAttribute('role')];
      if (live) return live === 'off' ? null : element;
    }
  };
  const isHidden = (element) => element.closest('[aria-hidden=true]') || !element.checkVisibility();
  const textOf = (node) => node.nodeType === 3 ? node.data : node.nodeType !== 1 || isHidden(node) ? ''
    : node.getAttribute('aria-label') || [...node.childNodes].map(textOf).join('');
  const say = (parent, node) => {
    if (!parent?.closest || !parent.isConnected || !regionOf(parent) || isHidden(parent)) return;
    const text = textOf(node).replace(/\\s+/g, ' ').trim();
    if (text) spoken.push(text);
  };
  const observer = new MutationObserver((mutations) => mutations.forEach(({ type, target, addedNodes }) => {
    if (type === 'childList') addedNodes.forEach((node) => say(target, node));
    else say(target.parentElement, target);
  }));
  addEventListener('DOMContentLoaded', () => observer.observe(document, {
    subtree: true, childList: true, characterData: true, attributeFilter: ['aria-label', 'hidden', 'role'],
  }));
})()"""


@pytest.fixture
def dora(person) -> Person:
    """Somebody who listens."""
    dora = person("dora")
    dora.context.add_init_script(ORACLE)
    return dora


def hears(person: Person, *texts: str) -> None:
    """Wait until exactly these were said, and forget them."""
    wait_until(person.page, lambda: len(person.page.evaluate("spoken")) >= len(texts))
    assert person.page.evaluate("spoken.splice(0)") == list(texts)


def heard_nothing(listener: Person, room: str, ben: Person) -> None:
    """Nothing before a message that ends the test."""
    ben.say(room, "The end")
    hears(listener, f"{ben.name}: The end")


@pytest.fixture
def shared_room(dora, ada, ben) -> str:
    return dora.make_room(ada, ben)


def choose(person: Person, what: str) -> None:
    person.open("/settings/")
    person.page.get_by_label("screen reader").select_option(what)
    person.page.get_by_role("button", name="Save").click()
    expect(person.page.get_by_role("status")).to_have_text("Settings saved")


@pytest.mark.accessibility("A44", "A46", "A56", "A57")
def test_each_message_of_others_is_spoken_once(dora, ada, ben, shared_room):
    ben.say(shared_room, "Long ago")
    dora.open_live(shared_room)
    expect(dora.page.locator("#announcer")).to_be_empty()
    expect(dora.page.locator("#announcer")).to_have_accessible_name("")  # some would say it before each
    assert dora.box.evaluate("box => box.matches(':valid:not([aria-invalid])')")  # Firefox tells what is not
    ada.say(shared_room, "Hello <b>all</b>, see https://example.com/")
    hears(dora, "ada: Hello <b>all</b>, see https://example.com/")
    ben.say(shared_room, "Same", "Same")
    hears(dora, "ben: Same", "ben: Same")
    expect(dora.page.locator("#announcer")).to_be_empty()  # nothing stale for those who read on


def test_oracle_hears_what_a_live_list_would_say(dora, ben, shared_room):
    """As it would be if the list of messages were what is announced."""
    ben.say(shared_room, "Before")
    dora.open_live(shared_room)
    dora.page.evaluate("document.getElementById('announcer').remove()")
    dora.page.evaluate("document.getElementById('conversation').setAttribute('aria-live', 'polite')")
    ben.say(shared_room, "Hello")
    wait_until(dora.page, lambda: "Hello" in " ".join(dora.page.evaluate("spoken")))
    dora.page.evaluate("document.querySelector('.message').ariaLabel = 'Read'")
    wait_until(dora.page, lambda: "Read" in dora.page.evaluate("spoken"))


@pytest.mark.accessibility("A57")
def test_announcement_stays_long_enough_to_be_noticed_and_then_goes(dora, ben, shared_room):
    dora.open_live(shared_room)
    dora.take_the_clock()
    dora.page.reload()
    dora.wait_until_live()
    dora.stop_the_clock()
    ben.say(shared_room, "Hello")
    dora.sees("Hello")
    announcer = dora.page.locator("#announcer")
    dora.pass_time(0.6)
    expect(announcer).to_have_text(f"{ben.name}: Hello")
    dora.pass_time(1)
    expect(announcer).to_have_text(f"{ben.name}: Hello")
    dora.pass_time(3)
    expect(announcer).to_be_empty()


@pytest.mark.accessibility("A44")
def test_private_chat(dora, ben):
    room = dora.chat_with(ben)
    dora.open_live(room)
    ben.say(room, "Just you")
    hears(dora, "ben: Just you")


@pytest.mark.accessibility("A53")
def test_burst_is_summed_up(dora, ada, ben, shared_room, backstage):
    dora.open_live(shared_room)
    dora.take_the_clock()
    dora.page.reload()
    dora.wait_until_live()
    dora.stop_the_clock()
    ada.say(shared_room, "One", "Two", "Three")
    ben.say(shared_room, "Four", "Five")
    expect(dora.messages).to_have_count(5)
    dora.pass_time(1)
    hears(dora, "5 new messages from ada and ben")
    backstage.fill(shared_room, "ada", 30)  # found by the poll
    expect(dora.messages).to_have_count(35)
    dora.pass_time(5)
    hears(dora, "30 new messages from ada")


def test_what_comes_while_something_is_said_gathers(dora, ada, shared_room):
    dora.open(shared_room)
    dora.take_the_clock()
    dora.page.reload()
    dora.wait_until_live()
    dora.stop_the_clock()
    ada.say(shared_room, "A long story. " * 10)
    expect(dora.messages).to_have_count(1)
    dora.pass_time(0.5)
    hears(dora, "ada: " + ("A long story. " * 10).strip())
    ada.say(shared_room, "One")
    expect(dora.messages).to_have_count(2)
    dora.pass_time(4)
    ada.say(shared_room, "Two")
    expect(dora.messages).to_have_count(3)
    dora.pass_time(2)
    hears(dora, "ada: One", "ada: Two")


@pytest.mark.accessibility("A53")
def test_many_people_are_counted(dora, shared_room, backstage):
    dora.open_live(shared_room)
    number = re.search("[0-9]+", shared_room)[0]
    dora.hide()
    backstage.run(
        f"for name in 'vera', 'wim', 'xenia', 'yves', 'zoe':\n"
        f"    user = User.objects.named(name) or factories.make_user(name)\n"
        f"    room = ChatRoom.objects.get(pk={number})\n"
        f"    factories.make_membership(room, user)\n"
        f"    factories.make_message(room, user)"
    )
    expect(dora.messages).to_have_count(5)
    dora.show()
    hears(dora, "5 new messages from 5 people")


@pytest.mark.accessibility("A49")
def test_own_text_is_not_spoken_wherever_it_comes_from(dora, ben, shared_room):
    dora.open_live(shared_room)
    dora.send("From here")
    dora.sees("From here")
    hears(dora, "Sent")
    dora.say(shared_room, "From my other tab")
    dora.sees("From here", "From my other tab")
    heard_nothing(dora, shared_room, ben)


@pytest.mark.accessibility("A48", "A49")
def test_answer_that_overtakes_a_message_swallows_nothing(dora, ben, shared_room):
    """The answer to a POST may bring a later message than the stream has brought."""
    dora.open_live(shared_room)
    with dora.page.expect_response("**/messages/") as answer:
        dora.send("Mine")
    assert answer.value.status == 201
    ben.say(shared_room, "Yours")
    dora.sees("Mine", "Yours")
    hears(dora, "Sent", "ben: Yours")


@pytest.mark.accessibility("A29", "A55", "A58")
def test_message_that_was_not_sent_is_an_alert(dora, shared_room):
    dora.open_live(shared_room)
    dora.send("x" * 4001)
    expect(dora.notice).to_contain_text("at most 4000")
    [said] = dora.page.evaluate("spoken.splice(0)")
    assert "at most 4000 characters" in said


@pytest.mark.accessibility("A55", "A58")
def test_message_that_was_lost_is_an_alert_beside_a_button_that_sends_it(dora, shared_room):
    lost = "Not sent: no connection. It will be sent when you are back online, unless you change it."
    dora.page.route("**/messages/", lambda route: route.abort())
    dora.open_live(shared_room)
    again = dora.page.get_by_role("button", name="Send again")
    dora.send("Hello")
    hears(dora, lost)
    expect(dora.box).to_be_focused()
    # What describes the box would be said when it changes, too.
    expect(dora.box).to_have_accessible_description(re.compile("^Enter sends"))
    dora.page.keyboard.press("Shift+Tab")  # to the files
    dora.page.keyboard.press("Shift+Tab")
    expect(dora.box).to_have_accessible_description(re.compile(f"^{re.escape(lost)} Enter sends"))
    expect(again).to_be_focused()
    dora.page.keyboard.press("Enter")
    hears(dora, lost)
    expect(dora.box).to_be_focused()
    expect(dora.box).to_have_value("Hello")
    dora.page.unroute("**/messages/")
    again.click()
    dora.sees("Hello")
    hears(dora, "Sent")
    expect(again).to_be_hidden()
    expect(dora.box).to_be_focused()


@pytest.mark.accessibility("A46", "A47")
def test_history_is_silent(dora, ben, shared_room, backstage):
    backstage.fill(shared_room, dora.name, 60)  # what is unread would all be on the first page
    dora.open_live(shared_room)
    expect(dora.messages).to_have_count(50)
    dora.scroller.evaluate("scroller => scroller.scrollTop = -scroller.scrollHeight")
    expect(dora.messages).to_have_count(60)
    hears(dora, "10 older messages")
    heard_nothing(dora, shared_room, ben)


@pytest.mark.accessibility("A47", "A48")
@pytest.mark.parametrize(
    ("amount", "summary"),
    [
        (0, []),
        (1, ["1 new message from ben"]),
        (2, ["2 new messages from ben"]),
        (120, ["50+ new messages from ben"]),
    ],
)
def test_break_is_summed_up(person, server, ben, backstage, amount, summary):
    with Proxy(server.port) as proxy:
        dora = person("dora", at=proxy)
        dora.context.add_init_script(ORACLE)
        room = ben.make_room(dora)
        ben.say(room, "Before")
        dora.open_live(room)
        dora.page.evaluate("document.addEventListener('level', () => { window.isLevel = true; })")
        proxy.cut()
        news = backstage.fill(room, "ben", amount) if amount else ["Before"]
        proxy.mend()
        wait_until(dora.page, lambda: dora.page.evaluate("window.isLevel"))
        expect(dora.messages.last).to_have_text(news[-1])
        hears(dora, *summary)
        heard_nothing(dora, room, ben)


@pytest.mark.accessibility("A36", "A38")
def test_other_rooms_are_silent(dora, ben, shared_room):
    other = dora.make_room(ben)
    dora.open_live(shared_room)
    ben.say(other, f"Elsewhere, @{dora.name}")
    expect(dora.line(other)).to_have_accessible_name(re.compile("1 unread message, 1 mentions you"))
    heard_nothing(dora, shared_room, ben)


@pytest.mark.accessibility("A38")
def test_lobby_is_silent(dora, ben, shared_room):
    dora.open_live("/")
    ben.say(shared_room, "Anybody here?")
    expect(dora.line(shared_room)).to_contain_text("Anybody here?")
    assert dora.page.evaluate("spoken") == []


@pytest.mark.accessibility("A42", "A50", "A51", "A52")
def test_ticks_typing_presence_and_edits_are_silent(dora, ada, ben, shared_room, backstage):
    dora.say(shared_room, "Who reads this?")
    ben.say(shared_room, "Text")
    dora.open_live(shared_room)
    for someone in (ada, ben):
        someone.open_live(shared_room)
    expect(dora.ticks).to_have_attribute("data-state", "read")
    ben.box.press_sequentially("He")
    expect(dora.page.locator("#typing")).to_contain_text("is typing")
    ben.box.fill("")
    number = re.search("[0-9]+", shared_room)[0]
    backstage.run(f"Message.objects.filter(room={number}, sender__username='ben').last().edit('Better text')")
    expect(dora.messages.last).to_have_text("Better text")
    ada.open("/login/")
    heard_nothing(dora, shared_room, ben)


@pytest.mark.accessibility("A54")
def test_mentions_only(dora, ben, shared_room):
    choose(dora, "mentions")
    dora.open_live(shared_room)
    ben.say(shared_room, "To everybody", f"To @{dora.name}")
    hears(dora, f"ben: To @{dora.name}")
    ben.say(shared_room, "To everybody", f"And @{dora.name}")
    hears(dora, f"ben: And @{dora.name}")
    dora.say(shared_room, "Shall we?")
    key = dora.page.locator(".message", has_text="Shall we?").get_attribute("data-key")
    ben.post(f"{shared_room}messages/", content="Yes", token=str(uuid4()), reply=key)
    hears(dora, "ben: Yes")


@pytest.mark.accessibility("A49", "A54")
def test_nothing_at_all(dora, ben, shared_room):
    choose(dora, "none")
    dora.open_live(shared_room)
    ben.say(shared_room, "Hello")
    dora.sees("Hello")
    dora.send("Hello Ben")
    dora.sees("Hello", "Hello Ben")
    expect(dora.page.locator("#announcer")).to_be_empty()
    expect(dora.page.locator("[role=log]")).to_have_count(0)
    assert dora.page.evaluate("spoken") == []


@pytest.mark.accessibility("A45")
def test_announcer_stays_the_same_element(dora, ben, shared_room):
    """Browsers tell screen readers nothing of what is in a region that was just put in."""
    dora.open_live(shared_room)
    dora.page.evaluate("window.announcer = document.getElementById('announcer')")
    dora.hide()
    dora.show()
    dora.wait_until_live()
    ben.say(shared_room, "Hello")
    dora.sees("Hello")
    assert dora.page.evaluate("announcer === document.getElementById('announcer')")


def test_formatted_message_is_spoken_as_it_is_seen(dora, ben, shared_room):
    dora.open_live(shared_room)
    ben.say(shared_room, "Very **bold**: it was ||the _gardener_||\n- one\n- two\n```\nx = 1\n```")
    hears(dora, f"{ben.name}: Very bold: it was Spoiler one two x = 1")
