"""Hostile texts in a real browser: nothing is run, nothing is asked for."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.backstage import Backstage
from tests.support.hostile import TEXTS
from tests.support.server import Server

# What does something: all attributes of htmx and of events, and where scripts, pictures and frames come from.
ACTIVE = """() => {
  const found = new Set();
  for (const element of document.querySelectorAll('*')) {
    if (/^(script|style|iframe|object|embed|base|svg|template|img|form)$/.test(element.localName)) {
      found.add(element.localName);
    }
    if (element.matches('#older > #older-link')) continue; // there where there are older messages
    for (const { name, value } of element.attributes) {
      if (/^(on|hx-|data-hx-|srcdoc|formaction|style)/.test(name)) {
        found.add(`${element.localName} ${name}=${value.replace(/\\d+/g, '0')}`);
      }
    }
  }
  return [...found].sort();
}"""


def write_everywhere(backstage, ben, room, texts):
    """Write behind the forms: a room for each text and a person who is called so, and all as messages."""
    number = re.search("[0-9]+", room)[0]
    backstage.run(
        f"texts, room = {texts!r}, ChatRoom.objects.get(pk={number})\n"
        f"ben = User.objects.get(username={ben.name!r})\n"
        "for text in texts:\n"
        "    person, other = factories.make_user(), factories.make_room()\n"
        "    User.objects.filter(pk=person.pk).update(display_name=text, status=text)\n"
        "    ChatRoom.objects.filter(pk=other.pk).update(name=f'{other.pk} {text}', description=text)\n"
        "    factories.make_membership(room, person)\n"
        "    factories.make_membership(other, ben)\n"
        "    factories.make_message(room, person, text)\n"
        "    factories.make_message(other, ben, text)\n"
        "User.objects.filter(pk=ben.pk).update(display_name=' '.join(texts), status=' '.join(texts))\n"
        "ChatRoom.objects.filter(pk=room.pk).update(description=' '.join(texts))\n"
    )


@pytest.fixture
def stage(tmp_path):
    """A server of its own, and what is behind it: other tests look at the lists of chats, too."""
    with Server(tmp_path) as server, Backstage(server) as backstage:
        yield server, backstage


def test_nothing_is_run_or_asked_for(person, stage):
    server, backstage = stage
    ada, ben = person("ada", at=server), person("ben", at=server)
    room = ada.make_room(ben)
    chat = ada.chat_with(ben)
    ben.say(room, "harmless")
    ben.say(chat, "harmless")
    pages = ["/", room, chat, f"{room}about/", f"{room}edit/", f"/people/{ben.name}/profile/"]
    dialogs = []
    ada.page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    asked_for = ada.requests("*pwned*")
    active = {}
    for address in pages:
        active[address] = ada.open(address).page.evaluate(ACTIVE)

    ada.open_live(room)
    write_everywhere(backstage, ben, room, TEXTS)
    # All at once by the stream, and then one by one.
    expect(ada.messages.last).to_have_text(TEXTS[-1])
    assert ada.page.evaluate(ACTIVE) == active[room]
    for text in TEXTS[:20]:
        assert ben.post(f"{room}messages/", content=text).status in (302, 422)
    for message in ada.messages.all()[-20:]:
        message.dispatch_event("click")
        message.dispatch_event("mouseover")
    assert ada.page.evaluate(ACTIVE) == active[room]

    for address in pages:
        assert ada.open(address).page.evaluate(ACTIVE) == active[address], address
        assert len(ada.page.locator("title").all()) == 1
    assert [request.url for request in asked_for.seen] == []
    assert dialogs == []
