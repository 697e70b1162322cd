from collections.abc import Collection
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar, Self
from uuid import UUID, uuid5

from django.conf import settings
from django.db import IntegrityError, models, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.http import Http404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import limits
from accounts.models import Block, User
from accounts.names import canonical
from config import doorbell
from config.compiled import ID, CompiledQuery, CompiledUpdate
from config.folding import FOLDED_FIELDS, Foldable, is_unfolded
from config.rates import Rate
from config.text import INVISIBLE, nfkc
from rooms.models.ban import Ban
from rooms.models.formatting import texts
from rooms.models.membership import Membership
from rooms.models.mention import ALL, EVERYBODY, MENTION
from rooms.models.message import Message, TokenReused, last_of_all
from rooms.models.moderation_act import ModerationAct
from rooms.models.stored_file import StoredFile

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

# Messages that a page sends together, since it does not know whether the first of them was saved.
PARTS_AT_MOST = 20
# Names in one message.
MENTIONS_AT_MOST = 50


def canonical_room_name(name: str) -> str:
    """Return the form in which two group names are compared: two names are the same if this is the same."""
    visible = INVISIBLE.sub("", nfkc(name))
    folded = nfkc(visible.casefold())
    return " ".join(folded.split())


class NotAdmitted(Http404):
    """The room does not exist for people who may not join."""


class Blocked(Exception):
    """One of the two people of a direct message has blocked the other."""


class Archived(Exception):
    """The room is archived: nobody can write in it."""


class NotAllowed(Exception):
    """The room does not let this person write; the text tells them why."""


class TooSoon(limits.LimitReached):
    """The room is in slow mode."""

    def __str__(self) -> str:
        return _("Slow mode: wait %(time)s, then send it again.") % {"time": limits.in_words(self.seconds)}


class TooManyRooms(Exception):
    """Somebody owns as many rooms as one person may."""

    def __str__(self) -> str:
        return _("You own %(count)d rooms, the most you can own. Archive one of them first.") % {
            "count": settings.ROOMS_PER_OWNER
        }


# What the index says, which is used where a query says the same: everybody may see the room, which is in use.
IS_OPEN: dict[str, Any] = {"type": "group", "is_by_invitation": False, "archived_at": None}


class ChatRoomQuerySet(models.QuerySet["ChatRoom"]):
    def groups(self) -> Self:
        return self.filter(type=ChatRoom.Type.GROUP)

    def visible_to(self, user: User) -> Self:
        """Open rooms from which `user` is not banned, and rooms that `user` is in."""
        return self.filter(
            Q(type=ChatRoom.Type.GROUP, is_by_invitation=False)
            & ~Q(pk__in=Ban.objects.active().filter(user=user).values("room"))
            | Q(pk__in=Membership.objects.filter(user=user).values("room"))
        )

    def without_owner(self) -> Self:
        """Groups that have active members, and none of them is an owner."""
        here = Membership.objects.filter(room=OuterRef("pk"), user__is_active=True)
        return self.groups().filter(Exists(here)).exclude(Exists(here.owners()))

    def joined_by(self, user: User) -> Self:
        return self.filter(participants=user)

    def open(self) -> Self:
        """Rooms that everybody may see, and that are in use."""
        return self.filter(**IS_OPEN)

    def create_group(
        self, name: str, creator: User | None = None, is_by_invitation: bool = False
    ) -> "ChatRoom":
        """Create a room that `creator` owns. Raises IntegrityError when the name is taken, and TooManyRooms.

        A room without a creator belongs to the first person who joins it.
        """
        with transaction.atomic():
            if creator:
                User.objects.select_for_update(no_key=True).get(pk=creator.pk)  # one at a time
                owned = Membership.objects.filter(user=creator, role=Membership.Role.OWNER)
                if owned.filter(room__archived_at=None).count() >= settings.ROOMS_PER_OWNER:
                    raise TooManyRooms
            room = self.create(
                type=ChatRoom.Type.GROUP,
                name=name,
                is_by_invitation=is_by_invitation,
                made_by=creator,
                made_at=timezone.now(),
            )
            if creator:
                Membership.objects.create(
                    room=room, user=creator, role=Membership.Role.OWNER, came_after=last_of_all()
                )
            doorbell.ring_after_commit("room", room=room.pk)
        return room

    def between(self, user: User, other: User) -> "ChatRoom | None":
        """Return the direct message of two people, if there is one."""
        low, high = sorted([user.pk, other.pk])
        return self.filter(low_user=low, high_user=high).first()

    def private_between(self, user: User, other: User) -> "ChatRoom":
        """Return the one direct message of two people, made now if there is none.

        The database allows one per pair, so that pressing the button at once, twice or in two processes makes
        one.
        """
        if room := self.between(user, other):
            return room
        low, high = sorted([user, other], key=lambda person: person.pk)
        try:
            with transaction.atomic():
                room = self.create(type=ChatRoom.Type.PRIVATE, low_user=low, high_user=high)
                Membership.objects.bulk_create(
                    [Membership(room=room, user=low), Membership(room=room, user=high)]
                )
                return room
        except IntegrityError:
            return self.get(low_user=low, high_user=high)


