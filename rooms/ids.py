"""What rooms and people are called outside of Python: ids in pages, channels of streams, cursors."""

import re

# What everybody may see who is logged in, and who is online, for those who show it themselves.
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
    """What is that person's own."""
    return f"user-{user_id}"


def cursor(room_id: int, revision: int) -> str:
    """Return what a stream needs to go on from there, in the form of django-eventstream's ids."""
    return f"{room_channel(room_id)}:{revision}"


def room_line(room_id: int) -> str:
    """Return the id of a group's line in the list of chats, with which those of its parts begin."""
    return f"room-{room_id}"


def person_line(user_id: int) -> str:
    """Return the same for a person, whether there is a private chat with them yet or not."""
    return f"person-{user_id}"
