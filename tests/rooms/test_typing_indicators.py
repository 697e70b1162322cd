import asyncio

import pytest
from django.urls import reverse

from rooms.live.news import typing_indicators
from rooms.live.news.part import PresentState
from rooms.live.news.typing_indicators import TypingIndicators
from rooms.live.wire import fragments
from rooms.live.wire.connection import Connection
from rooms.live.wire.formats import Document
from rooms.models.tick import Marks


def url(room):
    return reverse("rooms:typing_indicator_create", args=[room.pk])


def test_signal_rings_and_stores_nothing(ada_client, ada, room, rung, django_assert_num_queries):
    ada_client.get("/settings/")  # from then on the session is read with its user
    with django_assert_num_queries(2):  # session with user, room
        assert ada_client.post(url(room)).status_code == 204
    assert rung == [("typing", {"room": room.pk, "user": ada.pk, "is_typing": 1})]


def test_stop_signal(ada_client, ada, private, ben, rung):
    ada_client.post(url(private), {"stop": "1"})
    low, high = sorted([ada.pk, ben.pk])
    assert rung == [
        ("typing", {"room": private.pk, "user": ada.pk, "is_typing": 0, "low": low, "high": high})
    ]


def test_outsider_cannot_signal(mallory_client, private, room, rung):
    assert mallory_client.post(url(private)).status_code == 404
    assert mallory_client.post(url(room)).status_code == 404
    assert rung == []


def test_anonymous_and_wrong_method(client, ada_client, room):
    assert client.post(url(room)).status_code == 302
    assert ada_client.get(url(room)).status_code == 405


NAMES = {1: "ada", 2: "ben", 3: "cem", 4: "dot"}


class Names:
    """Stands for the database threads: what people are called, and that all rooms are open."""

    async def run(self, function, ids, *_listening):
        if function is typing_indicators._audiences:
            return {}, {}
        return {user_id: NAMES[user_id] for user_id in ids}


class Page:
    """What one open page was written."""

    def __init__(self, hub, user_id, room_id=7):
        self.frames = []
        channels = {"lobby", f"user-{user_id}", *([f"room-{room_id}"] if room_id else [])}

        async def send(message):
            self.frames.append(message["body"].decode())

        self.connection = Connection(
            send, user_id=user_id, session_key="", password="", room_id=room_id, channels=channels
        )
        self.connection.tell_state(b"")
        self.frames.clear()
        hub.join(self.connection)

    @property
    def last(self):
        return self.frames[-1] if self.frames else ""


@pytest.fixture
def indicators(hub):
    return TypingIndicators(hub, Names())


async def test_everybody_is_told_the_others(hub, indicators):
    ada, ben = Page(hub, 1), Page(hub, 2)
    indicators.started(7, 1, None)
    await indicators.round(indicators.take())
    assert "ada is typing…" in ben.last
    assert "is typing" not in ada.last
    indicators.started(7, 2, None)
    await indicators.round(indicators.take())
    assert "ben is typing…" in ada.last
    assert "ada is typing…" in ben.last


async def test_who_has_blocked_somebody_is_not_told_of_them(hub, indicators):
    ada, ben = Page(hub, 1), Page(hub, 2)
    ada.connection.blocked = frozenset([3])
    indicators.started(7, 3, None)
    await indicators.round(indicators.take())
    assert "cem is typing…" in ben.last
    assert "typing…" not in ada.last
    indicators.started(7, 4, None)
    await indicators.round(indicators.take())
    assert "dot is typing…" in ada.last
    assert "cem" not in ada.last


async def test_more_people_are_named_and_counted(hub, indicators):
    reader = Page(hub, 9)
    for user_id in (1, 2):
        indicators.started(7, user_id, None)
    await indicators.round(indicators.take())
    assert "ada and ben are typing…" in reader.last
    for user_id in (3, 4):
        indicators.started(7, user_id, None)
    await indicators.round(indicators.take())
    assert "ada, ben and 2 others are typing…" in reader.last


async def test_list_of_chats_says_typing_without_names(hub, indicators):
    lobby = Page(hub, 9, room_id=None)
    indicators.started(7, 1, None)
    await indicators.round(indicators.take())
    assert "#room-7-typing" in lobby.last
    assert "ada" not in lobby.last


def test_room_is_told_of_where_it_is_in_the_list(ada, ben, mallory, room, settings):
    room.join(ada)
    listening = {ada.pk, mallory.pk}
    assert typing_indicators._audiences([room.pk], listening) == ({}, {})
    settings.SMALL_HOUSE_PEOPLE = 1
    assert typing_indicators._audiences([room.pk], listening) == ({room.pk: {ada.pk}}, {})


