"""The tables of docs/security.md: what is left of a deleted message, and who sees a message where."""

import io
import re
import uuid
from pathlib import Path
from zipfile import ZipFile

import pytest
from django.utils import timezone

from rooms import jobs, moderation, raids, search_index
from rooms.live.news.reactions import still_to_be_told
from rooms.models import (
    Attachment,
    ChatRoom,
    Membership,
    Mention,
    Message,
    MessageVersion,
    Pin,
    Raid,
    Reaction,
    ReadReceipt,
    Report,
    SavedMessage,
    SearchText,
    StoredFile,
)
from rooms.unread import unread_of
from tests.conftest import client_of
from tests.support.factories import (
    make_file,
    make_membership,
    make_message,
    make_message_with_file,
    make_room,
    make_user,
)
from tests.support.htmx import Element
from tests.support.responses import page_of

pytestmark = pytest.mark.django_db

DOCS = (Path(__file__).resolve().parents[2] / "docs" / "security.md").read_text()
WORD = "umbrella"


def table(heading):
    """Return the rows of the first table below a heading, by their first cells, and the other heads."""
    part = DOCS.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    lines = [line.strip("| ").split(" | ") for line in re.findall(r"^\|.+\|$", part, re.MULTILINE)]
    return {name: cells for name, *cells in lines[2:]}, lines[0][1:]


# What is left of a deleted message

LEFT, _columns = table("What is left of a deleted message")


def noted(message, reader):
    return page_of(client_of(reader).get(f"/messages/{message.pk}/")).text


def quoted(message, reader):
    return page_of(client_of(reader).get(message.room.get_absolute_url())).all(css_class="quote")[-1].text


# For each row whether something of it is left, asked before and after.
OF_A_MESSAGE = {
    "its text": lambda it, reader: WORD in Message.objects.get(pk=it.pk).content,
    "its earlier versions": lambda it, _reader: MessageVersion.objects.filter(message=it).exists(),
    "what it is searched by": lambda it, _reader: SearchText.objects.filter(message=it).exists(),
    "its mentions": lambda it, _reader: bool(
        Mention.objects.filter(message=it).exists() or Message.objects.get(pk=it.pk).mentioned
    ),
    "its files": lambda it, _reader: Attachment.objects.filter(message=it).exists(),
    "files in an open report": lambda it, _reader: StoredFile.objects.filter(reports__message=it).exists(),
    "what it replies to": lambda it, _reader: Message.objects.get(pk=it.pk).reply_to_id is not None,
    "quotes of it in replies": lambda it, reader: WORD in quoted(it, reader),
    "the quote of it in the message box of a draft": lambda it, reader: (
        WORD in element(client_of(reader), it.room.get_absolute_url(), id="reply").text
    ),
    "the text of a draft that replies to it": lambda it, reader: (
        "Let me look" in element(client_of(reader), it.room.get_absolute_url(), id="content").text
    ),
    "copies of it in other chats": lambda _it, _reader: Message.objects.filter(
        is_forwarded=True, content__contains=WORD
    ).exists(),
    "its pin": lambda it, _reader: Pin.objects.filter(message=it).exists(),
    "reactions to it": lambda it, _reader: (
        bool(Message.objects.get(pk=it.pk).reacted) or it.reactions.exists()
    ),
    "what its author is still to hear of them": lambda it, _reader: bool(
        still_to_be_told(dict.fromkeys(Reaction.objects.values_list("pk", flat=True), it.sender_id), set())
    ),
    "notes of people who saved it": lambda it, _reader: SavedMessage.objects.filter(message=it).exists(),
    "its part of an unread badge": lambda it, reader: unread_of(reader, it.room).mentions > 0,
    "read receipts": lambda it, _reader: ReadReceipt.objects.filter(message=it).exists(),
    "its place, author, time and token": lambda it, reader: "ben" in noted(it, reader),
    "the copy in an open report": lambda it, _reader: Report.objects.filter(
        message=it, closed_at=None
    ).exists(),
}


@pytest.fixture
def told(room, ada, ben, root):
    """A message of ben with everything that a message can have; ada, who owns the room, has not read it."""
    cleo = make_membership(room, make_user("cleo")).user
    question = make_message(room, cleo, "What do we need?")
    files = [make_file(ben)]
    message = room.post_message(ben, f"An {WORD}, @ada", uuid.uuid4(), question, files)
    message.edit(f"A large {WORD}, @ada")
    room.post_message(cleo, "Which one?", uuid.uuid4(), message)
    room.memberships.get(user=cleo).mark_read(message.pk)
    make_room("Garden", [cleo]).forward(cleo, message, uuid.uuid4())
    room.memberships.get(user=ada).keep_draft("Let me look", uuid.uuid4(), message.pk)
    message.pin_as(ada, "Read this")
    message.save_for(cleo, "For rain")
    message.react_as(cleo, "👍")
    message.report(cleo, reason="other", details="")
    search_index.catch_up(uuid.uuid4(), 60.0)
    return message


def erase_as_author(message, _staff):
    message.erase_as(message.sender)


def erase_as_moderator(message, _staff):
    message.erase_as(message.room.memberships.get(role="owner").user)


def undo_raid(message, staff):
    raid = Raid.objects.create(by=staff, until=timezone.now(), deactivates=False)
    raid.people.add(message.sender)
    assert raids.go_on(raid, 5)


WAYS = {"the author": erase_as_author, "a moderator": erase_as_moderator, "a raid is undone": undo_raid}


def test_table_has_everything_that_is_looked_at():
    assert LEFT.keys() == OF_A_MESSAGE.keys()
    assert _columns == [f"deleted by {way}" if way != "a raid is undone" else way for way in WAYS]


