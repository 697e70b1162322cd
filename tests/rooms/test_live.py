"""The live part as a whole, in the process of the test: what must hold at moments that are hard to meet."""

import asyncio
import re
import threading
import time
from datetime import timedelta
from functools import partial
from uuid import uuid4

import pytest
from django.contrib.sessions.models import Session
from django.db import OperationalError
from django.utils import timezone

from config import doorbell
from config.doorbell import Bell
from rooms import moderation
from rooms.live.endpoints import document as document_module
from rooms.live.endpoints import stream
from rooms.live.endpoints.document import DocumentEndpoint
from rooms.live.endpoints.stream import StreamEndpoint
from rooms.live.news import revocations
from rooms.live.news.tails import Tails
from rooms.live.process import housekeeping
from rooms.live.process.live import Live
from rooms.live.watch.database import THREADS
from rooms.live.wire import fragments
from rooms.live.wire.formats import Document
from rooms.models import Membership
from tests.rooms.test_connection import FakeServer
from tests.support.clients import eventually
from tests.support.factories import login_session_of, make_message

pytestmark = pytest.mark.django_db(transaction=True)

# Long before the next look for sessions that have ended.
AT_ONCE = 5.0


class FakeStream(FakeServer):
    """A server that keeps what it was told to answer."""

    def __init__(self):
        super().__init__()
        self.status = None

    async def send(self, message):
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = message["headers"]
        else:
            await super().send(message)

    @property
    def text(self):
        return b"".join(self.written).decode()


@pytest.fixture
def quick_heartbeat(settings):
    settings.HEARTBEAT_INTERVAL = timedelta(seconds=0.02)


@pytest.fixture
async def live():
    live = Live()
    live.start()
    yield live
    if not live.is_stopping:
        await live.stop()


@pytest.fixture
def open_document(open_stream):
    """Open what readers without scripts have instead of a stream."""
    return partial(open_stream, endpoint=DocumentEndpoint)


@pytest.fixture
async def open_stream(live):
    """Open a stream as the owner of a client; return what it is written to."""
    tasks = []
    servers = []
    endpoints = {kind: kind(live) for kind in (StreamEndpoint, DocumentEndpoint)}

    def open_stream(visitor, room=None, endpoint=StreamEndpoint, client=None, query=b""):
        cookie = f"hearth_session={visitor.cookies['hearth_session'].value}"
        scope = {
            "type": "http",
            "method": "GET",
            "path": "/stream",
            "query_string": query,
            "headers": [(b"cookie", cookie.encode())],
            "client": client,
            "url_route": {"kwargs": {"room_id": room.pk} if room else {}},
        }
        server = FakeStream()
        servers.append(server)
        tasks.append(asyncio.create_task(endpoints[endpoint](scope, server.receive, server.send)))
        return server

    yield open_stream
    for server in servers:
        server.disconnect.set()
    await asyncio.gather(*tasks)


def after_authorising(monkeypatch, action):
    """Do `action` when a stream has been authorised and has not joined yet."""
    authorise = stream.open_stream

    def open_stream(scope, room_id):
        opening = authorise(scope, room_id)
        action()
        return opening

    monkeypatch.setattr(stream, "open_stream", open_stream)


@pytest.mark.parametrize("endpoint", [StreamEndpoint, DocumentEndpoint])
async def test_access_that_ends_while_a_stream_opens_ends_it(
    live, open_stream, ada, ada_client, room, monkeypatch, endpoint
):
    after_authorising(monkeypatch, lambda: Membership.objects.get(room=room, user=ada).leave())
    server = open_stream(ada_client, room, endpoint)
    await eventually(lambda: server.is_complete, AT_ONCE)
    assert "no longer in this room" in server.text


