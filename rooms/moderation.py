"""What moderators do to a room and to others there: each in one transaction, with its entry in the log.

The acting person's role is read again under the lock of the room, so somebody who was demoted a moment ago
can do nothing more. All raise PermissionDenied except `set_archived` and `lift_ban`, which staff use.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from rooms.models import Ban, Blocked, ChatRoom, Membership, ModerationAct, RoomInvitation

Act = ModerationAct.Act
# Acts that are in the log by one name, whatever they become.
ACTS_OF_FIELDS = {
    "name": Act.RENAME,
    "description": Act.DESCRIBE,
    "posting": Act.POSTING,
    "slow_seconds": Act.SLOW,
    "pinning": Act.PINNING,
}


@contextmanager
def moderating(actor: Membership) -> Iterator[Membership]:
    """Lock the room of `actor`; yield what `actor` is there now."""
    with transaction.atomic():
        actor.room.lock()
        now = Membership.objects.select_related("user").filter(pk=actor.pk).first()
        if now is None or not now.may_moderate or not actor.room.is_group:
            raise PermissionDenied
        now.room = actor.room
        yield now


@contextmanager
def moderating_member(actor: Membership, user: User) -> Iterator[tuple[Membership, Membership]]:
    """Lock the room; yield what `actor` and `user` are there now."""
    with moderating(actor) as me:
        other = Membership.objects.filter(room=me.room_id, user=user).first()
        if other is None or not me.may_act_on(other):
            raise PermissionDenied
        other.room = me.room
        yield me, other


def update(actor: Membership, name: str, description: str, **rules: Any) -> None:
    """Change the room: its head, and rules by the names of fields. Raises IntegrityError for a taken name."""
    values = {"name": name, "description": description, **rules}
    with moderating(actor) as me:
        room = me.room
        changed = {field: value for field, value in values.items() if getattr(room, field) != value}
        if changed:
            room.change_head(**changed)
        for field in changed:
            closing = Act.CLOSE if room.is_by_invitation else Act.OPEN
            room.note_act(me.user, ACTS_OF_FIELDS.get(field, closing))


def archive(actor: Membership) -> None:
    with moderating(actor) as me:
        _set_archived(me.room, me.user, True)


def unarchive(actor: Membership) -> None:
    with moderating(actor) as me:
        _set_archived(me.room, me.user, False)


def set_archived(room: ChatRoom, by: User, is_archived: bool) -> bool:
    """Archive a room or take it out of the archive; return False where it was so before."""
    with transaction.atomic():
        room.lock()
        return _set_archived(room, by, is_archived)


def _set_archived(room: ChatRoom, by: User, is_archived: bool) -> bool:
    if room.is_archived == is_archived:
        return False
    room.change_head(archived_at=timezone.now() if is_archived else None)
    room.note_act(by, Act.ARCHIVE if is_archived else Act.UNARCHIVE)
    return True


def set_role(actor: Membership, user: User, role: Membership.Role) -> None:
    with moderating_member(actor, user) as (me, other):
        if not me.may_grant(role):
            raise PermissionDenied
        if other.role != role:
            other.role = role
            other.save(update_fields=["role"])
            me.room.note_act(me.user, Act(role.value), user)


def add(actor: Membership, user: User) -> None:
    """Add a person to the room without asking them.

    Raises NotAdmitted for people who are banned, and Blocked for people who have blocked `actor`.
    """
    with moderating(actor) as me:
        if user.blocks.filter(blocked=me.user).exists():
            raise Blocked
        if not Membership.objects.filter(room=me.room_id, user=user).exists():
            me.room.join(user, is_invited=True)
            me.room.note_act(me.user, Act.ADD, user)


def remove(actor: Membership, user: User, reason: str = "") -> None:
    """End a membership. People who were removed from an open room may visit it again."""
    with moderating_member(actor, user) as (me, other):
        other.delete()
        me.room.note_act(me.user, Act.REMOVE, user, reason=reason)


def ban(actor: Membership, user: User, until: datetime | None, reason: str = "") -> None:
    """Keep somebody out of the room, whether in it now or not, until `until`; None is for good."""
    with moderating(actor) as me:
        if other := Membership.objects.filter(room=me.room_id, user=user).first():
            if not me.may_act_on(other):
                raise PermissionDenied
            other.delete()
        values = {"by": me.user, "until": until, "reason": reason, "at": timezone.now()}
        Ban.objects.update_or_create(room=me.room, user=user, defaults=values)
        me.room.note_act(me.user, Act.BAN, user, reason=reason)


def unban(actor: Membership, user: User) -> None:
    with moderating(actor) as me:
        _lift_ban(me.room, user, me.user)


def lift_ban(room: ChatRoom, user: User, by: User) -> bool:
    """Let somebody come back; return False if they were not banned."""
    with transaction.atomic():
        room.lock()
        return _lift_ban(room, user, by)


def _lift_ban(room: ChatRoom, user: User, by: User) -> bool:
    if not Ban.objects.filter(room=room, user=user).delete()[0]:
        return False
    room.note_act(by, Act.UNBAN, user)
    return True


def invite(actor: Membership, lifetime: timedelta, max_uses: int) -> str:
    """Return the token of a link into the room."""
    with moderating(actor) as me:
        token = RoomInvitation.objects.issue(me.room, me.user, lifetime, max_uses)
        me.room.note_act(me.user, Act.INVITE)
        return token


def revoke(actor: Membership, invitation_id: int) -> None:
    with moderating(actor) as me:
        if me.room.invitations.filter(pk=invitation_id).delete()[0]:
            me.room.note_act(me.user, Act.REVOKE)
