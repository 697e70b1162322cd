"""What somebody sees who is too quick."""

import pytest
from playwright.sync_api import expect

from tests.support.server import Server


@pytest.fixture(scope="module")
def strict_server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("strict")
    with Server(folder, LIMIT_POST_PER_USER="1/1h", STREAMS_PER_USER="1") as server:
        yield server


@pytest.mark.accessibility("A32")
def test_message_that_was_too_much_comes_back_with_the_wait(person, strict_server):
    dora = person("dora", at=strict_server)
    dora.open_live(dora.make_room())
    dora.send("first")
    dora.sees("first")
    dora.send("second")
    expect(dora.notice).to_have_text("You have done this too often. Wait 60 minutes, then try again.")
    expect(dora.box).to_have_value("second")
    dora.sees("first")


def test_page_with_one_stream_too_many_says_so_and_does_not_ask_in_a_storm(person, strict_server):
    emil = person("emil", at=strict_server)
    emil.open_live(emil.make_room())
    second = emil.context.new_page()
    answers = []
    second.on("response", lambda response: answers.append(response.status))
    second.clock.install()
    second.goto(f"{strict_server.url}/")
    for _second in range(30):
        second.clock.run_for(1000)
        second.evaluate("fetch('/own/1.css').then((answer) => answer.text())")
    assert 1 <= answers.count(429) <= 20
    expect(second.get_by_text("Connection failed")).to_be_visible()
