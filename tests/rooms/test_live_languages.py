"""What is live is rendered once for each language: data is read once, whoever reads."""

import re
from functools import partial

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from rooms.ids import room_channel
from rooms.live.news.chat_list import ChatList, Gathered, _make
from rooms.live.news.presence import _changes
from rooms.live.news.tail import Tail
from rooms.live.watch.database import DatabaseThreads
from rooms.live.wire import fragments, frames
from rooms.live.wire.channels import RoomStorage
from rooms.live.wire.formats import Document, Events
from rooms.live.wire.hub import Hub
from rooms.models import Membership
from tests.support.clients import StreamReader, eventually
from tests.support.factories import make_membership, make_message, make_room, make_user, make_users

GERMAN = {"Accept-Language": "de"}


@pytest.fixture
def renderings(monkeypatch):
    """The names of templates that fragments render from now on."""
    names = []
    render = fragments.render_to_string

    def note(template, *rest):
        names.append(template)
        return render(template, *rest)

    monkeypatch.setattr(fragments, "render_to_string", note)
    return names


def read(room, formats):
    """Return what a round of the tail reads for one reader of each format, all at one position."""
    tail = Tail.__new__(Tail)
    tail.room_id, tail.channel = room.pk, room_channel(room.pk)
    return tail._read({(format, 1) for format in formats}, set(), set())[0]


@pytest.mark.django_db
def test_change_is_rendered_once_for_a_language_with_the_same_queries(renderings):
    ann = make_user()
    room = make_room(members=[ann])
    for text in ("one", "two", "three"):
        make_message(room, ann, text)

    def cost(*formats):
        renderings.clear()
        with CaptureQueriesContext(connection) as captured:
            found = read(room, formats)
        return len(renderings), len(captured), {format: frame for (format, _), (_, frame) in found.items()}

    one = cost(Events("en"), Events("en"))
    two = cost(Events("en"), Events("de"))
    assert (one[0], two[0]) == (1, 2)
    assert one[1] == two[1]
    assert b">Reply<" in two[2][Events("en")]
    assert b">Antworten<" in two[2][Events("de")]
    documents = cost(Document("en", "UTC"))
    more = cost(Document("en", "UTC"), Document("de", "UTC"), Document("de", "Asia/Tokyo"))
    assert (documents[0], more[0]) == (1, 3)
    assert documents[1] == more[1]


@pytest.mark.django_db
def test_page_that_is_far_behind_gets_its_language():
    room = make_room(members=[make_user()])
    [change] = RoomStorage().get_changes(room_channel(room.pk), {-1}).values()
    assert b"No messages yet." in Events("en").changes(change)
    assert b"Noch keine Nachrichten." in Events("de").changes(change)


@pytest.mark.django_db
def test_presence_is_read_once(renderings):
    people = [person.pk for person in make_users(5)]
    with CaptureQueriesContext(connection) as captured:
        changes = _changes(people, {"en", "de"})
    assert (len(captured), len(renderings)) == (1, 10)
    for frame in changes.values():
        assert frame.in_language("en") == frame.in_language("de")  # never seen, in no words
    assert len(renderings) == 10


@pytest.mark.django_db
def test_list_of_chats_is_read_once_and_rendered_for_the_languages_that_are_there(renderings):
    room, sender, hub = make_room(), make_user(), Hub()
    readers = make_users(20)
    Membership.objects.bulk_create(Membership(room=room, user=person) for person in readers)
    make_membership(room, sender)
    chat_list = ChatList(hub, DatabaseThreads())
    make_message(room, sender)
    news = chat_list.read_news(Gathered(rooms={room.pk}), {person.pk for person in readers})
    assert renderings == []
    with CaptureQueriesContext(connection) as captured:
        _make([(letter.frame, {"en"}) for letter in news.letters])
        once = len(renderings)
        _make([(letter.frame, {"en"}) for letter in news.letters])
        assert len(renderings) == once
        _make([(letter.frame, {"en", "de"}) for letter in news.letters])
    assert len(captured) == 0
    assert renderings.count("rooms/pushes.html#chat-badge") == 2
    texts = {
        language: b"".join({letter.frame.in_language(language) for letter in news.letters}).decode()
        for language in ("en", "de")
    }
    assert "1 unread message" in texts["en"]
    assert "1 ungelesene Nachricht" in texts["de"]


