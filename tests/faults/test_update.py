"""Hearth is updated while people have pages open and write."""

import asyncio
import os
import subprocess
import tomllib

import pytest

from tests.faults.conftest import assert_no_complaint
from tests.faults.crowd import Crowd
from tests.support.clients import ChatClient, LivePage, eventually
from tests.support.server import ROOT, Server

PACKAGES = ("accounts", "config", "rooms")
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


@pytest.fixture(scope="session")
def release_before(tmp_path_factory):
    """The code of the last release, as git has it; right after a release, of the one before."""
    releases = tomllib.loads((ROOT / "tests" / "releases.toml").read_text())["release"]
    commit = next(
        commit
        for commit in (release["commit"] for release in releases)
        if subprocess.run(["git", "diff", "--quiet", commit, "--", *PACKAGES], cwd=ROOT).returncode
    )
    folder = tmp_path_factory.mktemp("release")
    packed = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True)
    if packed.returncode and os.environ.get("CI") != "true":
        pytest.skip("this is no repository with the commits of earlier releases")
    subprocess.run(["tar", "-x", "-C", str(folder)], input=packed.stdout, check=True)
    return folder


async def test_release_before_and_this_one_serve_side_by_side(release_before, tmp_path):
    """Forward one process after the other, and back: nothing is lost."""
    variables = {"DATABASE_URL": "", "LIMIT_POST_PER_USER": "off"}
    servers = [Server(tmp_path, root=release_before, **variables) for _ in range(2)]
    servers[0].manage("setup")
    try:
        for server in servers:
            server.start()
        async with Crowd(*servers, pause=0.05) as crowd:
            await crowd.more_messages()
            await asyncio.to_thread(Server(tmp_path, **variables).manage, "setup")
            await crowd.more_messages()
            for server, root in ((0, ROOT), (1, ROOT), (0, release_before), (0, ROOT)):
                await asyncio.to_thread(servers[server].stop)
                servers[server].root = root
                await asyncio.to_thread(servers[server].start)
                await crowd.more_messages()
            await crowd.check()
    finally:
        for server in servers:
            server.kill()
    # While the tables are changed, somebody may be told to try again.
    assert not any("Traceback" in server.log for server in servers)
