"""What the documentation says of tests is so."""

import ast
import re
import tomllib
from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest
from django.conf import settings
from twisted.web.http import HTTPChannel

from accounts import avatars, picture
from accounts.hashers import Argon2Hasher
from accounts.models import Block
from accounts.views import blocks, sessions
from config import drawn
from config.forms import TEXT_MAX_LENGTH
from config.serving import downloads, heads, senders
from config.text import NORMALIZED_MAX_LENGTH
from rooms import directory, replies, search, search_words
from rooms.chats import CHATS_PER_PAGE
from rooms.forms import ContentField, FindForm, ReasonField, RoomInvitationForm
from rooms.models import (
    ChatRoom,
    MessageVersion,
    Pin,
    Reaction,
    SavedMessage,
    chat_room,
    emojis,
    message_text,
)
from rooms.models.membership import DRAFTS_PER_PERSON
from rooms.templatetags.messages import PREVIEW_LENGTH
from rooms.views import bans, chat_rooms, invitations, messages, moderation_acts, reports, saved_messages
from rooms.views.directory import COMPLETIONS
from tests.test_unbounded import MOST_SECONDS

ROOT = Path(__file__).resolve().parent.parent
# How many points of a kind a page has. Each is a row of a table: its name, a sentence, what shows it.
POINTS = [
    ("security-checklist", "S", 89),
    ("reliability", "F", 14),
    ("reliability", "R", 34),
    ("reliability", "T", 15),
]
TEST = re.compile(r"`([\w/]+\.py::\w+)`")
# What people read, and the pages that say how Hearth works, each of which can be read in one go.
PAGES = sorted(
    path for where in (".", "docs", "docs/*", "tests/*", "benchmarks") for path in ROOT.glob(f"{where}/*.md")
)
ARCHITECTURE = sorted((ROOT / "docs" / "architecture").glob("*.md"))
LINES_AT_MOST = 150
GENERATED = {"js/hearth.js"}
NUMBER = re.compile(r"\d[\d,]*")
LINK = re.compile(r"\]\(([^)\s]+)\)")
FILE = re.compile(r"`((?:\w[\w.-]*/)+[\w.-]*)`")


def rows(page, kind):
    text = (ROOT / "docs" / f"{page}.md").read_text()
    return re.findall(rf"^\| ({kind}\d\d) \| (.+) \| (.*)\|$", text, re.MULTILINE)


@cache
def functions_of(path):
    tree = ast.parse((ROOT / "tests" / path).read_text())
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in ast.walk(tree) if isinstance(node, kinds)}


