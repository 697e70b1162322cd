"""Doorbells: heard in the house at once, by other processes if the channel layer works, harmless if not."""

import asyncio
import logging
from contextlib import suppress
from unittest.mock import AsyncMock

import pytest
from channels.layers import InMemoryChannelLayer
from django.db import transaction

from config import doorbell
from config.doorbell import KINDS, Bell, bell_from
from rooms.live.process import relay
from rooms.live.process.live import TOPICS
from rooms.live.process.relay import Relay
from tests.support.clients import eventually


class FaultyLayer(InMemoryChannelLayer):
    """Raises or hangs in the calls that `raising` and `hanging` name."""

    def __init__(self):
        super().__init__()
        self.raising = set()
        self.hanging = set()
        self.is_deaf = False

    async def _fault(self, call):
        if call in self.hanging:
            await asyncio.Event().wait()
        if call in self.raising:
            raise ConnectionError("no channel layer")

    async def group_send(self, group, message):
        await self._fault("group_send")
        if not self.is_deaf:
            await super().group_send(group, message)

    async def group_add(self, group, channel):
        await self._fault("group_add")
        await super().group_add(group, channel)

    async def receive(self, channel):
        await self._fault("receive")
        return await super().receive(channel)


@pytest.fixture
async def layer(monkeypatch):
    layer = FaultyLayer()
    monkeypatch.setattr(relay, "get_channel_layer", lambda: layer)
    monkeypatch.setattr(relay, "outage", relay.Outage())
    monkeypatch.setattr(relay, "ANSWER_SECONDS", 0.5)  # on a busy machine
    monkeypatch.setattr(relay, "RETRY_SECONDS", 0.005)
    monkeypatch.setattr(relay, "ECHO_SECONDS", 0.01)
    monkeypatch.setattr(relay, "SILENCE_SECONDS", 1)
    return layer


@pytest.fixture
async def house(layer):
    """What was heard in this process."""
    heard = []
    mine = Relay(heard.append)
    doorbell.attach(asyncio.get_running_loop(), mine._rung)
    yield heard
    doorbell.detach(mine._rung)
    await eventually(lambda: not relay._tasks)


@pytest.fixture
async def listening(layer):
    """What another process hears."""
    heard = []
    task = asyncio.create_task(Relay(heard.append).run())
    yield heard
    task.cancel()
    await asyncio.wait([task])


def said(caplog):
    return [record.message for record in caplog.records if record.name == relay.logger.name]


async def from_elsewhere(layer, *payloads, origin="another process"):
    await layer.group_send(relay.GROUP, {"type": "ring", "origin": origin, "payloads": list(payloads)})


async def test_ring_is_heard_in_the_loop_from_any_thread(house):
    await asyncio.to_thread(doorbell.ring, "room", room=7)
    await eventually(lambda: house == [Bell("room", {"room": 7})])


def test_ring_where_nobody_serves_does_nothing():
    doorbell.ring("room", room=7)


def test_ring_after_the_end_of_the_server_does_nothing(monkeypatch):
    loop = asyncio.new_event_loop()
    loop.close()
    monkeypatch.setattr(doorbell, "_house", (loop, print))
    doorbell.ring("room", room=7)


async def test_ring_of_another_process_is_heard(layer, listening):
    await eventually(lambda: layer.groups)
    await from_elsewhere(layer, {"kind": "room", "room": 7})
    await eventually(lambda: listening == [Bell("room", {"room": 7})])


async def test_burst_is_passed_on_as_one(layer, house, monkeypatch):
    sent = []
    send = AsyncMock(side_effect=lambda _group, message: sent.append(message))
    monkeypatch.setattr(layer, "group_send", send)
    for number in range(100):
        doorbell.ring("room", room=number)
    await eventually(lambda: len(house) == 100 and not relay._tasks)
    [message] = sent
    assert [bell_from(payload) for payload in message["payloads"]] == house
    doorbell.ring("room", room=100)
    await eventually(lambda: len(house) == 101 and not relay._tasks)
    assert len(sent) == 2


async def test_what_is_rung_while_others_are_told_follows(layer, house, monkeypatch):
    sent = []

    async def send(_group, message):
        sent.append(message["payloads"])
        if len(sent) == 1:
            doorbell.ring("room", room=2)
            await eventually(lambda: len(house) == 2)

    monkeypatch.setattr(layer, "group_send", send)
    doorbell.ring("room", room=1)
    await eventually(lambda: len(sent) == 2 and not relay._tasks)
    assert sent == [[{"kind": "room", "room": 1}], [{"kind": "room", "room": 2}]]


async def test_burst_of_another_process_is_heard(layer, listening):
    await eventually(lambda: layer.groups)
    await from_elsewhere(layer, {"kind": "room", "room": 7}, "junk", {"kind": "person", "user": 3})
    await eventually(lambda: len(listening) == 2)
    assert listening == [Bell("room", {"room": 7}), Bell("person", {"user": 3})]


@pytest.mark.parametrize("payloads", [None, "room", {"kind": "room", "room": 7}, 7])
async def test_message_without_a_list_of_bells_is_not_passed_on(layer, listening, payloads):
    await eventually(lambda: layer.groups)
    await layer.group_send(relay.GROUP, {"type": "ring", "origin": "another", "payloads": payloads})
    await from_elsewhere(layer, {"kind": "room", "room": 2})
    await eventually(lambda: listening)
    assert listening == [Bell("room", {"room": 2})]


