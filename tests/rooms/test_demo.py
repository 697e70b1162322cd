"""The demo leaves the database as if every message had been posted, and every mark moved, one at a time."""

import functools
import random
import uuid
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import Max

from accounts.avatars import make_avatars
from accounts.models import User
from rooms.chats import chats_of
from rooms.demo import filling
from rooms.demo.filling import CannotFill, fill
from rooms.demo.talk import Member, Talk
from rooms.demo.texts import read_texts
from rooms.forms import ContentField
from rooms.models import ChatRoom, Membership, Message, ReadReceipt

pytestmark = pytest.mark.django_db

NOW = datetime(2031, 5, 14, 16, 20, tzinfo=UTC)
LINE = """
    WITH line AS (
        SELECT room_id, id, position, timestamp, sender_id, continues,
               LAG(position) OVER room AS above_position, LAG(timestamp) OVER room AS above_timestamp,
               LAG(sender_id) OVER room AS above_sender
        FROM rooms_message WINDOW room AS (PARTITION BY room_id ORDER BY id)
    )
"""
# Each of these finds what must not be. `line` is a message with what stands above it in its room.
FAULTS = {
    "position that does not follow the one above":
        "SELECT id FROM line WHERE position <> COALESCE(above_position, 0) + 1",
    "message before the one above": "SELECT id FROM line WHERE timestamp < above_timestamp",
    "ids of all rooms in another order than time": """
        SELECT id FROM (
            SELECT id, timestamp, LAG(timestamp) OVER (ORDER BY id) AS above FROM rooms_message
        ) AS message WHERE timestamp < above""",
    "changed message": "SELECT id FROM rooms_message WHERE revision <> position",
    "continuation of somebody else":
        "SELECT id FROM line WHERE continues AND (above_sender IS NULL OR above_sender <> sender_id)",
    "revision of a room": """
        SELECT id FROM rooms_chatroom AS room
        WHERE revision <> (SELECT COUNT(*) FROM rooms_message WHERE room_id = room.id)""",
    "last message of a room": """
        SELECT id FROM rooms_chatroom AS room WHERE COALESCE(last_message_id, 0)
        <> (SELECT COALESCE(MAX(id), 0) FROM rooms_message WHERE room_id = room.id)""",
    "sender who is no member": """
        SELECT id FROM rooms_message AS message WHERE NOT EXISTS (
            SELECT 1 FROM rooms_membership AS member WHERE member.room_id = message.room_id
            AND member.user_id = message.sender_id AND member.joined_at <= message.timestamp)""",
    "mark at a message of another room": """
        SELECT id FROM rooms_membership AS member WHERE last_read > 0
        AND last_read NOT IN (SELECT id FROM rooms_message WHERE room_id = member.room_id)""",
    "message delivered later than read": "SELECT id FROM rooms_membership WHERE last_delivered < last_read",
    "message delivered that is not there": """
        SELECT member.id FROM rooms_membership AS member
        JOIN rooms_chatroom AS room ON room.id = member.room_id
        WHERE member.last_delivered > COALESCE(room.last_message_id, 0)""",
    "own message after the read marker": """
        SELECT message.id FROM rooms_message AS message JOIN rooms_membership AS member
        ON member.room_id = message.room_id AND member.user_id = message.sender_id
        WHERE message.id > member.last_read""",
    "message from before joining unread": """
        SELECT message.id FROM rooms_message AS message JOIN rooms_membership AS member
        ON member.room_id = message.room_id
        WHERE message.id > member.last_read AND message.timestamp <= member.joined_at""",
    "receipt of one's own, of something unread, or from before joining": """
        SELECT receipt.id FROM rooms_readreceipt AS receipt
        JOIN rooms_message AS message ON message.id = receipt.message_id
        JOIN rooms_membership AS member
        ON member.room_id = message.room_id AND member.user_id = receipt.user_id
        WHERE message.sender_id = receipt.user_id OR message.id > member.last_read
        OR message.timestamp <= member.joined_at""",
    "read message without receipt": """
        SELECT message.id FROM rooms_message AS message
        JOIN rooms_membership AS member ON member.room_id = message.room_id
        JOIN rooms_chatroom AS room ON room.id = message.room_id
        WHERE message.sender_id <> member.user_id AND message.id <= member.last_read
        AND message.timestamp > member.joined_at AND message.position > room.revision - 200
        AND NOT EXISTS (SELECT 1 FROM rooms_readreceipt AS receipt
            WHERE receipt.message_id = message.id AND receipt.user_id = member.user_id)""",
    "reading before the message above, or before it was written": """
        SELECT id FROM (
            SELECT receipt.id, receipt.read_at, message.timestamp, LAG(receipt.read_at) OVER (
                PARTITION BY message.room_id, receipt.user_id ORDER BY message.id) AS above
            FROM rooms_readreceipt AS receipt JOIN rooms_message AS message ON message.id = receipt.message_id
        ) AS line WHERE read_at < above OR read_at < timestamp""",
}  # fmt: skip


