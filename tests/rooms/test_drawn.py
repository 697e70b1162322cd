"""What is drawn once and kept looks as if it were drawn anew, wherever it is shown."""

import re
import time
import uuid
from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta
from operator import attrgetter
from unittest.mock import patch

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone, translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from config import drawn
from config.drawn import Drawings, drawings
from rooms.live.wire.channels import RoomStorage
from rooms.live.wire.formats import Document, Events
from rooms.models import ChatRoom, Membership, Message, Reaction, emojis
from rooms.models.stored_file import ShownFile
from rooms.models.tick import Tick
from rooms.templatetags import messages
from rooms.templatetags.messages import message_line
from tests.conftest import client_of
from tests.support.factories import make_membership, make_message, make_messages, make_room, make_user

# What is kept


@pytest.fixture
def empty(monkeypatch):
    monkeypatch.setattr(drawn, "KEPT", 3)
    return Drawings()


def test_same_key_is_drawn_once(empty):
    assert [empty.once(("a",), lambda text=text: text) for text in ("first", "second")] == ["first", "first"]


def test_what_was_not_used_for_longest_goes(empty):
    for key in ("a", "b", "c", "a", "d"):
        empty.once((key,), lambda: "old")
    assert [empty.once((key,), lambda: "new") for key in ("a", "c", "d", "b")] == ["old", "old", "old", "new"]
    assert len(empty) == 3


def test_no_more_than_so_many_bytes_are_kept(empty, monkeypatch):
    monkeypatch.setattr(drawn, "KEPT_BYTES", 10_000)
    empty.once(("small",), lambda: "x")
    for key, html in [("a" * 6_000, "x"), ("b", "x" * 6_000), (("c", "c" * 6_000), "x"), ("d", "é" * 6_000)]:
        empty.once((key,), lambda html=html: html)
        assert len(empty) < 3
        assert empty.bytes <= 10_000
    empty.once(("far too large",), lambda: "x" * 20_000)
    assert (len(empty), empty.bytes) == (0, 0)


def test_while_templates_are_edited_nothing_is_kept(empty, settings):
    settings.DEBUG = True
    assert [empty.once(("a",), lambda text=text: text) for text in ("first", "second")] == ["first", "second"]


# Messages


@pytest.fixture
def drawings_of_messages(monkeypatch):
    """The messages that are drawn from now on; none was before."""
    drawings.forget()
    found = []
    draw = messages._draw

    def noted(message, is_document):
        found.append(message.pk)
        return draw(message, is_document)

    monkeypatch.setattr(messages, "_draw", noted)
    return found


def pushed(room, format, since=0):
    [change] = RoomStorage().get_changes(f"room-{room.pk}", {since}).values()
    return format.changes(change)


@pytest.mark.django_db
def test_second_drawing_takes_messages_from_the_first(
    ada, ben, ada_client, ben_client, room, drawings_of_messages
):
    """95 of 100 at least: the page for somebody else, older messages, what is pushed."""
    make_messages(room, ada, 150)
    ada_client.get(f"/rooms/{room.pk}/")  # which notes what was delivered: ticks
    drawings_of_messages.clear()
    drawings.forget()
    ada_client.get(f"/rooms/{room.pk}/")
    first = len(drawings_of_messages)
    assert first == 50
    ada_client.get(f"/rooms/{room.pk}/")
    assert len(drawings_of_messages) - first == 0
    Membership.objects.mark_all_read(ben)
    ben_client.get(f"/rooms/{room.pk}/")
    pushed(room, Events(), since=100)
    assert len(drawings_of_messages) - first <= 50  # once more where the ticks of the author are others
    before = len(drawings_of_messages)
    oldest = room.messages.order_by("-pk")[50].pk
    for client in (ben_client, ben_client):
        for url in (f"/rooms/{room.pk}/", f"/rooms/{room.pk}/?before={oldest}"):
            client.get(url)
            client.get(url, headers={"HX-Request": "true"})
    assert len(drawings_of_messages) - before == 50  # the older ones, once


@pytest.mark.django_db
def test_answer_and_push_are_one_drawing(ada, ben, room, drawings_of_messages):
    ada.change_settings(time_zone="Asia/Tokyo", language="de")
    url = f"/rooms/{room.pk}/messages/"
    data = {"content": "Hello", "token": uuid.uuid4()}
    answer = client_of(ada).post(url, data, headers={"HX-Request": "true"})
    assert b"message-" in answer.content
    pushed(room, Events(language="de"))
    assert len(drawings_of_messages) == 1


FILE = asdict(ShownFile(id=1, kind="other", name="a.pdf", size=5, position=1))


