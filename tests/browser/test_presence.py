"""Online or last seen, from open streams."""

import re

import pytest
from playwright.sync_api import expect

from tests.support.server import Server


@pytest.fixture(scope="module")
def quick_server(tmp_path_factory):
    """Heartbeats come often here, and with them the news of who has gone."""
    with Server(tmp_path_factory.mktemp("quick"), HEARTBEAT_INTERVAL="0.5") as server:
        yield server


def test_online_then_last_seen(person, quick_server):
    dora, emil = person("dora", at=quick_server), person("emil", at=quick_server)
    chat = dora.chat_with(emil)
    dora.say(chat, "Hello")
    dora.open_live(chat)
    header = dora.page.get_by_role("main").get_by_role("banner").or_(dora.page.locator("main header"))
    emil.open_live("/")
    expect(header).to_contain_text("online")
    expect(dora.line(chat)).to_have_accessible_name(re.compile(f"^{emil.name} ?online"))
    emil.context.close()
    expect(header).to_contain_text("last seen")
    expect(dora.line(chat)).not_to_have_accessible_name(re.compile("online"))
    dora.page.reload()
    expect(header).to_contain_text("last seen")


@pytest.mark.accessibility("A42")
def test_in_words_and_in_shape(ada, person):
    dora = person("dora")
    chat = ada.chat_with(dora)
    ada.say(chat, "Hello")
    ada.open_live(chat)
    dora.open_live("/")
    sign = ada.line(chat).locator(".presence")
    expect(sign).to_have_text("online")
    assert sign.evaluate("sign => getComputedStyle(sign, '::after').content + sign.parentElement.offsetWidth")


@pytest.mark.parametrize("who_hides", [0, 1], ids=["the one who looks", "the one looked at"])
def test_who_hides_it_sees_none(person, who_hides):
    people = dora, emil = person("dora"), person("emil")
    hidden = people[who_hides]
    hidden.open("/settings/")
    hidden.page.get_by_label("Others see when I am online").uncheck()
    hidden.page.get_by_role("button", name="Save").click()
    chat = dora.chat_with(emil)
    emil.open_live("/")
    dora.open_live(chat)
    emil.say(chat, "I am here")
    dora.sees("I am here")
    expect(dora.page.get_by_role("main")).not_to_contain_text(re.compile("online|last seen"))


def test_who_hides_it_no_longer_sees_it_in_other_windows(ada, person):
    dora = person("dora")
    chat = ada.chat_with(dora)
    ada.open_live("/")
    dora.open_live(chat)
    header = dora.page.locator("#other-presence")
    expect(header).to_have_text("online")
    settings = dora.context.new_page()
    settings.goto(f"{dora.url}/settings/")
    settings.get_by_label("Others see when I am online").uncheck()
    settings.get_by_role("button", name="Save").click()
    expect(header).to_be_empty()
    expect(dora.page.get_by_role("main")).not_to_contain_text("online")


def test_hidden_while_others_look(ada, person):
    dora = person("dora")
    chat = ada.chat_with(dora)
    ada.say(chat, "Hello")
    ada.open_live(chat)
    dora.open_live("/")
    expect(ada.line(chat)).to_have_accessible_name(re.compile("online"))
    dora.open("/settings/")
    dora.page.get_by_label("Others see when I am online").uncheck()
    dora.page.get_by_role("button", name="Save").click()
    expect(ada.line(chat)).not_to_have_accessible_name(re.compile("online|last seen"))
