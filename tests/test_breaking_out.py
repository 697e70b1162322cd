"""Nothing that a user can fill in becomes more than text: not HTML, not htmx, not an event of a stream.

Rows are filled behind the forms, which refuse much of it: what is shown has to hold by itself. A page with a
hostile text has to be the page with a harmless one, but for the text.
"""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import batched
from types import SimpleNamespace
from urllib.parse import urljoin, urlsplit
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, models
from django.test import Client
from django.utils import timezone
from hypothesis import example, given
from hypothesis import strategies as st

from accounts.models import NameShape, User
from rooms.chats import Chat
from rooms.history import page_before
from rooms.ids import room_channel
from rooms.live.news.chat_list import ChatList, Gathered
from rooms.live.news.profiles import Profiles
from rooms.live.wire import fragments, frames
from rooms.live.wire.channels import Change, RoomStorage
from rooms.live.wire.formats import EVENTS
from rooms.live.wire.hub import Hub
from rooms.models import (
    Attachment,
    ChatRoom,
    Membership,
    Message,
    MessageVersion,
    ModerationAct,
    Pin,
    Report,
    SavedMessage,
    StoredFile,
)
from rooms.models.stored_file import ShownFile, shown_as
from tests.conftest import client_of
from tests.support import sse
from tests.support.asking import undone
from tests.support.factories import (
    make_message,
    make_message_with_file,
    make_private_room,
    make_user,
    state_of,
)
from tests.support.hostile import TEXTS, WITH_NUL

pytestmark = pytest.mark.django_db

HARMLESS = "harmless"
# The values of these change from page to page by themselves.
CHANGING = {"csrfmiddlewaretoken", "token", "chats", "profiles"}
ACTIVE_TAGS = {
    "script",
    "style",
    "link",
    "meta",
    "iframe",
    "object",
    "embed",
    "base",
    "form",
    "template",
    "svg",
}
ACTIVE = re.compile("on.*|hx-.*|data-hx-.*|src|href|action|formaction|srcdoc|style|target|http-equiv")
LINK = {"href", "target", "rel"}
FORMATTING = {
    **{tag: set() for tag in ("strong", "em", "s", "code", "ul", "li", "blockquote", "summary")},
    **{"details": {"class"}, "span": {"class"}, "ol": {"start"}},
    "pre": {"class", "dir", "tabindex", "role", "aria-label"},
}


class Structure(HTMLParser):
    """Elements and attributes in the order in which they begin and end, without the texts between them.

    Links that are made of addresses in messages are left out; they may lead elsewhere, and do nothing else.
    Elements of formatting within the text of a message are left out as well.
    """

    def __init__(self, html):
        super().__init__()
        self.parts = []
        self.text = ""
        self._is_link = False
        self._formatting = None  # what is open within the text of a message
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        if tag == "a" and attributes.get("target") == "_blank":
            assert attributes.keys() == LINK
            assert re.match("https?://", attributes["href"])
            self._is_link = True
            return
        if self._formatting is not None and attributes.keys() <= FORMATTING.get(tag, set()):
            self._formatting.append(tag)
            return
        if attributes.get("class") == "content":
            self._formatting = []
        if attributes.get("name") in CHANGING:
            attributes.pop("value")
        self.parts.append((tag, attributes))

    def handle_endtag(self, tag):
        if tag == "a" and self._is_link:
            self._is_link = False
            return
        if self._formatting:
            assert self._formatting.pop() == tag
            return
        self._formatting = None
        self.parts.append((f"/{tag}", {}))

    def handle_data(self, data):
        self.text += data

    def handle_comment(self, data):
        self.parts.append(("comment", {"": data}))

    def handle_decl(self, decl):
        self.parts.append(("declaration", {"": decl}))

    handle_pi = unknown_decl = handle_decl

    def with_text(self, text):
        """Return the parts as they are to be with `text` in place of the harmless one."""
        return [
            (tag, {name: value and value.replace(HARMLESS, text) for name, value in attributes.items()})
            for tag, attributes in self.parts
        ]

    @property
    def active(self):
        """Return what does something, without numbers."""
        found = {(tag, "", "") for tag, _attributes in self.parts if tag in ACTIVE_TAGS}
        return found | {
            (tag, name, re.sub(r"\d+", "0", value or ""))
            for tag, attributes in self.parts
            for name, value in attributes.items()
            if ACTIVE.fullmatch(name)
        }


def assert_same(html, harmless, text):
    for part, expected in zip(Structure(html).parts, Structure(harmless).with_text(text), strict=True):
        assert part == expected


