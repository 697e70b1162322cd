"""Doorbells: heard in the house at once, by other processes if the channel layer works, harmless if not."""

import asyncio
import logging

import pytest
from channels.layers import InMemoryChannelLayer

from rooms.live import doorbell
from rooms.live.process import Live
from tests.clients import eventually


class FaultyLayer(InMemoryChannelLayer):
    """Raises or hangs in the calls that `raising` and `hanging` name."""

    def __init__(self):
        super().__init__()
        self.raising = set()
        self.hanging = set()

    async def _fault(self, call):
        if call in self.hanging:
            await asyncio.Event().wait()
        if call in self.raising:
            raise ConnectionError("no channel layer")

    async def group_send(self, group, message):
        await self._fault("group_send")
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
    monkeypatch.setattr(doorbell, "get_channel_layer", lambda: layer)
    monkeypatch.setattr(doorbell, "outage", doorbell.Outage())
    monkeypatch.setattr(doorbell, "ANSWER_SECONDS", 0.05)
    monkeypatch.setattr(doorbell, "RETRY_SECONDS", 0.005)
    return layer


@pytest.fixture
async def house(layer):
    """What was heard in this process."""
    heard = []
    answer = heard.append
    doorbell.attach(asyncio.get_running_loop(), answer)
    yield heard
    doorbell.detach(answer)
    await eventually(lambda: not doorbell._tasks)


@pytest.fixture
async def listening(layer):
    """What another process hears."""
    heard = []
    task = asyncio.create_task(doorbell.listen(heard.append))
    yield heard
    task.cancel()
    await asyncio.wait([task])


def said(caplog):
    return [record.message for record in caplog.records if record.name == doorbell.logger.name]


async def from_elsewhere(layer, payload, origin="another process"):
    await layer.group_send(doorbell.GROUP, {"type": "ring", "origin": origin, "payload": payload})


async def test_ring_is_heard_in_the_loop_from_any_thread(house):
    await asyncio.to_thread(doorbell.ring, "room", room=7)
    await eventually(lambda: house == [{"kind": "room", "room": 7}])


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
    await eventually(lambda: listening == [{"kind": "room", "room": 7}])


async def test_own_ring_is_not_heard_twice(layer, house, listening):
    await eventually(lambda: layer.groups)
    doorbell.ring("room", room=1)
    await eventually(lambda: house and not doorbell._tasks)
    await from_elsewhere(layer, {"kind": "room", "room": 2})
    await eventually(lambda: listening)
    assert listening == [{"kind": "room", "room": 2}]


@pytest.mark.parametrize("payload", [None, "room", ["room"], 7])
async def test_junk_is_not_passed_on(layer, listening, payload):
    await eventually(lambda: layer.groups)
    await from_elsewhere(layer, payload)
    await from_elsewhere(layer, {"kind": "room", "room": 2})
    await eventually(lambda: listening)
    assert listening == [{"kind": "room", "room": 2}]


@pytest.mark.parametrize("fault", ["raising", "hanging"])
async def test_outage_is_one_line_and_its_end_another(layer, house, caplog, fault):
    caplog.set_level(logging.INFO)
    getattr(layer, fault).add("group_send")
    for number in range(5):
        doorbell.ring("room", room=number)
    await eventually(lambda: len(house) == 5)
    await eventually(lambda: not doorbell._tasks)
    assert len(said(caplog)) == 1
    assert said(caplog)[0].startswith("Channel layer failing, the poll takes over: ")
    getattr(layer, fault).clear()
    for number in range(3):
        doorbell.ring("room", room=number)
    await eventually(lambda: len(house) == 8 and not doorbell._tasks)
    assert said(caplog)[1:] == ["Channel layer works again"]


async def test_sending_that_works_while_listening_does_not_fills_no_log(layer, house, listening, caplog):
    await eventually(lambda: layer.groups)
    layer.raising |= {"group_add", "receive"}
    await from_elsewhere(layer, {"kind": "room", "room": 1})  # wakes the listener, which then fails
    await eventually(lambda: said(caplog))
    for number in range(10):
        doorbell.ring("room", room=number)
        await eventually(lambda: not doorbell._tasks)
    assert len(said(caplog)) == 1
    layer.raising.clear()
    await eventually(lambda: len(said(caplog)) == 2)
    assert said(caplog)[1] == "Channel layer works again"


@pytest.mark.parametrize("fault", ["raising", "hanging"])
async def test_listener_joins_again_when_the_layer_is_back(layer, caplog, fault):
    getattr(layer, fault).add("group_add")
    heard = []
    task = asyncio.create_task(doorbell.listen(heard.append))
    await eventually(lambda: said(caplog))
    getattr(layer, fault).clear()
    await eventually(lambda: layer.groups)
    await from_elsewhere(layer, {"kind": "room", "room": 7})
    await eventually(lambda: heard)
    task.cancel()
    await asyncio.wait([task])
    assert len(said(caplog)) == 2


@pytest.fixture
def forgetful(monkeypatch):
    """Membership of a group is renewed all the time."""
    monkeypatch.setattr(doorbell, "LISTEN_SECONDS", 0.01)


async def test_listener_joins_anew_before_its_membership_expires(forgetful, layer, listening, caplog):
    await eventually(lambda: layer.groups)
    first = set(layer.groups[doorbell.GROUP])
    await eventually(lambda: set(layer.groups.get(doorbell.GROUP, first)) - first)
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
async def test_forged_ring_is_ignored(payload):
    Live().answer(payload)
