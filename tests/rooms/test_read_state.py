"""Badges, ticks, receipts and mentions always equal what a naive model computes from the full history."""

import uuid
from dataclasses import dataclass, field
from random import Random

import pytest
from django.db import connection, transaction
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from rooms.models import ChatRoom, Membership, Mention, Message, ReadReceipt
from rooms.models.tick import Mark, Marks
from rooms.receipts import COUNTED_PARTICIPANTS, marks_for
from rooms.unread import unread_in_rooms
from tests.support.factories import make_membership, make_room, make_user, make_users

PEOPLE = ["ada", "ben", "cem", "dot"]
person = st.sampled_from(PEOPLE)
# Which message a signal is about, counted from the last one: late ones are as likely as fresh ones.
age = st.integers(0, 6)


@dataclass
class Member:
    """What the history says of one member."""

    joined: int
    delivered: int
    read: int
    marker: int
    version: int = 0
    unread_upto: int = 0
    seen_versions: list[int] = field(default_factory=lambda: [0])


class ReadState(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.users = {name: make_user(f"{name}{uuid.uuid4().hex[:8]}") for name in PEOPLE}
        self.room = make_room(f"Room {uuid.uuid4()}")
        self.messages: list[tuple[int, str, set[str]]] = []  # (id, sender, mentioned)
        self.members: dict[str, Member] = {}
        self.erased: set[int] = set()
        self.blocks: set[tuple[str, str]] = set()  # (who blocks, whom)
        self.receipts: set[tuple[int, str]] = set()
        self.tells = dict.fromkeys(PEOPLE, True)

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)

    @property
    def last(self) -> int:
        return self.messages[-1][0] if self.messages else 0

    def membership(self, name: str) -> Membership:
        return Membership.objects.get(room=self.room, user=self.users[name])

    def read_upto(self, name: str, upto: int) -> None:
        member = self.members[name]
        if self.tells[name]:
            self.receipts |= {
                (pk, name)
                for pk, sender, _names in self.messages
                if member.read < pk <= upto and sender != name
            }
            member.read = max(member.read, upto)
        member.delivered = max(member.delivered, upto)
        member.marker = max(member.marker, upto)

    @rule(name=person)
    def join(self, name: str) -> None:
        self.room.refresh_from_db()
        self.room.join(self.users[name])
        self.members.setdefault(name, Member(self.last, self.last, self.last, self.last))

    @rule(name=person)
    def leave(self, name: str) -> None:
        if name in self.members:
            self.membership(name).leave()
            del self.members[name]

    @rule(name=person, mentioned=st.sets(person, max_size=2))
    def post(self, name: str, mentioned: set[str]) -> None:
        if name not in self.members:
            return
        text = " ".join(["Hello", *(f"@{self.users[other].username}" for other in mentioned)])
        message = self.room.post_message(self.users[name], text, uuid.uuid4())
        self.messages.append((message.pk, name, mentioned & self.members.keys()))

    @precondition(lambda self: self.messages)
    @rule(age=age, mentioned=st.sets(person, max_size=2))
    def edit(self, age: int, mentioned: set[str]) -> None:
        index = max(0, len(self.messages) - 1 - age)
        pk, sender, _before = self.messages[index]
        if pk in self.erased:
            return
        text = " ".join(["Edited", *(f"@{self.users[other].username}" for other in mentioned)])
        Message.objects.get(pk=pk).edit(text)
        self.messages[index] = (pk, sender, mentioned & self.members.keys())

    @precondition(lambda self: self.messages)
    @rule(age=age)
    def erase(self, age: int) -> None:
        index = max(0, len(self.messages) - 1 - age)
        pk, sender, _names = self.messages[index]
        Message.objects.get(pk=pk).erase()
        self.messages[index] = (pk, sender, set())
        self.erased.add(pk)

    @rule(names=st.sets(person), age=age)
    def deliver(self, names: set[str], age: int) -> None:
        upto = self.messages[max(0, len(self.messages) - 1 - age)][0] if self.messages else 0
        Membership.objects.mark_delivered(self.room.pk, [self.users[name].pk for name in names], upto)
        for name in names & self.members.keys():
            self.members[name].delivered = max(self.members[name].delivered, upto)

    @precondition(lambda self: self.messages)
    @rule(name=person, age=age, beyond=st.booleans(), data=st.data())
    def read(self, name: str, age: int, beyond: bool, data: st.DataObject) -> None:
        """A signal from a page: fresh or late, from before or after something was marked as unread."""
        if name not in self.members:
            return
        member = self.members[name]
        upto = self.messages[max(0, len(self.messages) - 1 - age)][0]
        version = data.draw(st.sampled_from(member.seen_versions))
        self.membership(name).mark_read(upto + 1000 if beyond else upto, version)
        seen = self.last if beyond else upto
        if version == member.version or seen > member.unread_upto:
            self.read_upto(name, seen)

    @precondition(lambda self: self.messages)
    @rule(name=person, age=age)
    def mark_unread(self, name: str, age: int) -> None:
        if name not in self.members:
            return
        member = self.members[name]
        pk = self.messages[max(0, len(self.messages) - 1 - age)][0]
        self.membership(name).mark_unread(Message.objects.get(pk=pk))
        self.turn_back(member, pk - 1)

    def turn_back(self, member: Member, marker: int) -> None:
        member.marker = min(member.marker, marker)
        member.unread_upto = self.last
        member.version += 1
        member.seen_versions.append(member.version)

    @rule(name=person, undo=st.booleans())
    def mark_all_read(self, name: str, undo: bool) -> None:
        markers = Membership.objects.mark_all_read(self.users[name])
        if name not in self.members:
            assert markers == {}
            return
        member = self.members[name]
        before = member.marker
        if before < self.last:
            self.read_upto(name, self.last)
        if undo:
            Membership.objects.restore_read_markers(self.users[name], markers)
            if before < self.last:
                self.turn_back(member, before)

    @rule(name=person, other=person)
    def block_or_unblock(self, name: str, other: str) -> None:
        if name == other:
            return
        if (name, other) in self.blocks:
            self.users[name].unblock(self.users[other])
        else:
            self.users[name].block(self.users[other])
        self.blocks ^= {(name, other)}

    @rule(name=person)
    def hide_or_show_receipts(self, name: str) -> None:
        self.tells[name] = not self.tells[name]
        self.users[name].sends_read_receipts = self.tells[name]
        self.users[name].save()

    @invariant()
    def badges_are_right(self) -> None:
        found = unread_in_rooms({self.room.pk: [user.pk for user in self.users.values()]})[self.room.pk]
        assert found.keys() == {self.users[name].pk for name in self.members}
        for name, member in self.members.items():
            unread = [
                (pk, sender, names)
                for pk, sender, names in self.messages
                if pk > member.marker
                and sender != name
                and pk not in self.erased
                and (name, sender) not in self.blocks
            ]
            assert found[self.users[name].pk].count == len(unread)
            assert found[self.users[name].pk].mentions == sum(name in names for _pk, _sender, names in unread)

    @invariant()
    def ticks_are_right(self) -> None:
        for name in self.members:
            author = self.users[name].pk
            marks = marks_for(self.room.pk, [author])[author]
            others = {other: member for other, member in self.members.items() if other != name}
            for pk, sender, _names in self.messages:
                if sender == name:
                    there = {other: member for other, member in others.items() if member.joined < pk}
                    telling = [there[other] for other in there if self.tells[other] and self.tells[name]]
                    delivered = bool(there) and all(member.delivered >= pk for member in there.values())
                    read = delivered and bool(telling) and all(member.read >= pk for member in telling)
                    expected = "read" if read else "delivered" if delivered else "sent"
                    assert marks.tick(pk).state == expected

    @invariant()
    def receipts_are_right(self) -> None:
        names = {user.pk: name for name, user in self.users.items()}
        rows = ReadReceipt.objects.filter(message__room=self.room).values_list("message", "user")
        assert {(message, names[user]) for message, user in rows} == self.receipts

    @invariant()
    def mentions_are_right(self) -> None:
        names = {user.pk: name for name, user in self.users.items()}
        rows = Mention.objects.filter(message__room=self.room).values_list("message", "user")
        expected = {(pk, name) for pk, sender, mentioned in self.messages for name in mentioned - {sender}}
        assert {(message, names[user]) for message, user in rows} == expected


