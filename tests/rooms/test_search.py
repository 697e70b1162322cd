"""Searching messages: what is found by what and by whom, and how the index comes to know of it."""

import os
import sys
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from config import progress
from config.text import searchable
from rooms import housekeeping, removal, search, search_index
from rooms.models import ChatRoom, Membership, Message, SearchProgress, SearchText
from rooms.models.formatting import unformatted
from rooms.search import Query, find, name_of, understood
from rooms.search_words import IN, Fields, condition, fields_of, merged, words
from tests.support.factories import (
    make_message,
    make_message_with_file,
    make_private_room,
    make_room,
    make_user,
)

pytestmark = pytest.mark.django_db
KEY = uuid.uuid4()
# Random houses, in each of which twelve random queries are asked; `make searches` has very many.
EXAMPLES = int(os.environ.get("EXAMPLES", "0"))


def index():
    assert search_index.catch_up(KEY, 60.0)


def found(user, text, below=None):
    return [message.content for message in find(user, understood(user, text), below).messages]


def faults():
    return [problem for _done, problems in search_index.compared() for problem in problems]


@pytest.fixture(autouse=True)
def index_is_used(monkeypatch):
    """Ask the index, however little there is."""
    for name, value in (("FEW", -1), ("FEWER", -1), ("NEWEST", 1), ("COUNTED", 1)):
        monkeypatch.setattr(search, name, value)


@pytest.fixture(params=["indexed", "not yet", "half"])
def say(request, room, ben):
    """`say(*texts)` posts texts, which are in the index, or not yet, or half of them."""

    def say(*texts):
        half = len(texts) // 2
        messages = [make_message(room, ben, text) for text in texts[:half]]
        if request.param != "not yet":
            index()
        messages += [make_message(room, ben, text) for text in texts[half:]]
        if request.param == "indexed":
            index()
            assert SearchText.objects.count() == len(texts)
        return messages

    return say


# By what

TEXT = "A large\numbrella, very **bold** and ||open||"


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        ("umbrella", True),
        ("MBREL", True),
        ("um", True),
        ("u", True),
        ("rella large", True),
        ('"large umbrella"', True),
        ('"large  UMBRELLA', True),
        ("“large umbrella”", True),
        ('"umbrella large"', False),
        ("very bold", True),
        ("open", True),
        ("**bold", False),
        ("umbrellas", False),
        ("umbrella x", False),
        ("x um", False),
        ('" "', False),
        ("", False),
    ],
)
def test_message_is_found_by_any_part_of_its_plain_text(say, ada, text, is_found):
    say(TEXT, "Nothing here")
    assert (TEXT in found(ada, text)) is is_found


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("私は日本語を話す", "本"),
        ("私は日本語を話す", "日本"),
        ("私は日本語を話す", "日本語を"),
        ("한국어로 말해요", "국"),
        ("Ольга ЁЖИК", "ежик"),
        ("ΑΘΉΝΑ", "αθηνα"),
        ("מה שָׁלוֹם", "שלום"),
        ("السَّلامُ عليكم", "السلام"),
        ("आकांक्षा", "कां"),
        ("กำลังมา", "ลัง"),
        ("Straße", "STRASS"),
        ("ﬁlm 👩‍👩‍👧 ｶﾞ", "ガ"),
        ("ﬁlm 👩‍👩‍👧 ｶﾞ", "👩"),
    ],
)
def test_text_of_any_script_is_found(say, ada, text, query):
    say("abc", text)
    assert found(ada, query) == [text]


@pytest.mark.parametrize(
    "sign", ["%", "_", "\\", '"', "'", "*", "^", "(", ":", "-", "NEAR(", "AND", '""', "\x01"]
)
def test_signs_that_mean_something_to_databases_are_text(room, ada, ben, sign):
    for text in (f"some {sign} sign", "another"):
        make_message(room, ben, text)
    index()
    for term in (sign, f"{sign} sign", f"some {sign}"):
        messages = find(ada, Query(terms=(term.lower(),))).messages
        assert [message.content for message in messages] == [f"some {sign} sign"], term
        assert not find(ada, Query(terms=(4 * term.lower(),))).messages


