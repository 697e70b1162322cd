"""Finds what no doorbell announced: changes made by processes that share only the database with this one."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import Max, Q
from django.utils import timezone

from accounts.models import User
from rooms.chats import PEOPLE_LIMIT
from rooms.live.watch import metrics
from rooms.models import ChatRoom, ModerationAct, Report

if TYPE_CHECKING:
    from rooms.live.process.live import Live

# Transactions may commit in another order than they took their ids; so many ids back are looked at again.
OVERLAP = 100


@dataclass(slots=True)
class Sight:
    """What one look sees: the greatest ids, and what is near them."""

    message: int
    room: int
    user: int
    read: dict[int, int]  # revisions of the rooms that are being read
    news: dict[int, int]  # revisions of the rooms that were made or talked in last
    people: set[int]  # who entered last
    moment: datetime
    profiles: set[tuple[int, datetime | None, datetime | None]]  # who is shown in another way of late
    act: int
    acts: dict[int, tuple[int, int]]  # what moderators did last: room and person, or 0
    decisions: dict[int, tuple[int, int]]  # those of them that were about a message: room and its sender
    report: int
    reports: dict[int, tuple[int, int]]  # what was reported last: room and sender


class Poll:
    """Remembers what it saw last; `look` rings for what is new since.

    `has_looked` is set by the first look: what changes after that is found without a doorbell.
    """

    def __init__(self, live: "Live") -> None:
        self.has_looked = asyncio.Event()
        self._live = live
        self._seen: Sight | None = None
        self._told: set[int] = set()  # people whom doorbells announced
        self._told_acts: set[int] = set()

    def person_told(self, user_id: int) -> None:
        self._told.add(user_id)

    def act_told(self, act_id: int) -> None:
        self._told_acts.add(act_id)

    async def look(self) -> None:
        before = self._seen
        read = set(self._live.tails)
        now = await self._live.database.run(_see, before, read)
        for room_id in read - now.read.keys():  # it is gone, and so has to be who reads it
            if tail := self._live.tails.get(room_id):
                tail.ring()
        for room_id, revision in now.read.items():
            if (tail := self._live.tails.get(room_id)) and tail.revision < revision:
                metrics.poll_finds.inc()
                self._live.room_changed(room_id)
        if before is None:
            listed = await self._live.database.run(ChatRoom.objects.listed)
            self._live.chat_list.begin_after(now.message, listed)
        else:
            self._live.people_entered(now.people - before.people - self._told)
            self._live.profiles_changed({user_id for user_id, *_moments in now.profiles - before.profiles})
            for act_id in sorted(now.acts.keys() - before.acts.keys() - self._told_acts):
                metrics.poll_finds.inc()
                self._live.acted(act_id, *now.acts[act_id])
            for decision_id in now.decisions.keys() - before.decisions.keys():
                self._live.reports_changed(*now.decisions[decision_id])
            for report_id in now.reports.keys() - before.reports.keys():
                self._live.reports_changed(*now.reports[report_id])
            for room_id, revision in now.news.items():
                if before.news.get(room_id) != revision:
                    self._live.room_changed(room_id)
        self._told -= now.people
        self._told_acts -= now.acts.keys()
        self._seen = now  # only now: a look that fails halfway is done again
        self.has_looked.set()


def _see(before: Sight | None, tails: Collection[int]) -> Sight:
    now = timezone.now()
    if before is None:
        newest = ChatRoom.objects.aggregate(room=Max("pk", default=0), message=Max("last_message", default=0))
        before = Sight(
            **newest,
            user=User.objects.aggregate(pk=Max("pk", default=0))["pk"],
            read={},
            news={},
            people=set(),
            moment=now,
            profiles=set(),
            act=ModerationAct.objects.aggregate(pk=Max("pk", default=0))["pk"],
            acts={},
            decisions={},
            report=Report.objects.aggregate(pk=Max("pk", default=0))["pk"],
            reports={},
        )
    near_message, near_room = before.message - OVERLAP, before.room - OVERLAP
    found = ChatRoom.objects.filter(Q(pk__in=tails) | Q(last_message__gt=near_message) | Q(pk__gt=near_room))
    rooms = [
        (pk, revision, last or 0)
        for pk, revision, last in found.values_list("pk", "revision", "last_message")
    ]
    people = User.objects.filter(pk__gt=before.user - OVERLAP, is_active=True).order_by("-pk")[:PEOPLE_LIMIT]
    people_ids = set(people.values_list("pk", flat=True))
    acts = ModerationAct.objects.filter(pk__gt=before.act - OVERLAP)
    rows = acts.values_list("pk", "room", "person", "message_id")
    acts_by_id = {pk: (room_id, person_id or 0) for pk, room_id, person_id, message_id in rows}
    decisions = {pk for pk, _room_id, _person_id, message_id in rows if message_id}
    reports = Report.objects.filter(pk__gt=before.report - OVERLAP)
    reports_by_id = {
        pk: (room_id, sender_id)
        for pk, room_id, sender_id in reports.values_list("pk", "message__room", "message__sender")
    }
    return Sight(
        message=max([before.message, *(last for _pk, _revision, last in rooms)]),
        room=max([before.room, *(pk for pk, _revision, _last in rooms)]),
        user=max([before.user, *people_ids]),
        read={pk: revision for pk, revision, _last in rooms if pk in tails},
        news={pk: revision for pk, revision, last in rooms if last > near_message or pk > near_room},
        people=people_ids,
        moment=now,
        profiles=_profiles(before.moment, now),
        act=max([before.act, *acts_by_id]),
        acts={pk: ids for pk, ids in acts_by_id.items() if pk not in decisions},
        decisions={pk: ids for pk, ids in acts_by_id.items() if pk in decisions},
        report=max([before.report, *reports_by_id]),
        reports=reports_by_id,
    )


def _profiles(before: datetime, now: datetime) -> set[tuple[int, datetime | None, datetime | None]]:
    """Return who changed their profile or whose status ended, with when."""
    found = User.objects.changed_between(before, now)
    return {
        (pk, changed_at, until if until and until <= now else None)
        for pk, changed_at, until in found.values_list("pk", "profile_changed_at", "status_until")
    }