@pytest.fixture
def world(ada, ben, clock):
    """What people have filled in, wherever they can: ada owns the room, and ben has said and shown things."""
    room = ChatRoom.objects.create_group(HARMLESS, ada)
    for person in (ben, make_user("cleo")):
        room.join(person)
    private = make_private_room(ada, ben)
    hers, his = make_message(room, ada), make_message(room, ben)
    said = make_message(private, ben)
    his.edit(HARMLESS, his.edits)
    his.report(ada, reason="other", details=HARMLESS)
    his.react_as(ben, "👍")
    his.pin_as(ada, HARMLESS)
    his.save_for(ada, HARMLESS)
    room.post_message(ada, HARMLESS, uuid4(), his)
    private.forward(ada, his, uuid4())
    private.memberships.get(user=ada).keep_draft(HARMLESS, uuid4(), said.pk)
    room.note_act(ada, ModerationAct.Act.REMOVE, ben, reason=HARMLESS)
    filed = make_message_with_file(room, ada)
    return SimpleNamespace(
        room=room, private=private, hers=hers, his=his, said=said, filed=filed, ada=ada, ben=ben
    )


def fill(world, text):
    """Write `text` into every field, whatever the forms say."""
    if connection.vendor == "postgresql":
        text = text[:32]
    NameShape.objects.filter(user=world.ben).delete()

    def write(model, **fields):
        models.QuerySet(model).update(**fields)

    User.objects.filter(pk=world.ben.pk).update(display_name=text, status=text)
    ChatRoom.objects.filter(pk=world.room.pk).update(name=text, description=text)
    write(Message, content=text)
    write(MessageVersion, content=text)
    write(Report, details=text, content=text)
    write(ModerationAct, reason=text)
    write(Pin, reason=text)
    write(SavedMessage, note=text)
    write(Membership, draft=text)
    write(StoredFile, name=text)
    write(Attachment, description=text)
    file = ShownFile(id=1, kind="other", name=text, size=1, position=1, description=text)
    attached = shown_as([file, replace(file, kind="picture")])
    Message.objects.filter(pk=world.filed.pk).update(attached=attached)
    for row in (world.room, world.private, world.hers, world.his, world.said, world.ben):
        row.refresh_from_db()
    return text


def addresses(world):
    room, his, hers = world.room.pk, world.his.pk, world.hers.pk
    return [
        "/",
        f"/rooms/{room}/",
        f"/rooms/{room}/about/",
        f"/rooms/{room}/files/",
        f"/rooms/{room}/export/",
        "/settings/files/",
        f"/messages/{world.filed.pk}/files/1/",
        f"/messages/{world.filed.pk}/edit/",
        f"/rooms/{room}/edit/",
        f"/rooms/{room}/log/",
        f"/rooms/{room}/reports/",
        f"/rooms/{room}/notifications/",
        f"/rooms/{room}/members/{world.ben.pk}/",
        f"/rooms/{world.private.pk}/",
        f"/messages/{his}/",
        f"/messages/{his}/delete/",
        f"/messages/{hers}/",
        f"/messages/{hers}/replies/",
        f"/messages/{hers}/forward/",
        f"/messages/{hers}/edit/",
        f"/messages/{hers}/delete/",
        f"/messages/{world.said.pk}/report/",
        f"/people/{world.ben.username}/profile/",
        f"/rooms/{room}/pins/",
        f"/messages/{his}/pin/",
        f"/messages/{his}/save/",
        "/saved/",
    ]


def pages(client, world):
    found = {}
    for address in addresses(world):
        response = client.get(address)
        assert response.status_code == 200, address
        found[address] = response.content.decode()
    older = client.get(f"/rooms/{world.room.pk}/?before={world.his.pk}", headers={"HX-Request": "true"})
    return found | {"older messages": older.content.decode()}


def documents(world):
    page = page_before(world.room)
    return {
        "document": fragments.document(world.room, page, world.ada),
        "document of the private chat": fragments.document(
            world.private, page_before(world.private), world.ada
        ),
        "document messages": fragments.document_messages(page.messages, None, "nonce", 0),
        "document typing": fragments.document_typing([world.ben.shown_name]),
    }


def streamed(world):
    """Return what streams bring, by what it is about."""
    rooms = {world.room.pk, world.private.pk}
    people = {world.ada.pk, world.ben.pk}
    chat_list = ChatList(Hub(), None)
    chat_list.begin_after(0, set())
    letters = chat_list.read_news(Gathered(people=people, rooms=rooms), people).letters
    profiles = Profiles(Hub(), None).read_news({world.ben.pk}, rooms)
    changes = RoomStorage().get_changes(room_channel(world.room.pk), {-1, 0, world.his.position})
    long_ago = timezone.datetime(2001, 1, 1, tzinfo=timezone.get_default_timezone())
    return {
        "changes": b"".join(EVENTS.changes(changes[revision]) for revision in sorted(changes)),
        "list of chats": b"".join(letter.frame.in_language("en") for letter in letters),
        "profiles": b"".join(
            frame.in_language("en") for frame in [*profiles.frames, *profiles.chats.values()]
        ),
        "state of a room": state_of(world.ada, world.room.pk, None, long_ago),
        "state of a private chat": state_of(world.ada, world.private.pk, None, long_ago),
        "typing": EVENTS.typing([world.ben.shown_name], "room-1", is_open=True),
    }