def test_pages_are_found_by_the_last_message(room, ada, ben, monkeypatch):
    monkeypatch.setattr(search, "PER_PAGE", 2)
    texts = [f"umbrella {number}" for number in range(5)]
    messages = [make_message(room, ben, text) for text in texts]
    index()
    first = find(ada, understood(ada, "umbrella"))
    assert [message.content for message in first.messages] == texts[:2:-1]
    assert first.below == messages[3].pk
    assert found(ada, "umbrella", first.below) == texts[2:0:-1]
    assert find(ada, understood(ada, "umbrella"), messages[1].pk).below is None


def test_too_much_that_is_not_in_the_index_is_told(room, ada, ben, monkeypatch):
    monkeypatch.setattr(search, "UNINDEXED_AT_MOST", 2)
    for number in range(3):
        make_message(room, ben, f"umbrella {number}")
    page = find(ada, understood(ada, "umbrella"))
    assert (len(page.messages), page.is_cut) == (2, True)
    index()
    page = find(ada, understood(ada, "umbrella"))
    assert (len(page.messages), page.is_cut) == (3, False)


# Whatever is typed, in whatever script

ALPHABETS = (
    "aAbß é",
    "жЁе й",
    "σςΣά ",
    "سلاَم ",
    "שלוֹ ם",
    "कि ंक",
    "กำ ่ล",
    "日本語 ",
    "かガﾞ ",
    "각가 ᄀ",
    "👩‍👧 😀",
    'a" %_\\*',
)
SCRIPT = st.sampled_from(ALPHABETS).flatmap(
    lambda letters: st.text(st.sampled_from(letters), min_size=1, max_size=12)
)
MESSAGE = st.lists(SCRIPT, min_size=1, max_size=3).map(" ".join).filter(str.strip)
ASKED = st.one_of(
    SCRIPT,
    st.lists(SCRIPT, max_size=3).map(" ".join),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    st.sampled_from(
        [
            "from:",
            'in:"',
            "before:2026-02-31",
            "after:99999-01-01",
            "before:2026-03-03",
            "after:2026-03-02",
            "before:0001-01-01",
            "is:",
            "\0",
            "from:me",
        ]
    ),
)


# By these a search goes one way or another.
BOUNDS = {
    "FEW": [-1, 100],
    "FEWER": [-1, 3, 100],
    "NEWEST": [1, 3, 100],
    "COUNTED": [1, 4],
    "COMPARING": [0, 10],
    "COMMON": [0, 100],
    "BEGINNINGS": [1, 100],
}


def naive(user, text):
    """Look through all messages, the newest first, with a query that was understood."""
    query = understood(user, text)
    if query.is_empty:
        return []
    readable = Message.objects.listed_for(user).order_by("-pk")
    if query.senders is not None:
        readable = readable.filter(sender__in=query.senders)
    if query.before:
        readable = readable.filter(timestamp__lt=query.before)
    if query.after:
        readable = readable.filter(timestamp__gte=query.after)
    plain = ((message, searchable(unformatted(message.content, conceals=False))) for message in readable)
    return [message.pk for message, folded in plain if all(term in folded for term in query.terms)]


