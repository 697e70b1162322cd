"""What people do at once, in transactions of their own. PostgreSQL runs it side by side, SQLite in turn."""

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from accounts.models import User
from rooms.live.channels import RoomStorage, room_channel
from rooms.models import ChangeRefused, ChatRoom, Membership, Message, MessageVersion, ReadReceipt
from tests.factories import make_message, make_messages, make_room, make_users

pytestmark = pytest.mark.django_db(transaction=True)

THREADS = 6
PATIENCE = 30


@pytest.fixture
def at_once():
    """`at_once(function, arguments)` calls it with each of them, in threads that begin together."""

    def run(function, arguments):
        arguments = list(arguments)
        together = threading.Barrier(len(arguments))

        def call(argument):
            try:
                together.wait(PATIENCE)
                return function(argument)
            finally:
                connection.close()

        with ThreadPoolExecutor(len(arguments)) as pool:
            return list(pool.map(call, arguments))

    return run


def test_revisions_have_no_gaps_and_go_as_the_ids_do(room, ada, ben, at_once):
    def post(sender):
        for _ in range(10):
            make_message(ChatRoom.objects.get(pk=room.pk), sender)

    at_once(post, [ada, ben] * (THREADS // 2))
    positions = list(Message.objects.order_by("pk").values_list("position", flat=True))
    assert positions == list(range(1, 10 * THREADS + 1))
    room.refresh_from_db()
    assert room.revision == 10 * THREADS
    assert room.last_message_id == Message.objects.latest("pk").pk


def test_reader_skips_no_revision_whoever_commits_late(room, ada, ben, at_once):
    """Somebody looks again and again, from where the last look ended, while others post and edit."""
    done = []

    def write(sender):
        try:
            for number in range(15):
                message = make_message(ChatRoom.objects.get(pk=room.pk), sender)
                if number % 3 == 0:
                    message.edit("changed")
        finally:
            done.append(sender)

    def read():
        seen, revision = [], 0
        is_last = False
        while not is_last:
            is_last = len(done) == THREADS - 1
            current = RoomStorage().get_current_id(room_channel(room.pk))
            messages = list(Message.objects.filter(room=room.pk).changed_since(revision))
            seen += [message.pk for message in messages if message.position > revision]
            revision = max([current, *(message.revision for message in messages)])
        return seen

    people = [None, ada, *([ben] * (THREADS - 2))]
    seen = at_once(lambda sender: write(sender) if sender else read(), people)[0]
    assert seen == list(Message.objects.order_by("position").values_list("pk", flat=True))


def test_edits_and_deletions_at_once_keep_the_order_and_every_version(room, ada, at_once):
    """Each change has a revision of its own, and nothing is left of what was deleted."""
    kept, erased = make_messages(room, ada, 2, "First")

    def act(turn):
        message = Message.objects.get(pk=kept.pk)
        message.edit(f"Edit {turn}")
        victim = Message.objects.get(pk=erased.pk)
        try:
            victim.edit(f"Edit {turn}")
        except ChangeRefused:
            return "late"
        make_message(ChatRoom.objects.get(pk=room.pk), ada)
        return "erased" if turn % 2 and Message.objects.get(pk=erased.pk).erase() else "edited"

    results = at_once(act, range(THREADS))
    assert results.count("erased") == 1
    room.refresh_from_db()
    revisions = list(Message.objects.order_by("revision").values_list("revision", flat=True))
    assert len(set(revisions)) == len(revisions)
    assert room.revision == max(revisions)
    kept.refresh_from_db()
    texts = {kept.content, *kept.versions.values_list("content", flat=True)}
    assert texts == {"First 1", *(f"Edit {turn}" for turn in range(THREADS))}
    erased.refresh_from_db()
    assert (erased.content, erased.position) == ("", 2)
    assert not erased.versions.exists()


def test_two_tabs_that_save_at_once_overwrite_nothing_unseen(room, ada, at_once):
    message = make_message(room, ada, "First")
    since = message.revision

    def save(turn):
        try:
            Message.objects.get(pk=message.pk).edit(f"Edit {turn}", since)
        except ChangeRefused:
            return False
        return True

    assert at_once(save, range(THREADS)).count(True) == 1
    assert MessageVersion.objects.count() == 1


def test_same_form_sent_at_once_saves_one_message(room, ada, at_once):
    token = uuid.uuid4()
    saved = at_once(
        lambda content: ChatRoom.objects.get(pk=room.pk).post_message(ada, content, token).pk,
        ["Hi"] * THREADS,
    )
    assert set(saved) == {Message.objects.get().pk}


def test_same_pair_has_one_private_chat(ada, ben, at_once):
    pairs = [(ada, ben), (ben, ada)] * (THREADS // 2)
    rooms = at_once(lambda pair: ChatRoom.objects.private_between(*pair).pk, pairs)
    assert set(rooms) == {ChatRoom.objects.get().pk}


def test_reports_of_many_tabs_leave_the_furthest_and_one_receipt_each(room, ada, ben, at_once):
    messages = make_messages(room, ada, 12)

    def report(message):
        Membership.objects.get(room=room, user=ben).mark_read(message.pk)

    at_once(report, messages[::2])
    membership = Membership.objects.get(room=room, user=ben)
    assert membership.last_read == membership.read_marker == messages[10].pk
    read = ReadReceipt.objects.filter(user=ben).order_by("message")
    assert list(read.values_list("message", flat=True)) == [message.pk for message in messages[:11]]


def test_everything_marked_as_read_has_a_receipt_whatever_is_posted_meanwhile(room, ada, ben, at_once):
    def act(turn):
        for _ in range(20):
            if turn:
                make_message(ChatRoom.objects.get(pk=room.pk), ada)
            else:
                Membership.objects.mark_all_read(ben)

    at_once(act, range(THREADS))
    last_read = Membership.objects.get(room=room, user=ben).last_read
    read = Message.objects.filter(pk__lte=last_read).order_by("pk").values_list("pk", flat=True)
    receipts = ReadReceipt.objects.filter(user=ben).order_by("message").values_list("message", flat=True)
    assert list(receipts) == list(read)


def test_marks_of_the_same_people_in_any_order_do_not_deadlock(at_once, ada):
    room = make_room(members=[ada])
    people = make_users(60)
    Membership.objects.bulk_create(Membership(room=room, user=person) for person in people)
    messages = make_messages(room, ada, 10)
    ids = [person.pk for person in people]

    def move(turn):
        for message in messages:
            Membership.objects.mark_delivered(room.pk, ids[:: -1 if turn % 2 else 1], message.pk)
            Membership.objects.mark_all_read(people[turn])

    at_once(move, range(THREADS))
    assert set(
        Membership.objects.filter(room=room, user__in=ids).values_list("last_delivered", flat=True)
    ) == {messages[-1].pk}


def test_same_name_entered_at_once_makes_one_person(at_once):
    people = at_once(lambda name: User.objects.enter(name).pk, ["kim"] * THREADS)
    assert set(people) == {User.objects.get().pk}
