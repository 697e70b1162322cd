"""Benchmarks count right: one that overlooks a lost message, or makes no house, is worth nothing."""

import socket
import subprocess
import sys
import threading

import pytest
from django.core.management import call_command
from django.db import transaction

from accounts.models import User
from benchmarks import houses, searching
from benchmarks.load import Load
from rooms.search import PER_PAGE, find, understood
from tests.support.server import free_port

PATTERN = rb"~(\d{7})~"


class Chat(threading.Thread):
    """A server with two streams, that answers each post with 201 after it has told `tell` to the streams."""

    def __init__(self, tell):
        super().__init__(daemon=True)
        self.tell = tell
        self.listening = socket.create_server(("127.0.0.1", free_port()))
        self.port = self.listening.getsockname()[1]

    def run(self):
        with self.listening:
            streams = [self.listening.accept()[0] for _ in range(2)]
            for stream in streams:
                stream.recv(100)
                stream.sendall(b"ready")
            writer = self.listening.accept()[0]
            for number in range(20):
                writer.recv(1000)
                for index, stream in enumerate(streams):
                    stream.sendall(self.tell(index, number))
                writer.sendall(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n")
            writer.recv(100)
            for one in (*streams, writer):
                one.close()


def told(number):
    return b"data: ~%07d~ and more\n\n" % number


def measured(tell, patience=20):
    from benchmarks.load import http_answer

    chat = Chat(tell)
    chat.start()
    with Load(chat.port, PATTERN) as load:
        load.open([b"a", b"b"], b"ready")
        load.add_writer(lambda number: b"POST " + number, http_answer)
        result = load.post(100, 0.2, patience)
    chat.join(10)
    return result


def test_all_that_comes_once_and_in_order_is_well():
    result = measured(lambda _stream, number: told(number))
    assert (result.posted, result.expected, result.delivered) == (20, 40, 40)
    assert (result.lost, result.doubled, result.is_in_order) == (0, 0, True)
    assert sum(result.histogram) == 40
    assert result.latency(0.5) <= result.latency(0.99)


def test_number_in_two_pieces_is_one():
    def tell(stream, number):
        return told(number)[:9] if number == 19 and stream == 0 else told(number)

    assert measured(tell, 1).lost == 1
    halves = {}

    def in_halves(stream, number):
        before, halves[stream] = halves.get(stream, b""), told(number)[9:]
        return before + told(number)[:9]

    assert measured(in_halves, 1).lost == 2  # the other half of the last one never comes


@pytest.mark.parametrize(
    ("tell", "lost", "doubled", "is_in_order"),
    [
        (lambda stream, number: b"" if stream and number == 7 else told(number), 1, 0, True),
        (lambda stream, number: told(number) * (1 + (stream and number == 7)), 0, 1, True),
        (
            lambda stream, number: {3: b"", 4: told(4) + told(3)}.get(stream * number, told(number)),
            0,
            0,
            False,
        ),
    ],
)
def test_what_is_lost_or_doubled_or_in_another_order_is_noticed(tell, lost, doubled, is_in_order):
    result = measured(tell, patience=1 if lost else 20)
    assert (result.lost, result.doubled, result.is_in_order) == (lost, doubled, is_in_order)


@pytest.mark.django_db
def test_pages_posts_and_rounds_cost_the_same_in_a_house_of_any_size(monkeypatch):
    """In processor time `make bench` compares them; this compares queries and bytes."""
    monkeypatch.setattr("benchmarks.scale.TIMES", 1)
    found = []
    for people in (70, 210):
        with transaction.atomic():
            houses.fill(people, people, 300 + people)
            found.append(houses.measure())
            transaction.set_rollback(True)
    small, large = found
    assert {name: queries for name, (_time, queries, _size) in small.items()} == {
        name: queries for name, (_time, queries, _size) in large.items()
    }
    for name, (_time, _queries, size) in large.items():
        assert abs(size - small[name][2]) < 300
        assert size < 60_000


@pytest.mark.django_db
def test_searches_find_what_a_plain_look_finds_and_use_the_index(monkeypatch):
    monkeypatch.setattr(searching, "TIMES", 1)
    call_command("demo", messages=400, verbosity=0)
    user = User.objects.get(username="ada")
    found = searching.measure()
    assert found["built"][0] > 0
    assert all(size > 0 for size in found["sizes"].values())
    for name, text in searching.ASKED.items():
        if ":" not in text:
            plain = {message.pk for message in searching.plainly(user, text)[:PER_PAGE]}
            assert {message.pk for message in find(user, understood(user, text)).messages} == plain, name
    assert found["searches"]["a common word"][0] == PER_PAGE
    assert found["of a newcomer"]["a common word"][0] == 0


def test_own_scripts_are_counted_by_a_process_that_has_only_begun():
    program = "from benchmarks.pages import _own_as_served; print(_own_as_served())"
    counted = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert counted.returncode == 0, counted.stderr
    assert int(counted.stdout) > 10_000