@given(st.data())
@hypothesis_settings(
    max_examples=EXAMPLES or (20 if connection.vendor == "sqlite" else 12),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_search_finds_what_a_naive_look_through_finds(room, ada, ben, monkeypatch, data):
    for name, values in BOUNDS.items():
        monkeypatch.setattr(search, name, data.draw(st.sampled_from(values)))
    texts = data.draw(st.lists(MESSAGE, min_size=1, max_size=8))
    messages = []
    for text in texts:
        message = make_message(room, ben, text)
        message.timestamp = datetime(2026, 3, data.draw(st.integers(1, 4)), 12, tzinfo=UTC)
        message.save(update_fields=["timestamp"])
        messages.append(message)
        if data.draw(st.booleans()):
            index()
    for message in data.draw(st.lists(st.sampled_from(messages), max_size=3)):
        message.refresh_from_db()
        if message.is_deleted:
            continue
        if data.draw(st.booleans()):
            message.erase()
        else:
            message.edit(data.draw(MESSAGE))
    if data.draw(st.booleans()):
        index()
        assert not faults()
    part = st.sampled_from(texts).flatmap(lambda text: st.slices(len(text)).map(lambda part: text[part]))
    for asked in data.draw(st.lists(st.one_of(part, ASKED), min_size=12, max_size=12)):
        when = data.draw(st.sampled_from(["", "", " after:2026-03-02", " before:2026-03-03"]))
        query = (f'"{asked}"' if data.draw(st.booleans()) else asked) + when
        ids = [message.pk for message in find(ada, understood(ada, query)).messages]
        assert ids == naive(ada, query)[: search.PER_PAGE], query
    room.messages.all().delete()


# Under which conditions


@pytest.fixture
def house(room, private, ada, ben):
    """Messages of several people, rooms and days, by name."""
    garden = make_room('Garden "party"', [ada, ben])
    messages = {
        "kitchen": make_message(room, ben, "tea in the kitchen, see https://example.org/tea"),
        "garden": make_message(garden, ben, "tea in the garden"),
        "private": make_message(private, ben, "tea for two"),
        "own": make_message(room, ada, "my tea"),
    }
    for days, message in enumerate(messages.values()):
        Message.objects.filter(pk=message.pk).update(timestamp=datetime(2026, 3, 1 + days, 12, tzinfo=UTC))
    messages["kitchen"].pin_as(ada, "")
    messages["garden"].save_for(ada, "")
    messages["kitchen"].save_for(ben, "")
    index()
    return messages


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("tea from:ben", ["private", "garden", "kitchen"]),
        ("tea FROM:@Ben", ["private", "garden", "kitchen"]),
        ("from:me", ["own"]),
        ("tea from:me from:ben", ["own", "private", "garden", "kitchen"]),
        ("tea in:kitchen", ["own", "kitchen"]),
        ('in:"garden ""Party"""', ["garden"]),
        ("in:@ben", ["private"]),
        ("in:ben in:kitchen from:ben", ["private", "kitchen"]),
        ("tea before:2026-03-02", ["kitchen"]),
        ("tea after:2026-03-02", ["own", "private"]),
        ("after:2026-03-01 before:2026-03-04", ["private", "garden"]),
        ("after:2026-03-03 after:2026-03-01", ["own"]),
        ("has:link", ["kitchen"]),
        ("is:pinned tea", ["kitchen"]),
        ("is:saved", ["garden"]),
        ("from:ben is:saved two", []),
    ],
)
def test_conditions_narrow_what_is_found(house, ada, text, names):
    query = understood(ada, text)
    assert not query.notes
    assert [message.pk for message in find(ada, query).messages] == [house[name].pk for name in names]


@pytest.mark.parametrize("is_indexed", [True, False])
def test_file_is_found_by_its_name_and_as_one(room, ada, ben, is_indexed):
    make_message(room, ben, "The plan comes soon")
    message = make_message_with_file(room, ben, "The plan", "ground-floor.pdf")
    if is_indexed:
        index()
    for text in ("has:file", "GROUND-floor", "plan has:file", "from:ben pdf"):
        assert found(ada, text) == ["The plan"], text
    message.remove_file_as(ben, 1)
    for text in ("has:file", "ground", "plan has:file"):
        assert found(ada, text) == [], text
    assert not faults()


def test_days_are_those_of_the_reader(house, ada):
    with timezone.override("Pacific/Kiritimati"):  # where it is the next day already
        assert found(ada, "tea before:2026-03-03") == [house["kitchen"].content]


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("from:nobody", "no one has this name"),
        ("in:nowhere", "you are in no room"),
        ("in:Secret", "you are in no room"),
        ("in:mallory", "you are in no room"),
        ("before:2026-02-30", "like 2026-03-31"),
        ("after:soon", "like 2026-03-31"),
        ("before:0000-01-01", "like 2026-03-31"),
        ("has:wings", "has:file and has:link"),
        ("is:new", "is:pinned and is:saved"),
    ],
)
def test_what_is_not_understood_is_text_and_is_said(room, ada, mallory, text, note):
    make_room("Secret", [mallory])
    make_message(room, ada, f"we said {text} there")
    query = understood(ada, f"said {text}")
    assert note in query.notes[0]
    assert f"“{text}”" in query.notes[0]
    assert query.terms == ("said", text.lower())
    assert len(find(ada, query).messages) == 1


def test_condition_of_a_room_leads_into_it(house, ada):
    for message in house.values():
        assert understood(ada, condition(IN, name_of(message.room, ada)).typed) == Query(
            rooms=frozenset([message.room_id])
        )