@pytest.mark.parametrize("endpoint", [StreamEndpoint, DocumentEndpoint])
async def test_whoever_looks_at_an_open_room_has_it_live_until_it_closes(
    live, open_stream, ada, room, mallory, mallory_client, endpoint
):
    refused = open_stream(mallory_client, room, endpoint)  # a page of a member
    await eventually(lambda: refused.is_complete, AT_ONCE)
    visit = open_stream(mallory_client, room, endpoint, query=b"visit=1")
    await eventually(lambda: live.hub.connections)
    await live.database.run(room.post_message, ada, "Look at this", uuid4())
    await eventually(lambda: "Look at this" in visit.text)
    mine = await live.database.run(partial(Membership.objects.get, room=room, user=ada))
    await live.database.run(partial(moderation.update, mine, room.name, "", is_by_invitation=True))
    await live.database.run(room.post_message, ada, "Only for us", uuid4())
    await eventually(lambda: visit.is_complete, AT_ONCE)
    assert "no longer in this room" in visit.text
    assert "Only for us" not in visit.text
    again = open_stream(mallory_client, room, endpoint, query=b"visit=1")
    await eventually(lambda: again.is_complete, AT_ONCE)
    assert await live.database.run(Membership.objects.filter(user=mallory).count) == 0


async def test_logout_while_a_stream_opens_ends_it(live, open_stream, ada, ada_client, monkeypatch):
    def log_out():
        Session.objects.all().delete()
        doorbell.ring("access", user=ada.pk)

    after_authorising(monkeypatch, log_out)
    server = open_stream(ada_client)
    await eventually(lambda: server.is_complete, AT_ONCE)
    assert "session has ended" in server.text


async def test_settings_that_change_while_a_stream_opens_are_heeded(
    live, open_stream, ada, ada_client, ben, ben_client, room, monkeypatch
):
    """Whom she blocked meanwhile is blocked in the stream that her page opens next."""

    def block():
        ada.block(ben)

    after_authorising(monkeypatch, block)
    server = open_stream(ada_client, room)
    await eventually(lambda: server.is_complete, AT_ONCE)
    assert 'hx-target="#live"' not in server.text  # it comes back
    monkeypatch.undo()
    hers, his = open_stream(ada_client, room), open_stream(ben_client, room)
    await eventually(lambda: len(live.hub.connections) == 2)
    assert not hers.is_complete
    assert not his.is_complete
    assert {frozenset({ben.pk}), frozenset()} == {connection.blocked for connection in live.hub.connections}


async def test_new_password_ends_streams_at_once_and_the_own_session_may_open_another(
    live, open_stream, ada_client, ada_elsewhere, room
):
    own, other = open_stream(ada_client, room), open_stream(ada_elsewhere, room)
    await eventually(lambda: len(live.hub.connections) == 2)
    fields = {"new_password": "correct horse battery", "repeated_password": "correct horse battery"}
    await live.database.run(ada_client.post, "/settings/password/", fields)
    await eventually(lambda: own.is_complete and other.is_complete, AT_ONCE)
    own, other = open_stream(ada_client, room), open_stream(ada_elsewhere, room)
    await eventually(lambda: own.status and other.status)
    assert (own.status, other.status) == (200, 401)


async def test_streams_of_a_session_that_is_ended_elsewhere_end_at_once(
    live, open_stream, ada_client, ada_elsewhere, room
):
    session = await live.database.run(login_session_of, ada_elsewhere)
    own, other = open_stream(ada_client, room), open_stream(ada_elsewhere, room)
    await eventually(lambda: len(live.hub.connections) == 2)
    await live.database.run(ada_client.post, f"/settings/sessions/{session.pk}/end/")
    await eventually(lambda: other.is_complete, AT_ONCE)
    assert "session has ended" in other.text
    assert not own.is_complete


async def test_who_has_no_password_gets_no_stream_where_all_need_one(live, open_stream, ada_client, settings):
    settings.ENTERING = "closed"
    server = open_stream(ada_client)
    await eventually(lambda: server.status)
    assert server.status == 401


