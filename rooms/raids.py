"""Undoing a raid: staff choose whose rooms and messages, and of what time, look at the counts, and undo it.

Rooms are hidden and can be shown again; messages are deleted and leave tombstones. It goes in batches, each a
transaction that also counts what it did, and looks for what is left each time: so it can be interrupted
anywhere, continued, and done twice. Nothing made by staff is ever touched.
"""

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Count, F, Q, QuerySet
from django.utils import timezone

from accounts.models import UsedAddress, User
from config import doorbell
from rooms import batches, removal
from rooms.models import ChatRoom, Message, ModerationAct, Raid, Report

# Messages of one transaction: a reader who is level gets no more tombstones at once.
BATCH = 100
NAMED = 50  # people, rooms and addresses that are named before it is done
STAFF = Q(is_staff=True) | Q(is_superuser=True)


@dataclass(frozen=True, slots=True)
class Choice:
    """The conditions that staff choose, all of which have to be met. `address` is as limits count it."""

    until: datetime
    since: datetime | None = None
    person: User | None = None
    address: str = ""
    only_newcomers: bool = False

    @property
    def is_of_everybody(self) -> bool:
        """Whether the time alone was chosen."""
        return not (self.person or self.address or self.only_newcomers)

    @property
    def people(self) -> QuerySet[User]:
        """The people chosen; where that is everybody, those who came in that time."""
        found = User.objects.exclude(STAFF)
        if self.person:
            found = found.filter(pk=self.person.pk)
        if self.address:
            used = UsedAddress.objects.between(self.since, self.until).filter(address=self.address)
            found = found.filter(pk__in=used.values("user"))
        if self.only_newcomers or self.is_of_everybody:
            came = {"date_joined__lte": self.until} | ({"date_joined__gte": self.since} if self.since else {})
            found = found.filter(**came)
        return found


@dataclass(frozen=True, slots=True)
class Look:
    """What would be removed, before it is."""

    rooms: int
    messages: int
    people: int
    room_names: list[str]
    people_names: list[str]
    addresses: list[tuple[str, int]]  # with how many of the people, most first


def look(choice: Choice) -> Look:
    rooms = _rooms(choice.people, choice)
    addresses = UsedAddress.objects.filter(user__in=choice.people).values_list("address")
    return Look(
        rooms=rooms.count(),
        messages=_messages(choice.people, choice).count(),
        people=choice.people.count(),
        room_names=[str(room) for room in rooms.order_by("-made_at")[:NAMED]],
        people_names=[person.username for person in choice.people.order_by("-date_joined")[:NAMED]],
        addresses=list(addresses.annotate(count=Count("user")).order_by("-count", "address")[:NAMED]),
    )


def begin(choice: Choice, by: User | None, deactivates: bool) -> Raid:
    """Settle which people are concerned, and note that the raid is being undone. `go_on` does the work."""
    with transaction.atomic():
        raid = Raid.objects.create(
            by=by,
            since=choice.since,
            until=choice.until,
            is_of_everybody=choice.is_of_everybody,
            deactivates=deactivates,
        )
        raid.people.set(choice.people)
    return raid


def go_on(raid: Raid, seconds: float = math.inf) -> bool:
    """Do what is left, at least one batch, for about that long; return whether everything is done."""
    if not batches.run(_batches(raid), seconds):
        return False
    Raid.objects.filter(pk=raid.pk, finished_at=None).update(finished_at=timezone.now())
    raid.refresh_from_db()
    return True


def _batches(raid: Raid) -> Iterator[None]:
    """Do what is left, batch by batch, beginning with what stops the raid."""
    people = raid.people.exclude(STAFF)
    while raid.deactivates and (person := people.filter(is_active=True).first()):
        _deactivate(raid, person)
        yield
    rooms = _rooms(people, raid)
    while room := rooms.order_by("pk").first():
        _hide(raid, room)
        yield
    messages, last = _messages(people, raid).order_by("pk"), 0
    while rows := list(messages.filter(pk__gt=last).values_list("pk", "room")[:BATCH]):
        by_room = defaultdict(list)
        for pk, room_id in rows:
            by_room[room_id].append(pk)
        for room_id, ids in by_room.items():
            _erase(raid, room_id, ids)
        last = rows[-1][0]
        yield


def _rooms(people: QuerySet[User], span: Choice | Raid) -> QuerySet[ChatRoom]:
    """Return the rooms that were made then and are not hidden."""
    found = ChatRoom.objects.groups().filter(hidden=None, made_at__lte=span.until)
    if span.since:
        found = found.filter(made_at__gte=span.since)
    if span.is_of_everybody:
        return found.exclude(made_by__in=User.objects.filter(STAFF))
    return found.filter(made_by__in=people)


def _messages(people: QuerySet[User], span: Choice | Raid) -> QuerySet[Message]:
    """Return what was written then and is not deleted: in direct messages, too, where people were chosen."""
    found = Message.objects.filter(deleted_at=None, timestamp__lte=span.until)
    if span.since:
        found = found.filter(timestamp__gte=span.since)
    if span.is_of_everybody:
        return found.filter(room__type=ChatRoom.Type.GROUP).exclude(sender__in=User.objects.filter(STAFF))
    return found.filter(sender__in=people)


def _deactivate(raid: Raid, person: User) -> None:
    with transaction.atomic():
        person.is_active = False
        person.save(update_fields=["is_active"])
        _count(raid, people_deactivated=1)


def _hide(raid: Raid, room: ChatRoom) -> None:
    with transaction.atomic():
        _count(raid, rooms_hidden=int(removal.hide(room, raid.by)))


def _erase(raid: Raid, room_id: int, ids: list[int]) -> None:
    """Delete these messages of one room, and say so once in its log."""
    room = ChatRoom(pk=room_id)
    with transaction.atomic():
        room.lock()
        _count(raid, messages_deleted=_blank(room, Message.objects.filter(room=room, pk__in=ids)))
        act = ModerationAct.Act.UNDO_RAID
        is_told = ModerationAct.objects.filter(room=room, act=act, at__gte=raid.at, actor=raid.by).exists()
        if room.is_group and not is_told:
            room.note_act(raid.by, act)


def _blank(room: ChatRoom, found: QuerySet[Message]) -> int:
    """Delete messages of a room, which is locked, as moderators do; return how many there still were."""
    messages = removal.blank(room, found, by_moderator=True)
    reports = Report.objects.filter(message__in=messages, closed_at=None)
    for sender_id in set(reports.values_list("message__sender", flat=True)):
        doorbell.ring_after_commit("report", room=room.pk, person=sender_id)
    reports.close()
    return len(messages)


def _count(raid: Raid, **done: int) -> None:
    Raid.objects.filter(pk=raid.pk).update(**{name: F(name) + number for name, number in done.items()})
