"""What streams tell of rooms by invitation and of those that change: nothing of it to outsiders."""

import pytest

from tests.support.clients import LivePage, eventually
from tests.support.htmx import Page

pytestmark = pytest.mark.usefixtures("no_complaint")


async def change(client, room_id, **fields):
    """Save the form of a room with some fields changed."""
    form = Page((await client.get(f"/rooms/{room_id}/edit/")).raise_for_status().text)
    given = {f: form[f"id_{f}"].get("value") for f in ("name", "description")}
    if "checked" in form["id_is_by_invitation"].attributes:
        given["is_by_invitation"] = "on"
    given = {name: value for name, value in {**given, **fields}.items() if value is not None}
    assert (await client.send(f"/rooms/{room_id}/edit/", **given)).status_code == 302


async def close(client, room_id):
    await change(client, room_id, is_by_invitation="on")


async def remove(client, room_id, other):
    other_id = await client.id_of(other.name)
    answer = await client.send(f"/rooms/{room_id}/members/{other_id}/remove/", reason="Enough")
    assert answer.status_code == 302


def said_of(stream, room_id, *texts):
    """Return the events that tell of the room, or have one of the texts."""
    signs = (f"room-{room_id}-", f'"room-{room_id}"', f"/rooms/{room_id}/", *texts)
    return [event for event in stream.events if any(sign in event.data for sign in signs)]


async def after(client, stream, number, what):
    """Wait until `stream` has news of an open room made now, and so all that was to be told before."""
    await client.create_room(f"Later {number} {what}")
    await stream.wait_for_text(f"Later {number} {what}")


async def test_outsiders_hear_nothing_of_a_room_by_invitation(ann, eve, number):
    answer = await ann.send("/rooms/", name=f"Closet {number}", is_by_invitation="on")
    room_id = int(answer.headers["location"].split("/")[2])
    async with await eve.stream() as hers, await ann.stream() as own:
        await hers.wait_for_event("heartbeat")
        await own.wait_for_event("heartbeat")
        await ann.post(room_id, f"Psst @{eve.name}")
        await ann.send(f"/rooms/{room_id}/typing/")
        await change(ann, room_id, name=f"Cupboard {number}")
        await ann.send(f"/rooms/{room_id}/archive/")
        await own.wait_for_text(f"Cupboard {number}")
        await after(ann, hers, number, "than that")
        assert said_of(hers, room_id, "Psst", f"Closet {number}", f"Cupboard {number}") == []
        assert not hers.named("notify")
    async with await eve.stream(room_id) as stream:
        await stream.wait_until_closed()
        assert not said_of(stream, room_id)


async def test_room_that_is_closed_leaves_the_lists_of_outsiders_and_tells_them_no_more(
    ann, bob, eve, group_id, number
):
    async with await LivePage.open(eve, None) as lobby, await eve.stream() as hers, await bob.stream() as his:
        await eventually(lambda: lobby.connections)
        for stream in (hers, his):
            await stream.wait_for_event("heartbeat")
        await ann.send(f"/rooms/{group_id}/typing/")
        await hers.wait_for_text(f"room-{group_id}-typing")
        assert f"room-{group_id}" in lobby.page
        await close(ann, group_id)
        await eventually(lambda: f"room-{group_id}" not in lobby.page)
        told = len(said_of(hers, group_id))
        await ann.send(f"/rooms/{group_id}/typing/", stop="1")
        await ann.post(group_id, f"Among us {number}")
        await ann.send(f"/rooms/{group_id}/typing/")
        await his.wait_for_text(f"Among us {number}")
        await his.wait_for(lambda: [e for e in his.events if f"room-{group_id}-typing" in e.data][2:])
        await after(ann, hers, number, "than that")
        # What was heard is that it is gone.
        assert len(said_of(hers, group_id, f"Among us {number}")) == told
        assert not lobby.errors


async def test_room_that_is_opened_appears_in_the_lists_of_all(ann, eve, group_id, number):
    await eve.get(f"/rooms/{group_id}/")
    await eve.leave(group_id)
    await close(ann, group_id)
    async with await LivePage.open(eve, None) as lobby:
        await eventually(lambda: lobby.connections)
        assert f"room-{group_id}" not in lobby.page
        await change(ann, group_id, is_by_invitation=None)
        await eventually(lambda: f"room-{group_id}" in lobby.page)
        assert "You left" in lobby.page.text(f"room-{group_id}")
        await ann.post(group_id, "Come in")
        await eventually(lambda: "Come in" in lobby.page.text(f"room-{group_id}-preview"))
        assert not lobby.errors


