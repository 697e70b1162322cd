"""Hearth is updated while people have pages open and write."""

import asyncio

from tests.faults.conftest import assert_no_complaint
from tests.faults.crowd import Crowd
from tests.support.clients import ChatClient, LivePage, eventually

TOLD = "Hearth was updated. Reload this page"


def update(server):
    server.stop()
    server.fault = "is_of_another_release"
    server.start()


async def test_pages_of_the_release_before_go_on_and_are_told(start):
    server = start()
    async with Crowd(server) as crowd, ChatClient(server.url, "ott") as ott:
        lobby = await LivePage.open(ott, None)
        async with lobby:
            await crowd.more_messages()
            assert not any(page.page.text("updated") for page in [*crowd.pages, lobby])
            await asyncio.to_thread(update, server)
            await crowd.check()
            for page in [*crowd.pages, lobby]:
                await eventually(lambda page=page: page.page.text("updated") == TOLD)
            assert lobby.errors == []
            # One that was loaded since is of the release that serves.
            async with await LivePage.open(ott, None) as newer:
                await eventually(lambda: newer.connections)
                await ott.create_room("After the update")
                await eventually(lambda: "After the update" in newer.page["chats"].text)
                assert newer.page.text("updated") == ""
    assert_no_complaint(server)


async def test_page_that_asks_in_a_way_that_is_not_known_any_more_is_told(start):
    """A release may have done away with what pages of another one tell of themselves."""
    server = start()
    async with ChatClient(server.url, "kim") as kim:
        room_id = await kim.create_room("Yesterday")
        headers = {"HX-Request": "true"}
        async with await kim.stream(room_id, query={"yesterdays": "1"}, headers=headers) as stream:
            await stream.wait_for_text(TOLD.partition(".")[0])
            assert "no longer in this room" not in stream.unnamed[-1].data