async def test_list_that_changes_while_a_stream_opens_is_the_new_one(
    live, open_stream, ada, ada_client, ben_client, room, monkeypatch
):
    """Others were told of the change before the stream could listen, so it has to read it itself."""
    other = open_stream(ben_client)
    await eventually(lambda: live.hub.connections)
    await live.poll.has_looked.wait()

    def post_and_wait():
        make_message(room, ada, "in between")
        deadline = time.monotonic() + 5
        while "in between" not in other.text:
            assert time.monotonic() < deadline
            time.sleep(0.01)

    after_authorising(monkeypatch, post_and_wait)
    server = open_stream(ada_client)
    await eventually(lambda: "in between" in server.text)


async def test_nothing_is_written_while_access_is_in_doubt(
    live, open_stream, ada, ada_client, room, monkeypatch
):
    server = open_stream(ada_client, room)
    await eventually(lambda: "room-" in server.text)
    is_known = threading.Event()
    lost = revocations.lost

    def slowly(connections):
        assert is_known.wait(5)
        return lost(connections)

    monkeypatch.setattr(revocations, "lost", slowly)
    live.answer(Bell("access", {"user": ada.pk}))
    await asyncio.sleep(0)
    await live.database.run(make_message, room, ada, "held back")
    await eventually(lambda: live.part(Tails).of_rooms[room.pk].revision == 1)
    assert "held back" not in server.text
    is_known.set()
    await eventually(lambda: "held back" in server.text)


async def test_doubt_that_cannot_be_cleared_ends_the_stream(
    live, open_stream, ada, ada_client, room, monkeypatch, caplog
):
    server = open_stream(ada_client, room)
    await eventually(lambda: "room-" in server.text)

    def fail(connections):
        raise OperationalError("no database")

    monkeypatch.setattr(revocations, "lost", fail)
    live.answer(Bell("access", {"user": ada.pk}))
    await eventually(lambda: server.is_complete)
    assert 'hx-target="#live"' not in server.text  # it may come back
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == [
        "Answering a doorbell failed: OperationalError: no database"
    ]


async def test_doubt_about_one_person_leaves_others_alone(
    live, open_stream, ada, ada_client, ben, ben_client, room
):
    hers, his = open_stream(ada_client, room), open_stream(ben_client, room)
    await eventually(lambda: len(live.hub.connections) == 2)
    await live.database.run(lambda: Membership.objects.get(room=room, user=ada).leave())
    await live.database.run(make_message, room, ben, "without her")
    await eventually(lambda: "without her" in his.text)
    await eventually(lambda: hers.is_complete)
    assert "without her" not in hers.text


async def test_heartbeats_go_on_while_the_database_hangs(quick_heartbeat, live, open_stream, ada_client):
    server = open_stream(ada_client)
    await eventually(lambda: live.hub.connections)
    is_over = threading.Event()
    hanging = [asyncio.create_task(live.database.run(is_over.wait, 10)) for _ in range(THREADS + 5)]
    beats = server.text.count("event: heartbeat")
    await eventually(lambda: server.text.count("event: heartbeat") > beats + 5)
    is_over.set()
    await asyncio.gather(*hanging)


async def test_stream_that_opens_while_the_server_stops_is_sent_away(
    live, open_stream, ada_client, monkeypatch
):
    is_open, may_go_on = threading.Event(), threading.Event()

    def wait():
        is_open.set()
        assert may_go_on.wait(5)

    after_authorising(monkeypatch, wait)
    server = open_stream(ada_client)
    await eventually(is_open.is_set)
    stopping = asyncio.create_task(live.stop())
    await asyncio.sleep(0)
    may_go_on.set()
    await stopping
    await eventually(lambda: server.status)
    assert server.status == 503