class ChatRoom(Foldable):
    """A conversation: a group room with a name, or the direct message of two people, which has none.

    `revision` counts every durable change that a reader of the room would see. A change takes the next number
    in its own transaction; the row lock that this takes makes the order of commits the order of numbers.
    """

    class Type(models.TextChoices):
        GROUP = "group", gettext_lazy("group room")
        PRIVATE = "private", gettext_lazy("direct message")

    class Posting(models.TextChoices):
        EVERYBODY = "everybody", gettext_lazy("Everyone")
        REPLIES = "replies", gettext_lazy("Moderators and owners; everyone else can reply")
        MODERATORS = "moderators", gettext_lazy("Only moderators and owners")
        NOBODY = "nobody", gettext_lazy("No one")

    class Pinning(models.TextChoices):
        MODERATORS = "moderators", gettext_lazy("Only moderators and owners")
        EVERYBODY = "everybody", gettext_lazy("Everyone")

    # Seconds between two messages of one person.
    SLOW_MODES: ClassVar[dict[int, "StrOrPromise"]] = {
        0: gettext_lazy("Off"),
        10: gettext_lazy("10 seconds"),
        30: gettext_lazy("30 seconds"),
        60: gettext_lazy("1 minute"),
        300: gettext_lazy("5 minutes"),
        900: gettext_lazy("15 minutes"),
        3600: gettext_lazy("1 hour"),
    }
    NAME_MAX_LENGTH = 60
    DESCRIPTION_MAX_LENGTH = 300
    FOLDED_AS_OF = "head_revision"

    type = models.CharField(max_length=7, choices=Type)
    # Unique, but absent for direct messages: no name of a group can pass for one.
    name = models.CharField(gettext_lazy("name"), max_length=NAME_MAX_LENGTH, unique=True, null=True)  # noqa: DJ001
    canonical_name = models.CharField(max_length=4 * NAME_MAX_LENGTH, unique=True, null=True, editable=False)  # noqa: DJ001
    description = models.CharField(gettext_lazy("description"), max_length=DESCRIPTION_MAX_LENGTH, blank=True)
    # Otherwise everybody sees it, and joins by visiting.
    is_by_invitation = models.BooleanField(gettext_lazy("invitation only"), default=False)
    # Nobody writes in it any more.
    archived_at = models.DateTimeField(null=True, editable=False)
    # The database has defaults for an earlier release, which knows no rules.
    posting = models.CharField(max_length=10, default=Posting.EVERYBODY, db_default=Posting.EVERYBODY)
    slow_seconds = models.PositiveSmallIntegerField(default=0, db_default=0)
    pinning = models.CharField(max_length=10, default=Pinning.MODERATORS, db_default=Pinning.MODERATORS)
    participants: "models.ManyToManyField[User, Membership]" = models.ManyToManyField(
        settings.AUTH_USER_MODEL, through="Membership", related_name="chat_rooms"
    )
    # The two people of a direct message, the smaller id first.
    low_user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="+")
    high_user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="+")
    revision = models.PositiveBigIntegerField(default=0, editable=False)
    # The revision of the last change of what stands at the head of its pages.
    head_revision = models.PositiveBigIntegerField(default=0, editable=False)
    folded_as_of = models.PositiveBigIntegerField(null=True, editable=False)
    last_message = models.ForeignKey("Message", models.SET_NULL, null=True, editable=False, related_name="+")
    # None for rooms from before this was noted, and for direct messages.
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, editable=False, related_name="+"
    )
    made_at = models.DateTimeField(null=True, editable=False)

    objects = ChatRoomQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["low_user", "high_user"], name="one_private_chat_per_pair"),
            models.CheckConstraint(
                name="chat_room_is_group_or_private",
                condition=Q(
                    type="group",
                    name__isnull=False,
                    canonical_name__isnull=False,
                    low_user=None,
                    high_user=None,
                )
                # A comparison with NULL is not false, so it would be allowed.
                | Q(type="private", name=None, canonical_name=None, low_user__lt=F("high_user"))
                & Q(description="", is_by_invitation=False, archived_at=None)
                & Q(low_user__isnull=False, high_user__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                name="open_room_by_use",
                fields=["last_message", "id"],
                condition=Q(**IS_OPEN),
            ),
            models.Index(fields=["last_message"], name="group_by_use", condition=Q(type="group")),
            models.Index(
                fields=["id"],
                name="unfolded_room",
                condition=Q(type="group") & is_unfolded("head_revision"),
            ),
        ]

    def __str__(self) -> str:
        return self.name or f"direct message {self.pk}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.canonical_name = canonical_room_name(self.name) if self.name else None
        if self.is_group:
            self.fold()
        super().save(*args, **kwargs)

    def get_absolute_url(self) -> str:
        return reverse("rooms:chat_room_detail", args=[self.pk])

    @property
    def found_by(self) -> tuple[str, ...]:
        return self.name or "", self.description

    @property
    def is_group(self) -> bool:
        return self.type == self.Type.GROUP

    @property
    def is_blocked(self) -> bool:
        """Whether one of the two people of a direct message has blocked the other. Asks the database."""
        if self.is_group:
            return False
        return bool(a_block_between(one=self.low_user_id, other=self.high_user_id))

    @property
    def is_open(self) -> bool:
        """Whether everybody may see it, and it is in use."""
        return self.is_group and not self.is_by_invitation and not self.is_archived

    @property
    def is_archived(self) -> bool:
        return self.archived_at is not None

    def may_write(self, is_moderator: bool, is_reply: bool = False) -> bool:
        """Whether its moderators, or its other members, may write messages, or replies, and edit theirs."""
        if self.is_archived or self.posting == self.Posting.NOBODY:
            return False
        open_to_all = {self.Posting.EVERYBODY, self.Posting.REPLIES if is_reply else self.Posting.EVERYBODY}
        return is_moderator or self.posting in open_to_all

    def lets_write(self, user: User, is_reply: bool = False) -> bool:
        """Whether `user`, a member, may write. It asks the database only where that depends on their role."""
        if self.may_write(False, is_reply):
            return True
        return self.may_write(True) and self.memberships.with_a_role().filter(user=user).exists()

    def lets_pin(self, user: User) -> bool:
        """Whether `user` may pin messages. It asks the database."""
        if not self.is_group:
            return False
        is_for_all = self.pinning == self.Pinning.EVERYBODY
        people = self.memberships.all() if is_for_all else self.memberships.with_a_role()
        return people.filter(user=user).exists()

    @property
    def why_closed(self) -> str:
        """Why it does not let somebody write."""
        if self.is_archived:
            return _("This room is archived: no one can write here.")
        if self.posting == self.Posting.NOBODY:
            return _("No one can write here at the moment.")
        if self.posting == self.Posting.REPLIES:
            return _("Only moderators can write here. You can reply to their messages.")
        return _("Only moderators can write here.")

    @property
    def slow_mode(self) -> str:
        """What slow mode means for members; empty where there is none, or they cannot write at all."""
        if not self.slow_seconds or not self.may_write(is_moderator=False, is_reply=True):
            return ""
        return _("Slow mode: you can send one message every %(time)s.") % {
            "time": limits.in_words(self.slow_seconds)
        }

    def other_person(self, user: User) -> User | None:
        """Return the other person of a direct message; None in a group."""
        return self.high_user if self.low_user_id == user.pk else self.low_user

    def title_for(self, user: User) -> str:
        """Return what `user` knows the room by: its name, or the other person's."""
        other = self.other_person(user)
        return other.shown_name if other else str(self)

    def join(self, user: User, is_invited: bool = False) -> Membership:
        """Make `user` a member, and the owner if there is none; return the membership.

        Raises NotAdmitted.

        New members have nothing unread: history was there before. A direct message stays with its two people.
        """
        with transaction.atomic():
            self.lock()
            if not self.is_group or (self.is_by_invitation and not is_invited):
                raise NotAdmitted
            if self.bans.active().filter(user=user).exists():
                raise NotAdmitted
            marks = ["joined_after", "last_delivered", "last_read", "read_marker"]
            here = dict.fromkeys(marks, self.last_message_id or 0)
            membership, is_new = Membership.objects.get_or_create(
                room=self, user=user, defaults={**here, "came_after": last_of_all()}
            )
            if is_new:
                self.departures.filter(user=user).delete()
                self.keep_owned()
                membership.refresh_from_db(fields=["role"])
                doorbell.ring_after_commit("receipt", room=self.pk)
                doorbell.ring_after_commit("listing", room=self.pk, user=user.pk)
        return membership

    def keep_owned(self) -> None:
        """Give a group without an owner one: its longest moderator, else its longest member. It is locked.

        Inactive people do not count. A room that everybody has left belongs to whoever joins it next.
        """
        if not self.is_group or self.memberships.owners().exists():
            return
        heirs = self.memberships.filter(user__is_active=True).select_related("user")
        heirs = heirs.order_by("joined_at", "pk")
        if heir := heirs.filter(role=Membership.Role.MODERATOR).first() or heirs.first():
            heir.role = Membership.Role.OWNER
            heir.save(update_fields=["role"])
            self.note_act(None, ModerationAct.Act.OWNER, person=heir.user)

    def note_act(
        self,
        actor: User | None,
        act: "ModerationAct.Act",
        person: User | None = None,
        message_id: int | None = None,
        reason: str = "",
    ) -> ModerationAct:
        """Write into the log of moderation. Call it in the transaction of the act; None acts by itself."""
        return ModerationAct.objects.record(self.pk, actor, act, person, message_id, reason)

    def lock(self) -> None:
        """Keep others from changing members, roles and messages of the room until the transaction ends.

        What the row says is read again.
        """
        self.refresh_from_db(from_queryset=ChatRoom.objects.select_for_update(no_key=True))

    def signal_typing(self, user: User, is_typing: bool) -> None:
        """Tell others in the room that `user` types, or no longer does. Nothing is stored."""
        pair = {} if self.is_group else {"low": self.low_user_id or 0, "high": self.high_user_id or 0}
        doorbell.ring("typing", room=self.pk, user=user.pk, is_typing=int(is_typing), **pair)

    def post_message(
        self,
        sender: User,
        content: str,
        token: UUID,
        reply_to: Message | None = None,
        files: Collection[StoredFile] = (),
    ) -> Message:
        """Save a message and announce it; return the one already saved if `sender` has used `token` before.

        Its files are stored by now, under names that no row has.

        Lines after those that were saved with `token` become a message of their own: a page whose first
        message got no answer sends it again together with everything that was written since. What is answered
        belongs to the message that was saved, and not to these lines.

        Raises NotAdmitted if `sender` is no longer a member, Archived, Blocked, NotAllowed and TooSoon by the
        rules of the room, QuotaReached, and TokenReused if the saved message has another content, other files
        or another room, answers something else, or was deleted.
        """
        for _part in range(PARTS_AT_MOST):
            try:
                return self._save_message(sender, content, token, reply_to, files=files)
            except IntegrityError:
                earlier = Message.objects.filter(sender=sender, token=token).first()
                if earlier is None:
                    raise
            if earlier.room_id != self.pk or earlier.reply_to_id != (reply_to and reply_to.pk):
                break
            if earlier.is_forwarded or not earlier.has_files_like(files):
                break
            if earlier.content == content or earlier.versions.filter(content=content).exists():
                return earlier
            if files:
                break
            content, token = _lines_after(earlier.content, content), uuid5(token, "rest")
            reply_to = None
            if not content:
                break
        raise TokenReused

    def forward(self, sender: User, source: Message, token: UUID) -> Message:
        """Save a copy of a message and announce it; return the one already saved with `token`.

        It mentions nobody, and names its author only if it comes from a room that is open to everybody.
        Raises Http404 if `sender` can no longer read it, and what `post_message` raises.
        """
        try:
            return self._save_message(sender, source.content, token, None, source)
        except IntegrityError:
            earlier = Message.objects.filter(sender=sender, token=token).first()
            if earlier is None:
                raise
        is_same = earlier.content == source.content and earlier.has_files_of(source)
        if earlier.room_id == self.pk and earlier.is_forwarded and is_same:
            return earlier
        raise TokenReused

    def _save_message(
        self,
        sender: User,
        content: str,
        token: UUID,
        reply_to: Message | None,
        source: Message | None = None,
        files: Collection[StoredFile] = (),
    ) -> Message:
        """Save and announce it. Raises IntegrityError where `sender` has used `token` before."""
        with transaction.atomic():
            last, is_moderator, has_draft = self._take_turn(sender)
            refusal = self._refusal(sender, is_moderator, is_reply=reply_to is not None)
            if refusal and not Message.objects.filter(sender=sender, token=token).exists():
                raise refusal
            message = Message(
                room=self,
                sender=sender,
                content=content,
                token=token,
                position=self.revision,
                revision=self.revision,
                reply_to=reply_to,
            )
            if source:
                message.copy(source)
            else:
                message.mentioned = self.mentioned_in(content, sender)
            message.continues = message.follows_closely(last)
            if message.attached:
                message.insert_copy()
            else:
                message.insert(files)
            note_last(room=self.pk, message=message.pk)
            if message.mentioned or reply_to:
                message.save_mentions()
            if has_draft and not source:
                self.memberships.filter(user=sender).forget_drafts()
                doorbell.ring_after_commit("read", room=self.pk, user=sender.pk)
            doorbell.ring_after_commit("room", room=self.pk, sender=sender.pk)
        return message

    def preview(self, sender: User, content: str) -> Message:
        """Return a message as it would stand, without saving it."""
        mentioned = self.mentioned_in(content, sender)
        return Message(room=self, sender=sender, content=content, mentioned=mentioned)

    def _refusal(self, sender: User, is_moderator: bool, is_reply: bool) -> Exception | None:
        """Return why `sender` may not post now; in slow mode, count that they do."""
        if self.is_archived:
            return Archived()
        if self.is_blocked:
            return Blocked()
        if not self.may_write(is_moderator, is_reply):
            return NotAllowed(self.why_closed)
        if self.slow_seconds and not is_moderator:
            try:
                limits.take_at(Rate(1, self.slow_seconds), "slow mode", (self.pk, sender.pk))
            except limits.LimitReached as reached:
                return TooSoon(reached.seconds)
        return None

    def mentioned_in(self, content: str, sender: User) -> dict[str, int]:
        """Return the participants whom `content` names, by canonical name; no query where there is no @.

        It looks at the first MENTIONS_AT_MOST names, and not at code.
        """
        if "@" not in content:
            return {}
        found = dict.fromkeys(name for text in texts(content) for name in MENTION.findall(text))
        names = {canonical(name) for name in islice(found, MENTIONS_AT_MOST)}
        if not names:
            return {}
        people = self.participants.filter(canonical_name__in=names)
        mentioned = dict(people.values_list("canonical_name", "pk"))
        if ALL in names and self.may_mention_all(sender):
            mentioned[ALL] = EVERYBODY
        return mentioned

    def may_mention_all(self, user: User) -> bool:
        return self.is_group and self.memberships.with_a_role().filter(user=user).exists()

    def next_revision(self, count: int = 1) -> int:
        """Take the next number, or so many; return the last. Locks the room until the transaction ends."""
        ChatRoom.objects.filter(pk=self.pk).update(revision=F("revision") + count)
        self.refresh_from_db(fields=["revision", "archived_at"])
        return self.revision

    def change_head(self, **values: Any) -> None:
        """Change the head of the room; the bell of the act that the caller notes tells its pages."""
        self.revision = self.head_revision = self.next_revision()
        for name, value in values.items():
            setattr(self, name, value)
        self.save(update_fields=["head_revision", "canonical_name", *FOLDED_FIELDS, *values])

    def _take_turn(self, sender: User) -> tuple[Message | None, bool, bool]:
        """Take the next number, for a post, and read what decides whether `sender` may.

        Returns the last message as far as `follows_closely` looks at it, whether `sender` moderates, and
        whether there is a draft of theirs.
        Raises NotAdmitted if `sender` is not a member, or is not active any more. This is a second statement,
        after the number was taken: one that has waited for the lock still sees who was a member before.
        """
        take_next(room=self.pk)
        if not (row := told_to_member.first(user=sender.pk, room=self.pk)):
            raise NotAdmitted
        role, draft_at, self.revision, self.archived_at, self.posting, self.slow_seconds = row[:6]
        sender_id, timestamp = row[6:]
        last = Message(sender_id=sender_id, timestamp=timestamp) if sender_id else None
        return last, Membership(role=role).may_moderate, draft_at is not None