made_once = functools.cache(make_avatars)


@pytest.fixture(autouse=True)
def _pictures_made_once(monkeypatch):
    """Making a picture starts a process, and the pictures of the demo are always the same."""
    monkeypatch.setattr("rooms.demo.profiles.make_avatars", made_once)


def fill_some(count: int = 600, seed: int = 1) -> list[User]:
    return fill(count, seed, NOW, lambda added: None)


def faults() -> dict[str, int]:
    found = {}
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # PostgreSQL plans badly for tables of which it knows nothing
        for name, query in FAULTS.items():
            cursor.execute(LINE + query)
            found[name] = len(cursor.fetchall())
    return {name: count for name, count in found.items() if count}


def said() -> list[tuple[object, ...]]:
    return list(
        Message.objects.order_by("pk").values_list(
            "room__name", "sender__username", "content", "timestamp", "token"
        )
    )


@pytest.fixture
def large(monkeypatch):
    """Make a few hundred messages count as many."""
    monkeypatch.setattr(filling, "LARGE", 500)
    monkeypatch.setattr(filling, "MESSAGES_PER_PERSON", 40)
    monkeypatch.setattr(filling, "BATCH", 70)


def test_all_is_as_if_posted():
    fill_some()
    assert faults() == {}
    assert Message.objects.count() == 600
    assert_continuations_are_those_of_the_model()
    assert_messages_reach_from_a_year_to_some_minutes_ago()
    assert_people_have_unread_messages_in_some_rooms_only()
    assert_messages_are_what_the_form_accepts()


def assert_continuations_are_those_of_the_model():
    above: dict[int, Message] = {}
    for message in Message.objects.order_by("pk"):
        assert message.continues == message.follows_closely(above.get(message.room_id))
        above[message.room_id] = message
    assert Message.objects.filter(continues=True).exists()


def assert_messages_reach_from_a_year_to_some_minutes_ago():
    times = Message.objects.order_by("timestamp").values_list("timestamp", flat=True)
    assert timedelta(days=330) < NOW - times[0] < timedelta(days=366)
    assert timedelta(minutes=1) < NOW - times.last() < timedelta(minutes=10)
    by_hour = Counter(moment.hour for moment in times)
    assert by_hour[18] > 5 * max(by_hour[2], 1)


def assert_people_have_unread_messages_in_some_rooms_only():
    for user in User.objects.all()[:3]:
        counts = [chat.unread.count for chat in chats_of(user) if chat.room and chat.last_message]
        assert 0 in counts
        assert any(counts)


def assert_messages_are_what_the_form_accepts():
    field = ContentField()
    contents = set(Message.objects.values_list("content", flat=True))
    assert all(field.clean(content) == content for content in contents)
    assert any("\n" in content for content in contents)
    assert any("https://" in content for content in contents)
    assert any("ك" in content for content in contents)


def test_all_is_as_if_posted_in_large_data(large):
    fill_some(2000)
    assert faults() == {}
    assert Message.objects.count() == 2000
    assert User.objects.count() > 50
    assert Message.objects.filter(room__name="general").count() > 900


@pytest.mark.parametrize("count", [1, 40])
def test_few_messages_are_as_many_as_asked(count):
    fill_some(count)
    assert Message.objects.count() == count
    assert faults() == {}