async def test_own_ring_is_not_heard_twice(layer, house, listening):
    await eventually(lambda: layer.groups)
    doorbell.ring("room", room=1)
    await eventually(lambda: house and not relay._tasks)
    await from_elsewhere(layer, {"kind": "room", "room": 2})
    await eventually(lambda: listening)
    assert listening == [Bell("room", {"room": 2})]


@pytest.mark.parametrize("payload", [None, "room", ["room"], 7])
async def test_junk_is_not_passed_on(layer, listening, payload):
    await eventually(lambda: layer.groups)
    await from_elsewhere(layer, payload)
    await from_elsewhere(layer, {"kind": "room", "room": 2})
    await eventually(lambda: listening)
    assert listening == [Bell("room", {"room": 2})]


@pytest.mark.parametrize("call", ["group_send", "receive"])
@pytest.mark.parametrize("fault", ["raising", "hanging"])
async def test_outage_is_one_line_and_its_end_another(layer, house, listening, caplog, fault, call):
    caplog.set_level(logging.INFO)
    await eventually(lambda: relay.outage.heard_at > 0)
    getattr(layer, fault).add(call)
    await eventually(lambda: said(caplog))
    for number in range(5):
        doorbell.ring("room", room=number)
    await eventually(lambda: len(house) == 5)
    await eventually(lambda: not relay._tasks)
    assert len(said(caplog)) == 1
    assert said(caplog)[0].startswith("Channel layer failing, the poll takes over: ")
    getattr(layer, fault).clear()
    await eventually(lambda: len(said(caplog)) == 2)
    assert said(caplog)[1] == "Channel layer works again"
    await from_elsewhere(layer, {"kind": "room", "room": 7})
    await eventually(lambda: listening)
    assert listening == [Bell("room", {"room": 7})]
    assert len(said(caplog)) == 2


async def test_layer_that_is_silent_without_a_fault_is_joined_again(layer, listening, caplog):
    """It has lost its subscriptions, and says nothing of it."""
    await eventually(lambda: relay.outage.heard_at > 0)
    layer.is_deaf = True
    await eventually(lambda: said(caplog))
    assert said(caplog) == ["Channel layer failing, the poll takes over: TimeoutError: nothing comes through"]
    await from_elsewhere(layer, {"kind": "room", "room": 7})
    layer.is_deaf = False
    await eventually(lambda: len(said(caplog)) == 2)
    await from_elsewhere(layer, {"kind": "room", "room": 8})
    await eventually(lambda: listening)
    assert listening == [Bell("room", {"room": 8})]


async def test_nobody_waits_for_a_layer_that_fails(layer, house, listening, caplog):
    layer.hanging.add("group_send")
    await eventually(lambda: said(caplog))
    doorbell.ring("room", room=7)
    await eventually(lambda: house)
    await eventually(lambda: not relay._tasks)


def test_echo_from_before_the_outage_does_not_end_it(caplog):
    outage = relay.Outage()
    outage.echoes = 3
    outage.begins(ConnectionError("gone"))
    outage.heard(3)
    assert outage.is_on
    outage.heard(4)
    assert not outage.is_on
    assert len(said(caplog)) == 2


async def test_membership_of_the_group_is_renewed(layer, listening, caplog):
    await eventually(lambda: layer.groups)
    (joined,) = layer.groups[relay.GROUP].values()
    await eventually(lambda: set(layer.groups[relay.GROUP].values()) - {joined})
    assert len(layer.groups[relay.GROUP]) == 1
    assert not said(caplog)


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"kind": "room"},
        {"kind": "room", "room": "7"},
        {"kind": "room", "room": None},
        {"kind": "read", "room": 7},
        {"kind": "access", "user": [1]},
        {"kind": "nothing", "room": 7},
        {1: 2},
    ],
)
async def test_forged_ring_is_ignored(layer, listening, payload):
    await eventually(lambda: layer.groups)
    await from_elsewhere(layer, payload)
    await from_elsewhere(layer, {"kind": "room", "room": 2})
    await eventually(lambda: listening)
    assert listening == [Bell("room", {"room": 2})]


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_bell_comes_through_with_its_ids(name):
    ids = dict.fromkeys((*KINDS[name].ids, *KINDS[name].extra), 7)
    assert bell_from({"kind": name, **ids}) == Bell(name, ids)


def test_ids_of_a_later_release_are_left_out():
    assert bell_from({"kind": "room", "room": 7, "shelf": 3}) == Bell("room", {"room": 7})


@pytest.mark.django_db
def test_ring_waits_for_the_commit_and_is_gone_with_a_rollback(rung, committed):
    with committed():
        doorbell.ring_after_commit("room", room=7)
        with suppress(ZeroDivisionError), transaction.atomic():
            doorbell.ring_after_commit("room", room=8)
            raise ZeroDivisionError
        assert rung == []
    assert rung == [("room", {"room": 7})]


def test_every_kind_of_bell_is_heard_and_there_is_no_other():
    assert {kind for topic in TOPICS for kind in topic.hears} == KINDS.keys()
