"""One room of the demo: scenes become messages, and messages get readers."""

import random
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID

from accounts.models import User
from rooms.demo.texts import Scene, Texts, Words
from rooms.demo.timetable import pause
from rooms.models import ChatRoom, Membership, Message, ReadReceipt

# Receipts reach back this far. All of a year for all members would be more rows than messages, by far.
RECEIPTS_PER_ROOM = 200
AFTERTHOUGHT_CHANCE = 0.25

type Posted = tuple[int, int, datetime]


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody in a room. `name` is the one in the texts; the user may write it in another way."""

    name: str
    user: User
    joined_at: datetime


class Talk:
    """`members` are in the order of joining; those of them that are in `writers` also write.

    `share` is how much is said here, compared with the other rooms.
    """

    def __init__(
        self,
        room: ChatRoom,
        scenes: list[Scene],
        members: list[Member],
        writers: list[Member],
        share: float,
        texts: Texts,
    ) -> None:
        self.room = room
        self.members = members
        self.share = share
        self._scenes = scenes
        self._deck: list[Scene] = []
        self._writers = [writer.user for writer in writers]
        self._joined = [writer.joined_at for writer in writers]
        self._named = {writer.name: writer.user for writer in writers}
        self._texts = texts
        self._previous: Message | None = None

    def has_begun(self, moment: datetime) -> bool:
        """Whether there were two people to talk."""
        return self._joined[1] <= moment

    def play(self, rng: random.Random, begin: datetime, latest: datetime) -> list[Message]:
        """Return the next scene as messages without positions, from `begin` on, the last by `latest`."""
        scene = self._next_scene(rng)
        cast = self._cast(rng, scene, begin)
        words = Words(self._texts.words, rng)
        words.update((speaker, user.username) for speaker, user in cast.items())
        lines = [(cast[speaker], text.format_map(words)) for speaker, text in scene]
        others = [user for user in cast.values() if user != lines[-1][0]]
        if others and rng.random() < AFTERTHOUGHT_CHANCE:
            lines.append((rng.choice(others), rng.choice(self._texts.afterthoughts)))
        return self._spread(rng, lines, begin, latest)

    def _next_scene(self, rng: random.Random) -> Scene:
        """Return a scene that was not played lately: one of the third that has waited longest."""
        if not self._deck:
            self._deck = rng.sample(self._scenes, len(self._scenes))
        scene = self._deck.pop(rng.randrange(max(len(self._deck) // 3, 1)))
        self._deck.append(scene)
        return scene

    def _cast(self, rng: random.Random, scene: Scene, begin: datetime) -> dict[str, User]:
        """Return who speaks: those with own names; for letters, anybody else who has joined by then."""
        speakers = list(dict.fromkeys(speaker for speaker, _text in scene))
        cast = {speaker: self._named[speaker] for speaker in speakers if speaker in self._named}
        letters = [speaker for speaker in speakers if speaker not in cast]
        others = self._writers[: bisect_right(self._joined, begin)]
        if cast:
            others = [user for user in others if user not in cast.values()]
        return cast | dict(zip(letters, rng.sample(others, len(letters)), strict=True))

    def _spread(
        self, rng: random.Random, lines: list[tuple[User, str]], begin: datetime, latest: datetime
    ) -> list[Message]:
        moments = [begin]
        for (previous, _text), (sender, text) in pairwise(lines):
            moments.append(moments[-1] + pause(rng, text, is_same_speaker=sender == previous))
        overrun = max(moments[-1] - latest, timedelta(0))
        return [
            Message(
                room_id=self.room.pk,
                sender_id=sender.pk,
                content=text,
                timestamp=moment - overrun,
                token=UUID(int=rng.getrandbits(128), version=4),
            )
            for (sender, text), moment in zip(lines, moments, strict=True)
        ]

    def post(self, message: Message) -> None:
        """Give the message its place, as `ChatRoom.post_message` does; saving is left to the caller."""
        self.room.revision += 1
        message.position = message.revision = self.room.revision
        message.continues = message.follows_closely(self._previous)
        self._previous = message

    def finish(self, rng: random.Random, now: datetime) -> None:
        """Save what follows from the messages: the room's counter, and who has read how far and when."""
        newest = Message.objects.filter(room=self.room).order_by("-pk")[:RECEIPTS_PER_ROOM]
        posted = list(newest.values_list("pk", "sender", "timestamp"))[::-1]
        if posted:
            self.room.last_message_id = posted[-1][0]
            self.room.save()
        for member in self.members:
            read, delivered = how_far(rng, posted, member)
            marks = {
                "joined_at": member.joined_at,
                "last_read": posted[read - 1][0] if read else 0,
                "read_marker": posted[read - 1][0] if read else 0,
                "last_delivered": posted[delivered - 1][0] if delivered else 0,
            }
            Membership.objects.update_or_create(room=self.room, user=member.user, defaults=marks)
            ReadReceipt.objects.bulk_create(receipts(rng, posted[:read], member, now))
        self.room.keep_owned()


def how_far(rng: random.Random, posted: list[Posted], member: Member) -> tuple[int, int]:
    """Return how many of the messages `member` has read, and how many have reached them.

    Who joins has nothing unread, and who writes has read what was above.
    """
    unread = rng.choices([0, rng.randint(1, 12), rng.randint(100, 150)], [5, 4, 1])[0]
    read = max(len(posted) - unread, 0)
    for index, (_pk, sender, moment) in enumerate(posted, 1):
        if sender == member.user.pk or moment <= member.joined_at:
            read = max(read, index)
    return read, rng.choices([len(posted), read], [8, 2])[0]


def receipts(
    rng: random.Random, posted: list[Posted], member: Member, now: datetime
) -> Iterator[ReadReceipt]:
    """Receipts for all that others wrote since `member` joined, the newest first.

    Nobody reads a message before those above it, or writes before reading: no moment is later than the one of
    what comes next.
    """
    latest = now
    for pk, sender, moment in reversed(posted):
        if moment <= member.joined_at:
            return
        if sender == member.user.pk:
            latest = moment
            continue
        latest = min(latest, moment + pause(rng, "", is_same_speaker=False) * rng.choice([1, 1, 1, 60, 600]))
        yield ReadReceipt(message_id=pk, user_id=member.user.pk, read_at=latest)
