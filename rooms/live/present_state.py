"""What a stream begins with: all that is not a message, as it is now, so that none of it needs a replay."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from accounts.models import User
from rooms.chats import chats_digest, chats_of, newest_in, unread_in
from rooms.live import fragments, frames
from rooms.models import ChatRoom, Membership, Report
from rooms.models.tick import Marks
from rooms.receipts import marks_for
from rooms.unread import Unread


@dataclass(frozen=True, slots=True)
class PresentState:
    frame: bytes
    marks: Marks
    unread: dict[int, Unread]


def present_state(
    user: User, room_id: int | None, shown_chats: str | None, profiles_since: datetime | None = None
) -> PresentState:
    """Return the list of chats unless the page has just that one (by its digest), title, ticks and presence.

    Who decides on reports is told how many wait.

    With `profiles_since`, also who is to be shown in another way since then.

    Read it after subscribing: what changes meanwhile is then told twice rather than never.
    """
    chats = chats_of(user)
    parts = [] if shown_chats == chats_digest(chats, user) else [fragments.chat_list(chats, room_id, user)]
    if user.blocks_version:
        parts.append(fragments.own_style(user))
    if profiles_since:
        parts.append(fragments.changed_profiles(profiles_since))
    if user.is_staff:
        parts.append(fragments.reports(None, Report.objects.open_for(user).count()))
    marks = Marks()
    if room_id is None:
        parts.append(fragments.title(_("Chats"), unread_in(chats)))
    else:
        room = ChatRoom.objects.select_related("low_user", "high_user").get(pk=room_id)
        unread = next((chat.unread for chat in chats if chat.room == room), Unread())
        parts.append(fragments.title(room.title_for(user), unread.count))
        marks = marks_for(room_id, [user.pk])[user.pk]
        parts.append(fragments.ticks(marks, user.pk))
        other = room.other_person(user)
        if other:
            parts.append(fragments.other_presence(other if user.shows_presence else None))
        elif room.memberships.moderators().filter(user=user).exists():
            found = Report.objects.open_for(user).filter(message__room=room)
            parts.append(fragments.reports(room_id, found.count()))
    Membership.objects.mark_list_delivered(user, newest_in(chats))
    unread_by_room = {chat.room.pk: chat.unread for chat in chats if chat.room}
    return PresentState(frames.swap("".join(parts)), marks, unread_by_room)