@pytest.mark.parametrize(
    ("text", "before", "fields", "wanted"),
    [
        ("tea", "", {"sender": "ben"}, "tea from:ben"),
        ("tea from:ben", "tea from:ben", {"sender": ""}, "tea"),
        ("tea from:ada", "tea from:ben", {"sender": "ben"}, "tea from:ada"),
        ("tea from:ada", "tea from:ben", {"sender": "cleo, Dora D"}, 'tea from:cleo from:"Dora D"'),
        ("tea in:a", "tea in:a", {"room": 'The "b"', "is_saved": True}, 'tea in:"The ""b""" is:saved'),
        ("is:pinned is:saved", "is:pinned is:saved", {"is_pinned": True, "is_saved": False}, "is:pinned"),
        ("has:wings x", "has:wings x", {"has_link": True}, "has:wings x has:link"),
        ("  as  typed ", "", {"sender": ""}, "as  typed"),
        ("a", "a", {"before": datetime(2026, 3, 1).date()}, "a before:2026-03-01"),
    ],
)
def test_box_and_fields_fill_each_other(text, before, fields, wanted):
    assert merged(text, before, fields) == wanted
    assert merged(wanted, wanted, {name: getattr(fields_of(wanted), name) for name in fields}) == wanted


def test_fields_are_filled_from_the_text():
    text = 'x from:ada from:"Ben B" in:Kitchen after:2026-03-01 HAS:link is:saved before:never'
    fields = fields_of(text)
    assert fields == Fields(
        "ada, Ben B", "Kitchen", after=datetime(2026, 3, 1).date(), has_link=True, is_saved=True
    )
    assert [word.typed for word in fields.words] == ["x", "before:never"]
    assert [word.value for word in words('a"b "c d" "')] == ['a"b', "c d", ""]


# By whom


def test_only_what_somebody_may_read_now_is_found(room, private, ada, ben, mallory):
    secret = make_room("Secret", [mallory, ben])
    hidden = make_room("Hidden", [ada, mallory])
    theirs = make_private_room(ben, mallory)
    for place, sender in ((room, ben), (private, ben), (secret, ben), (hidden, mallory), (theirs, ben)):
        make_message(place, sender, f"tea in {place.pk}")
    gone = make_message(room, ben, "tea, no, coffee")
    index()
    make_message(room, ben, "more tea")
    removal.hide(hidden, None)
    gone.erase()
    assert found(ada, "tea") == ["more tea", f"tea in {private.pk}", f"tea in {room.pk}"]
    room.memberships.get(user=ada).leave()
    assert found(ada, "tea") == [f"tea in {private.pk}"]
    assert found(ada, f"in:{room} tea") == []
    ada.block(ben)
    assert found(ada, "tea") == []
    assert found(make_user(), "tea") == []


# How the index comes to know of it


def test_post_makes_no_statement_for_search_and_an_edit_one(room, ada):
    with CaptureQueriesContext(connection) as queries:
        message = room.post_message(ada, "umbrella", uuid.uuid4())
    assert not [query for query in queries.captured_queries if "search" in query["sql"]]
    index()
    with CaptureQueriesContext(connection) as queries:
        message.edit("parasol")
    assert len([query for query in queries.captured_queries if "search" in query["sql"]]) == 1
    assert (found(ada, "umbrella"), found(ada, "parasol")) == ([], ["parasol"])
    assert not faults()
    message.erase()
    assert not SearchText.objects.exists()
    assert not faults()


def test_index_that_is_interrupted_anywhere_is_finished(room, ada, monkeypatch):
    monkeypatch.setattr(search_index, "BATCH", 2)
    messages = [make_message(room, ada, f"umbrella {number}") for number in range(5)]
    messages[1].erase()
    index()
    SearchText.objects.remove_all()
    for number in range(200):
        left = [number]

        def kill(execute, *statement, left=left):
            left[0] -= 1
            if left[0] < 0 and not statement[0].startswith("ROLLBACK"):
                raise KeyboardInterrupt
            return execute(*statement)

        with suppress(KeyboardInterrupt), connection.execute_wrapper(kill):
            index()
            break
        assert len(found(ada, "umbrella")) == 4, number
        if number % 4 == 0:
            index()
            assert not faults(), number
            SearchText.objects.remove_all()
    assert number > 10
    assert not faults()
    assert len(found(ada, "umbrella")) == 4


