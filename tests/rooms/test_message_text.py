"""The text of a message as HTML: what one message costs its readers has a bound."""

import re
from html import unescape

import pytest
from django.utils.html import Urlizer

from rooms.models import Message
from rooms.models.chat_room import MENTIONS_AT_MOST
from rooms.models.message_text import LINKS, MENTIONS, WORDS_LOOKED_AT
from rooms.templatetags.messages import preview
from tests.support.factories import make_membership, make_message, make_users

pytestmark = pytest.mark.django_db


def text_of(html):
    return unescape(re.sub("<[^>]*>", "", html))


@pytest.fixture
def looked_at(monkeypatch):
    """Return the list of words that are looked at for links from now on."""
    words = []
    look = Urlizer.trim_punctuation
    monkeypatch.setattr(
        Urlizer, "trim_punctuation", lambda self, word: words.append(word) or look(self, word)
    )
    return words


@pytest.mark.parametrize(
    "word", ["https://{}.example/", "same.example.com", "www.{}.example", "example.net/{}"]
)
def test_after_many_links_addresses_are_text(word):
    content = "\n".join(word.format(number) for number in range(100))
    html = Message(content=content).html
    assert html.count("<a ") == LINKS
    assert text_of(html) == content


@pytest.mark.parametrize("word", ["{}a@b.io", "a.{}", "{}:", "http:/{}", "{}.com"])
def test_few_words_are_looked_at_for_links(looked_at, word):
    assert Message(content=" ".join(word.format(number) for number in range(450))).html
    assert len(looked_at) <= WORDS_LOOKED_AT


def test_after_many_mentions_names_are_text():
    content = "@ada " * 800
    html = Message(content=content, mentioned={"ada": 1}).html
    assert html.count("<span ") == MENTIONS


def test_message_mentions_so_many_people_at_most(ada, room):
    people = make_users(MENTIONS_AT_MOST + 5)
    for person in people:
        make_membership(room, person)
    message = make_message(room, ada, " ".join(f"@{person.username}" for person in people))
    assert message.mentions.count() == len(message.mentioned) == MENTIONS_AT_MOST


@pytest.mark.parametrize(
    "content",
    [
        " ".join(("ä" * 60 + ".") * 4 + "com" for _ in range(16)),
        "http://a/" + "\u0301\u0323" * 990,
        '"' * 4000,
        "\U0001f600" * 4000,
        "www.a.io " * 444,
    ],
)
def test_html_of_a_message_is_small(content):
    assert len(Message(content=content).html.encode()) < 60_000


def test_text_is_made_html_once(ada, room, ada_client, ben_client, looked_at):
    make_message(room, ada, "see once.example.org")
    for client in (ada_client, ben_client, ada_client):
        assert b"once.example.org</a>" in client.get(room.get_absolute_url()).content
    assert looked_at == ["once.example.org"]


def test_mention_is_marked_anew_when_it_means_another_person():
    html = [Message(content="@ada", mentioned={"ada": pk}).html for pk in (1, 2)]
    assert [re.findall('data-user="(.)"', one) for one in html] == [["1"], ["2"]]


def test_list_of_chats_looks_at_the_beginning_of_a_message_only():
    """Truncating puts marks in order, which takes time with the square of their number."""
    assert len(preview(Message(content="a" + "\u0301\u0323" * 1999))) <= 400
    assert preview(Message(content="word " * 100)) == ("word " * 16)[:79] + "…"
    assert preview(Message(content="short")) == "short"