async def test_private_chat_is_told_to_the_other_person_only(hub, indicators):
    ben, stranger = Page(hub, 2, room_id=None), Page(hub, 3, room_id=None)
    indicators.started(7, 1, (1, 2))
    await indicators.round(indicators.take())
    assert "#person-1-typing" in ben.last
    assert stranger.frames == []


async def test_stop_message_and_closed_page_end_it(hub, indicators):
    ada, ben = Page(hub, 1), Page(hub, 2)
    indicators.started(7, 1, None)
    await indicators.round(indicators.take())
    indicators.stopped(7, 1)
    await indicators.round(indicators.take())
    assert "is typing" not in ben.last
    indicators.started(7, 1, None)
    await indicators.round(indicators.take())
    assert "is typing" in ben.last
    hub.leave(ada.connection)
    indicators.left(ada.connection)
    await indicators.round(indicators.take())
    assert "is typing" not in ben.last


async def test_it_goes_on_while_another_page_of_the_typist_is_open(hub, indicators):
    one, _other = Page(hub, 1), Page(hub, 1)
    ben = Page(hub, 2)
    indicators.started(7, 1, None)
    await indicators.round(indicators.take())
    hub.leave(one.connection)
    indicators.left(one.connection)
    await indicators.round(indicators.take())
    assert "ada is typing…" in ben.last


async def test_signal_that_is_not_repeated_fades(hub, indicators, monkeypatch):
    monkeypatch.setattr(typing_indicators, "TYPING_TIMEOUT", 0.02)
    ben = Page(hub, 2)
    indicators.start()
    indicators.started(7, 1, None)
    async with asyncio.timeout(5):
        while "ada is typing…" not in "".join(ben.frames):
            await asyncio.sleep(0.01)
        while "ada is typing…" in ben.last:
            await asyncio.sleep(0.01)
    indicators.stop()


async def test_stop_while_a_name_is_looked_up_harms_nothing(hub):
    is_asked, may_answer = asyncio.Event(), asyncio.Event()

    class SlowNames(Names):
        async def run(self, function, ids, *listening):
            is_asked.set()
            await may_answer.wait()
            return await super().run(function, ids, *listening)

    indicators = TypingIndicators(hub, SlowNames())
    ben = Page(hub, 2)
    indicators.started(7, 1, None)
    round = asyncio.create_task(indicators.round(indicators.take()))
    await is_asked.wait()
    indicators.stopped(7, 1)
    may_answer.set()
    await round
    await indicators.round(indicators.take())
    assert "is typing" not in ben.last
    indicators.started(7, 1, None)
    await indicators.round(indicators.take())
    assert "ada is typing…" in ben.last


async def test_page_that_opens_is_told_of_all_rooms_and_tells_nobody_else(hub, indicators):
    old = Page(hub, 2)
    indicators.started(7, 1, None)
    indicators.started(8, 3, None)
    await indicators.round(indicators.take())
    old.frames.clear()
    new = Page(hub, 4, room_id=8)
    indicators.began(new.connection, PresentState(b"", Marks(), {}))
    await indicators.round(indicators.take())
    assert "#room-7-typing" in "".join(new.frames)
    assert "cem is typing…" in "".join(new.frames)
    assert old.frames == []


async def test_documents_are_told_who_types_in_their_room_only(hub, indicators):
    document, elsewhere = Page(hub, 9), Page(hub, 9, room_id=8)
    for page in (document, elsewhere):
        hub.leave(page.connection)
        page.connection.channels = {f"room-{page.connection.room_id}"}
        page.connection.format = Document("en", "UTC")
        hub.join(page.connection)
    indicators.started(7, 1, (1, 9))
    await indicators.round(indicators.take())
    assert '<li class="typing">' in document.last
    assert "ada is typing…" in document.last
    indicators.stopped(7, 1)
    await indicators.round(indicators.take())
    assert '<li class="typing" hidden>' in document.last
    assert elsewhere.frames == []


def test_nothing_stands_in_the_list_when_nobody_types():
    """Style shows the last message where the element is empty, and a space is not empty."""
    assert 'hx-target="#room-7-typing" hx-swap="innerHTML"></hx-partial>' in fragments.typing_indicator(
        [], "room-7", is_open=False
    )
    assert ">typing…</hx-partial>" in fragments.typing_indicator(["ada"], "room-7", is_open=False)
