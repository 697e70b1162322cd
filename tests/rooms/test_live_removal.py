"""What open pages are told when staff hide a room, show it again or delete it."""

import pytest

from tests.support.clients import LivePage, eventually

pytestmark = pytest.mark.usefixtures("no_complaint")


@pytest.fixture
async def staff(eve, rows):
    """Make eve a superuser; return what chooses an action for rooms in the admin."""
    password = "correct horse battery"
    await eve.send("/settings/password/", new_password=password, repeated_password=password)
    rows.execute(
        "UPDATE accounts_user SET is_staff = ?, is_superuser = ? WHERE username = ?", (True, True, eve.name)
    )

    async def choose(action, room_id):
        answer = await eve.send(
            "/admin/rooms/chatroom/", action=action, _selected_action=str(room_id), sure="yes"
        )
        assert answer.status_code == 302, answer.text

    return choose


@pytest.mark.parametrize("action", ["hide", "remove"])
async def test_open_pages_of_the_room_end_and_its_line_leaves_all_lists(
    ann, bob, enter, group_id, private_id, staff, action
):
    stranger = await enter("stranger")
    await ann.post(group_id, "before")
    async with (
        await LivePage.open(bob, group_id) as inside,
        await LivePage.open(ann, None) as hers,
        await LivePage.open(stranger, None) as theirs,
        await bob.stream(group_id, "live") as document,
    ):
        await eventually(lambda: inside.connections and hers.connections and theirs.connections)
        for live in (hers, theirs):
            assert f"room-{group_id}" in live.page
        await staff(action, group_id)
        await eventually(lambda: "You are no longer in this room." in inside.page.text("live"))
        await document.wait_until_closed()
        for live in (hers, theirs):
            await eventually(lambda live=live: f"room-{group_id}" not in live.page)
            assert not live.errors
    for client in (ann, bob, stranger):
        assert (await client.get(f"/rooms/{group_id}/")).status_code == 404
        assert (await client.get(f"/rooms/{group_id}/stream")).status_code == 404


async def test_unread_messages_of_a_hidden_room_leave_the_title(ann, bob, group_id, staff):
    await ann.post(group_id, "not read")
    async with await LivePage.open(bob, None) as lobby:
        await eventually(lambda: lobby.connections)
        assert lobby.page.root.all("title")[0].text.startswith("(1)")
        await staff("hide", group_id)
        await eventually(lambda: not lobby.page.root.all("title")[0].text.startswith("("))


async def test_room_that_is_shown_again_comes_back_into_lists(ann, bob, enter, group_id, staff):
    stranger = await enter("stranger")
    await ann.post(group_id, "not read")
    async with await LivePage.open(bob, None) as his, await LivePage.open(stranger, None) as theirs:
        await eventually(lambda: his.connections and theirs.connections)
        await staff("hide", group_id)
        for live in (his, theirs):
            await eventually(lambda live=live: f"room-{group_id}" not in live.page)
        await staff("show", group_id)
        for live in (his, theirs):
            await eventually(lambda live=live: f"room-{group_id}" in live.page)
        await eventually(lambda: his.page.text(f"room-{group_id}-badge") == "1, 1 unread message")
        assert (await bob.get(f"/rooms/{group_id}/")).status_code == 200


async def test_outsiders_hear_nothing_of_a_room_by_invitation_that_is_hidden(
    ann, bob, enter, group_id, staff
):
    stranger = await enter("stranger")
    page = await ann.get(f"/rooms/{group_id}/edit/")
    assert page.status_code == 200
    await ann.send(f"/rooms/{group_id}/edit/", name="Secret club", is_by_invitation="on")
    async with await stranger.stream() as outside, await LivePage.open(bob, None) as inside:
        await outside.wait_for_event("heartbeat")
        for action in ("hide", "show", "hide"):
            before = f"room-{group_id}" in inside.page
            await staff(action, group_id)
            await eventually(lambda before=before: (f"room-{group_id}" in inside.page) != before)
        await ann.create_room(f"After {group_id}")
        await outside.wait_for_text(f"After {group_id}")
        assert not outside.with_text(f"room-{group_id}")


async def test_messages_of_a_raid_become_tombstones_on_open_pages(ann, bob, eve, group_id, staff):
    await ann.post(group_id, "before")
    spam = [await bob.post(group_id, f"spam {number}") for number in range(12)]
    async with await LivePage.open(ann, group_id) as inside, await LivePage.open(ann, None) as lobby:
        await eventually(lambda: inside.connections and lobby.connections)
        assert inside.page.text(f"message-{spam[0]}")
        answer = await eve.send("/admin/rooms/raid/add/", person=bob.name, sure="yes")
        assert answer.status_code == 302
        for message in spam:
            await eventually(lambda message=message: "spam" not in inside.page.text(f"message-{message}"))
        await eventually(lambda: "spam" not in lobby.page.text(f"room-{group_id}-preview"))
        await eventually(lambda: not lobby.page.text(f"room-{group_id}-badge"))
        assert "before" in inside.page.text(f"message-{spam[0] - 1}")
        for live in (inside, lobby):
            assert not live.errors