def test_index_does_not_follow_at_the_heels_of_posts(room, ada, monkeypatch):
    """Each message as it comes would be a transaction a message, while others wait to write."""
    batches, go_on = [], search_index._go_on

    def go_on_while_somebody_posts(progress):
        go_on(progress)
        make_message(room, ada, "One more")
        batches.append(progress.reached)
        assert len(batches) < 10

    monkeypatch.setattr(search_index, "_go_on", go_on_while_somebody_posts)
    make_message(room, ada, "First")
    index()
    assert found(ada, "more first") == []
    assert found(ada, "more") == ["One more"] * len(batches)
    assert search_index.lag() == 1


def test_one_process_at_a_time_and_another_one_when_it_has_gone(room, ada, clock):
    other = uuid.uuid4()
    make_message(room, ada, "umbrella")
    now = timezone.now()
    assert SearchProgress.objects.current().lease(other, now, now + search_index.LEASE)
    index()
    assert search_index.lag() > 0
    assert found(ada, "umbrella") == ["umbrella"]
    clock.shift(search_index.LEASE + timedelta(seconds=1))
    index()
    assert search_index.lag() == 0
    make_message(room, ada, "umbrellas")
    clock.shift(-timedelta(days=1))  # the clock is set back: the lease is from the future
    assert SearchProgress.objects.current().lease(other, timezone.now(), timezone.now() + search_index.LEASE)


def test_what_an_earlier_release_edits_and_deletes_is_mended(room, ada):
    first, second, _third = (make_message(room, ada, f"umbrella {number}") for number in range(3))
    index()
    later = timezone.now() + timedelta(seconds=1)
    Message.objects.filter(pk=first.pk).update(content="parasol", edited_at=later)
    Message.objects.filter(pk=second.pk).update(content="", deleted_at=later)
    assert found(ada, "umbrella") == ["umbrella 2"]
    assert len(faults()) == 2
    assert housekeeping.tidy(60.0)
    assert found(ada, "parasol") == ["parasol"]
    assert not faults()


def test_command_checks_and_rebuilds(room, ada, capsys, monkeypatch):
    for number in range(3):
        make_message(room, ada, f"umbrella {number}")
    monkeypatch.setattr(search_index, "BATCH", 2)
    monkeypatch.setattr(progress, "PAUSE", 0)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    call_command("search", "--rebuild")
    call_command("search", "--check")
    said, drawn = capsys.readouterr()
    assert "3 messages are in the index" in said
    assert "67% messages" in drawn
    assert drawn.count("100% messages") >= 2
    assert "The index agrees with all messages." in said
    monkeypatch.setattr(sys.stderr, "isatty", lambda: False)
    text = SearchText.objects.first()
    SearchText.objects.filter(pk=text.pk).update(folded="parasol")
    with pytest.raises(CommandError, match="1 faults"):
        call_command("search", "--check")
    assert f"Message {text.pk}: its text is another one" in capsys.readouterr().err
    call_command("search", "--rebuild")
    call_command("search", "--check")


@pytest.mark.django_db(transaction=True)
def test_index_is_right_whatever_is_posted_edited_and_deleted_meanwhile(room, ada, ben, monkeypatch):
    monkeypatch.setattr(search_index, "BATCH", 3)
    is_over = threading.Event()

    def talk(sender):
        try:
            for number in range(12):
                message = make_message(ChatRoom.objects.get(pk=room.pk), sender, f"umbrella {number}")
                if number % 3 == 0:
                    message.edit(f"large umbrella {number}")
                elif number % 3 == 1:
                    message.erase()
        finally:
            connection.close()

    def follow():
        try:
            while not is_over.is_set():
                search_index.catch_up(KEY, 0.05)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        following = pool.submit(follow)
        try:
            for talking in [pool.submit(talk, sender) for sender in (ada, ben, ada)]:
                talking.result(60)
        finally:
            is_over.set()
        following.result(60)
    index()
    progress = SearchProgress.objects.get()
    assert progress.reached == progress.settled == Message.objects.latest("pk").pk
    assert not faults()
    assert SearchText.objects.filter(folded__contains="large").count() == 12
    assert Membership.objects.filter(room=room).count() == 2
    assert len(find(ada, understood(ada, "umbrella")).messages) == search.PER_PAGE
