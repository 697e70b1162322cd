"""A person's place in a room: what has reached them, what they have read, and their notifications."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Self
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, connection, models, transaction
from django.db.models import Count, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce, Greatest, Least
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from config import doorbell
from config.compiled import ID, CompiledQuery
from config.database import is_unavailable, update_in_order
from rooms.models.departure import Departure
from rooms.models.message import Message

DRAFTS_PER_PERSON = 100  # older ones go
# The member has hidden the chat, and nobody has written since.
IS_HIDDEN = Q(hidden_upto__gte=Coalesce(F("room__last_message"), 0, output_field=models.BigIntegerField()))
FEW = 32  # people that a statement may name although hardly any of them is meant

# Neither the ORM nor a loop does this in one statement, whatever the number of messages.
_INSERT_RECEIPTS = """
    WITH bound (membership_id, upto) AS (VALUES {pairs})
    INSERT INTO rooms_readreceipt (message_id, user_id, read_at)
    SELECT message.id, membership.user_id, %s
    FROM bound
    JOIN rooms_membership AS membership ON membership.id = bound.membership_id
    JOIN rooms_message AS message ON message.room_id = membership.room_id
    WHERE message.sender_id <> membership.user_id
    AND message.id > membership.last_read AND message.id <= bound.upto
    ON CONFLICT DO NOTHING
