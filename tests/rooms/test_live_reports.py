"""People who decide on reports see at once that there is one, and nobody else does."""

import pytest

from tests.support.clients import LivePage, eventually

pytestmark = pytest.mark.usefixtures("no_complaint")

WORD = "reported message"


@pytest.fixture
async def reported(ann, bob, eve, group_id, rows):
    """`await reported()`: eve reports what bob said in ann's room, which bob moderates, too."""
    await eve.room(group_id)
    rows.execute(
        "UPDATE rooms_membership SET role = 'moderator' WHERE room_id = ? AND user_id ="
        " (SELECT id FROM accounts_user WHERE username = ?)",
        (group_id, bob.name),
    )

    async def report():
        message_id = await bob.post(group_id, "Buy now")
        assert (await eve.send(f"/messages/{message_id}/report/", reason="spam")).status_code == 302
        return message_id

    return report


async def test_moderators_see_reports_and_decisions_at_once(ann, group_id, reported):
    async with await LivePage.open(ann, group_id) as page:
        await eventually(lambda: page.connections)
        message_id = await reported()
        await eventually(lambda: WORD in page.page.text("room-reports"))
        assert (await ann.send(f"/messages/{message_id}/dismiss/")).status_code == 302
        await eventually(lambda: WORD not in page.page.text("room-reports"))
        assert not page.errors


async def test_page_that_was_away_is_told_when_it_is_back(ann, group_id, reported):
    page = await ann.room(group_id)
    await reported()
    async with await ann.stream(group_id, query=page.cursors) as stream:
        await stream.wait_for_text(WORD)


async def test_neither_who_was_reported_nor_other_members_hear_of_it(ann, bob, eve, group_id, reported):
    async with (
        await ann.stream(group_id) as hers,
        await bob.stream(group_id) as his,
        await eve.stream(group_id) as others,
    ):
        for stream in (hers, his, others):
            await stream.wait_for_event("heartbeat")
        await his.wait_for_text("room-reports")  # what a stream begins with
        before = len(his.events)
        await reported()
        await hers.wait_for_text(WORD)
        await ann.post(group_id, "After that")
        for stream in (his, others):
            await stream.wait_for_message("After that")
        assert not [event for event in his.events[before:] if "-reports" in event.data]
        assert not others.with_text("-reports")


async def test_staff_are_told_of_private_chats_but_not_of_their_text(ann, bob, eve, private_id, rows):
    password = "correct horse battery"
    await eve.send("/settings/password/", new_password=password, repeated_password=password)
    rows.execute("UPDATE accounts_user SET is_staff = ? WHERE username = ?", (True, eve.name))
    assert "staff-reports" in await eve.lobby()
    message_id = await bob.post(private_id, "Psst")
    async with await eve.stream() as hers, await ann.stream() as own:
        for stream in (hers, own):
            await stream.wait_for_event("heartbeat")
        told = len(hers.events)
        assert (await ann.send(f"/messages/{message_id}/report/", reason="abuse")).status_code == 302
        await hers.wait_for(lambda: [e for e in hers.events[told:] if WORD in e.data])
        assert not hers.with_text("Psst")
        assert not own.with_text(WORD)