def test_every_scene_can_be_played():
    texts = read_texts()
    people = [User.objects.enter(name) for name in texts.people]
    members = [Member(user.username, user, NOW - timedelta(days=1)) for user in people]
    room = ChatRoom.objects.create_group("Rehearsal")
    for scenes in [*texts.rooms.values(), *texts.private.values()]:
        talk = Talk(room, scenes, members, members, 1, texts)
        for scene in scenes:
            talk._deck = [scene]
            messages = talk.play(random.Random(1), NOW - timedelta(hours=1), NOW)
            assert len(messages) >= len(scene)
            assert not any("{" in message.content for message in messages)


def test_same_seed_at_the_same_moment_says_the_same():
    fill_some(100)
    first = said()
    ChatRoom.objects.all().delete()
    fill_some(100)
    assert said() == first
    ChatRoom.objects.all().delete()
    fill_some(100, seed=2)
    assert said() != first


@pytest.mark.parametrize("entering", ["open", "claimed"])
def test_command_says_how_to_enter(capsys, settings, entering):
    settings.ENTERING = entering
    call_command("demo", messages=1)
    said = capsys.readouterr().out
    assert "enter as ada" in said
    assert ("invite ADDRESS --for ada" in said) is (entering == "claimed")


def test_second_run_adds_nothing(capsys):
    call_command("demo", messages=50)
    assert "enter as ada" in capsys.readouterr().out
    call_command("demo", messages=50)
    assert "Nothing was added" in capsys.readouterr().out
    assert Message.objects.count() == 50


def test_empty_first_room_is_filled():
    first = ChatRoom.objects.create_group("General")
    fill_some()
    first.refresh_from_db()
    assert first.revision > 50
    assert not ChatRoom.objects.filter(name="general").exists()


def test_room_where_something_was_said_is_left_alone():
    room, ada = ChatRoom.objects.create_group("general"), User.objects.enter("ada")
    membership = room.join(ada)
    message = room.post_message(ada, "Mine", uuid.uuid4())
    fill_some(100)
    assert list(room.messages.all()) == [message]
    assert list(room.memberships.all()) == [membership]
    assert Message.objects.count() == 101


def test_people_who_are_here_take_part_however_they_write_their_name():
    ada = User.objects.enter("Ada")
    fill_some()
    assert ada.messages.count() > 20
    assert User.objects.filter(canonical_name="ada").count() == 1


def test_protected_name_is_not_taken():
    User.objects.create_user("ben", "secret")
    with pytest.raises(CommandError, match="ben"):
        call_command("demo", messages=50)
    assert not ChatRoom.objects.exists()
    assert User.objects.count() == 1


def test_lookalike_of_somebody_is_not_taken():
    User.objects.enter("аԁа")  # Cyrillic
    with pytest.raises(CannotFill, match="ada"):
        fill_some()
    assert User.objects.count() == 1


def test_posting_and_reading_go_on():
    ada = fill_some()[0]
    room = ChatRoom.objects.get(name="general")
    revision = room.revision
    message = room.post_message(ada, "Next", uuid.uuid4())
    assert message.position == message.revision == revision + 1
    membership = Membership.objects.exclude(user=ada).filter(room=room).first()
    assert membership.mark_read(message.pk)
    assert ReadReceipt.objects.filter(message=message, user=membership.user_id).exists()
    assert Message.objects.aggregate(newest=Max("pk"))["newest"] == message.pk


def test_count_has_to_be_positive():
    with pytest.raises(CommandError, match="from 1"):
        call_command("demo", messages=0)


def test_some_people_have_names_statuses_and_pictures():
    User.objects.enter("other").change_profile(display_name="Ada Larsen")
    ben = User.objects.enter("ben")
    ben.change_profile(display_name="Benjamin")
    fill(100, 1, NOW, lambda added: None)
    ada, chloe, ben = (User.objects.named(name) for name in ("ada", "chloé", "ben"))
    assert (ada.shown_name, chloe.shown_name, chloe.status) == ("ada", "Chloé Martin", "Back on Monday")
    assert (ben.shown_name, ben.avatar_digest) == ("Benjamin", "")
    assert ada.avatar_digest != chloe.avatar_digest
    assert bytes(ada.avatar.small)[8:12] == b"WEBP"
