"""ZIP files of what somebody has written, or of a room: pages to read, and the same as JSON.

A file is written beside its place and renamed when it is complete. So a job that is interrupted begins anew,
and nobody downloads half of one.
"""

import json
import secrets
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.tasks import task
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.models import User
from rooms.models import ChatRoom, Export, Membership, Message, MessageVersion, SavedMessage, StoredFile
from rooms.models.message import MessageQuerySet, with_all_drawn
from rooms.models.message_text import html_of
from rooms.models.stored_file import ShownFile, storage

PAGE = 200  # messages
PIECE_BYTES = 1024 * 1024
STYLE = Path(__file__).parent / "export.css"
LEFTOVER_SECONDS = 24 * 60 * 60.0

type Step = Callable[[], None]


class AlreadyBeingMade(Exception):
    """One at a time."""


def ask(person: User, room: ChatRoom | None = None) -> Export:
    """Have a file made; what there was before goes. Raises AlreadyBeingMade."""
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=person.pk)
        before = Export.objects.filter(person=person).select_related("job")
        if any(export.is_being_made for export in before):
            raise AlreadyBeingMade
        before.remove()
        now = timezone.now()
        name = f"{secrets.token_hex(24)}.zip"
        export = Export(person=person, room=room, name=name, asked_at=now, expires_at=now + Export.KEPT_FOR)
        export.save()
        zone = person.time_zone or timezone.get_current_timezone_name()
        result = make.enqueue(export.pk, translation.get_language() or settings.LANGUAGE_CODE, zone)
        Export.objects.filter(pk=export.pk).update(job=int(result.id))
    return export


@task(takes_context=True)
def make(context: Any, export_id: int, language: str, zone: str) -> None:
    """Make the file, unless nobody may have it any more."""
    export = Export.objects.select_related("person", "room").filter(pk=export_id, ready_at=None).first()
    if (
        export is None
        or not export.person.is_active
        or (export.room and not owns(export.person, export.room))
    ):
        return
    part = export.path.with_suffix(".part")
    with translation.override(language), timezone.override(ZoneInfo(zone)):
        try:
            archive = Archive(part, context.step)
            with archive.zip:
                archive.add("style.css", STYLE.read_text())
                _fill(archive, export)
            part.rename(export.path)
        finally:
            part.unlink(missing_ok=True)
    size = export.path.stat().st_size
    found = Export.objects.filter(pk=export_id)
    if not found.update(ready_at=timezone.now(), size=size, left_out=archive.left_out):
        export.path.unlink(missing_ok=True)  # it was taken back meanwhile


def _fill(archive: "Archive", export: Export) -> None:
    if export.room is None:
        _fill_with_own(archive, export.person)
    else:
        _fill_with_room(archive, export.room)


def owns(person: User, room: ChatRoom | None) -> bool:
    owned = Membership.objects.owners().filter(room=room, room__type=ChatRoom.Type.GROUP)
    return owned.filter(user=person).exists()


@dataclass
class Archive:
    """A ZIP file that is being written, and how much room there is for files in it."""

    path: Path
    step: Step
    left_out: int = 0
    bytes: int = 0
    zip: ZipFile = field(init=False)
    _names: dict[int, str] = field(default_factory=dict)  # of files that are in it, by id

    def __post_init__(self) -> None:
        self.path.parent.mkdir(mode=0o700, exist_ok=True)
        self.zip = ZipFile(self.path, "w", ZIP_DEFLATED)
        self.path.chmod(0o600)

    def add(self, name: str, text: str) -> None:
        self.zip.writestr(name, text)
        self.step()

    def add_json(self, name: str, value: Any) -> None:
        self.add(name, json.dumps(value, ensure_ascii=False, indent=1, cls=DjangoJSONEncoder))

    def draw(self, name: str, template: str, **context: Any) -> None:
        root = "../" * name.count("/")
        self.add(name, render_to_string(template, {"root": root, **context}))

    def name_of(self, file: ShownFile) -> str:
        """Return where a file is in it, by its name there; empty where it was left out."""
        if file.id not in self._names:
            self._names[file.id] = self._add_file(file)
        return self._names[file.id]

    def _add_file(self, file: ShownFile) -> str:
        stored = StoredFile.objects.filter(pk=file.id).first()
        if stored is None:
            return ""
        free = shutil.disk_usage(self.path.parent).free - settings.DISK_RESERVE
        if self.bytes + stored.size > settings.EXPORT_MAX_BYTES or stored.size > free:
            self.left_out += 1
            return ""
        name = f"files/{file.id}-{stored.name}"
        try:
            source = storage().open(stored.stored_as, "rb")
        except FileNotFoundError:
            return ""
        with source, self._new(name) as target:
            while piece := source.read(PIECE_BYTES):
                target.write(piece)
                self.step()
        self.bytes += stored.size
        return name

    def _new(self, name: str) -> Any:
        """Open a new file in it, which is compressed already as most files that people send are."""
        info = ZipInfo(name, timezone.localtime().timetuple()[:6])
        info.compress_type = ZIP_STORED
        return self.zip.open(info, "w", force_zip64=True)


