"""Files that people send: their bytes, which are in a storage, and the messages that they stand in."""

import logging
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any, Self

from django.conf import settings
from django.core.files.storage import Storage, storages
from django.db import models, transaction
from django.db.models import Exists, F, OuterRef, Sum
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from config.file_names import NAME_MAX_LENGTH, ending_of
from config.file_types import UNKNOWN, Kind
from config.text import one_line

logger = logging.getLogger(__name__)

DESCRIPTION_MAX_LENGTH = 500
# Pixels of style sheets that a picture has at most in a message, on each side.
SHOWN_SIDE = 320
# Roughly what a page has of a file besides its words.
FRAME_BYTES = 700


class QuotaReached(Exception):
    """Somebody has sent as many bytes as one person may keep here."""

    def __str__(self) -> str:
        return _("All your files together would be larger than you may keep here. Delete some of them first.")


def new_name() -> str:
    """Return a name for the storage, which nobody can guess and which nothing that was sent is part of."""
    name = secrets.token_hex(16)
    return f"{name[:2]}/{name[2:4]}/{name}"


def storage() -> Storage:
    return storages["files"]


def remove_bytes(names: Iterable[str]) -> None:
    """Delete from the storage what no row names any more; what stays is found by `manage.py files`."""
    for name in names:
        try:
            storage().delete(name)
        except OSError as error:
            logger.error("A file stays in the storage: %s", one_line(error))


class StoredFileQuerySet(models.QuerySet["StoredFile"]):
    def readable_by(self, user: User) -> Self:
        """Files in messages of rooms that `user` is in now."""
        here = Attachment.objects.filter(
            file=OuterRef("pk"), room__memberships__user=user, message__deleted_at=None
        )
        return self.filter(Exists(here))

    def used_by(self, user: Any) -> int:
        """Return how many bytes `user` has sent that are still here."""
        used = self.filter(sender=user).aggregate(used=Sum(F("size") + F("small_size")))["used"]
        return int(used or 0)

    def refuse_too_much(self, user: User) -> None:
        """Raise QuotaReached if `user` has sent more than they may keep; call it when all is written.

        Two messages of one person at once wait for each other, so that each counts the other.
        """
        if settings.FILE_QUOTA_BYTES:
            User.objects.select_for_update(no_key=True).get(pk=user.pk)
            if self.used_by(user) > settings.FILE_QUOTA_BYTES:
                raise QuotaReached

    def lock(self, ids: Iterable[int]) -> list["StoredFile"]:
        """Keep these from being discarded, or referred to anew, until the transaction ends."""
        return list(self.filter(pk__in=ids).order_by("pk").select_for_update())

    def discard(self, ids: Iterable[int]) -> None:
        """Delete those of these files that nothing refers to any more, in the transaction of what did.

        Their bytes go after the commit.
        """
        if not (locked := self.lock(ids)):
            return
        # A second statement, which sees what was done while the first one waited.
        unused = list(self.filter(pk__in=[file.pk for file in locked], attachments=None, reports=None))
        self.filter(pk__in=[file.pk for file in unused]).delete()
        names = [name for file in unused for name in file.names]
        transaction.on_commit(partial(remove_bytes, names), robust=True)


class StoredFile(models.Model):
    """The bytes of one file. Copies of its message refer to the same; they go with the last of these."""

    sender = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, db_index=False, related_name="sent_files"
    )
    # Where it is in the storage; for pictures also where a small one is, which stands in the message.
    stored_as = models.CharField(max_length=64, unique=True)
    small_as = models.CharField(max_length=64, blank=True, db_index=True)
    name = models.CharField(max_length=NAME_MAX_LENGTH)
    kind = models.CharField(max_length=7, choices=[(kind.value, kind.value) for kind in Kind])
    content_type = models.CharField(max_length=64, default=UNKNOWN)
    size = models.PositiveBigIntegerField()
    small_size = models.PositiveIntegerField(default=0)
    # SHA-256 of what was sent, by which the same file that is sent again is known.
    digest = models.CharField(max_length=64)
    width = models.PositiveIntegerField(null=True)
    height = models.PositiveIntegerField(null=True)
    is_animated = models.BooleanField(default=False)
    sent_at = models.DateTimeField(default=timezone.now)

    objects = StoredFileQuerySet.as_manager()

    # What its sender says it shows; a part of `Attachment` once it is sent.
    description = ""

    class Meta:
        indexes = [models.Index(fields=["sender", "size"], name="file_by_sender_and_size")]

    def __str__(self) -> str:
        return f"file {self.pk}"

    @property
    def names(self) -> list[str]:
        """What it is called in the storage."""
        return [self.stored_as, self.small_as] if self.small_as else [self.stored_as]

    @property
    def shown(self) -> "ShownFile":
        return ShownFile(
            id=self.pk,
            kind=self.kind,
            name=self.name,
            size=self.size,
            width=self.width,
            height=self.height,
            is_animated=self.is_animated,
            description=self.description,
        )

    def tag_of(self, stored_as: str) -> str:
        """Return an ETag: what is stored under a name never changes."""
        return f'"{salted_hmac("file", stored_as, algorithm="sha256").hexdigest()[:32]}"'


