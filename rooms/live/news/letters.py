"""What one round of the chat list has to say, and to whom."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from rooms.chats import Chat
from rooms.ids import user_channel
from rooms.live.wire import frames
from rooms.live.wire.frames import Frame
from rooms.unread import Unread


@dataclass(frozen=True, slots=True)
class Letter:
    """A frame for the listeners of a channel; with `room_id` for their pages of that room only.

    `about` is the room that it tells non-members about.
    """

    channel: str
    frame: Frame
    room_id: int | None = None
    not_for: Collection[int] = ()  # users
    about: int = 0


@dataclass(slots=True)
class News:
    """What one round tells, and what pages show and have when they were told."""

    letters: list[Letter] = field(default_factory=list)
    revisions: dict[int, int] = field(default_factory=dict)  # room id → revision
    delivered: dict[int, int] = field(default_factory=dict)  # room id → its last message
    members: dict[int, dict[int, Unread]] = field(default_factory=dict)  # room id → members that listen
    # By user id and room id, where a whole line is told: of which person, in a direct message
    lines: dict[tuple[int, int], int | None] = field(default_factory=dict)
    unread: list[tuple[int, int, Unread]] = field(default_factory=list)  # user id, room id
    gone: list[tuple[int, int]] = field(default_factory=list)  # user id, room id
    is_small: bool = True  # whether lists have what their readers are not in
    listed: set[int] = field(default_factory=set)  # open rooms that are in everybody's list
    # Room id → who has left it, where lists may gain or lose the room
    left: defaultdict[int, set[int]] = field(default_factory=lambda: defaultdict(set))

    def add(self, channel: str, frame: Frame, not_for: Collection[int] = (), about: int = 0) -> None:
        self.letters.append(Letter(channel, frame, not_for=not_for, about=about))

    def add_for(self, user_ids: Iterable[int], frame: Frame) -> None:
        self.letters += [Letter(user_channel(user_id), frame) for user_id in user_ids]

    def note_line(self, user_id: int, chat: Chat) -> None:
        """Note that a whole line is told to somebody who is in the chat."""
        if chat.room:
            self.lines[user_id, chat.room.pk] = chat.person.pk if chat.person else None

    def add_event(self, user_id: int, name: str, about: dict[str, Any]) -> None:
        """Add an event for the scripts of somebody's pages, which has no words of ours."""
        self.add(user_channel(user_id), event(name, about))


def event(name: str, about: dict[str, Any]) -> Frame:
    return Frame(partial(frames.named, name, about))