def events_in(stream):
    parser = sse.Parser()
    events = parser.feed(stream)
    parser.close()
    return events


@pytest.fixture
def harmless(world, ada_client):
    fill(world, HARMLESS)
    return SimpleNamespace(
        pages=pages(ada_client, world), documents=documents(world), streamed=streamed(world)
    )


# Pages take their time: each batch is one text there. Fragments take each text by itself, further below.
BATCHES = [" ".join(batch) for batch in batched(TEXTS, 18, strict=False)]


def test_text_stays_text_wherever_it_is_shown(world, harmless, ada_client):
    for batch in BATCHES:
        text = fill(world, batch)
        for name, html in pages(ada_client, world).items():
            assert_same(html, harmless.pages[name], text)
        for name, html in documents(world).items():
            assert_same(html, harmless.documents[name], text)
        for name, stream in streamed(world).items():
            events, expected = events_in(stream), events_in(harmless.streamed[name])
            assert [(e.name, e.id, e.retry) for e in events] == [(e.name, e.id, e.retry) for e in expected]
            for event, like in zip(events, expected, strict=True):
                if event.name:
                    assert json.loads(event.data).keys() == json.loads(like.data).keys()
                else:
                    assert_same(
                        event.data, like.data, re.sub("\r\n?", "\n", text)
                    )  # as lines of a stream end


def test_every_page_shows_the_texts(world, harmless):
    """Else the others would prove nothing."""
    silent = [name for name, html in harmless.pages.items() if HARMLESS not in Structure(html).text]
    silent += [name for name, html in harmless.documents.items() if HARMLESS not in html]
    silent += [name for name, stream in harmless.streamed.items() if HARMLESS.encode() not in stream]
    assert silent == []
    named = {event.name for stream in harmless.streamed.values() for event in events_in(stream)}
    assert {"", "notify"} <= named


@pytest.mark.parametrize(
    "broken",
    [
        "<p>{}</p>",
        "<p title='{}'>x</p>",
        '<p title="{}">x</p>',
        "<!-- {} -->",
    ],
)
def test_text_that_is_not_escaped_would_be_noticed(broken):
    def is_noticed(text):
        try:
            assert_same(broken.format(text), broken.format(HARMLESS), text)
        except (AssertionError, ValueError):
            return True
        return False

    assert sum(map(is_noticed, TEXTS)) > 1
    assert not is_noticed("other")


# Through the forms


@pytest.fixture
def without_limits(settings):
    settings.LIMITS = dict.fromkeys(settings.LIMITS)


FIELDS = {
    "name of a new room": ("/rooms/", "name", {}),
    "name of a room": ("/rooms/{room}/edit/", "name", {"description": "x"}),
    "description": ("/rooms/{room}/edit/", "description", {"name": "Kitchen sink"}),
    "message": ("/rooms/{room}/messages/", "content", {}),
    "reply": ("/messages/{said}/replies/", "content", {}),
    "edit of a message": ("/messages/{hers}/edit/", "content", {"since": "1"}),
    "description of a file": ("/messages/{filed}/files/1/", "description", {}),
    "report": ("/messages/{said}/report/", "details", {"reason": "other"}),
    "draft": ("/rooms/{room}/draft/", "content", {}),
    "emoji": ("/messages/{said}/react/", "emoji", {}),
    "why it is pinned": ("/messages/{hers}/pin/", "reason", {}),
    "note": ("/messages/{hers}/save/", "note", {}),
    "reason of a removal": ("/rooms/{room}/members/{cleo}/remove/", "reason", {}),
    "display name": ("/settings/profile/", "display_name", {"status_ends": "never"}),
    "status": ("/settings/profile/", "status", {"status_ends": "never"}),
    "end of a status": ("/settings/profile/", "status_until", {"status": "x", "status_ends": "time"}),
    "current password": ("/settings/password/", "new_password", {}),
    "name at the login": ("/login/", "name", {}),
    "where the login leads": ("/login/", "next", {"name": "ada"}),
}