async def test_streams_that_wait_for_a_thread_do_not_keep_the_server_from_stopping(
    live, open_stream, ada_client, monkeypatch
):
    present_states = stream.present_states

    def slowly(*arguments):
        time.sleep(0.05)
        return present_states(*arguments)

    monkeypatch.setattr(stream, "present_states", slowly)
    servers = [open_stream(ada_client) for _ in range(100)]
    await eventually(lambda: len(live.hub.connections) > 50)
    await live.stop()
    await eventually(lambda: all(server.is_complete for server in servers))
    assert {server.status for server in servers} <= {200, 503}


async def test_stream_whose_list_cannot_be_read_ends_and_may_come_back(
    live, open_stream, ada_client, monkeypatch, caplog
):
    def fail(*arguments):
        raise OperationalError("no database")

    monkeypatch.setattr(stream, "present_states", fail)
    server = open_stream(ada_client)
    await eventually(lambda: server.is_complete)
    assert server.status == 200
    assert "event: connected" in server.text
    assert len([record for record in caplog.records if record.levelname == "ERROR"]) == 1


async def test_database_that_cannot_be_asked_is_a_503(live, open_stream, ada_client, monkeypatch, caplog):
    def fail(*arguments):
        raise OperationalError("no database")

    monkeypatch.setattr(stream, "open_stream", fail)
    server = open_stream(ada_client)
    await eventually(lambda: server.status)
    assert server.status == 503
    assert caplog.records[0].exc_info is None


async def test_reader_who_goes_leaves_nothing_behind(live, open_stream, ada_client, ben_client, room):
    await live.poll.has_looked.wait()
    before = len(asyncio.all_tasks())
    servers = [open_stream(client, which) for client in (ada_client, ben_client) for which in (room, None)]
    await eventually(lambda: len(live.hub.connections) == 4)
    assert room.pk in live.part(Tails).of_rooms
    for server in servers:
        server.disconnect.set()
    await eventually(lambda: not live.hub.connections)
    assert not live.hub.channels
    assert not live.part(Tails).of_rooms
    await eventually(lambda: len(asyncio.all_tasks()) <= before)


async def test_stop_ends_everything(live, open_stream, ada_client, room):
    servers = [open_stream(ada_client, which) for which in (room, None)]
    await eventually(lambda: len(live.hub.connections) == 2)
    await live.stop()
    await eventually(lambda: all(server.is_complete for server in servers))
    await eventually(lambda: len(asyncio.all_tasks()) <= 1 + len(servers))
    live.start()
    assert len(asyncio.all_tasks()) <= 1 + len(servers)


async def test_too_many_streams_of_a_user_are_refused(live, open_stream, ada_client, ben_client, settings):
    settings.STREAMS_PER_USER = 2
    first = [open_stream(ada_client) for _ in range(2)]
    await eventually(lambda: len(live.hub.connections) == 2)
    third = open_stream(ada_client)
    await eventually(lambda: third.status)
    assert third.status == 429
    assert (b"retry-after", b"10") in third.headers
    assert "Too many pages are open." in third.text
    other = open_stream(ben_client)
    await eventually(lambda: other.status)
    assert other.status == 200
    first[0].disconnect.set()
    await eventually(lambda: len(live.hub.connections) == 2)
    again = open_stream(ada_client)
    await eventually(lambda: again.status)
    assert again.status == 200


async def test_too_many_streams_of_an_address_are_refused(
    live, open_stream, ada_client, ben_client, settings
):
    settings.STREAMS_PER_ADDRESS = 1
    assert open_stream(ada_client, client=("203.0.113.7", 1))
    await eventually(lambda: live.hub.connections)
    second = open_stream(ben_client, client=("203.0.113.7", 2))
    elsewhere = open_stream(ben_client, client=("203.0.113.8", 1))
    await eventually(lambda: second.status and elsewhere.status)
    assert (second.status, elsewhere.status) == (429, 200)


# Documents, which end for other reasons, too