# What is in it


@dataclass(frozen=True)
class Part:
    """A chat in it: which of its messages, and whether their files are given away."""

    name: str  # of its folder
    title: str
    messages: MessageQuerySet
    has_files: bool
    facts: dict[str, Any]


def _fill_with_own(archive: Archive, person: User) -> None:
    told = _about(person)
    if person.avatar_digest:
        archive.zip.writestr("avatar.webp", bytes(person.avatar.large))
    parts = list(_own_parts(person))
    archive.add_json("data.json", _with_chats(told, parts))
    for part in parts:
        _add_part(archive, part)
    context = {"title": _("Your data"), "told": told, "parts": parts, "left_out": archive.left_out}
    archive.draw("index.html", "rooms/export/own.html", **context)


def _with_chats(told: dict[str, Any], parts: list[Part]) -> dict[str, Any]:
    return {**told, "chats": [part.facts for part in parts]}


def _fill_with_room(archive: Archive, room: ChatRoom) -> None:
    told = _about_room(room)
    part = Part("room", str(room), room.messages.all(), has_files=True, facts=told)
    archive.add_json("data.json", told)
    _add_part(archive, part)
    archive.draw(
        "index.html", "rooms/export/room.html", title=str(room), told=told, left_out=archive.left_out
    )


def _own_parts(person: User) -> Iterator[Part]:
    """Yield direct messages as a whole, and of rooms what the person has written, also after they left."""
    mine = Membership.objects.filter(user=person).select_related("room__low_user", "room__high_user")
    memberships = {membership.room_id: membership for membership in mine}
    written = Message.objects.filter(sender=person, deleted_at=None)
    rooms = {*memberships, *written.order_by().values_list("room", flat=True).distinct()}
    for room_id in sorted(rooms):
        membership = memberships.get(room_id)
        is_whole = membership is not None and not membership.room.is_group
        messages = (
            Message.objects.filter(room=room_id, deleted_at=None)
            if is_whole
            else written.filter(room=room_id)
        )
        title = membership.room.title_for(person) if membership else _("A room that you have left")
        facts = {"folder": f"chats/{room_id}", "title": title, **_place(membership)}
        yield Part(f"chats/{room_id}", title, messages, membership is not None, facts)


def _place(membership: Membership | None) -> dict[str, Any]:
    if membership is None:
        return {}
    facts = {"role": membership.role, "joined_at": membership.joined_at, "draft": membership.draft}
    return {**facts, "notify": membership.notify, "is_favourite": membership.favourite_at is not None}


SETTINGS = (
    *("theme", "contrast", "text_size", "language", "time_zone", "enter_sends", "notify", "replies_mention"),
    *("reactions_notify", "plays_sound", "announcements", "sends_read_receipts", "shows_presence"),
    "shows_local_time",
)


