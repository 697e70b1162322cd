"""What streams begin with: everything but messages, as it is now, so that none of it needs a replay."""

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from django.db.models import Q
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.models import User
from config import release
from rooms.chats import ChatLists, chat_for, chats_digest, lists_of, newest_in, unread_in
from rooms.live.endpoints.access import Opening
from rooms.live.news.part import PresentState
from rooms.live.news.reports import ANYBODY, ReportCounts, counts_for
from rooms.live.wire import fragments, frames
from rooms.models import ChatRoom, Membership
from rooms.models.tick import Marks
from rooms.receipts import marks_for
from rooms.unread import Unread, total_unread, unread_in_rooms

CHANGED_PEOPLE = 200  # of whom a stream tells at most when it begins


def present_states(openings: Collection[Opening]) -> list[PresentState | None]:
    """Return for each the list of chats unless the page has just that one (by its digest), title, ticks and
    presence, the people who have changed since the page, and whether the page is of another release; None if
    its room is gone.

    People who decide on reports are told how many are open. All states are read at once, in as many queries
    as one, except ticks, which are read once per room: a restart brings everybody back together. Read it
    after subscribing: changes in between are then told twice rather than never.
    """
    users = {opening.user.pk: opening.user for opening in openings}
    facts = Facts.read(openings, users)
    states = [_state(opening, facts) for opening in openings]
    shown = facts.lists.values()
    newest = max((newest_in(chats.mine) for chats in shown), default=0)
    Membership.objects.mark_lists_delivered({pk for chats in shown for pk in chats.undelivered}, newest)
    return states


@dataclass(frozen=True, slots=True)
class Facts:
    """What was read for all who begin at once."""

    lists: dict[int, ChatLists]  # by user
    rooms: dict[int, ChatRoom]
    unread: dict[int, dict[int, Unread]]  # by room and user, where the list does not say it
    totals: dict[int, int]  # what is unread in all rooms, by user, where the list does not say it
    marks: dict[int, dict[int, Marks]]  # by room and user
    reports: ReportCounts
    persons: dict[int, User]  # of whom a page is
    has_changed_profiles: bool

    @classmethod
    def read(cls, openings: Collection[Opening], users: dict[int, User]) -> Self:
        room_ids = {opening.room_id for opening in openings if opening.room_id is not None}
        lists = lists_of(users.values())
        return cls(
            lists=lists,
            rooms=ChatRoom.objects.select_related("low_user", "high_user").in_bulk(room_ids),
            unread=_unread_elsewhere(openings, lists),
            totals=total_unread(pk for pk in users if lists[pk].has_older),
            marks={room_id: marks_for(room_id, _in_room(openings, room_id)) for room_id in room_ids},
            reports=counts_for({room_id: {ANYBODY} for room_id in room_ids}, users),
            persons=_persons(openings),
            has_changed_profiles=_has_changed_profiles(openings),
        )


def _in_room(openings: Collection[Opening], room_id: int) -> set[int]:
    return {opening.user.pk for opening in openings if opening.room_id == room_id}


def _unread_elsewhere(
    openings: Collection[Opening], lists: dict[int, ChatLists]
) -> dict[int, dict[int, Unread]]:
    """Return what is unread in open rooms that have fallen out of the lists of their readers."""
    missing: defaultdict[int, set[int]] = defaultdict(set)
    for opening in openings:
        chats = lists[opening.user.pk]
        if opening.room_id and chats.has_older and opening.room_id not in _unread_by_room(chats):
            missing[opening.room_id].add(opening.user.pk)
    return unread_in_rooms(missing) if missing else {}


def _unread_by_room(chats: ChatLists) -> dict[int, Unread]:
    """Return what is unread by room, those last that were talked in last."""
    return {chat.room.pk: chat.unread for chat in reversed(chats.mine) if chat.room}