async def test_new_name_and_archive_show_on_open_pages(ann, bob, eve, group_id, number):
    url = "https://garden.example/plan?a=1&b=2"
    async with (
        await LivePage.open(bob, group_id) as page,
        await LivePage.open(eve, None) as lobby,
    ):
        await eventually(lambda: page.connections and lobby.connections)
        await change(ann, group_id, name=f"Renamed {number}", description=f"See {url} <b>")
        await eventually(lambda: page.page.text("room-name") == f"Renamed {number}")
        await eventually(lambda: page.page.root.all("title")[0].text == f"Renamed {number} – Hearth")
        await eventually(lambda: lobby.page.text(f"room-{group_id}-name") == f"Renamed {number}")
        assert page.page.text("description") == f"See {url} <b>"
        assert [link["href"] for link in page.page.root.by_id("description").all("a")] == [url]
        assert page.page.text("composer-label") == f"Message Renamed {number}"
        await ann.send(f"/rooms/{group_id}/archive/")
        await eventually(lambda: "archived" in page.page.text("archived"))
        await eventually(lambda: f"room-{group_id}" not in lobby.page)  # she is not in it
        await ann.send(f"/rooms/{group_id}/archive/end/")
        await eventually(lambda: f"room-{group_id}" in lobby.page)
        await eventually(lambda: page.page.text("archived") == "")
        for live in (page, lobby):
            assert not live.errors


async def test_page_that_slept_learns_the_new_name(ann, bob, group_id, number):
    page = await bob.room(group_id)
    await change(ann, group_id, name=f"Renamed {number}")
    async with await bob.stream(group_id, query=page.cursors) as stream:
        await stream.wait_for(lambda: [e for e in stream.events if e.id and f"Renamed {number}" in e.data])


async def test_unread_badge_stays_when_the_name_changes(ann, bob, group_id, number):
    await ann.post(group_id, "Not yet read")
    async with await LivePage.open(bob, None) as lobby:
        await eventually(lambda: lobby.connections)
        await change(ann, group_id, name=f"Renamed {number}")
        await eventually(lambda: lobby.page.text(f"room-{group_id}-name") == f"Renamed {number}")
        assert lobby.page.text(f"room-{group_id}-badge") == "1, 1 unread message"


async def test_removed_person_gets_no_byte_more_of_the_room(ann, bob, group_id, number):
    await close(ann, group_id)
    async with (
        await bob.stream(group_id) as stream,
        await LivePage.open(bob, None) as lobby,
        await ann.stream(group_id) as hers,
    ):
        await stream.wait_for_event("level")
        await hers.wait_for_event("level")
        await eventually(lambda: lobby.connections and f"room-{group_id}" in lobby.page)
        await remove(ann, group_id, bob)
        await ann.post(group_id, f"Gone at last {number}")
        await stream.wait_until_closed(2)
        assert stream.is_complete
        assert "no longer in this room" in stream.events[-1].data
        await hers.wait_for_message(f"Gone at last {number}")
        assert not stream.with_text(f"Gone at last {number}")
        await eventually(lambda: f"room-{group_id}" not in lobby.page)
        assert not lobby.errors


async def test_who_left_a_closed_room_loses_its_line(ann, bob, group_id):
    await close(ann, group_id)
    async with await LivePage.open(bob, None) as lobby:
        await eventually(lambda: lobby.connections and f"room-{group_id}" in lobby.page)
        await bob.leave(group_id)
        await eventually(lambda: f"room-{group_id}" not in lobby.page)
        assert not lobby.errors


async def test_banned_person_hears_nothing_of_an_open_room(ann, bob, eve, group_id, number):
    async with (
        await bob.stream(group_id) as stream,
        await LivePage.open(bob, None) as lobby,
        await bob.stream() as his,
        await eve.stream() as hers,
    ):
        await stream.wait_for_event("level")
        await his.wait_for_event("heartbeat")
        await eventually(lambda: lobby.connections and f"room-{group_id}" in lobby.page)
        bob_id = await ann.id_of(bob.name)
        await ann.send(f"/rooms/{group_id}/members/{bob_id}/ban/", duration="day", reason="Enough")
        await stream.wait_until_closed(2)
        assert "no longer in this room" in stream.events[-1].data
        await eventually(lambda: f"room-{group_id}" not in lobby.page)
        told = len(said_of(his, group_id))
        await ann.send(f"/rooms/{group_id}/typing/")
        await hers.wait_for_text(f"room-{group_id}-typing")
        await ann.post(group_id, f"Without him {number}")
        await hers.wait_for_text(f"Without him {number}")
        await after(ann, his, number, "than the ban")
        assert len(said_of(his, group_id, f"Without him {number}")) == told
        assert (await bob.get(f"/rooms/{group_id}/")).status_code == 403
        await ann.send(f"/rooms/{group_id}/bans/{bob_id}/lift/")
        await eventually(lambda: f"room-{group_id}" in lobby.page)
        assert not lobby.errors


async def test_who_is_added_by_name_sees_the_room_at_once(ann, bob, eve, group_id, number):
    await close(ann, group_id)
    await ann.post(group_id, f"Before her {number}")
    async with await LivePage.open(eve, None) as lobby, await LivePage.open(bob, None) as his:
        await eventually(lambda: lobby.connections and his.connections)
        await eventually(lambda: his.page.text(f"room-{group_id}-badge") == "1, 1 unread message")
        await ann.send(f"/rooms/{group_id}/members/", name=eve.name)
        await eventually(lambda: f"room-{group_id}" in lobby.page)
        assert lobby.page.text(f"room-{group_id}-badge") == ""
        await ann.post(group_id, f"Welcome {number}")
        await eventually(lambda: lobby.page.text(f"room-{group_id}-badge") == "1, 1 unread message")
        await eventually(lambda: his.page.text(f"room-{group_id}-badge") == "2, 2 unread messages")
        assert not lobby.errors
