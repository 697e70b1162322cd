"""When a connection is closed that has not sent its request, and how many there may be."""

import resource

import pytest

from config.serving import senders as module
from config.serving.senders import FRESH_SECONDS, LEAST_RATE, Phase, Senders, raise_descriptors

PATIENCE = 20.0


class Line:
    def __init__(self):
        self.paused, self.owed, self.closed = False, 0, None

    def is_paused(self):
        return self.paused

    def unsent(self):
        return self.owed

    def close(self, is_slow):
        self.closed = "with a word" if is_slow else "at once"


@pytest.fixture
def clock(monkeypatch):
    """`clock(seconds)` lets time pass."""
    now = [1000.0]

    def move(seconds):
        now[0] += seconds

    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    return move


@pytest.fixture
def senders(settings, clock, monkeypatch):
    settings.UNFINISHED_PER_ADDRESS = 3
    settings.TRUSTED_PROXIES = settings.TRUSTED_PROXIES
    monkeypatch.setattr(Senders, "_look_later", lambda self: None)
    return Senders()


@pytest.fixture
def connect(senders):
    def connect(peer="192.0.2.1", phase=Phase.IDLE):
        line = Line()
        line.sender = senders.connected(line, peer)
        if line.sender and phase is not Phase.IDLE:
            senders.enter(line.sender, phase)
        return line

    return connect


@pytest.mark.parametrize(
    ("phase", "how"),
    [(Phase.IDLE, "at once"), (Phase.HEAD, "with a word"), (Phase.BODY, "with a word"), (Phase.ANSWER, None)],
)
def test_patience_ends(senders, connect, clock, phase, how):
    line = connect(phase=phase)
    clock(PATIENCE - 1)
    senders.look()
    assert line.closed is None
    clock(2)
    senders.look()
    assert line.closed == how


def test_body_has_a_least_rate(senders, connect, clock):
    line = connect(phase=Phase.BODY)
    line.sender.received = 10 * LEAST_RATE
    clock(PATIENCE + 9)
    senders.look()
    assert line.closed is None
    clock(2)
    senders.look()
    assert line.closed == "with a word"


def test_sender_is_not_slow_while_the_server_does_not_read(senders, connect, clock):
    line = connect(phase=Phase.BODY)
    line.paused = True
    for _look in range(100):
        clock(senders.interval)
        senders.look()
    line.paused = False
    senders.look()
    assert line.closed is None


def test_answer_may_be_taken_slowly_but_not_never(senders, connect, clock):
    line = connect()
    for owed in (300, 200, 100, 50):
        line.owed = owed
        clock(PATIENCE + 1)
        senders.look()
        assert line.closed is None
    clock(PATIENCE + 1)
    senders.look()
    assert line.closed == "at once"


def test_of_too_many_the_longest_waiting_are_closed(senders, connect, clock):
    lines = []
    for _one in range(5):
        lines.append(connect())
        clock(0.1)
    other = connect("192.0.2.2")
    senders.look()
    assert not [line for line in lines if line.closed], "they have just come"
    clock(FRESH_SECONDS)
    senders.look()
    assert [line.closed for line in lines] == ["at once", "at once", None, None, None]
    assert other.closed is None


def test_connections_that_are_answered_do_not_count(senders, connect, clock):
    lines = [connect(phase=Phase.ANSWER) for _one in range(20)]
    clock(2 * FRESH_SECONDS)
    senders.look()
    assert not [line for line in lines if line.closed]


def test_address_that_opens_very_many_at_once_gets_no_more(connect):
    lines = [connect() for _one in range(3 * module.BURST + 1)]
    assert [line.sender is None for line in lines] == [False] * 3 * module.BURST + [True]
    assert connect("192.0.2.2").sender


def test_one_customer_of_ipv6_counts_once(connect):
    lines = [connect(f"2001:db8:1:2::{number:x}") for number in range(3 * module.BURST + 1)]
    assert lines[-1].sender is None


def test_proxies_may_have_any_number(senders, connect, clock, settings):
    from ipaddress import ip_network

    settings.TRUSTED_PROXIES = [ip_network("192.0.2.1")]
    lines = [connect() for _one in range(20)]
    clock(2 * FRESH_SECONDS)
    senders.look()
    assert not [line for line in lines if line.closed]


def test_some_descriptors_are_left_for_other_things(senders, connect):
    senders.capacity = 2
    lines = [connect(f"192.0.2.{number}", Phase.ANSWER) for number in range(3)]
    assert lines[2].sender is None
    senders.disconnected(lines[0].sender)
    assert connect("192.0.2.9").sender


def test_nothing_is_left_of_who_has_gone(senders, connect):
    line = connect()
    senders.disconnected(line.sender)
    senders.look()
    assert (senders.open, senders.unfinished, dict(senders._counts)) == (0, {}, {})


@pytest.mark.parametrize(("limit", "expected"), [(1024, 896), (100, 50), (resource.RLIM_INFINITY, 65_408)])
def test_connections_are_fewer_than_descriptors(monkeypatch, limit, expected):
    monkeypatch.setattr(module.resource, "getrlimit", lambda _what: (limit, limit))
    assert Senders().capacity == expected


@pytest.mark.parametrize(
    ("limits", "raised"),
    [
        ((1024, 4096), (4096, 4096)),
        ((1024, 10**6), (65_536, 10**6)),
        ((1024, resource.RLIM_INFINITY), (65_536, resource.RLIM_INFINITY)),
        ((4096, 4096), None),
        ((10**6, 10**6), None),
    ],
)
def test_server_takes_as_many_descriptors_as_it_may(monkeypatch, limits, raised):
    seen = []
    monkeypatch.setattr(module.resource, "getrlimit", lambda _what: limits)
    monkeypatch.setattr(module.resource, "setrlimit", lambda _what, given: seen.append(given))
    raise_descriptors()
    assert seen == ([raised] if raised else [])