def test_words_of_a_frame_are_made_when_they_are_wanted():
    made = []

    def make():
        made.append(1)
        return b"x"

    frame = frames.Frame(make)
    assert made == []
    assert [frame.in_language("en") for _ in range(3)] == [b"x"] * 3
    assert made == [1]


# Over the wire


def html_of(stream):
    return "".join(event.data for event in stream.unnamed)


@pytest.mark.usefixtures("no_complaint")
async def test_two_readers_of_one_room_get_their_languages_at_the_same_time(ann, bob, eve, group_id):
    await eve.room(group_id)
    async with (
        await ann.stream(group_id) as english,
        await bob.stream(group_id, headers=GERMAN) as german,
    ):
        for stream in (english, german):
            await stream.wait_for_event("heartbeat")
        await eve.send(f"/rooms/{group_id}/typing/")
        await english.wait_for(partial(has, english, f"{eve.name} is typing…"))
        await german.wait_for(partial(has, german, f"{eve.name} schreibt …"))
        await eve.post(group_id, "Hallo")
        await english.wait_for(partial(has, english, "1 unread message<"))
        await german.wait_for(partial(has, german, "1 ungelesene Nachricht<"))
        await english.wait_for(partial(has, english, ">Reply<"))
        await german.wait_for(partial(has, german, ">Antworten<"))
        # From the others: that somebody is new, and comes.
        await eve.create_room(f"{eve.name}'s")
        await english.wait_for(partial(has, english, "New room"))
        await german.wait_for(partial(has, german, "Neuer Raum"))
        for word in ("is typing", "unread message", ">Reply<", "New room"):
            assert word not in html_of(german)
        for word in ("schreibt", "ungelesene", ">Antworten<", "Neuer Raum"):
            assert word not in html_of(english)


def has(stream, text):
    return text in html_of(stream)


async def test_stream_speaks_as_its_page_does(ann, bob, private_id):
    """Although its reader has chosen another language since the page was loaded."""
    async with await bob.stream(private_id, query={"language": "de"}) as stream:
        await stream.wait_for(partial(has, stream, "Gesendet|Zugestellt|Gelesen"))
    async with await bob.stream(private_id, query={"language": "xx"}, headers=GERMAN) as stream:
        await stream.wait_for(partial(has, stream, "Gesendet|Zugestellt|Gelesen"))


async def test_chosen_language_goes_before_that_of_the_browser(bob, private_id, rows):
    rows.execute("UPDATE accounts_user SET language = 'en' WHERE username = ?", [bob.name])
    async with await bob.stream(private_id, headers=GERMAN) as stream:
        await stream.wait_for(partial(has, stream, "Sent|Delivered|Read"))


def attributes_of_html(stream):
    return re.search("<html (.*?)>", stream.body.decode(), re.DOTALL)[1].split()


async def test_frame_is_in_the_language_of_its_reader(ann, bob, private_id, rows):
    rows.execute("UPDATE accounts_user SET language = 'de' WHERE username = ?", [bob.name])
    path = f"/rooms/{private_id}/live"
    await bob.post(private_id, "Hallo")
    async with await StreamReader.open(bob.url, path, session=bob.session) as stream:
        await eventually(lambda: "Deine letzte Nachricht: Gesendet" in stream.body.decode())
        assert attributes_of_html(stream) == ['lang="de"', 'dir="ltr"']
        assert f"<title>Nachrichten: {ann.name}</title>" in stream.body.decode()
        await ann.send(f"/rooms/{private_id}/typing/")
        await eventually(lambda: f"{ann.name} schreibt …" in stream.body.decode())
        await eventually(lambda: stream.body.decode().count("Verbindung verloren.") > 1)
        await bob.log_out()
        await eventually(lambda: "Deine Sitzung ist beendet." in stream.body.decode())
    assert "Connection lost" not in stream.body.decode()


async def test_refusal_of_a_frame_looks_and_speaks_as_its_reader_wants(eve, private_id, rows):
    rows.execute("UPDATE accounts_user SET language = 'de', theme = 'dark' WHERE username = ?", [eve.name])
    path = f"/rooms/{private_id}/live"
    async with await StreamReader.open(eve.url, path, session=eve.session) as stream:
        await stream.wait_until_closed()
    assert attributes_of_html(stream) == ['lang="de"', 'dir="ltr"', 'data-theme="dark"']
    assert "Du bist nicht mehr in diesem Raum." in stream.body.decode()
    async with await StreamReader.open(eve.url, path, headers=GERMAN) as stream:
        await stream.wait_until_closed()
    assert "Deine Sitzung ist beendet." in stream.body.decode()