def _about(person: User) -> dict[str, Any]:
    saved = SavedMessage.objects.filter(user=person).order_by("pk").values("message", "note")
    return {
        "name": person.username,
        "display_name": person.display_name,
        "status": person.current_status,
        "joined_at": person.date_joined,
        "settings": {name: getattr(person, name) for name in SETTINGS},
        "blocked": sorted(person.blocks.values_list("blocked__username", flat=True)),
        "sessions": [
            {"browser": one.browser, "last_used_at": one.last_seen}
            for one in person.login_sessions.not_expired(person)
        ],
        "addresses": list(person.used_addresses.order_by("pk").values("address", "last_used")),
        "saved_messages": list(saved),
    }


def _about_room(room: ChatRoom) -> dict[str, Any]:
    members = room.memberships.select_related("user").order_by("joined_at", "pk")
    return {
        "name": room.name,
        "description": room.description,
        "is_by_invitation": room.is_by_invitation,
        "is_archived": room.is_archived,
        "made_at": room.made_at,
        "members": [
            {"name": one.user.shown_name, "role": one.role, "joined_at": one.joined_at} for one in members
        ],
    }


def _add_part(archive: Archive, part: Part) -> None:
    """Add the messages of a chat, page by page, each as HTML and as JSON."""
    number, last, has_next = 0, 0, True
    while has_next:
        found = list(part.messages.filter(pk__gt=last).with_looks().order_by("pk")[: PAGE + 1])
        messages = with_all_drawn(found[:PAGE])
        number, has_next = number + 1, len(found) > PAGE
        last = messages[-1].pk if messages else last
        versions = _versions_of(messages)
        lines = [_line(archive, part, message, versions) for message in messages]
        archive.add_json(f"{part.name}/{number}.json", lines)
        pages = {"previous": number - 1, "next": number + 1 if has_next else 0}
        rows = list(zip(lines, map(_html_of, messages), strict=True))
        archive.draw(
            f"{part.name}/{number}.html", "rooms/export/chat.html", title=part.title, rows=rows, **pages
        )


def _html_of(message: Message) -> str:
    """Return the text as it is shown, but for mentions, which lead to pages that a download has not."""
    return html_of(message.content, {}, message.format)


def _versions_of(messages: Iterable[Message]) -> dict[int, list[dict[str, Any]]]:
    """Return the earlier versions of the messages that were edited, by message."""
    found: dict[int, list[dict[str, Any]]] = {}
    edited = [message.pk for message in messages if message.edited_at]
    for version in MessageVersion.objects.filter(message__in=edited).order_by("pk") if edited else ():
        told = {"text": version.content, "written_at": version.written_at}
        found.setdefault(version.message_id, []).append(told)
    return found


def _line(
    archive: Archive, part: Part, message: Message, versions: dict[int, list[dict[str, Any]]]
) -> dict[str, Any]:
    """Return a message as it stands in the JSON; its files go into the archive with that."""
    answered = message.reply_to
    files = [
        {
            "name": file.name,
            "description": file.description,
            "path": archive.name_of(file) if part.has_files else "",
        }
        for file in message.files
    ]
    return {
        "id": message.pk,
        "at": message.timestamp,
        "by": message.sender.shown_name,
        "text": message.content,
        "edited_at": message.edited_at,
        "deleted_at": message.deleted_at,
        "earlier": versions.get(message.pk, []),
        "answers": answered.pk if answered else None,
        "is_forwarded": message.is_forwarded,
        "files": files,
        "reactions": {kind.emoji: kind.number for kind in message.kinds},
    }


# Keeping house


def tidy() -> None:
    """Remove what has expired, and files that no row names: a process was killed, or a backup restored."""
    over = Export.objects.over()
    if over.exists():
        over.remove()
    folder = Path(settings.EXPORTS_DIR)
    if not folder.is_dir():
        return
    names = {path.name for path in folder.iterdir() if _is_old(path)}
    for name in names - set(Export.objects.filter(name__in=names).values_list("name", flat=True)):
        (folder / name).unlink(missing_ok=True)


def _is_old(path: Path) -> bool:
    try:
        return time.time() - path.stat().st_mtime > LEFTOVER_SECONDS
    except FileNotFoundError:
        return False