@pytest.mark.parametrize("way", WAYS)
def test_of_a_deleted_message_is_left_what_the_table_says(way, told, ada, root):
    for name, is_left in OF_A_MESSAGE.items():
        assert is_left(told, ada), name
    WAYS[way](told, root)
    column = list(WAYS).index(way)
    assert {name: "stays" if is_left(told, ada) else "goes" for name, is_left in OF_A_MESSAGE.items()} == {
        name: cells[column] for name, cells in LEFT.items()
    }


# Where a message is seen

SEEN, STATES = table("Where a message is seen, and where not")


def element(client, address, **wanted):
    """Return the last such element of a page, or None where there is no page or no such element."""
    response = client.get(address)
    if response.status_code != 200:
        return None
    page = page_of(response)
    return page.by_id(wanted["id"]) if "id" in wanted else (page.all(**wanted) or [None])[-1]


def fetched(client, address):
    """Return what is in a file, as the text of an element; None where it is not given away."""
    response = client.get(address)
    if response.status_code != 200:
        return None
    found = Element("", {})
    found.nodes.append(response.getvalue().decode())
    return found


def downloaded(client, address):
    """Return all that a download has, as the text of an element; None where there is none."""
    Membership.objects.filter(user__username="ada").update(role=Membership.Role.OWNER)
    client.post(address)
    jobs.work_off(uuid.uuid4(), lambda: False)
    response = client.get("/settings/data/download/")
    if response.status_code != 200:
        return None
    found = Element("", {})
    with ZipFile(io.BytesIO(response.getvalue())) as archive:
        found.nodes += [archive.read(name).decode(errors="replace") for name in archive.namelist()]
    return found


SURFACES = {
    "the page of the room": lambda client, it: element(
        client, it.room.get_absolute_url(), id=f"message-{it.pk}"
    ),
    "a quote of it in a reply": lambda client, it: element(
        client, it.room.get_absolute_url(), css_class="quote"
    ),
    "the page of its replies": lambda client, it: element(
        client, f"/messages/{it.pk}/replies/", id=f"message-{it.pk}"
    ),
    "the message box of a reply to it": lambda client, it: element(
        client, f"{it.room.get_absolute_url()}?reply={it.pk}", css_class="quote"
    ),
    "a copy of it in another chat": lambda client, _it: element(
        client, ChatRoom.objects.get(name="Garden").get_absolute_url(), css_class="message"
    ),
    "its own page": lambda client, it: element(client, f"/messages/{it.pk}/", id="main"),
    "the page of a file of it": lambda client, it: element(client, f"/messages/{it.pk}/files/1/", id="main"),
    "a file of it": lambda client, it: fetched(client, it.file_url),
    "the files of the room": lambda client, it: element(client, f"/rooms/{it.room_id}/files/", id="main"),
    "the list of chats": lambda client, it: element(client, "/", id=f"room-{it.room_id}-preview"),
    "mentions and replies": lambda client, _it: element(client, "/mentions/", id="main"),
    "pinned messages": lambda client, it: element(client, f"/rooms/{it.room_id}/pins/", id="main"),
    "saved messages": lambda client, _it: element(client, "/saved/", id="main"),
    "search": lambda client, _it: element(client, f"/search/?q={WORD}", id="found"),
    "a download of a room, by its owner": lambda client, it: downloaded(
        client, f"/rooms/{it.room_id}/export/"
    ),
    "the reader's own download": lambda client, _it: downloaded(client, "/settings/data/"),
}


def seen(found, blocked, style):
    """Return the word of the table for what a page shows in a place."""
    if found is None:
        return "no"
    if WORD in found.text:
        is_styled = f'[data-sender="{blocked.pk}"]' in style
        senders = {one.get("data-sender") for one in (found, *found.all(css_class="forwarded"))}
        return "hidden" if is_styled and str(blocked.pk) in senders else "yes"
    return "note" if "deleted" in found.text else "no"


@pytest.fixture
def scene(room, ada, ben):
    """What ben wrote in a room that cleo owns; ada, a member, has saved it."""
    room.memberships.filter(user=ada).update(role=Membership.Role.MEMBER)
    cleo = make_membership(room, make_user("cleo"), role=Membership.Role.OWNER)
    message = make_message_with_file(room, ben, f"An {WORD}, @ada", f"{WORD}.pdf", WORD.encode())
    message.file_url = message.files[0].url
    message.pin_as(cleo.user, "")
    message.save_for(ada, "")
    return message, cleo


def reach(state, message, owner, reader):
    mine = message.room.memberships.get(user=reader)
    match state:
        case "blocked":
            reader.block(message.sender)
        case "banned":
            moderation.ban(owner, reader, None)
        case "left":
            mine.leave()
        case "by invitation":
            mine.leave()
            moderation.update(owner, message.room.name, "", is_by_invitation=True)
        case "deleted":
            message.erase()
        case "archived":
            moderation.archive(owner)


def test_tables_have_the_same_surfaces_and_states():
    assert SEEN.keys() == SURFACES.keys()
    assert STATES == ["as usual", "blocked", "banned", "left", "by invitation", "deleted", "archived"]


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("surface", SURFACES)
def test_message_is_seen_where_the_table_says(surface, state, scene, ada, ada_client):
    message, owner = scene
    if surface == "a quote of it in a reply":
        message.room.post_message(owner.user, "Which one?", uuid.uuid4(), message)
    if surface == "a copy of it in another chat":
        make_room("Garden", [owner.user, ada]).forward(owner.user, message, uuid.uuid4())
    reach(state, message, owner, ada)
    style = ada_client.get(f"/own/{ada.pk}.css").content.decode()
    style = style.partition("#show-blocked")[2]
    word = seen(SURFACES[surface](ada_client, message), message.sender, style)
    assert word == SEEN[surface][STATES.index(state)]