def anchors_of(page):
    """Return the anchors that GitHub gives to the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).replace(" ", "-").lower() for heading in headings}


@pytest.mark.parametrize(("page", "kind", "count"), POINTS)
def test_every_point_is_there(page, kind, count):
    found = rows(page, kind)
    assert [name for name, *_rest in found] == [f"{kind}{number:02}" for number in range(1, count + 1)]
    assert all(sentence.endswith(".") for _name, sentence, _tests in found)


@pytest.mark.parametrize("page", sorted({page for page, _kind, _count in POINTS}))
def test_tests_that_show_a_point_exist(page):
    named = TEST.findall((ROOT / "docs" / f"{page}.md").read_text())
    assert len(named) > sum(count for other, _kind, count in POINTS if other == page)
    assert [test for test in named if test.split("::")[1] not in functions_of(test.split("::")[0])] == []


def test_limits_are_those_of_the_settings():
    text = (ROOT / "docs" / "security.md").read_text()
    seconds = {"a day": 86400, "an hour": 3600, "10 minutes": 600, "a minute": 60, "10 seconds": 10}
    rows = re.findall(r"^\| .+ \| .+ \| ([\d,]+) in (.+?) \| .+ \|$", text, re.MULTILINE)
    told = sorted((int(amount.replace(",", "")), seconds[period]) for amount, period in rows)
    assert told == sorted((rate.amount, rate.period) for rate in settings.LIMITS.values())
    assert f"{settings.STREAMS_PER_USER}; {settings.STREAMS_PER_ADDRESS}" in text


def test_costs_are_those_of_the_code():
    text = (ROOT / "docs" / "security.md").read_text()
    table = text.partition("can cost at most")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| a (?:stranger|member|moderator) \| (.+) \| (.+) \|$", table, re.MULTILINE)
    told = {what: [int(number.replace(",", "")) for number in NUMBER.findall(bound)] for what, bound in rows}
    assert {what: numbers for what, numbers in told.items() if numbers} == costs()


def costs():
    """Return the numbers of each row, in their order."""
    from config import asgi  # which makes the application
    from config.serving import uvicorn_server

    kib, mib, second = 1024, 1024**2, timedelta(seconds=1)
    limits = settings.LIMITS
    patience = settings.SENDER_PATIENCE // second
    page = settings.HISTORY_PAGE_BYTES // 1000
    newest = settings.UNREAD_PAGE_LIMIT + settings.HISTORY_PAGE_SIZE // 5
    upload, moderation = limits["upload_per_user"], limits["moderation_per_user"]
    lifetime = max(time for _label, time in RoomInvitationForm.LIFETIMES.values())
    uses = max(number for number, _label in RoomInvitationForm.base_fields["max_uses"].choices)
    [at_a_time] = {
        *(
            chat_rooms.MEMBERS_PER_PAGE,
            bans.BANS_PER_PAGE,
            invitations.INVITATIONS_PER_PAGE,
        ),
        *(invitations.INVITATIONS_PER_PAGE, moderation_acts.ACTS_PER_PAGE, reports.REPORTS_PER_PAGE),
        *(sessions.SESSIONS_PER_PAGE, blocks.BLOCKS_PER_PAGE, messages.RECEIPTS_PER_PAGE),
    }
    return {
        "the head of a request": [
            *(heads.PATH_MAX_BYTES // kib, heads.QUERY_MAX_BYTES // kib, heads.HEADER_MAX_BYTES // kib),
            HTTPChannel.totalHeadersSize // kib,
            uvicorn_server.HEAD_BYTES // kib,
            uvicorn_server.HEAD_LINES,
            patience,
        ],
        "a body": [
            settings.REQUEST_MAX_BYTES // kib,
            settings.DATA_UPLOAD_MAX_NUMBER_FIELDS,
            settings.MULTIPART_MAX_PARTS,
            *(patience, senders.LEAST_RATE // kib),
        ],
        "a field": [TEXT_MAX_LENGTH, ContentField.text_max_length],
        "a field, parameter, header or cookie": [MOST_SECONDS * 1000],
        "connections whose requests have not arrived as a whole, or that are idle": [
            settings.UNFINISHED_PER_ADDRESS,
            senders.FRESH_SECONDS,
            settings.UNFINISHED_PER_ADDRESS * senders.BURST,
        ],
        "an answer that is not taken": [patience],
        "all connections of a process": [senders.RESERVED_DESCRIPTORS],
        "a name that is far too long": [NORMALIZED_MAX_LENGTH],
        "pages at once": [asgi.WORKERS, asgi.patience()],
        "a password that is checked": [Argon2Hasher.memory_cost // kib],
        "a message": [
            settings.MESSAGE_MAX_LENGTH,
            60,  # tests/rooms/test_message_text.py
            *(message_text.LINKS, message_text.MENTIONS, message_text.WORDS_LOOKED_AT),
            chat_room.MENTIONS_AT_MOST,
        ],
        "what is drawn once and kept": [drawn.KEPT, drawn.KEPT_BYTES // mib],
        "a page of messages, also one that reaches back to what is unread": [page, newest],
        "what a stream catches up on": [settings.REPLAY_LIMIT, page],
        "open streams": [
            settings.STREAMS_PER_USER,
            settings.STREAMS_PER_ADDRESS,
            settings.STREAM_MAX_BACKLOG // kib,
        ],
        "reactions to a message": [
            Reaction.KINDS,
            Reaction.NAMED,
            Reaction.NOTED,
            emojis.MAX_LENGTH,
        ],
        "a line in the list of chats": [PREVIEW_LENGTH],
        "lines in the list of chats": [
            CHATS_PER_PAGE,
            *(settings.SMALL_HOUSE_ROOMS, settings.SMALL_HOUSE_PEOPLE, settings.ROOMS_PER_OWNER),
        ],
        "what is looked for among rooms and people, and what is found": [
            FindForm.base_fields["q"].max_length,
            *(directory.AT_FIRST, directory.AT_FIRST, directory.PER_PAGE, COMPLETIONS),
        ],
        "what is searched for in messages, and what is found": [
            *(search_words.LONGEST, search.PER_PAGE, search.UNINDEXED_AT_MOST),
        ],
        "drafts": [settings.MESSAGE_MAX_LENGTH, DRAFTS_PER_PERSON],
        "the replies to a message": [replies.REPLIES_AT_MOST, replies.PER_PAGE],
        "the details of a message": [MessageVersion.LIMIT, at_a_time],
        "pinned and saved messages": [
            *(Pin.AT_MOST, SavedMessage.AT_MOST, saved_messages.SAVED_PER_PAGE),
            300,  # templates/rooms/_listed_message.html
        ],
        "the lists of sessions and of blocked people": [at_a_time],
        "blocked people": [Block.AT_MOST],
        "uploads that arrive": [
            settings.UPLOAD_MAX_BYTES // mib,
            settings.FILES_PER_MESSAGE * settings.FILE_MAX_BYTES // mib,
            settings.MULTIPART_MAX_PARTS,
            settings.UPLOADS_PER_ADDRESS,
            settings.UPLOADS_AT_ONCE,
            asgi.UPLOAD_WORKERS,
        ],
        "files": [
            settings.FILES_PER_MESSAGE,
            *(settings.FILE_MAX_BYTES // mib, settings.FILE_QUOTA_BYTES // mib),
            *(settings.LIMITS["file_per_user"].amount, settings.LIMITS["file_per_user"].period // 60),
        ],
        "a photo": [
            picture.CPU_SECONDS_OF_WHOLE,
            avatars.AT_ONCE,
            *(picture.MAX_PIXELS // 10**6, picture.MAX_PIXELS_OF_JPEG // 10**6),
            *(picture.MAX_FRAMES, picture.MAX_PIXELS_OF_FRAMES // 10**6),
        ],
        "files that are read": [
            settings.DOWNLOADS_PER_USER,
            downloads.PIECE_BYTES // kib,
            downloads.STALLED_SECONDS,
        ],
        "an avatar": [
            picture.CPU_SECONDS,
            avatars.AT_ONCE,
            *(upload.amount, upload.period // 60, upload.amount * picture.CPU_SECONDS, upload.period // 60),
        ],
        "the description of a room, a reason": [ChatRoom.DESCRIPTION_MAX_LENGTH, ReasonField().max_length],
        "a link into a room": [uses, lifetime.days],
        "members, bans, links, the log, reports": [at_a_time],
        "changes, deletions and decisions": [moderation.amount, moderation.period // 60],
    }


@pytest.mark.parametrize("page", ARCHITECTURE, ids=lambda page: page.stem)
def test_page_on_how_it_works_is_short_and_opens_with_its_files(page):
    text = page.read_text()
    assert len(text.splitlines()) <= LINES_AT_MOST
    assert page.stem == "README" or text.split("\n\n")[1].startswith("Files: `")


@pytest.mark.parametrize("page", ARCHITECTURE, ids=lambda page: page.stem)
def test_files_that_a_page_on_how_it_works_names_are_there(page):
    named = set(FILE.findall(page.read_text())) - GENERATED
    assert named
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


def test_map_names_every_page_on_how_it_works():
    linked = set(LINK.findall((ROOT / "docs" / "architecture" / "README.md").read_text()))
    assert {page.name for page in ARCHITECTURE} - {"README.md"} <= linked


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_of_a_page_lead_somewhere(page):
    links = [link.partition("#") for link in LINK.findall(page.read_text()) if "://" not in link]
    missing = [
        f"{path}#{anchor}"
        for path, _hash, anchor in links
        if not (target := page.parent / path if path else page).exists()
        or (anchor and anchor not in anchors_of(target))
    ]
    assert missing == []


def test_releases_of_the_changelog_have_their_commits_and_the_newest_is_the_version():
    releases = tomllib.loads((ROOT / "tests" / "releases.toml").read_text())["release"]
    told = [(release["version"], str(release["date"])) for release in releases]
    changelog = (ROOT / "CHANGELOG.md").read_text()
    assert re.findall(r"^## (\d\S*) - (\S+)$", changelog, re.MULTILINE) == told
    assert all(re.fullmatch(r"[0-9a-f]{40}", release["commit"]) for release in releases)
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert version == told[0][0]
