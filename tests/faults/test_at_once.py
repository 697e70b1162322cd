"""The same thing is done at once, through two processes."""

import asyncio
import itertools
import uuid

import pytest

from tests.faults.conftest import assert_no_complaint
from tests.faults.crowd import rows_of
from tests.support.clients import LivePage, eventually

TIMES = 50


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def servers(start_for_all, request):
    url = request.getfixturevalue("postgresql_url_for_all") if request.param == "postgresql" else ""
    servers = [start_for_all(DATABASE_URL=url) for _ in range(2)]
    yield servers
    for server in servers:
        assert_no_complaint(server)
        server.kill()


@pytest.fixture
async def kim(servers, enter):
    """One person, in a browser window at each of the servers."""
    return itertools.cycle([await enter(server, "kim") for server in servers])


async def test_fifty_posts_with_one_token_are_one_message(servers, kim):
    room_id = await next(kim).create_room(f"Insisting of {next(kim).name}")
    token = str(uuid.uuid4())
    ids = await asyncio.gather(*(next(kim).post(room_id, "once", token) for _ in range(TIMES)))
    assert len(set(ids)) == 1
    assert rows_of(servers[0], room_id) == ([1], [(ids[0], "once")])


async def test_pair_that_opens_its_private_chat_has_one(servers, enter, kim):
    lou = await enter(servers[0], "lou")
    openings = [
        (next(kim).private_chat(lou.name) if number % 2 else lou.private_chat(next(kim).name))
        for number in range(20)
    ]
    assert len(set(await asyncio.gather(*openings))) == 1


async def test_room_that_is_made_twice_at_once_is_made_once(servers, kim):
    name = f"Everybody's and {next(kim).name}'s"
    answers = await asyncio.gather(*(next(kim).send("/rooms/", name=name) for _ in range(10)))
    assert sorted(answer.status_code for answer in answers) == [302, *[422] * 9]


async def test_room_that_two_edit_at_once_has_what_one_of_them_wrote(servers, enter):
    """Name and description are of one form, and every page shows what the database has."""
    kim, lou = await enter(servers[0], "kim"), await enter(servers[1], "lou")
    room_id = await kim.create_room(f"Draft of {kim.name}")
    await lou.room(room_id)
    person = await kim.id_of(lou.name)
    answer = await kim.send(f"/rooms/{room_id}/members/{person}/role/", role="moderator")
    assert answer.status_code == 302
    async with await LivePage.open(kim, room_id) as hers, await LivePage.open(lou, room_id) as his:
        await eventually(lambda: hers.connections and his.connections)
        for number in range(10):
            forms = [{"name": f"{one.name} {number}", "description": f"by {one.name}"} for one in (kim, lou)]
            path = f"/rooms/{room_id}/edit/"
            answers = await asyncio.gather(kim.send(path, **forms[0]), lou.send(path, **forms[1]))
            assert [answer.status_code for answer in answers] == [302, 302]
        with servers[0].rows() as rows:
            [found] = rows.execute("SELECT name, description FROM rooms_chatroom WHERE id = ?", [room_id])
        assert found in [(form["name"], form["description"]) for form in forms]
        for page in (hers, his):
            await eventually(
                lambda page=page: found == (page.page.text("room-name"), page.page.text("description"))
            )
        assert not hers.errors + his.errors


async def test_nobody_is_turned_away_while_many_write(servers, enter):
    """On SQLite a transaction that reads before it writes fails at once if it began deferred."""
    people = [await enter(servers[number % 2], f"writer{number}n") for number in range(8)]
    room_id = await people[0].create_room(f"Rush of {people[0].name}")
    for person in people:
        await person.room(room_id)

    async def write(person):
        for number in range(10):
            message = await person.post(room_id, f"{person.name} {number}")
            await person.mark_read(room_id, message)

    await asyncio.gather(*map(write, people))
    assert rows_of(servers[0], room_id)[0] == list(range(1, 81))