@pytest.mark.django_db
def test_any_history_gives_the_badges_ticks_and_receipts_of_the_model() -> None:
    # Twice as long with PostgreSQL, which need only agree: the rules are the same.
    examples = 16 if connection.vendor == "sqlite" else 12
    run_state_machine_as_test(
        ReadState, settings=settings(max_examples=examples, stateful_step_count=30, deadline=None)
    )


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(5))
def test_lowest_of_the_others_is_told_in_a_large_room(room: ChatRoom, seed: int) -> None:
    """Of people who are still here, and of those who send receipts; whoever asks, alone or with others."""
    dice = Random(seed)
    people = make_users(COUNTED_PARTICIPANTS + 12)
    room.memberships.all().delete()
    for person in people:
        person.is_active, person.sends_read_receipts = dice.random() < 0.9, dice.random() < 0.5
        person.save()
        read = dice.randrange(40)
        make_membership(room, person, last_read=read, last_delivered=read + dice.randrange(5))
    authors = dice.sample(people, 3)
    rows = list(room.memberships.filter(user__is_active=True).select_related("user"))
    expected = {}
    for author in authors:
        others = [row for row in rows if row.user != author]
        tellers = [row for row in others if row.user.sends_read_receipts and author.sends_read_receipts]
        expected[author.pk] = Marks(
            delivered=(Mark(0, min(row.last_delivered for row in others)),),
            read=(Mark(0, min(row.last_read for row in tellers)),) if tellers else (),
        )
    assert marks_for(room.pk, [author.pk for author in authors]) == expected
    for author in authors:
        assert marks_for(room.pk, [author.pk]) == {author.pk: expected[author.pk]}
