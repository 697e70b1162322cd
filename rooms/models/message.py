import re
from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from functools import cached_property
from itertools import chain
from typing import Any, Self

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.db.models import Exists, F, Max, OuterRef, Q
from django.db.models.functions import Length
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Block, User
from accounts.models.user import LOOK_FIELDS
from config import doorbell
from config.compiled import ID, CompiledInsert, CompiledQuery
from config.file_types import Kind as FileKind
from config.paths import path_of
from config.text import searchable
from rooms.models.formatting import FORMATTED, TYPED, plain, unformatted
from rooms.models.mention import EVERYBODY, Mention, mention_everybody
from rooms.models.message_text import html_of
from rooms.models.message_version import MessageVersion
from rooms.models.moderation_act import ModerationAct
from rooms.models.pin import Pin
from rooms.models.reaction import Kind, Reaction, find_reactors, named_under, summed_up
from rooms.models.read_receipt import ReadReceipt
from rooms.models.saved_message import SavedMessage
from rooms.models.search_text import SearchText
from rooms.models.stored_file import (
    Attachment,
    ShownFile,
    StoredFile,
    attach,
    detach,
    in_words,
    numbered,
    shown_as,
)
from rooms.models.tick import Marks, Tick

# Roughly the size of what surrounds a message's text on a page.
FRAME_BYTES = 1_000
# How a web address begins.
LINK = re.compile(r"https?://|\bwww\.", re.IGNORECASE)
# No more of a text is looked at for a quote of one line.
QUOTED_LOOKED_AT = 400


class TokenReused(Exception):
    """The token of a form came back with another message than the one that was saved with it."""


class ChangeRefused(Exception):
    """A message cannot be changed like this; the text tells the person why."""


# What changes when a message is deleted.
BLANKED = (
    "content",
    "mentioned",
    "reply_to",
    "reacted",
    "attached",
    "is_forwarded",
    "forwarded_from",
    "edited_at",
    "deleted_at",
    "deleted_by_moderator",
)


class MessageQuerySet(models.QuerySet["Message"]):
    def before(self, message_id: int) -> Self:
        return self.filter(pk__lt=message_id)

    def after(self, message_id: int) -> Self:
        return self.filter(pk__gt=message_id)

    def with_looks(self) -> Self:
        """With what decides how their senders look, and no more: it is read for each message of a page."""
        return self.select_related("sender").defer(*User.all_but("sender", LOOK_FIELDS))

    def oldest(self, count: int) -> "list[Message]":
        """Return the oldest `count` messages with how their senders look, in order."""
        return with_all_drawn(list(self.with_looks().order_by("pk")[:count]))

    def newest(self, count: int) -> "list[Message]":
        """Return the newest `count` messages with how their senders look, oldest first."""
        return with_all_drawn(list(self.with_looks().order_by("-pk")[:count])[::-1])

    def posted_by(self, sender: Any) -> Self:
        """Messages of one person, newest first."""
        return self.filter(sender=sender).order_by("-pk")

    def readable_by(self, user: Any) -> Self:
        """Messages of the rooms that `user` is in."""
        return self.filter(room__memberships__user=user)

    def editable_by(self, user: Any) -> Self:
        """Messages of `user` in rooms that they are in; not copies, which say what somebody else has said."""
        return self.readable_by(user).filter(sender=user, is_forwarded=False)

    def forwardable_by(self, user: Any) -> Self:
        """Messages of which `user` may post a copy in another room."""
        return self.readable_by(user).filter(deleted_at=None)

    def deletable_by(self, user: Any) -> Self:
        """Messages of `user` in rooms that they are in, and all messages in rooms that they moderate."""
        may = Q(sender=user) | Q(room__memberships__role__in=["owner", "moderator"])
        return self.filter(may, room__memberships__user=user)

    def listed_for(self, user: User) -> Self:
        """Messages that lists may show to `user`: readable, not deleted, of nobody whom they have blocked."""
        blocked = Block.objects.filter(blocker=user, blocked=OuterRef("sender"))
        return self.readable_by(user).filter(~Exists(blocked), deleted_at=None)

    def pinned_in(self, room: Any, user: User) -> Self:
        """What is pinned in a room, for `user`."""
        return self.listed_for(user).filter(pin__room=room)

    def saved_by(self, user: User) -> Self:
        """What `user` has saved, the latest first, each with its `note`; `saved` is the id of its row."""
        mine = self.listed_for(user).filter(saves__user=user)
        return mine.annotate(note=F("saves__note"), saved=F("saves")).order_by("-saved")

    def to_be_read_by(self, user: Any) -> Self:
        """Messages that count as unread for `user`, also one of an outer query, until they are read."""
        blocker = OuterRef(user) if isinstance(user, OuterRef) else user
        blocked = Block.objects.filter(blocker=blocker, blocked=OuterRef("sender"))
        return self.exclude(sender=user).filter(~Exists(blocked), deleted_at=None)

    def changed_since(self, revision: int) -> Self:
        """Messages posted or changed after the room had `revision`, in the order they were posted."""
        return self.filter(revision__gt=revision).with_looks().order_by("position")


