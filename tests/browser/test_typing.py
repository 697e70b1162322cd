"""Others are told at once that somebody is typing, and not a moment longer."""

import re

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import Person, wait_until

SIGNALS = "**/typing/"


def press_keys(people: list[Person]) -> bool:
    for person in people:
        person.box.press("x")
    return True


def indicator(person: Person) -> Locator:
    return person.page.locator("#typing")


def test_the_others_see_it_until_the_message_arrives(ada, ben, person):
    dora = person("dora")
    room = ada.make_room(dora, ben)
    for someone in (ada, dora):
        someone.open_live(room)
    ben.open_live("/")
    place = dora.scroller.bounding_box()
    ada.box.press_sequentially("Hm")
    expect(indicator(dora)).to_have_text("ada is typing…")
    assert dora.scroller.bounding_box() == place
    expect(ben.line(room)).to_have_accessible_name(re.compile("typing…"))
    expect(indicator(ada)).to_be_empty()
    ada.box.press("Enter")
    dora.sees("Hm")
    expect(indicator(dora)).to_be_empty()
    expect(ben.page.get_by_text("typing…")).to_have_count(0)


def test_several(ada, ben, cleo, person):
    dora, emil = person("dora"), person("emil")
    room = ada.make_room(ben, cleo, dora, emil)
    for someone in (ada, ben, cleo, dora, emil):
        someone.open_live(room)
    typists: list[Person] = []
    for someone, text in (
        (ada, "ada is typing…"),
        (ben, "ada and ben are typing…"),
        (cleo, "ada, ben and 1 other are typing…"),
        (dora, "ada, ben and 2 others are typing…"),
    ):
        typists.append(someone)
        wait_until(emil.page, lambda text=text: press_keys(typists) and text in indicator(emil).inner_text())
    expect(indicator(ada)).not_to_contain_text("ada")


def test_at_most_every_two_seconds_and_gone_two_seconds_after_the_last_key(ada, person):
    dora = person("dora")
    chat = ada.chat_with(dora)
    ada.open_live(chat)
    dora.take_the_clock()
    dora.open_live(chat)
    signals = dora.requests(SIGNALS)
    dora.stop_the_clock()
    for _key in range(20):
        dora.page.keyboard.type("x")
        dora.pass_time(0.2)
    assert 2 <= len(signals.seen) <= 3
    expect(indicator(ada)).to_have_text(f"{dora.name} is typing…")
    dora.pass_time(1.6)
    expect(indicator(ada)).to_have_text(f"{dora.name} is typing…")
    dora.pass_time(0.5)
    expect(indicator(ada)).to_be_empty()


@pytest.mark.parametrize("how", ["leaves", "loses the network"])
def test_gone_when_the_typist(ada, person, how):
    dora = person("dora")
    chat = ada.chat_with(dora)
    ada.open_live(chat)
    dora.open_live(chat)
    dora.box.press_sequentially("Wait")
    expect(indicator(ada)).to_have_text(f"{dora.name} is typing…")
    if how == "leaves":
        dora.page.goto("about:blank")
    else:
        dora.context.set_offline(True)
    expect(indicator(ada)).to_be_empty()
    expect(ada.page.get_by_text("typing…")).to_have_count(0)


def test_page_opened_meanwhile_sees_it(ada, person):
    dora = person("dora")
    chat = ada.chat_with(dora)
    dora.open_live(chat)
    dora.box.press_sequentially("A long story")
    ada.open_live(chat)
    dora.box.press_sequentially(" begins")
    expect(indicator(ada)).to_have_text(f"{dora.name} is typing…")
