"""What streams begin with: all that is not a message, as it is now, so that none of it needs a replay."""

from collections.abc import Collection

from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.models import User
from config import release
from rooms.chats import Chat, chats_digest, lists_of, newest_in, unread_in
from rooms.live.endpoints.access import Opening
from rooms.live.news.part import PresentState
from rooms.live.news.reports import ReportCounts, counts_for
from rooms.live.wire import fragments, frames
from rooms.models import ChatRoom, Membership
from rooms.models.tick import Marks
from rooms.receipts import marks_for
from rooms.unread import Unread


def present_states(openings: Collection[Opening]) -> list[PresentState | None]:
    """Return for each the list of chats unless the page has just that one (by its digest), title, ticks and
    presence, who is to be shown in another way than the page does, and whether the page is of another
    release; None where its room is gone.

    Who decides on reports is told how many wait. All are read at once, in as many queries as one but for the
    ticks, which are read once for each room: a restart brings everybody back together. Read it after
    subscribing: what changes meanwhile is then told twice rather than never.
    """
    users = {opening.user.pk: opening.user for opening in openings}
    lists = lists_of(users.values())
    room_ids = {opening.room_id for opening in openings if opening.room_id is not None}
    rooms = ChatRoom.objects.select_related("low_user", "high_user").in_bulk(room_ids)
    marks = {room_id: marks_for(room_id, _in_room(openings, room_id)) for room_id in room_ids}
    reports = counts_for({room_id: {0} for room_id in room_ids}, users)
    has_changed_profiles = _has_changed_profiles(openings)
    states: list[PresentState | None] = []
    for opening in openings:
        room = rooms.get(opening.room_id or 0)
        if opening.room_id is not None and room is None:
            states.append(None)
            continue
        chats = lists[opening.user.pk]
        mine = marks[room.pk].get(opening.user.pk, Marks()) if room else Marks()
        with translation.override(opening.format.language):
            html = _html(opening, chats, room, mine, reports, has_changed_profiles=has_changed_profiles)
        unread = {chat.room.pk: chat.unread for chat in chats if chat.room}
        states.append(PresentState(frames.swap(html), mine, unread))
    newest = max(map(newest_in, lists.values()), default=0)
    Membership.objects.mark_lists_delivered(users.values(), newest)
    return states


def _in_room(openings: Collection[Opening], room_id: int) -> set[int]:
    return {opening.user.pk for opening in openings if opening.room_id == room_id}


def _has_changed_profiles(openings: Collection[Opening]) -> bool:
    """Whether anybody is to be shown in another way than on the page that is as of longest ago."""
    moments = [opening.profiles for opening in openings if opening.profiles]
    return bool(moments) and User.objects.changed_between(min(moments), timezone.now()).exists()


def _html(
    opening: Opening,
    chats: list[Chat],
    room: ChatRoom | None,
    marks: Marks,
    reports: ReportCounts,
    *,
    has_changed_profiles: bool,
) -> str:
    user = opening.user
    parts = []
    if opening.release not in (None, release.current()):
        parts.append(fragments.updated())
    if opening.chats != chats_digest(chats, user):
        parts.append(fragments.chat_list(chats, opening.room_id, user))
    if user.blocks_version:
        parts.append(fragments.own_style(user))
    if opening.profiles and has_changed_profiles:
        parts.append(fragments.changed_profiles(opening.profiles))
    for room_id in {None, opening.room_id}:
        if (count := reports.get((user.pk, room_id))) is not None:
            parts.append(fragments.reports(room_id, count))
    if room is None:
        parts.append(fragments.title(_("Chats"), unread_in(chats)))
    else:
        unread = next((chat.unread for chat in chats if chat.room == room), Unread())
        parts.append(fragments.title(room.title_for(user), unread.count))
        parts.append(fragments.ticks(marks, user.pk))
        if other := room.other_person(user):
            parts.append(fragments.other_presence(other if user.shows_presence else None))
    return "".join(parts)