class Message(models.Model):
    """One message. Its place is `position`, the revision of the room that it made; clocks order nothing."""

    GROUPING_INTERVAL = timedelta(minutes=5)

    room = models.ForeignKey("ChatRoom", models.CASCADE, related_name="messages")
    sender = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="messages")
    content = models.TextField(gettext_lazy("message"), max_length=settings.MESSAGE_MAX_LENGTH)
    # Whether formatting is read in it. Messages from before there was any, and those that an earlier release
    # posts meanwhile, stay as they were typed.
    format = models.PositiveSmallIntegerField(default=FORMATTED, db_default=TYPED, editable=False)
    timestamp = models.DateTimeField(default=timezone.now)
    edited_at = models.DateTimeField(null=True, editable=False)
    # From then on only its place is left.
    deleted_at = models.DateTimeField(null=True, editable=False)
    deleted_by_moderator = models.BooleanField(default=False, editable=False)
    read_by: "models.ManyToManyField[models.Model, ReadReceipt]" = models.ManyToManyField(
        settings.AUTH_USER_MODEL, through=ReadReceipt, related_name="+"
    )
    # Made by the form, so that the same form sent twice saves one message.
    token = models.UUIDField(editable=False)
    position = models.PositiveBigIntegerField(editable=False)
    # The room's revision when it last had to be drawn anew; equal to `position` while it is as posted.
    revision = models.PositiveBigIntegerField(editable=False)
    # Whom it mentions, for showing: canonical name → user id. `Mention` is what is counted.
    mentioned = models.JSONField(default=dict, blank=True, editable=False)
    # What it answers, in the same room.
    reply_to = models.ForeignKey(
        "self", models.SET_NULL, null=True, editable=False, db_index=False, related_name="replies"
    )
    # Whether it is a copy of another message, and whose, if everybody may know that.
    is_forwarded = models.BooleanField(default=False, db_default=False, editable=False)
    forwarded_from = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, editable=False, db_index=False, related_name="+"
    )
    # How people reacted, for showing: `Kind` by kind. None for messages without any, which are most.
    reacted = models.JSONField(null=True, blank=True, editable=False)
    # Its files, for showing: what `ShownFile` has of each. None for messages without any, which are most.
    attached = models.JSONField(null=True, blank=True, editable=False)
    # Whether it stands right below a message of the same sender, and needs no name of its own.
    continues = models.BooleanField(default=False, editable=False)

    objects = MessageQuerySet.as_manager()

    # Pages set it for the reader's own messages; what goes to everybody says no more than that it was sent.
    tick: Tick = Marks().tick(0)
    # What a page marks in it, folded: somebody has searched for it.
    marked: tuple[str, ...] = ()
    # Whom it counts as a mention of without naming them; `with_answered` reads it.
    answered: Collection[int] = ()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["sender", "token"], name="one_message_per_token"),
            models.UniqueConstraint(fields=["room", "position"], name="one_message_per_position"),
            models.CheckConstraint(
                name="message_is_not_too_long",
                condition=models.Q(content__length__lte=settings.MESSAGE_MAX_LENGTH),
            ),
        ]
        indexes = [
            models.Index(fields=["room", "id"], name="message_room_id"),
            models.Index(fields=["room", "revision"], name="message_room_revision"),
            models.Index(fields=["reply_to"], name="reply", condition=models.Q(reply_to__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"message {self.pk}"

    def get_absolute_url(self) -> str:
        """Return where it stands: its room, opened around it."""
        return f"{path_of('rooms:chat_room_detail', self.room_id)}?message={self.pk}"

    @property
    def details_url(self) -> str:
        return path_of("rooms:message_detail", self.pk)

    @property
    def react_url(self) -> str:
        return path_of("rooms:reaction_create", self.pk)

    @property
    def reply_url(self) -> str:
        """Return where it is answered: its room, with a message box that is about it."""
        return f"{path_of('rooms:chat_room_detail', self.room_id)}?reply={self.pk}"

    @property
    def look(self) -> tuple[object, ...]:
        """What decides how it looks to everybody: a part of keys (config/drawn.py).

        The revision counts every change of it, also of what stands in other tables. The columns are here as
        well: after a restored database or a transaction that was rolled back, the same numbers mean something
        else.
        """
        return (
            self.pk,
            self.revision,
            self.content,
            self.format,
            *sorted(self.mentioned.items()),
            self.timestamp,
            self.edited_at is None,
            self.deleted_at is None,
            self.deleted_by_moderator,
            self.continues,
            self.is_forwarded,
            self.forwarded_from_id,
            str(self.attached or ""),
            self.sender.look,
        )

    @property
    def quoted_look(self) -> tuple[object, ...]:
        """What decides how a quote of it looks."""
        text = self.plain[:QUOTED_LOOKED_AT]
        return self.pk, text, self.deleted_at is None, self.deleted_by_moderator, self.sender.look

    @property
    def html(self) -> str:
        """The text as it is shown: escaped, formatted, with links and mentions."""
        return html_of(self.content, self.mentioned, self.format)

    @property
    def plain(self) -> str:
        """The text without what formats it, and without spoilers; before it the files, in words."""
        text = plain(self.content) if self.format == FORMATTED else self.content
        return " · ".join(filter(None, [self.files_in_words, text])) if self.attached else text

    @property
    def files_in_words(self) -> str:
        """Its files in one line; nothing where it has none."""
        return in_words(self.files)

    @property
    def files(self) -> list[ShownFile]:
        """The files that it has, in order."""
        return [] if self.is_deleted else [ShownFile(**file) for file in self.attached or ()]

    @property
    def undescribed(self) -> list[ShownFile]:
        """Its pictures that have no description."""
        return [file for file in self.files if file.kind == FileKind.PICTURE and not file.description]

    @property
    def searched(self) -> str:
        """What it is found by: its text, without what formats it and with spoilers, and its files; folded."""
        is_formatted = self.format == FORMATTED
        text = unformatted(self.content, conceals=False) if is_formatted else self.content
        return searchable(text, *(f"{file.name} {file.description}" for file in self.files))

    @property
    def has_link(self) -> bool:
        """Whether there is a web address in it."""
        return bool(LINK.search(self.content))

    @property
    def written_at(self) -> datetime:
        """When it got the text that it has."""
        return self.edited_at or self.timestamp

    def copy(self, source: "Message") -> None:
        """Become a copy of a message that is still there for the sender: its text and files as of now."""
        there = Message.objects.forwardable_by(self.sender).select_related("room", "forwarded_from", "sender")
        source = get_object_or_404(there, pk=source.pk)
        self.content, self.format, self.is_forwarded = source.content, source.format, True
        self.attached = source.attached
        if source.is_forwarded:
            self.forwarded_from = source.forwarded_from
        elif source.room.is_group and not source.room.is_by_invitation:
            self.forwarded_from = source.sender

    @property
    def kinds(self) -> list[Kind]:
        """How people reacted to it."""
        return [] if self.is_deleted else [Kind(*kind) for kind in self.reacted or ()]

    @property
    def reactor_ids(self) -> list[int]:
        """The ids of those who are named among `kinds`, each once."""
        if self.is_deleted:
            return []
        named = (first[: Reaction.NAMED] for _emoji, _number, first in self.reacted or ())
        return list(dict.fromkeys(chain.from_iterable(named)))

    @cached_property
    def reactors(self) -> dict[int, User]:
        """Those who are named among `kinds`, by id. `find_reactors` finds them for a whole page."""
        return named_under([self])

    @property
    def look_of_reactions(self) -> tuple[object, ...]:
        """What decides how the reactions look: they stand with the message, and not in lists of chats."""
        if not self.reacted or self.is_deleted:
            return ()
        people = self.reactors
        named = [people[pk].look for pk in self.reactor_ids if pk in people]
        return *((emoji, number, *first) for emoji, number, first in self.reacted), *named

    @property
    def bytes(self) -> int:
        """Roughly the size of what a page shows of it."""
        besides = sum(kind.bytes for kind in self.kinds) + sum(file.bytes for file in self.files)
        return FRAME_BYTES + len(self.html.encode()) + besides

    def insert(self, files: Collection[StoredFile] = ()) -> None:
        """Save it as a new one, with files that have only been stored so far.

        Raises QuotaReached where its sender may not keep all of them.
        """
        if files:
            StoredFile.objects.bulk_create(files)
            self.attached = shown_as(numbered(file.shown for file in files))
        insert_message(self)
        if files:
            attach(self, files, [file.description for file in files])
            StoredFile.objects.refuse_too_much(self.sender)

    def insert_copy(self) -> None:
        """Save it as a copy of another message, with the same files. Raises Http404 if these have gone."""
        shown = self.files
        files = {file.pk: file for file in StoredFile.objects.lock(file.id for file in shown)}
        if len(files) < len(shown):
            raise Http404
        self.attached = shown_as(numbered(shown))
        insert_message(self)
        attach(self, [files[file.id] for file in shown], [file.description for file in shown])

    def edit_as(self, user: User, content: str, since: int | None = None) -> None:
        """Let `user` edit their message. People who were removed a moment ago can change nothing more.

        Raises Http404 for people who may not, and ChangeRefused.
        """
        with transaction.atomic():
            self.room.lock()
            if not Message.objects.editable_by(user).filter(pk=self.pk).exists():
                raise Http404
            self.edit(content, since)

    def edit(self, content: str, since: int | None = None) -> None:
        """Change the text, and keep the earlier one as a version. Saving the same text is not a change.

        `since` is how often it had been edited when the editor saw it. Raises ChangeRefused if that is more
        by now. Marks and receipts stay: they say who read the message, not which version.
        """
        with transaction.atomic():
            self._lock()
            self._refuse_where_closed(self.sender, is_reply=self.reply_to_id is not None)
            if self.content == content:
                return
            edits = self.edits
            if since is not None and since != edits:
                raise ChangeRefused(
                    _("This message has changed since you opened it. Save again to replace its text.")
                )
            if edits >= MessageVersion.LIMIT:
                raise ChangeRefused(_("This message has been edited too many times. Write a new one."))
            self.versions.create(content=self.content, written_at=self.written_at)
            self.content, self.format = content, FORMATTED
            self.edited_at = timezone.now()
            self.mentioned = self.room.mentioned_in(content, self.sender)
            self._save_change("content", "format", "edited_at", "mentioned")
            self.save_mentions()
            SearchText.objects.follow(self)

    def describe_as(self, user: User, position: int, description: str) -> None:
        """Let its author say what a picture shows; raises Http404 for others, and ChangeRefused."""
        with transaction.atomic():
            row = self._own_attachment(user, position)
            if row.description != description:
                row.description = description
                row.save(update_fields=["description"])
                self._show_attached()

    def remove_file_as(self, user: User, position: int) -> None:
        """Let its author delete one of the files; the message goes with it where nothing else is left.

        Raises Http404 for others, and ChangeRefused.
        """
        with transaction.atomic():
            row = self._own_attachment(user, position)
            if not self.content and self.attachments.count() == 1:
                self.erase()
                return
            row.delete()
            StoredFile.objects.discard([row.file_id])
            self._show_attached()

    def has_files_like(self, files: Collection[StoredFile]) -> bool:
        """Whether its files have the same bytes, in the same order."""
        if not self.attached and not files:
            return True
        rows = self.attachments.order_by("position").values_list("file__digest", flat=True)
        return list(rows) == [file.digest for file in files]

    def has_files_of(self, other: "Message") -> bool:
        return [file.id for file in self.files] == [file.id for file in other.files]

    def _own_attachment(self, user: User, position: int) -> Attachment:
        """Lock the message, and return one of its files where `user` may change it."""
        self._lock()
        if not Message.objects.editable_by(user).filter(pk=self.pk).exists():
            raise Http404
        row = get_object_or_404(self.attachments, position=position)
        self._refuse_where_closed(user, is_reply=self.reply_to_id is not None)
        return row

    def _show_attached(self) -> None:
        """Draw the files anew, as their rows are now."""
        self.attached = shown_as(
            row.shown for row in self.attachments.select_related("file").order_by("position")
        )
        self._save_change("attached")
        SearchText.objects.follow(self)

    def react_as(self, user: User, emoji: str) -> None:
        """Let `user` react to it, or take the same reaction back.

        It is drawn anew, and that is all: nothing is unread or edited, and nothing moves. Raises Http404 for
        people who were removed or have left Hearth a moment ago, and ChangeRefused.
        """
        with transaction.atomic():
            self._lock()
            # Somebody whose account was deleted meanwhile stays in direct messages.
            is_there = {"room__memberships__user": user, "room__memberships__user__is_active": True}
            if not Message.objects.filter(pk=self.pk, **is_there).exists():
                raise Http404
            self._refuse_where_closed(user, is_reply=True)
            if not self.reactions.filter(user=user, emoji=emoji).delete()[0]:
                if len(self.kinds) >= Reaction.KINDS and emoji not in {kind.emoji for kind in self.kinds}:
                    raise ChangeRefused(
                        _("This message has all the different reactions it can have. Choose one of them.")
                    )
                reaction = self.reactions.create(user=user, emoji=emoji)
                doorbell.ring_after_commit("reaction", reaction=reaction.pk, person=self.sender_id)
            self.reacted = summed_up(self)
            self._save_change("reacted")

    def forget_reactions_of(self, user: User) -> None:
        """Take all reactions of somebody back, also where nobody may react any more."""
        with transaction.atomic():
            self._lock()
            if self.reactions.filter(user=user).delete()[0]:
                self.reacted = summed_up(self)
                self._save_change("reacted")

    def erase_as(self, user: User) -> bool:
        """Let `user` delete their message, or another one as a moderator or as staff to whom it was reported.

        People who were demoted or removed a moment ago can delete nothing more: raises Http404 for them.
        """
        with transaction.atomic():
            self.room.lock()
            may = Message.objects.deletable_by(user).filter(pk=self.pk).exists()
            if not may and not self.reports.open_for(user).exists():
                raise Http404
            return self.erase(moderator=None if self.sender_id == user.pk else user)

    def erase(self, moderator: Any = None) -> bool:
        """Delete everything but its place; return False if it is deleted already.

        If a `moderator` deletes it, the log says so, and its reports are decided.

        Order, positions and what was read stay as they are. The token stays as well: the same form sent again
        does not bring the message back.
        """
        with transaction.atomic():
            self._lock()
            if self.is_deleted:
                return False
            self.blank(by_moderator=moderator is not None)
            self._save_change(*BLANKED)
            take_along([self])
            if moderator:
                self._decide(moderator, ModerationAct.Act.DELETE_MESSAGE)
        return True

    def blank(self, by_moderator: bool) -> None:
        """Leave nothing but its place; `BLANKED` is what that changes."""
        self.content, self.mentioned, self.edited_at = "", {}, None
        self.reply_to, self.reacted, self.attached = None, None, None
        self.is_forwarded, self.forwarded_from = False, None
        self.deleted_at, self.deleted_by_moderator = timezone.now(), by_moderator

    def pin_as(self, user: User, reason: str) -> None:
        """Let `user` pin it, or say anew why. Raises PermissionDenied and ChangeRefused."""
        with transaction.atomic():
            self._lock()
            if not self.room.lets_pin(user):
                raise PermissionDenied
            if self.is_deleted:
                raise ChangeRefused(_("This message has been deleted since you opened it."))
            if self.room.is_archived:
                raise ChangeRefused(_("This room is archived: its pins stay as they are."))
            if Pin.objects.filter(room=self.room).exclude(message=self).count() >= Pin.AT_MOST:
                raise ChangeRefused(
                    _("%(count)d messages are pinned here, the most there can be. Unpin one first.")
                    % {"count": Pin.AT_MOST}
                )
            values = {"room": self.room, "by": user, "reason": reason, "at": timezone.now()}
            _pin, is_new = Pin.objects.update_or_create(message=self, defaults=values)
            if is_new:
                self.room.note_act(user, ModerationAct.Act.PIN, self.sender, self.pk)

    def unpin_as(self, user: User) -> None:
        """Let `user` unpin it. Raises PermissionDenied for people who may not."""
        with transaction.atomic():
            self._lock()
            if not self.room.lets_pin(user):
                raise PermissionDenied
            if Pin.objects.filter(message=self).delete()[0]:
                self.room.note_act(user, ModerationAct.Act.UNPIN, self.sender, self.pk)

    def save_for(self, user: User, note: str) -> None:
        """Keep it for `user` alone, or change the note. Raises ChangeRefused."""
        with transaction.atomic():
            self._lock()
            if self.is_deleted:
                raise ChangeRefused(_("This message has been deleted since you opened it."))
            if SavedMessage.objects.filter(user=user).exclude(message=self).count() >= SavedMessage.AT_MOST:
                raise ChangeRefused(_("You have saved as many messages as you can. Remove one first."))
            SavedMessage.objects.update_or_create(user=user, message=self, defaults={"note": note})

    def report(self, reporter: Any, **fields: str) -> None:
        """Ask moderators to look at the text as it is now: once, and once more after an edit."""
        with transaction.atomic():
            self._lock()
            if self.is_deleted:
                raise ChangeRefused(_("This message has been deleted since you opened it."))
            if not self.is_reported_by(reporter):
                self.reports.filter(reporter=reporter).delete()
                report = self.reports.create(reporter=reporter, content=self.content, **fields)
                report.files.set(file.id for file in self.files)
                self._ring_reports()

    def is_reported_by(self, user: Any) -> bool:
        """Whether `user` has reported it, and it was not edited since that was decided."""
        is_settled = Q(closed_at=None) | Q(closed_at__gt=self.edited_at) if self.edited_at else Q()
        return self.reports.filter(is_settled, reporter=user).exists()

    def dismiss_reports_as(self, user: User) -> None:
        """Let `user` dismiss the reports that they decide on, if any is left: not after being demoted."""
        with transaction.atomic():
            self.room.lock()
            if self.reports.open_for(user).exists():
                self.dismiss_reports(user)

    def dismiss_reports(self, moderator: Any) -> None:
        """Leave the message as it is."""
        with transaction.atomic():
            self._lock()
            if self.reports.filter(closed_at=None).exists():
                self._decide(moderator, ModerationAct.Act.DISMISS_REPORT)

    def _decide(self, moderator: Any, act: ModerationAct.Act) -> None:
        """Close the reports, in the transaction of what was decided."""
        self.reports.all().close()
        self._ring_reports()
        self.room.note_act(moderator, act, person=self.sender, message_id=self.pk)

    def _ring_reports(self) -> None:
        """Tell open pages of the people who decide. The bell has the author, whose pages are told nothing."""
        ids = {"room": self.room_id, "person": self.sender_id}
        doorbell.ring_after_commit("report", **ids)

    @property
    def edits(self) -> int:
        """How often it was edited. Its revision also counts what else about it is drawn anew."""
        return self.versions.count()

    @property
    def is_deleted(self) -> bool:
        return self.deleted_at is not None

    def _refuse_where_closed(self, person: User, is_reply: bool) -> None:
        """Raise ChangeRefused where `person` may not write."""
        if self.is_deleted:
            raise ChangeRefused(_("This message has been deleted since you opened it."))
        if not self.room.lets_write(person, is_reply=is_reply):
            raise ChangeRefused(self.room.why_closed)
        if self.room.is_blocked:
            raise ChangeRefused(_("You can’t write in this chat right now."))

    def _lock(self) -> None:
        """Keep others from changing messages of the room until the transaction ends; read this one again."""
        self.room.lock()
        self.refresh_from_db(fields=["revision", *BLANKED])

    def _save_change(self, *fields: str) -> None:
        self.revision = self.room.next_revision()
        self.save(update_fields=["revision", *fields])
        doorbell.ring_after_commit("room", room=self.room_id)

    def save_mentions(self) -> None:
        """Make `Mention` rows agree with what it says and answers; nobody is mentioned to themselves."""
        if self.mentions_all:
            mention_everybody(self.pk, self.room_id, self.sender_id)
            return
        others = {*self.mentioned.values(), *self._told_of_reply()} - {self.sender_id}
        self.mentions.exclude(user__in=others).delete()
        Mention.objects.bulk_create(
            [Mention(message=self, user_id=pk) for pk in others], ignore_conflicts=True
        )

    @property
    def mentions_all(self) -> bool:
        return EVERYBODY in self.mentioned.values()

    def _told_of_reply(self) -> Iterable[int]:
        """Return the author of what it answers, who is here and for whom that is a mention."""
        if not self.reply_to_id:
            return ()
        told = self.room.participants.filter(replies_mention=True, messages=self.reply_to_id)
        return told.values_list("pk", flat=True)

    def follows_closely(self, previous: "Message | None") -> bool:
        return (
            previous is not None
            and previous.sender_id == self.sender_id
            and abs(self.timestamp - previous.timestamp) < self.GROUPING_INTERVAL
        )


def last_of_all() -> int:
    """Return the id of the last message of all rooms; 0 if there is none."""
    last: int = Message.objects.aggregate(last=Max("pk", default=0))["last"]
    return last


def take_along(messages: list[Message]) -> None:
    """Delete what stands in other tables and goes with the text of these messages."""
    for kind in (Mention, MessageVersion, Pin, Reaction, SavedMessage, SearchText):
        kind._default_manager.filter(message__in=messages).delete()
    detach(messages)


# What every post asks and says.
insert_message = CompiledInsert(Message)
moment_posted = CompiledQuery(
    lambda sender, place: Message.objects.posted_by(sender).values_list("timestamp", flat=True)[
        place - 1 : place
    ],
    sender=ID,
)


def with_all_drawn(messages: list[Message]) -> list[Message]:
    """Read what else is drawn of the messages: what they answer, whom copies name, and who reacted to them.

    That is a query each for all of them, and none for nothing.
    """
    if wanted := {message.reply_to_id for message in messages} - {None}:
        found = Message.objects.with_looks().in_bulk(wanted)
        for message in messages:
            message.reply_to = found.get(message.reply_to_id) if message.reply_to_id else None
    if named := {message.forwarded_from_id for message in messages} - {None}:
        people = User.objects.only(*LOOK_FIELDS).in_bulk(named)
        for message in messages:
            message.forwarded_from = people.get(message.forwarded_from_id or 0)
    find_reactors(messages)
    return messages


def with_answered(messages: list[Message]) -> list[Message]:
    """Read whom replies and `@all` among the messages count as mentions of: one query, or none."""
    told: defaultdict[int, list[int]] = defaultdict(list)
    if these := [message.pk for message in messages if message.reply_to_id or message.mentions_all]:
        for message_id, user_id in Mention.objects.filter(message__in=these).values_list("message", "user"):
            told[message_id].append(user_id)
    for message in messages:
        message.answered = told[message.pk]
    return messages


def newest_that_fit(messages: list[Message], share: int = 1) -> list[Message]:
    """Return those at the end of `messages` that fit into HISTORY_PAGE_BYTES, or a share; one in any case."""
    left = settings.HISTORY_PAGE_BYTES // share
    for place in range(len(messages) - 1, -1, -1):
        left -= messages[place].bytes
        if left < 0:
            return messages[min(place + 1, len(messages) - 1) :]
    return messages


def oldest_that_fit(messages: list[Message], share: int = 1) -> list[Message]:
    """Return those at the beginning of `messages` that fit."""
    return newest_that_fit(messages[::-1], share)[::-1]


models.TextField.register_lookup(Length)
