"""✓ sent, ✓✓ delivered, blue ✓✓ read: live, at the author's pages only."""

import re

import pytest
from playwright.sync_api import Locator, expect

READS = "**/read/"


@pytest.mark.accessibility("A72")
def test_sent_delivered_read(ada, person):
    dora = person("dora")
    chat = ada.chat_with(dora)
    ada.open_live(chat)
    ada.send("Do you read me?")
    expect(ada.ticks).to_have_accessible_name("Sent")
    dora.open_live("/")
    expect(ada.ticks).to_have_accessible_name("Delivered")
    dora.look_away()
    ada.send("Hello?")
    expect(ada.ticks).to_have_count(2)
    expect(ada.ticks.last).to_have_accessible_name("Delivered")
    dora.open_live(chat)
    for tick in ada.ticks.all():
        expect(tick).to_have_accessible_name("Read")
    expect(dora.ticks).to_have_count(0)


def test_in_a_group_it_is_when_everybody_has(ada, person):
    dora, emil = person("dora"), person("emil")
    room = ada.make_room(dora, emil)
    ada.open_live(room)
    ada.send("Dinner is ready")
    expect(ada.ticks).to_have_accessible_name("Sent")
    dora.open_live(room)
    expect(ada.ticks).to_have_accessible_name("Sent, Read by 1 of 2")
    emil.open_live("/")
    expect(ada.ticks).to_have_accessible_name("Delivered, Read by 1 of 2")
    emil.open_live(room)
    expect(ada.ticks).to_have_accessible_name("Read by 2 of 2")


def test_same_after_a_reload_and_with_older_messages(ada, ben, backstage):
    room = ada.make_room(ben)
    backstage.fill(room, ada.name, 60)
    ben.open_live(room)  # at the first unread message
    ben.scroller.evaluate("scroller => scroller.scrollTo(0, 0)")
    ada.open_live(room)
    expect(ada.ticks.first).to_have_accessible_name("Read")
    ada.scroller.evaluate("scroller => scroller.scrollTo(0, -scroller.scrollHeight)")
    expect(ada.messages).to_have_count(60)
    expect(ada.ticks).to_have_count(60)
    expect(ada.ticks.first).to_have_accessible_name("Read")


@pytest.mark.parametrize("elsewhere", ["another window", "another tab"])
def test_read_is_what_was_looked_at(ada, person, elsewhere):
    dora = person("dora")
    chat = ada.chat_with(dora)
    dora.open_live(chat)
    dora.look_away() if elsewhere == "another window" else dora.hide()
    ada.open_live(chat)
    ada.send("Are you there?")
    dora.sees("Are you there?")
    expect(ada.ticks).to_have_accessible_name("Delivered")
    ada.page.reload()
    expect(ada.ticks).to_have_accessible_name("Delivered")
    dora.look() if elsewhere == "another window" else dora.show()
    expect(ada.ticks).to_have_accessible_name("Read")


def test_one_signal_a_second(ada, person):
    dora = person("dora")
    chat = ada.chat_with(dora)
    ada.say(chat, "1")
    dora.take_the_clock()
    reads = dora.requests(READS)
    dora.open_live(chat)
    reads.wait_for(1)
    dora.stop_the_clock()
    dora.pass_time(1)
    ada.say(chat, "2")
    dora.sees("1", "2")
    dora.pass_time(0.2)
    reads.wait_for(2)
    ada.say(chat, "3", "4", "5")
    dora.sees("1", "2", "3", "4", "5")
    dora.pass_time(0.5)
    ada.say(chat, "6")
    dora.sees("1", "2", "3", "4", "5", "6")
    assert len(reads.seen) == 2
    dora.pass_time(0.6)
    reads.wait_for(3)
    assert "upto" in (reads.seen[-1].post_data or "")
    ada.open_live(chat)
    for tick in ada.ticks.all():
        expect(tick).to_have_accessible_name("Read")
    assert len(reads.seen) == 3


def test_who_tells_nothing_is_told_nothing(ada, person):
    dora = person("dora")
    chat = ada.chat_with(dora)
    dora.open("/settings/")
    dora.page.get_by_label("Others see what I have read").uncheck()
    dora.page.get_by_role("button", name="Save").click()
    dora.open_live(chat)
    ada.open_live(chat)
    ada.send("Secretive?")
    dora.sees("Secretive?")
    expect(ada.ticks).to_have_accessible_name("Delivered")
    expect(dora.page).to_have_title(re.compile("^ada"))  # it was read, only not told
    dora.send("Me? Never.")
    ada.sees("Secretive?", "Me? Never.")
    expect(ada.page).to_have_title(re.compile("^dora"))
    expect(dora.ticks).to_have_accessible_name("Delivered")
    expect(ada.ticks).to_have_accessible_name("Delivered")


def test_details_tell_who_read_it_and_when(ada, person):
    dora = person("dora")
    room = ada.make_room(dora)
    ada.open_live(room)
    ada.send("Read this")
    dora.open_live(room)
    expect(ada.ticks).to_have_accessible_name("Read")
    ada.menu_of(ada.page.locator(".message")).get_by_role("link", name="Details").click()
    row = ada.page.get_by_role("row", name=dora.name)
    expect(row).to_contain_text("Yes")
    expect(row.get_by_role("time")).to_be_visible()
    ada.page.get_by_role("link", name="Back to").click()
    ada.sees("Read this")


def luminance(color: str) -> float:
    red, green, blue = (int(part) / 255 for part in re.findall(r"\d+", color)[:3])
    parts = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in (red, green, blue)
    ]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(tick: Locator) -> float:
    color = tick.evaluate("tick => getComputedStyle(tick).color")
    behind = tick.evaluate("tick => getComputedStyle(tick.closest('.bubble')).backgroundColor")
    light, dark = sorted([luminance(color), luminance(behind)], reverse=True)
    return (light + 0.05) / (dark + 0.05)


def shape(tick: Locator) -> str:
    return tick.evaluate(
        "tick => getComputedStyle(tick, '::before').content + getComputedStyle(tick).borderBlockEndWidth"
    )


@pytest.mark.accessibility("A72", "A96")
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_each_has_a_shape_of_its_own_and_can_be_seen(ada, person, theme):
    dora = person("dora")
    chat = ada.chat_with(dora)
    ada.page.emulate_media(color_scheme=theme)
    ada.open_live(chat)
    ada.send("One")
    looks = []
    for label, address in (("Sent", None), ("Delivered", "/"), ("Read", chat)):
        if address:
            dora.open_live(address)
        expect(ada.ticks).to_have_accessible_name(label)
        looks.append((shape(ada.ticks), contrast(ada.ticks) >= 3))
    assert len({shape for shape, _can_be_seen in looks}) == 3
    assert all(can_be_seen for _shape, can_be_seen in looks)