class Attachment(models.Model):
    """A file of a message: its place, and the words about it."""

    # Without constraints: the release before deletes messages, rooms and reports, and knows no such table.
    message = models.ForeignKey(
        "Message", models.CASCADE, db_index=False, db_constraint=False, related_name="attachments"
    )
    file = models.ForeignKey(StoredFile, models.PROTECT, related_name="attachments")
    position = models.PositiveSmallIntegerField()  # from 1
    description = models.CharField(max_length=DESCRIPTION_MAX_LENGTH, blank=True)
    # As of the message and of the file, for finding what a room has.
    room = models.ForeignKey(
        "ChatRoom", models.CASCADE, db_index=False, db_constraint=False, related_name="attachments"
    )
    kind = models.CharField(max_length=7)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["message", "position"], name="one_file_per_position"),
        ]
        indexes = [
            models.Index(fields=["room", "message"], name="file_of_room"),
            models.Index(fields=["room", "kind", "message"], name="file_of_room_by_kind"),
        ]

    def __str__(self) -> str:
        return f"file {self.position} of message {self.message_id}"

    @property
    def shown(self) -> "ShownFile":
        return replace(self.file.shown, position=self.position, description=self.description)


@dataclass(frozen=True, slots=True)
class ShownFile:
    """What a message shows of one of its files. All of it stands in `Message.attached`."""

    id: int
    kind: str
    name: str
    size: int
    position: int = 0
    width: int | None = None
    height: int | None = None
    is_animated: bool = False
    description: str = ""

    @property
    def url(self) -> str:
        return reverse("rooms:file_content", args=[self.id])

    @property
    def small_url(self) -> str:
        return reverse("rooms:file_thumbnail", args=[self.id])

    @property
    def download_url(self) -> str:
        return reverse("rooms:file_download", args=[self.id])

    @property
    def shown_size(self) -> tuple[int, int]:
        """The width and height that a picture has in a message, in pixels of style sheets."""
        width, height = self.width or 1, self.height or 1
        scale = min(1, SHOWN_SIDE / max(width, height))
        return max(round(width * scale), 1), max(round(height * scale), 1)

    @property
    def type_word(self) -> str:
        """What its name says it is: PDF; nothing where it says nothing."""
        return ending_of(self.name)

    @property
    def alternative(self) -> str:
        """What is said in place of a picture."""
        return self.description or _("Photo without a description")

    @property
    def words(self) -> str:
        """It in one line, for lists, quotes and notifications."""
        about = self.description or ("" if self.kind == Kind.PICTURE else self.name)
        return f"{self._word}: {about}" if about else self._word

    @property
    def _word(self) -> str:
        if self.kind == Kind.PICTURE:
            return _("📷 Photo")
        if self.kind == Kind.VIDEO:
            return _("🎬 Video")
        return _("🎵 Audio") if self.kind == Kind.SOUND else _("📎 File")

    @property
    def bytes(self) -> int:
        """Roughly the size of what a page shows of it."""
        return FRAME_BYTES + len(self.name.encode()) + 2 * len(self.description.encode())


def shown_as(files: Iterable[ShownFile]) -> list[dict[str, Any]] | None:
    """Return what `Message.attached` has of files; None for none."""
    return [asdict(file) for file in files] or None


def numbered(files: Iterable[ShownFile]) -> list[ShownFile]:
    return [replace(file, position=position) for position, file in enumerate(files, 1)]


def in_words(files: Sequence[ShownFile]) -> str:
    """Return all files of a message in one line; nothing for none."""
    if len(files) < 2:
        return "".join(file.words for file in files)
    if all(file.kind == Kind.PICTURE for file in files):
        said = ngettext("📷 %(count)d photo", "📷 %(count)d photos", len(files))
    else:
        said = ngettext("📎 %(count)d file", "📎 %(count)d files", len(files))
    described = ", ".join(file.description for file in files if file.description)
    said %= {"count": len(files)}
    return f"{said}: {described}" if described else said


def attach(message: Any, files: Iterable[StoredFile], descriptions: Iterable[str]) -> None:
    """Note which files a message has, which is saved by now."""
    Attachment.objects.bulk_create(
        Attachment(
            message=message,
            file=file,
            position=position,
            description=description,
            room_id=message.room_id,
            kind=file.kind,
        )
        for position, (file, description) in enumerate(zip(files, descriptions, strict=True), 1)
    )


def detach(messages: Iterable[Any]) -> None:
    """Take the files from messages, in the transaction in which these are deleted."""
    rows = Attachment.objects.filter(message__in=messages)
    if ids := set(rows.values_list("file", flat=True)):
        with transaction.atomic():
            rows.delete()
            StoredFile.objects.discard(ids)