def other(value):
    """Return another value of the same kind."""
    match value:
        case bool():
            return not value
        case str():
            return f"{value}x"
        case dict():
            return {**value, "hello": 1}
        case list():
            return [["🎂", *rest] for _emoji, *rest in value]
        case None:
            return timezone.now()
        case _:
            return value + (timedelta(minutes=7) if hasattr(value, "year") else 1)


@pytest.mark.django_db
@pytest.mark.parametrize("is_deleted", [False, True])
@pytest.mark.parametrize("path", ["", "sender", "reply_to", "reply_to.sender", "forwarded_from"])
def test_each_column_that_is_shown_is_in_the_key(ada, room, path, is_deleted):
    answered = make_message(room, ada, "@hello, **you**")
    posted = room.post_message(ada, "@hello", uuid.uuid4(), answered)
    posted.react_as(ada, "👍")
    if path == "forwarded_from":
        posted = make_room(members=[ada]).forward(ada, posted, uuid.uuid4())
        is_deleted = False  # then it names nobody
    if is_deleted:
        (answered if "reply_to" in path else posted).erase()
    for field in (User if path.endswith(("sender", "from")) else Message)._meta.concrete_fields:
        if field.is_relation or field.name in ("token", "password"):
            continue
        [message] = Message.objects.filter(pk=posted.pk).newest(1)
        message_line(message)
        row = attrgetter(path)(message) if path else message
        is_file = field.name == "attached"
        value = [FILE] if is_file else other(getattr(row, field.attname))
        setattr(row, field.attname, value)
        found = message_line(message)
        drawings.forget()
        assert found == message_line(message), field.name


@pytest.mark.django_db
def test_what_is_said_far_behind_decides_what_a_quote_conceals(ada, room):
    answered = make_message(room, ada, f"||{'Secret ' * 70}.||")
    room.post_message(ada, "Yes", uuid.uuid4(), answered)

    def shown():
        return message_line(room.messages.newest(1)[0])

    assert "Secret" not in shown()
    answered.edit(answered.content.rstrip("|"))
    assert "Secret" in shown()


@pytest.mark.django_db
def test_tick_and_document_are_in_the_key(ada, room):
    message = make_message(room, ada)
    found = []
    for drawing in ("kept", "anew"):
        for state, label, is_document in [
            ("sent", "Sent", False),
            ("sent", "Sent", True),
            ("read", "Read", False),
            ("read", "Seen", False),
        ]:
            message.tick = Tick(state, label)
            found.append(message_line(message, is_document))
            if drawing == "anew":
                drawings.forget()
    assert found[:4] == found[4:]
    assert len(set(found)) == 4


# Everything together: whatever happens, pages show what they would with nothing kept

TOKENS = re.compile(rb'name="(?:csrfmiddlewaretoken|token)" value="[^"]*"')
ZONES = ["", "UTC", "Europe/Berlin", "Pacific/Kiritimati"]


