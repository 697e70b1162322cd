"""What people do at once, in transactions of their own. PostgreSQL runs it side by side, SQLite in turn."""

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection

from accounts.models import User
from rooms import moderation
from rooms.ids import room_channel
from rooms.live.wire.channels import RoomStorage
from rooms.models import (
    Ban,
    ChangeRefused,
    ChatRoom,
    Membership,
    Message,
    MessageVersion,
    NotAdmitted,
    ReadReceipt,
    RoomInvitation,
)
from tests.support.factories import make_membership, make_message, make_messages, make_room, make_users

pytestmark = pytest.mark.django_db(transaction=True)

THREADS = 6
HOUR = timedelta(hours=1)
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
    """Somebody looks after each change, from where the last look ended, while others post and edit."""
    done = []
    rung = threading.Event()

    def write(sender):
        try:
            for number in range(15):
                message = make_message(ChatRoom.objects.get(pk=room.pk), sender)
                if number % 3 == 0:
                    message.edit("changed")
                rung.set()
        finally:
            done.append(sender)
            rung.set()

    def read():
        seen, revision = [], 0
        is_last = False
        while not is_last:
            rung.wait(PATIENCE)
            rung.clear()
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
    since = message.versions.count()

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


# Roles

OWNER, MODERATOR, MEMBER = Membership.Role.OWNER, Membership.Role.MODERATOR, Membership.Role.MEMBER
TURNS = 5


def membership(room, user):
    """Return what a page has looked up: it may be old by the time it is used."""
    return Membership.objects.select_related("room", "user").get(room=room, user=user)


def allowed(verb):
    """Return whether `verb` was allowed when it came to it."""
    try:
        verb()
    except (PermissionDenied, NotAdmitted):
        return False
    return True


@pytest.mark.parametrize("role", [OWNER, MODERATOR])
def test_of_two_who_demote_each_other_one_stays(role, at_once):
    for _turn in range(TURNS):
        one, other, owner = make_users(3)
        room = make_room(members=[owner])
        for person in (one, other):
            make_membership(room, person, role=role)
        pairs = [(membership(room, one), other), (membership(room, other), one)]
        done = at_once(lambda pair: allowed(lambda: moderation.set_role(*pair, MEMBER)), pairs)
        assert sorted(done) == [False, True]
        left = room.memberships.filter(user__in=[one, other])
        assert sorted(left.values_list("role", flat=True)) == sorted([role, MEMBER])


def test_room_keeps_an_owner_whoever_leaves_and_is_removed_at_once(at_once):
    for _turn in range(TURNS):
        one, other, third = make_users(3)
        room = make_room(members=[one, other, third])
        room.memberships.filter(user=other).update(role=OWNER)
        pages = {person: membership(room, person) for person in (one, other)}
        acts = [
            lambda pages=pages, one=one: pages[one].leave(),
            lambda pages=pages, other=other, one=one: moderation.remove(pages[other], one),
            lambda pages=pages, other=other: pages[other].leave(),
        ]
        at_once(allowed, acts)
        assert dict(room.memberships.values_list("user", "role")) == {third.pk: OWNER}


def test_who_joins_while_being_banned_is_outside_in_the_end(at_once):
    for _turn in range(TURNS):
        owner, person = make_users(2)
        room = make_room(members=[owner, person])
        page, token = membership(room, owner), RoomInvitation.objects.issue(room, owner, HOUR, 5)

        def come_back(_number, room=room, person=person, token=token):
            with suppress(NotAdmitted):
                ChatRoom.objects.get(pk=room.pk).join(person)
            with suppress(NotAdmitted):
                RoomInvitation.objects.with_token(token).accept(person)

        def ban(_number, page=page, person=person):
            moderation.ban(page, person, None)

        at_once(lambda act, ban=ban, come_back=come_back: act(0), [ban, come_back, come_back])
        assert Ban.objects.filter(room=room, user=person).count() == 1
        assert not room.memberships.filter(user=person).exists()
        assert RoomInvitation.objects.get(room=room).uses == 0


def test_nothing_is_said_after_a_removal_by_who_was_removed(at_once):
    for _turn in range(TURNS):
        owner, person = make_users(2)
        room = make_room(members=[owner, person])
        page, moments = membership(room, owner), []

        def remove(page=page, person=person, room=room, moments=moments):
            moderation.remove(page, person)
            moments.append(Message.objects.filter(room=room).count())

        def post(person=person, room=room):
            for _number in range(4):
                make_message(ChatRoom.objects.get(pk=room.pk), person)

        at_once(allowed, [remove, post])
        assert Message.objects.filter(room=room).count() == moments[0]


def test_visit_joins_nothing_once_the_room_is_closed(at_once):
    for _turn in range(TURNS):
        owner, person = make_users(2)
        room = make_room(members=[owner])
        page, seen_open = membership(room, owner), ChatRoom.objects.get(pk=room.pk)
        moments = []

        def close(page=page, room=room, moments=moments):
            moderation.update(page, room.name, "", is_by_invitation=True)
            moments.append(Membership.objects.filter(room=room).count())

        at_once(allowed, [close, lambda room=seen_open, person=person: room.join(person)])
        # Nobody came in after it was closed.
        assert Membership.objects.filter(room=room).count() == moments[0]


def test_link_lets_in_no_more_people_than_it_says(at_once):
    owner, *people = make_users(1 + THREADS)
    room = make_room(members=[owner])
    moderation.update(membership(room, owner), room.name, "", is_by_invitation=True)
    token = moderation.invite(membership(room, owner), HOUR, 2)

    def accept(person):
        invitation = RoomInvitation.objects.with_token(token)
        return invitation is not None and invitation.accept(person) is not None

    assert sum(at_once(accept, people)) == 2
    assert room.memberships.count() == 3
    assert RoomInvitation.objects.get().uses == 2


def test_link_pressed_twice_lets_one_person_in_once(at_once):
    owner, person = make_users(2)
    room = make_room(members=[owner])
    token = moderation.invite(membership(room, owner), HOUR, 5)
    at_once(lambda _time: RoomInvitation.objects.with_token(token).accept(person), range(THREADS))
    assert RoomInvitation.objects.get().uses == 1
    assert room.memberships.count() == 2


def test_of_those_who_come_at_once_into_a_room_of_nobody_one_owns_it(at_once):
    room, people = make_room(), make_users(THREADS)
    at_once(lambda person: ChatRoom.objects.get(pk=room.pk).join(person), people)
    roles = list(room.memberships.values_list("role", flat=True))
    assert sorted(roles) == sorted([OWNER, *[MEMBER] * (THREADS - 1)])


def test_posting_and_moderating_at_once_do_not_deadlock(room, ada, ben, at_once):
    cleo = make_users(1)[0]

    def act(turn):
        for _ in range(8):
            if turn % 3 == 0:
                make_message(ChatRoom.objects.get(pk=room.pk), ben)
            elif turn % 3 == 1:
                with suppress(NotAdmitted):
                    moderation.add(membership(room, ada), cleo)
                with suppress(PermissionDenied):
                    moderation.remove(membership(room, ada), cleo)
            else:
                moderation.update(membership(room, ada), f"Room {turn}", "", is_by_invitation=bool(turn % 2))

    at_once(act, range(THREADS))
    room.refresh_from_db()
    assert room.revision >= 8 * THREADS // 3
