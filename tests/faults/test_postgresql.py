"""PostgreSQL is restarted, crashes and drops connections under two processes, while people talk."""

import asyncio
import re

import pytest

from tests.clients import ChatClient, LivePage
from tests.faults.crowd import Crowd

pytestmark = pytest.mark.servers

LINE = re.compile(r"\d{4}-\d\d-\d\d [\d:,]+ (WARNING|ERROR|INFO) |Hearth is at")


@pytest.fixture
def servers(start, postgresql_url):
    """Their logs have lines, and no stack traces."""
    servers = [start(DATABASE_URL=postgresql_url) for _ in range(2)]
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
    async with Crowd(*servers) as crowd:
        for fault in (drop_connections, crash, type(postgresql).restart, drop_connections):
            await crowd.more_messages()
            await asyncio.to_thread(fault, postgresql)
        await crowd.check()


async def test_while_it_is_away_pages_say_so_and_open_ones_stay(servers, postgresql):
    server = servers[0]
    async with ChatClient(server.url, "kim") as kim:
        room_id = await kim.create_room("Patience")
        async with await LivePage.open(kim, room_id) as live:
            first = await kim.post(room_id, "before")
            await live.wait_for_messages([(first, "before")])
            postgresql.stop()
            try:
                page = await kim.get(f"/rooms/{room_id}/")
                answer = await kim.send(f"/rooms/{room_id}/messages/", content="hi", token="")
            finally:
                postgresql.start()
            for response in (page, answer):
                assert response.status_code == 503
                assert response.headers["retry-after"] == "2"
                assert "The database does not answer. Try again in a moment." in response.text
            assert '<hx-partial hx-target="#notice"' in answer.text
            second = await kim.post_at_last(room_id, "there again")
            await live.wait_for_messages([(first, "before"), (second, "there again")])
    assert server.log.count("Service Unavailable: /rooms/") >= 2
