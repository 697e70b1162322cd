"""PostgreSQL is restarted, crashes and drops connections under two processes, while people talk."""

import asyncio
import contextlib
import re

import pytest

from tests.faults.conftest import assert_says_so, readiness_of
from tests.faults.crowd import Crowd
from tests.support.clients import LivePage

pytestmark = pytest.mark.servers

LINE = re.compile(r"\d{4}-\d\d-\d\d [\d:,]+ (WARNING|ERROR|INFO) |Hearth is at")


@pytest.fixture(scope="module")
def servers(start_for_all, postgresql_url_for_all):
    """Their logs have lines, and no stack traces."""
    options = {"DATABASE_URL": postgresql_url_for_all, "DATABASE_TIMEOUT": "2", "HEARTBEAT_INTERVAL": "1"}
    servers = [start_for_all(program=program, **options) for program in ("daphne", "uvicorn")]
    yield servers
    for server in servers:
        assert [line for line in server.log.splitlines() if not LINE.match(line)] == []


def drop_connections(postgresql):
    with postgresql.connect() as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname LIKE 'test%'"
        )


def crash(postgresql):
    postgresql.stop(postgresql.CRASH)
    postgresql.start()


async def test_acknowledged_messages_survive_and_pages_come_back(servers, postgresql):
    async with Crowd(*servers, patience=90) as crowd:
        for fault in (drop_connections, crash, type(postgresql).restart, drop_connections):
            await crowd.more_messages()
            await asyncio.to_thread(fault, postgresql)
        await crowd.check()


async def test_while_it_hangs_nothing_else_does_and_then_all_goes_on(servers, postgresql, enter):
    """It says nothing and closes nothing, so whoever waits for it would wait for ever."""
    lou = await enter(servers[1], "lou")
    async with Crowd(*servers, name="Standstill", patience=90) as crowd, await lou.stream() as stream:
        await crowd.more_messages()
        with postgresql.hanging():
            beats = len(stream.named("heartbeat"))
            page, answer = await asyncio.gather(
                lou.get("/"), lou.send(f"/rooms/{crowd.room_id}/messages/", content="hi", token="")
            )
            assert_says_so(page)
            assert_says_so(answer)
            await readiness_of(lou, "database")
            assert (await lou.get("/healthz")).text == "ok"
            await stream.wait_for(lambda: len(stream.named("heartbeat")) > beats + 1)
        await readiness_of(lou, "ok")
        await crowd.check()
        assert [page.connections for page in crowd.pages] == [1] * len(crowd.pages)


@contextlib.contextmanager
def away(postgresql):
    postgresql.stop()
    yield
    postgresql.start()


@contextlib.contextmanager
def read_only(postgresql):
    with postgresql.connect() as connection:
        connection.execute("ALTER SYSTEM SET default_transaction_read_only = on")
        connection.execute("SELECT pg_reload_conf()")
        yield
        connection.execute("SET default_transaction_read_only = off")
        connection.execute("ALTER SYSTEM RESET default_transaction_read_only")
        connection.execute("SELECT pg_reload_conf()")


@pytest.mark.parametrize("trouble", [away, read_only])
async def test_sender_is_told_and_keeps_the_text_and_open_pages_stay(servers, postgresql, enter, trouble):
    kim = await enter(servers[0], "kim")
    room_id = await kim.create_room(f"Patience of {kim.name}")
    async with await LivePage.open(kim, room_id) as live:
        sent = [(await kim.post(room_id, "before"), "before")]
        await live.wait_for_messages(sent)
        with trouble(postgresql):
            await readiness_of(kim, "database")
            answer = await kim.send(f"/rooms/{room_id}/messages/", content="hi", token="")
            assert_says_so(answer)
            assert '<hx-partial hx-target="#notice"' in answer.text
            page = await kim.get(f"/rooms/{room_id}/")
            if trouble is away:
                assert_says_so(page)
            else:
                assert page.status_code == 200
        sent.append((await kim.post_at_last(room_id, "there again"), "there again"))
        await live.wait_for_messages(sent)
        await readiness_of(kim, "ok")
    assert "Service Unavailable: /rooms/" in servers[0].log
