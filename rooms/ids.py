"""What rooms and people are called outside of Python: ids in pages, channels of streams, cursors."""

import re

# What all people who are logged in may see; and presence, for people who show their own.
LOBBY = "lobby"
PRESENCE = "presence"

_ROOM_CHANNEL = re.compile(r"room-(\d{1,18})", re.ASCII)


def room_channel(room_id: int) -> str:
    """The messages of a room."""
    return f"room-{room_id}"


def room_id_of(channel: str) -> int | None:
    match = _ROOM_CHANNEL.fullmatch(channel)
    return int(match[1]) if match else None


def user_channel(user_id: int) -> str:
    """What concerns that person only."""
    return f"user-{user_id}"


def cursor(room_id: int, revision: int) -> str:
    """Return what a stream needs to go on from there, in the form of django-eventstream's ids."""
    return f"{room_channel(room_id)}:{revision}"


def room_line(room_id: int) -> str:
    """Return the id of a room's line in the list of chats; the ids of its parts begin with it."""
    return f"room-{room_id}"


def person_line(user_id: int) -> str:
    """Return the same for a person, with or without a direct message yet."""
    return f"person-{user_id}"