def _has_changed_profiles(openings: Collection[Opening]) -> bool:
    """Whether anybody has changed since the oldest of the pages."""
    moments = [opening.profiles for opening in openings if opening.profiles]
    return bool(moments) and User.objects.changed_between(min(moments), timezone.now()).exists()


def changed_people(
    since: datetime, now: datetime, listed: Collection[int], room_id: int | None = None
) -> Collection[User]:
    """Return the people who look different now than on a page as of `since`, of those whom it shows.

    These are the `listed` ones, and the members of its room.
    """
    members = Membership.objects.filter(room=room_id or 0).values("user")
    changed = User.objects.changed_between(since, now).filter(Q(pk__in=listed) | Q(pk__in=members))
    return changed.order_by("-profile_changed_at")[:CHANGED_PEOPLE]


def _persons(openings: Collection[Opening]) -> dict[int, User]:
    persons = {opening.person_id for opening in openings if opening.person_id}
    return User.objects.in_bulk(persons) if persons else {}


def _state(opening: Opening, facts: Facts) -> PresentState | None:
    room = facts.rooms.get(opening.room_id or 0)
    if opening.room_id is not None and room is None:
        return None
    user_id, chats = opening.user.pk, facts.lists[opening.user.pk]
    marks = facts.marks[room.pk].get(user_id, Marks()) if room and not opening.is_visit else Marks()
    unread = _unread_by_room(chats)
    with translation.override(opening.format.language):
        parts = [*_general(opening, chats, facts), *_reports(opening, facts.reports)]
        if room:
            here = unread.get(room.pk) or facts.unread.get(room.pk, {}).get(user_id, Unread())
            parts += _of_room(opening.user, room, here, marks)
            if room.is_group:
                parts.append(fragments.standing((user_id, room.pk) in facts.reports))
        else:
            parts.append(fragments.title(_("Chats"), facts.totals.get(user_id, unread_in(chats))))
        if person := facts.persons.get(opening.person_id or 0):
            parts += [fragments.presence(person)] if opening.user.shows_presence else []
    others = [chat.room.pk for chat in chats.rooms if chat.room]
    people = _watched(opening.user, chats, room, person)
    return PresentState(frames.swap("".join(parts)), marks, unread, others, people)


def _watched(user: User, chats: ChatLists, room: ChatRoom | None, person: User | None) -> dict[int, bool]:
    """Return whose presence the page shows, those last that stand on top, and whether they are online."""
    if not user.shows_presence:
        return {}
    other = room.other_person(user) if room else None
    shown = [*reversed([chat.person for chat in chats]), other, person]
    return {one.pk: one.is_online for one in shown if one}


def _general(opening: Opening, chats: ChatLists, facts: Facts) -> Iterator[str]:
    user, now = opening.user, timezone.now()
    if opening.release not in (None, release.current()):
        yield fragments.updated()
    if opening.chats != chats_digest(chats, user):
        room = facts.rooms.get(opening.room_id or 0)
        yield fragments.chat_list(chats, chat_for(user.pk, room, None).dom_id if room else None, user)
    if user.blocks_version:
        yield fragments.own_style(user)
    if opening.profiles and facts.has_changed_profiles:
        listed = {user.pk, opening.person_id or 0, *(chat.person.pk for chat in chats if chat.person)}
        changed = changed_people(opening.profiles, now, listed, opening.room_id)
        yield from (fragments.profile(person, now) for person in changed)


def _reports(opening: Opening, counts: ReportCounts) -> Iterator[str]:
    for room_id in {None, opening.room_id}:
        if (count := counts.get((opening.user.pk, room_id))) is not None:
            yield fragments.reports(room_id, count)


def _of_room(user: User, room: ChatRoom, unread: Unread, marks: Marks) -> Iterator[str]:
    yield fragments.title(room.title_for(user), unread.count)
    yield fragments.ticks(marks, user.pk)
    if other := room.other_person(user):
        yield fragments.other_presence(other if user.shows_presence else None)