async def test_document_ends_after_its_time_and_begins_anew(
    quick_heartbeat, live, open_stream, open_document, ada_client, room, monkeypatch
):
    young = open_document(ada_client, room)
    await eventually(lambda: 'class="ticks"' in young.text)
    monkeypatch.setattr(Document, "lifetime", 0.0)
    old, page = open_document(ada_client, room), open_stream(ada_client, room)
    await eventually(lambda: old.is_complete, AT_ONCE)
    assert "".join(old.text.split()).endswith('<metahttp-equiv="refresh"content="0;url=live"></li>')
    assert not young.is_complete
    assert not page.is_complete


async def test_document_of_a_server_that_stops_begins_anew_when_another_has_started(
    live, open_document, ada_client, room
):
    document = open_document(ada_client, room)
    await eventually(lambda: 'class="ticks"' in document.text)
    await live.stop()
    await eventually(lambda: document.is_complete, AT_ONCE)
    seconds = int(re.search('http-equiv="refresh" content="([0-9]+); url=live"', document.text)[1])
    assert 8 <= seconds <= 12
    late = open_document(ada_client, room)
    await eventually(lambda: late.is_complete, AT_ONCE)
    assert late.status == 503
    assert 'http-equiv="refresh"' in late.text


async def test_message_that_comes_while_a_document_opens_stands_there_once(
    live, open_document, ada, ada_client, room, monkeypatch
):
    """The revision is read before the messages: what comes between is newer and there already."""
    page_before = document_module.page_before

    def page_with_a_late_message(*arguments, **options):
        page = page_before(*arguments, **options)
        page.messages.append(make_message(room, ada, "Just now"))
        return page

    monkeypatch.setattr(document_module, "page_before", page_with_a_late_message)
    document = open_document(ada_client, room)
    await eventually(lambda: 'class="ticks"' in document.text)
    await live.database.run(make_message, room, ada, "Afterwards")
    await eventually(lambda: "Afterwards" in document.text)
    assert document.text.count("Just now") == 1


async def test_messages_of_another_reader_cost_documents_of_one_zone_one_rendering(
    live, open_document, ada, ada_client, ben_client, room, monkeypatch
):
    rendered = []
    render = fragments.document_messages

    def noting(messages, *rest):
        rendered.append([message.content for message in messages])
        return render(messages, *rest)

    monkeypatch.setattr(fragments, "document_messages", noting)
    documents = [open_document(client, room) for client in (ada_client, ben_client, ben_client)]
    for document in documents:
        await eventually(lambda document=document: 'class="ticks"' in document.text)
    await live.database.run(make_message, room, ada, "Once for all")
    for document in documents:
        await eventually(lambda document=document: "Once for all" in document.text)
    assert rendered == [["Once for all"]]


async def test_reader_of_a_document_who_does_not_read_is_cut_off(
    quick_heartbeat, live, open_document, ada_client, room, settings
):
    settings.STREAM_MAX_BACKLOG = 2000
    document = open_document(ada_client, room)
    await eventually(lambda: 'class="ticks"' in document.text)
    document.room = asyncio.Semaphore(0)  # takes nothing more
    await eventually(lambda: not live.hub.connections, AT_ONCE)
    assert not document.is_complete


async def test_house_is_kept_again_and_again_and_after_a_failure(monkeypatch):
    monkeypatch.setattr(housekeeping, "FIRST", 0.0)
    monkeypatch.setattr(housekeeping, "PERIOD", 0.01)
    tidy, calls = housekeeping.housekeeping.tidy, []

    def fail_at_first(seconds):
        calls.append(seconds)
        if len(calls) == 1:
            raise OperationalError("database is locked")
        return tidy(seconds)

    monkeypatch.setattr(housekeeping.housekeeping, "tidy", fail_at_first)
    live = Live()
    live.start()
    await Session.objects.acreate(session_key="over", expire_date=timezone.now() - timedelta(days=1))
    await eventually(lambda: len(calls) > 3)
    await live.stop()
    assert not await Session.objects.aexists()
    assert live.late_part() == ""