def joined_room(user: User, room_id: int) -> ChatRoom:
    """Return the room if `user` is in it. Raises NotAdmitted."""
    if not (room := room_joined_by.first(user=user.pk, room=room_id)):
        raise NotAdmitted
    return room


def may_look(places: set[tuple[int, int]]) -> set[tuple[int, int]]:
    """Return those of these pairs of a person and a room where the person may look at the room unjoined."""
    room_ids = {room_id for _user_id, room_id in places}
    rooms = ChatRoom.objects.groups().filter(pk__in=room_ids, is_by_invitation=False)
    is_open = set(rooms.values_list("pk", flat=True))
    banned = set(Ban.objects.active().filter(room__in=room_ids).values_list("user", "room"))
    return {place for place in places - banned if place[1] in is_open}


# What every post asks and says.
room_joined_by = CompiledQuery(
    lambda user, room: ChatRoom.objects.joined_by(user).filter(pk=room), user=ID, room=ID
)
take_next = CompiledUpdate(
    lambda room: (ChatRoom.objects.filter(pk=room), {"revision": F("revision") + 1}), room=ID
)
told_to_member = CompiledQuery(
    lambda user, room: Membership.objects.filter(room=room, user=user, user__is_active=True).values_list(
        "role",
        "draft_at",
        "room__revision",
        "room__archived_at",
        "room__posting",
        "room__slow_seconds",
        "room__last_message__sender",
        "room__last_message__timestamp",
    ),
    user=ID,
    room=ID,
)
a_block_between = CompiledQuery(
    lambda one, other: Block.objects.between(one, other).values_list("pk", flat=True)[:1], one=ID, other=ID
)
note_last = CompiledUpdate(
    lambda room, message: (ChatRoom.objects.filter(pk=room), {"last_message": message}), room=ID, message=ID
)


def _lines_after(saved: str, content: str) -> str:
    """Return the lines of `content` below `saved`; nothing if it does not begin with `saved`."""
    after = content.removeprefix(saved).lstrip(" \t") if saved and content.startswith(saved) else ""
    return after.strip() if after.startswith("\n") else ""