def test_text_stays_text_in_the_answer_to_its_form(world, ada, ada_client, without_limits):
    seen = set().union(*(Structure(html).active for html in pages(ada_client, world).values()))
    cleo = User.objects.named("cleo")
    ids = {
        "room": world.room.pk,
        "hers": world.hers.pk,
        "filed": world.filed.pk,
        "said": world.said.pk,
        "cleo": cleo.pk,
    }
    for number, (field, (place, name, others)) in enumerate(FIELDS.items()):
        # Each text goes into two of the fields or more; into which, the order says.
        texts = [*TEXTS[number % 9 :: 9], *WITH_NUL]
        with undone():
            client, address = client_of(ada), place.format(**ids)

            def answer_to(text, client=client, address=address, others=others, name=name):
                """Return what does something in the answer, or where it leads."""
                world.room.join(cleo)
                Report.objects.all().delete()
                who = Client() if address == "/login/" else client
                return active_in_answer(who, address, {**others, name: text})

            harmless = seen.union(*map(answer_to, (HARMLESS, "", "x" * 5000, "\x07")))
            for text in texts:
                assert not {part for part in answer_to(text) - harmless if not is_plain(*part)}, (field, text)


def is_plain(tag, name, value):
    """Whether it is what Hearth writes where there are people: an address within it."""
    return (tag, name) == ("a", "href") and re.fullmatch(r"(/[\w%.~-]+)*/(\?[\w=&%-]*)?(#[\w-]*)?", value)


def active_in_answer(client, address, fields):
    response = client.post(address, fields)
    assert response.status_code in (200, 302, 400, 404, 409, 422), (address, fields, response.status_code)
    if response.status_code == 302:
        assert "\\" not in response.url
        leads_to = urlsplit(urljoin(f"http://testserver{address}", response.url))
        assert (leads_to.scheme, leads_to.netloc) == ("http", "testserver")
        response = client.get(leads_to.path)
    return Structure(response.content.decode()).active


@pytest.mark.parametrize("parameter", ["before", "after", "unread", "page", "next"])
def test_parameters_of_addresses_are_not_obeyed(world, ada_client, client, parameter):
    room, message = f"/rooms/{world.room.pk}/", f"/messages/{world.hers.pk}/"
    for address, who in ((room, ada_client), (message, ada_client), ("/login/", client)):
        harmless = Structure(who.get(address).content.decode()).active
        for text in BATCHES + WITH_NUL:
            response = who.get(address, {parameter: text})
            assert response.status_code == 200
            assert Structure(response.content.decode()).active - harmless == set()


# Texts that nobody thought of

PIECES = st.sampled_from(
    [*TEXTS, *"<>\"'&`={}%\n\r\t\\/ -!*_[]()", "\0", "\u2028", "hx-", "data-hx-", "event: ", "a", "://", "||"]
)


def shown(text, name):
    """Return what is rendered of the texts, as a stream; without a database."""
    sender = User(pk=1, username="ben", display_name=name, status=text)
    message = Message(pk=1, room_id=1, sender=sender, content=text, position=1, revision=1, token=None)
    message.timestamp = timezone.datetime(2026, 1, 1, tzinfo=timezone.get_default_timezone())
    room = ChatRoom(pk=1, type="group", name=name, last_message=message, description=text)
    parts = [
        fragments.changes(Change(1, 0, 1, [message])),
        fragments.new_chat(Chat(room, None)),
        fragments.new_person(sender),
        fragments.title(name, 1),
        fragments.typing_indicator([name, name], "room-1", is_open=True),
        fragments._render("rooms/pushes.html#profile", {"person": sender, "as_of": 0}),
        fragments.other_renamed(Chat(None, sender)),
    ]
    return [frames.swap(html) for html in parts] + [frames.named("notify", {"title": name, "body": text})]


def every_text(test):
    for text in TEXTS:
        test = example(text, text)(test)
    return test


@given(st.lists(PIECES, min_size=1, max_size=8).map("".join), st.lists(PIECES, max_size=3).map("".join))
@every_text
def test_text_that_nobody_thought_of_stays_text(text, name):
    # The framing has no way to write these, and forms refuse them.
    text, name = (part.replace("\0", "") for part in (text, name))
    for stream, like in zip(shown(text, name or "x"), shown(HARMLESS, HARMLESS), strict=True):
        [event], [expected] = events_in(stream), events_in(like)
        assert event.name == expected.name
        if not event.name:
            parts, others = Structure(event.data).parts, Structure(expected.data).parts
            assert [(tag, attributes.keys()) for tag, attributes in parts] == [
                (tag, attributes.keys()) for tag, attributes in others
            ]


# People who look like others

PAIRS = [
    ("scope", "ѕсоре"),
    ("admin1", "аdmin1"),
    ("ada", "АDА"),
    ("bob", "b o b"),
    ("Ольга", "ольга"),
    ("ben", "ВЕΝ"),
]


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_two_people_never_look_the_same(db, one, other):
    """Whatever the forms let through, the database does not: neither as names nor as display names."""
    first, second = make_user("first"), make_user("second")
    first.change_profile(display_name=one)
    with pytest.raises(IntegrityError):
        second.change_profile(display_name=other)