class House:
    """Three people who share a room and two direct messages, and what may happen there."""

    def __init__(self, clock):
        self.clock = clock
        self.people = [make_user(name) for name in ("ada", "ben", "cem")]
        self.room = make_room("Kitchen", members=self.people)
        self.private = ChatRoom.objects.private_between(*self.people[:2])
        self.clients = [client_of(person) for person in self.people]
        for room in (self.room, self.private):
            for person in self.people[:2]:
                make_message(room, person)

    def do(self, act, who, which, text):
        person = User.objects.get(pk=self.people[who].pk)
        room = ChatRoom.objects.get(pk=(self.private if which % 3 == 0 and who < 2 else self.room).pk)
        posted = list(room.messages.filter(deleted_at=None).order_by("-pk")[:5])
        message = posted[which % len(posted)] if posted else None
        getattr(self, act)(person, room, message, text)

    def post(self, person, room, message, text):
        if not room.is_archived and not room.is_blocked:
            make_message(room, person, f"{text} @ben example.org")

    def reply(self, person, room, message, text):
        if message and not room.is_archived and not room.is_blocked:
            room.post_message(person, text, uuid.uuid4(), message)

    def forward(self, person, room, message, text):
        if message and not room.is_archived and not room.is_blocked:
            room.forward(person, message, uuid.uuid4())

    def edit(self, person, room, message, text):
        if message and not room.is_archived and not room.is_blocked:
            message.edit(text)

    def react(self, person, room, message, text):
        if message and not room.is_archived and not room.is_blocked:
            message.react_as(person, "👍" if text == "x" else "🎂")

    def delete(self, person, room, message, text):
        if message:
            message.erase(moderator=person if text in ("busy", "x") and room.is_group else None)

    def rename(self, person, room, message, text):
        person.change_profile(display_name="" if text == "x" else f"{text} {person.pk}")

    def be_busy(self, person, room, message, text):
        person.change_profile(status=text, status_until=timezone.now() + timedelta(hours=5))

    def change_avatar(self, person, room, message, text):
        person.remove_avatar() if text == "x" else person.change_avatar(text.encode(), text.encode())

    def block(self, person, room, message, text):
        person.block(next(other for other in self.people if other != person))

    def unblock(self, person, room, message, text):
        person.unblock(next(other for other in self.people if other != person))

    def speak(self, person, room, message, text):
        person.change_settings(language="de" if person.language == "en" else "en")

    def travel(self, person, room, message, text):
        person.change_settings(time_zone=ZONES[(ZONES.index(person.time_zone) + 1) % len(ZONES)])

    def hide(self, person, room, message, text):
        person.change_settings(
            shows_presence=not person.shows_presence, sends_read_receipts=not person.sends_read_receipts
        )

    def come(self, person, room, message, text):
        User.objects.filter(pk=person.pk).update(online_until=timezone.now() + timedelta(minutes=1))

    def read(self, person, room, message, text):
        Membership.objects.mark_all_read(person)

    def mute(self, person, room, message, text):
        until = None if text == "x" else timezone.now() + timedelta(hours=1)
        Membership.objects.filter(room=room, user=person).update(muted_until=until)

    def change_room(self, person, room, message, text):
        if room.is_group:
            room.name = f"Kitchen {text}"
            room.archived_at = timezone.now() if text == "x" else None
            room.save()

    def join(self, person, room, message, text):
        """Somebody else, whose reading is waited for."""
        if room.is_group:
            make_membership(room, make_user())

    def wait(self, person, room, message, text):
        self.clock.shift(timedelta(minutes=3) if text == "x" else timedelta(hours=7))

    def shown(self, who):
        """Return everything that one person sees, and what is pushed to them."""
        person = User.objects.get(pk=self.people[who].pk)
        client, headers = self.clients[who], {"HX-Request": "true"}
        newest = Message.objects.filter(room=self.room).latest("pk").pk
        answers = [
            client.get("/"),
            client.get(f"/rooms/{self.room.pk}/"),
            client.get(f"/rooms/{self.room.pk}/?before={newest}", headers=headers),
        ]
        if who < 2:
            answers.append(client.get(f"/rooms/{self.private.pk}/"))
        assert {answer.status_code for answer in answers} == {200}
        document = Document(person.language or "en", person.time_zone or "UTC")
        formats = [Events(person.language or "en"), document]
        pushes = [pushed(self.room, format) or b"" for format in formats]
        return [TOKENS.sub(b"", html) for html in (*(answer.content for answer in answers), *pushes)]


@contextmanager
def nothing_kept():
    with patch.object(Drawings, "once", lambda _drawings, _key, draw: draw()):
        yield


ACTS = [name for name in vars(House) if not name.startswith("_") and name not in ("do", "shown")]
people, which = st.integers(0, 2), st.integers(0, 4)
acts = st.tuples(st.sampled_from(ACTS), people, which, st.sampled_from(["x", "busy", "Grüße", "🎉 <b>"]))


@pytest.mark.django_db
@settings(max_examples=5, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.lists(acts, min_size=1, max_size=3), people), min_size=3, max_size=6))
def test_pages_show_what_they_would_with_nothing_kept(course):
    """Each course is rolled back, so that the next one uses the same ids and revisions for something else."""
    start = "2026-11-23T12:00:00Z"
    with time_machine.travel(start, tick=False) as clock, translation.override("en"), transaction.atomic():
        house = House(clock)
        for some, viewer in course:
            for act in some:
                house.do(*act)
            kept = house.shown(viewer)
            with nothing_kept():
                assert kept == house.shown(viewer)
        transaction.set_rollback(True)


# What it costs


def seconds(work):
    """Return the processor time of `work`, at its best of several times."""
    taken = []
    for _ in range(7):
        began = time.thread_time()
        work()
        taken.append(time.thread_time() - began)
    return min(taken)


def test_message_with_twenty_reactions_and_a_quote_costs_little_more(room, ada, ben):
    """Drawn anew, as when one more person has reacted to it."""
    answered = make_message(room, ada, "Shall we?")
    plain = make_message(room, ben, "A message that nobody has reacted to")
    full = room.post_message(ben, "A message that many have reacted to", uuid.uuid4(), answered)
    for emoji in list(emojis._whole().values())[: Reaction.KINDS]:
        full.react_as(ada, emoji)
    drawn_anew = {}
    for name, pk in (("plain", plain.pk), ("full", full.pk)):
        message = Message.objects.with_looks().get(pk=pk)
        drawn_anew[name] = seconds(
            lambda message=message: [messages._draw(message, False) for _ in range(50)]
        )
    assert messages._draw(message, False).count('class="kind"') == Reaction.KINDS
    assert drawn_anew["full"] <= 1.8 * drawn_anew["plain"], drawn_anew  # 1.5 by itself