"""


class MembershipQuerySet(models.QuerySet["Membership"]):
    def among(self, rooms: Iterable[int], people: Collection[int]) -> Self:
        """Members of `rooms` among `people`, who may be thousands of whom hardly anybody is concerned."""
        found = self.filter(room__in=list(rooms))
        if len(people) > FEW:
            members = list(found.values_list("user", flat=True)[:FEW])
            if len(members) < FEW:
                people = set(members).intersection(people)
        return found.filter(user__in=people)

    def with_a_role(self) -> Self:
        """Members with a moderating role, including deactivated ones."""
        return self.filter(role__in=[Membership.Role.OWNER, Membership.Role.MODERATOR])

    def moderators(self) -> Self:
        """Members who may moderate their room."""
        return self.with_a_role().filter(user__is_active=True)

    def forget_drafts(self) -> int:
        return self.update(draft="", draft_reply=None, draft_at=None)

    def owners(self) -> Self:
        return self.filter(role=Membership.Role.OWNER, user__is_active=True)

    def mark_delivered(self, room_id: int, user_ids: Iterable[int], upto: int) -> int:
        """Note that messages up to `upto` reached these people; return for how many that was new."""
        behind = self.filter(room=room_id, user__in=list(user_ids), last_delivered__lt=upto)
        return update_in_order(behind, last_delivered=upto)

    def mark_lists_delivered(self, memberships: Collection[int], upto: int) -> None:
        """Note that these were in lists of chats that were shown when `upto` was the last message of all.

        If the database accepts no writes, the page is still shown; a later one is noted.
        """
        try:
            self._mark_lists_delivered(memberships, upto)
        except DatabaseError as error:
            if not is_unavailable(error):
                raise

    def _mark_lists_delivered(self, memberships: Collection[int], upto: int) -> None:
        # For some databases the least of NULL and a number is the number.
        with_messages = self.filter(pk__in=memberships, room__last_message__isnull=False)
        behind = with_messages.filter(last_delivered__lt=Least(F("room__last_message"), upto))
        rows = dict(behind.values_list("pk", "room"))
        if not rows:
            return
        messages = Message.objects.filter(room=OuterRef("room"), pk__lte=upto)
        # A room whose first message is newer has none of these.
        last = Coalesce(Subquery(messages.order_by("-pk").values("pk")[:1]), F("last_delivered"))
        with transaction.atomic():
            update_in_order(self.filter(pk__in=rows), last_delivered=Greatest(F("last_delivered"), last))
            for room_id in set(rows.values()):
                doorbell.ring_after_commit("receipt", room=room_id)

    def mark_all_read(self, user: User) -> dict[int, tuple[int, int]]:
        """Mark everything of `user` as read, in a fixed number of statements.

        Returns the read markers as they were and as they are now, by room, for `restore_read_markers`.
        """
        with transaction.atomic():
            behind = self.filter(user=user, read_marker__lt=F("room__last_message"))
            rows = list(behind.select_related("room").select_for_update(of=("self",)))
            if not rows:
                return {}
            # Receipts and marks end at the same message, although others may post between the statements.
            last = {row.pk: row.room.last_message_id or 0 for row in rows}
            before = {row.room_id: (row.read_marker, last[row.pk]) for row in rows}
            if user.sends_read_receipts:
                _insert_receipts(last)
            for row in rows:
                row.read_marker = last[row.pk]
                row.last_delivered = max(row.last_delivered, row.read_marker)
                if user.sends_read_receipts:
                    row.last_read = max(row.last_read, row.read_marker)
            self.bulk_update(rows, ["read_marker", "last_read", "last_delivered"])
            for room_id in before:
                doorbell.ring_after_commit("read", room=room_id, user=user.pk)
        return before

    def restore_read_markers(self, user: User, markers: dict[int, tuple[int, int]]) -> None:
        """Undo `mark_all_read` in rooms where nothing was read since; what others were told stays."""
        with transaction.atomic():
            found = self.filter(user=user, room__in=markers).select_related("room")
            rows = [
                row
                for row in found.select_for_update(of=("self",))
                if row.read_marker == markers[row.room_id][1]
            ]
            for row in rows:
                row.turn_back(markers[row.room_id][0])
            self.bulk_update(rows, ["read_marker", "marker_version", "unread_upto"])
            for room_id in markers:
                doorbell.ring_after_commit("read", room=room_id, user=user.pk)


def _insert_receipts(bounds: Mapping[int, int]) -> None:
    """Insert those between the last read message of each membership and the id that `bounds` has for it."""
    pairs = ", ".join(["(%s, %s)"] * len(bounds))
    with connection.cursor() as cursor:
        now = connection.ops.adapt_datetimefield_value(timezone.now())
        values = [number for bound in bounds.items() for number in bound]
        cursor.execute(_INSERT_RECEIPTS.format(pairs=pairs), [*values, now])


class Membership(models.Model):
    """A person in a room.

    All marks are message ids. Messages up to `joined_after` are older, and do not count for the member.

    `last_delivered` and `last_read` only move forward: they are what others are told by ticks. `last_read`
    stays where it is while the member sends no read receipts.

    `read_marker` is what the member's own badge counts from. It goes back when they mark messages as unread:
    of those up to `unread_upto`, only pages that know the new `marker_version` may say that they were read.
    """

    class Notify(models.TextChoices):
        DEFAULT = "default", _("Same as in my settings")
        ALL = "all", _("All messages")
        MENTIONS = "mentions", _("Only messages that mention me")
        NOTHING = "nothing", _("Nothing")

    class Role(models.TextChoices):
        OWNER = "owner", _("Owner")
        MODERATOR = "moderator", _("Moderator")
        MEMBER = "member", _("Member")

    room = models.ForeignKey("ChatRoom", models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=9, choices=Role, default=Role.MEMBER)
    joined_at = models.DateTimeField(default=timezone.now)
    joined_after = models.PositiveBigIntegerField(default=0, editable=False)
    last_delivered = models.PositiveBigIntegerField(default=0)
    last_read = models.PositiveBigIntegerField(default=0)
    read_marker = models.PositiveBigIntegerField(default=0)
    marker_version = models.PositiveIntegerField(default=0, editable=False)
    unread_upto = models.PositiveBigIntegerField(default=0, editable=False)
    notify = models.CharField(max_length=8, choices=Notify, default=Notify.DEFAULT)
    muted_until = models.DateTimeField(null=True, blank=True)
    # The last message of all when the member came: their list has the room above what was said before.
    came_after = models.PositiveBigIntegerField(default=0, db_default=0, editable=False)
    # Since when it stands at the top of the member's list.
    favourite_at = models.DateTimeField(null=True, editable=False)
    # The last message there was when the member hid the chat: it comes back with the next one.
    hidden_upto = models.PositiveBigIntegerField(null=True, editable=False)
    # What the member has typed and not sent, which message it answers, and when it was saved.
    draft = models.TextField(default="", db_default="", blank=True, editable=False)
    draft_reply = models.PositiveBigIntegerField(null=True, editable=False)
    draft_at = models.DateTimeField(null=True, editable=False)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["room", "user"], name="one_membership_per_person")]

    def __str__(self) -> str:
        return f"user {self.user_id} in room {self.room_id}"

    def mark_read(self, upto: int, version: int | None = None) -> bool:
        """Move the marks forward to message id `upto`; return False if that changes nothing.

        Tabs report out of order, so the comparison happens in the UPDATE: a late report must not bring an
        unread badge back. An `upto` beyond the room's last message counts as that one. `version` is the
        marker version that the reporting page knows; None for somebody who asks for it.
        """
        with transaction.atomic():
            last = Message.objects.filter(room_id=self.room_id, pk__lte=upto).order_by("-pk").first()
            if last is None:
                return False
            mine = Membership.objects.filter(pk=self.pk)
            if version is not None:
                mine = mine.filter(Q(marker_version=version) | Q(unread_upto__lt=last.pk))
            # Moves the lower mark first, which also locks the row for what follows.
            moved = mine.filter(read_marker__lt=last.pk).update(read_marker=last.pk)
            if mine.filter(last_read__lt=last.pk, user__sends_read_receipts=True).exists():
                _insert_receipts({self.pk: last.pk})
                moved += mine.filter(last_read__lt=last.pk).update(last_read=last.pk)
            moved += mine.filter(last_delivered__lt=last.pk).update(last_delivered=last.pk)
            if moved:
                self.refresh_from_db(fields=["read_marker", "last_read", "last_delivered"])
                self._ring_after_commit()
        return bool(moved)

    def mark_unread(self, message: Message) -> None:
        """Count `message` and what follows as unread again, on the member's own pages."""
        with transaction.atomic():
            mine = Membership.objects.select_related("room").select_for_update(of=("self",)).get(pk=self.pk)
            mine.turn_back(message.pk - 1)
            mine.save(update_fields=["read_marker", "marker_version", "unread_upto"])
            self._ring_after_commit()

    def turn_back(self, read_marker: int) -> None:
        """Count from `read_marker`, if that is more. The row is locked, and saved by the caller."""
        self.read_marker = min(self.read_marker, read_marker)
        self.marker_version += 1
        self.unread_upto = self.room.last_message_id or 0

    def choose_notifications(self, notify: str, muted_until: datetime | None) -> None:
        """Set what the member is notified of in the room, and until when not."""
        self.notify, self.muted_until = notify, muted_until
        self.save(update_fields=["notify", "muted_until"])
        self._ring_after_commit()

    def choose_favourite(self, is_favourite: bool) -> None:
        """Put the chat on top of the member's list, or take it down. One that is there stays where it is."""
        mine = Membership.objects.filter(pk=self.pk, favourite_at__isnull=is_favourite)
        with transaction.atomic():
            mine.update(favourite_at=timezone.now() if is_favourite else None, hidden_upto=None)
            self._ring_after_commit()
        self.refresh_from_db(fields=["favourite_at"])

    def choose_hidden(self, is_hidden: bool) -> None:
        """Take the chat out of the member's list until somebody writes there, or bring it back."""
        with transaction.atomic():
            self.room.lock()
            upto = (self.room.last_message_id or 0) if is_hidden else None
            Membership.objects.filter(pk=self.pk).update(hidden_upto=upto, favourite_at=None)
            doorbell.ring_after_commit("listing", room=self.room_id, user=self.user_id)
            self._ring_after_commit()

    @property
    def is_hidden(self) -> bool:
        """Whether the member has hidden the chat, and nobody has written since."""
        return self.hidden_upto is not None and self.hidden_upto >= (self.room.last_message_id or 0)

    def keep_draft(self, text: str, token: UUID, reply: int | None, base: int | None = None) -> str:
        """Keep what the member has typed; an empty text forgets it. The latest one wins.

        `base` is the `draft_base` that the page knows; None for one that leaves. Returns the draft that was
        replaced if the page did not know it, or nothing.

        A text that has been sent by now does not come back: the lock lets a post with its `token` end first.
        """
        mine = Membership.objects.filter(pk=self.pk)
        with transaction.atomic():
            self.room.lock()
            self.refresh_from_db(fields=["draft", "draft_at"])
            if Message.objects.filter(sender=self.user_id, token=token).exists():
                return ""
            replaced = "" if self.draft == text else self.draft_unknown_to(base)
            if text.strip():
                self.draft, self.draft_at = text, timezone.now()
                mine.update(draft=text, draft_reply=reply, draft_at=self.draft_at)
                kept = Membership.objects.filter(user=self.user_id, draft_at__isnull=False)
                outdated = kept.order_by("-draft_at").values_list("pk", flat=True)[DRAFTS_PER_PERSON:]
                Membership.objects.filter(pk__in=list(outdated)).forget_drafts()
            else:
                self.draft, self.draft_at = "", None
                mine.forget_drafts()
            self._ring_after_commit()
        return replaced

    @property
    def draft_base(self) -> int:
        """Which draft it is: when it was saved, in milliseconds since 1970; 0 if there is none."""
        return int(self.draft_at.timestamp() * 1000) if self.draft_at else 0

    def draft_unknown_to(self, base: int | None) -> str:
        """Return the draft, or nothing if it is the one that a page knows by `base`."""
        return "" if base in (None, self.draft_base) else self.draft

    def _ring_after_commit(self) -> None:
        doorbell.ring_after_commit("read", room=self.room_id, user=self.user_id)

    @property
    def is_owner(self) -> bool:
        return self.role == self.Role.OWNER

    @property
    def may_moderate(self) -> bool:
        return self.role in (self.Role.OWNER, self.Role.MODERATOR)

    def may_act_on(self, other: "Membership") -> bool:
        """Whether the member may remove, ban or change the role of `other`; never their own."""
        return self.may_moderate and self.pk != other.pk and (self.is_owner or not other.is_owner)

    def may_grant(self, role: "Membership.Role") -> bool:
        return self.is_owner or (self.may_moderate and role != self.Role.OWNER)

    @property
    def is_muted(self) -> bool:
        return self.muted_until is not None and self.muted_until > timezone.now()

    def leave(self) -> None:
        """Leave the room; open pages of it end. If its last owner leaves, somebody else becomes owner."""
        with transaction.atomic():
            self.room.lock()
            self.delete()
            Departure.objects.get_or_create(room=self.room, user=self.user)
            self.room.keep_owned()
            doorbell.ring_after_commit("access", user=self.user_id)
            doorbell.ring_after_commit("receipt", room=self.room_id)
            doorbell.ring_after_commit("listing", room=self.room_id, user=self.user_id)


# What every page asks.
membership_of = CompiledQuery(
    lambda room, user: Membership.objects.filter(room=room, user=user), room=ID, user=ID
)
number_of_members = CompiledQuery(
    lambda room: (
        Membership.objects.filter(room=room)
        .values("room")
        .annotate(number=Count("pk"))
        .values_list("number", flat=True)
    ),
    room=ID,
)
