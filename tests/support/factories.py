"""Make rows, filling in what the test does not care about."""

import io
import uuid
from collections.abc import Iterable
from datetime import datetime
from itertools import count

from django.db import transaction
from django.db.models import F
from django.test import Client
from django.utils import timezone
from PIL import Image

from accounts.models import LoginSession, User
from config.incoming import Upload
from rooms.live.endpoints.access import Opening
from rooms.live.endpoints.present_state import present_states
from rooms.models import ChatRoom, Membership, Message, StoredFile
from rooms.uploads import stored

_numbers = count(1)


def _photo() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 6), "red").save(file, "PNG")
    return file.getvalue()


PHOTO = _photo()


def make_user(username: str | None = None, password: str | None = None, **fields: object) -> User:
    return User.objects.create_user(username or f"person{next(_numbers)}", password, **fields)


def make_users(amount: int) -> list[User]:
    """Make people at once, with the forms of their names that saving them one by one would give."""
    return User.objects.bulk_create(
        User(username=name, canonical_name=name, skeleton=name, password="!", folded=name, folded_as_of="")
        for name in (f"crowd{next(_numbers)}" for _ in range(amount))
    )


def avatar_of(user: User) -> str:
    """Give somebody an avatar, of which nobody looks at the pixels; return what its address is made of."""
    user.change_avatar(b"small", b"large")
    return user.avatar_digest


def login_session_of(client: Client) -> LoginSession:
    """Return what is noted of the session of `client` when it opens a page."""
    client.get("/help/")
    return LoginSession.objects.get(session=client.session.session_key)


def make_room(name: str | None = None, members: Iterable[User] = ()) -> ChatRoom:
    """Make a group; the first of `members` owns it."""
    people = iter(members)
    room = ChatRoom.objects.create_group(name or f"Room {next(_numbers)}", next(people, None))
    for member in people:
        make_membership(room, member)
    return room


def make_private_room(user: User, other: User) -> ChatRoom:
    return ChatRoom.objects.private_between(user, other)


def make_membership(room: ChatRoom, user: User, **fields: object) -> Membership:
    return Membership.objects.create(room=room, user=user, **fields)


def make_message(
    room: ChatRoom, sender: User, content: str = "Hello", token: uuid.UUID | None = None
) -> Message:
    return room.post_message(sender, content, token or uuid.uuid4())


def make_file(sender: User, name: str = "report.pdf", content: bytes = b"%PDF-1.7") -> StoredFile:
    """Store a file that stands in no message so far."""
    upload = Upload(name)
    upload.take(content)
    upload.end()
    try:
        return stored(sender, upload)
    finally:
        upload.close()


def make_message_with_file(
    room: ChatRoom, sender: User, text: str = "", name: str = "report.pdf", content: bytes = b"%PDF-1.7"
) -> Message:
    return room.post_message(sender, text, uuid.uuid4(), None, [make_file(sender, name, content)])


@transaction.atomic
def make_messages(room: ChatRoom, sender: User, amount: int, content: str = "Hello") -> list[Message]:
    """Make `amount` messages at once, with the numbers that posting them one by one would give.

    A server beside it sees all of them or none, as it does with messages that are posted.
    """
    room.refresh_from_db()
    now = timezone.now()
    messages = Message.objects.bulk_create(
        Message(
            room=room,
            sender=sender,
            content=f"{content} {number}",
            timestamp=now,
            token=uuid.uuid4(),
            position=room.revision + number,
            revision=room.revision + number,
        )
        for number in range(1, amount + 1)
    )
    ChatRoom.objects.filter(pk=room.pk).update(revision=F("revision") + amount, last_message=messages[-1])
    room.refresh_from_db()
    return messages


def state_of(
    user: User, room_id: int | None, chats: str | None = None, profiles: datetime | None = None
) -> bytes:
    """Return what a stream begins with, for a page whose list has the digest `chats`."""
    opening = Opening(user, "", room_id, set(), 0, chats, profiles, "UTC")
    (state,) = present_states([opening])
    assert state
    return state.frame
