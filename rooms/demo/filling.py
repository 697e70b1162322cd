"""Fill the database with people and conversations, as if they had been posted over a year."""

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import batched

from django.db import transaction

from accounts import names
from accounts.models import NameTaken, User
from rooms.demo import profiles
from rooms.demo.talk import Member, Talk
from rooms.demo.texts import Scene, Texts, read_texts
from rooms.demo.timetable import DAY, DAYS, days, moment_in
from rooms.models import ChatRoom, Message
from rooms.models.chat_room import canonical_room_name

BATCH = 2000
# From here on most messages are in one room, and there are more people than those who talk by name.
LARGE = 100_000
MESSAGES_PER_PERSON = 5000
PRIVATE_SHARE = 0.2
JUST_NOW = timedelta(minutes=4)


class CannotFill(Exception):
    """Something here is in the way of the demo; the text says what."""


class AlreadyFilled(CannotFill):
    """The demo is here."""


def fill(count: int, seed: int, now: datetime, progress: Callable[[int], None]) -> list[User]:
    """Add people, rooms and `count` messages up to `now`; return the people. Raises CannotFill.

    All or nothing, in one transaction. The same seed at the same moment gives the same conversations.
    """
    rng = random.Random(seed)  # noqa: S311 (nothing here is secret)
    texts = read_texts()
    with transaction.atomic():
        refuse_second_time(texts)
        people = enter(texts, count, now)
        talks = open_talks(rng, texts, people, count)
        rooms = {talk.room.pk: talk for talk in talks}
        for batch in batched(in_order(rng, talks, count, now), BATCH, strict=False):
            for message in batch:
                rooms[message.room_id].post(message)
            Message.objects.bulk_create(batch)
            progress(len(batch))
        for talk in talks:
            talk.finish(rng, now)
    return [person.user for person in people]


def refuse_second_time(texts: Texts) -> None:
    """Raise AlreadyFilled if a room of the demo is there, but for the first one, which every Hearth has."""
    _first, *others = map(canonical_room_name, texts.rooms)
    if room := ChatRoom.objects.filter(canonical_name__in=others).first():
        raise AlreadyFilled(f'The demo is here already: there is a room "{room}". Nothing was added.')


def enter(texts: Texts, count: int, now: datetime) -> list[Member]:
    """Return the people of the texts, who were here first, and others who joined through the year."""
    beginning = now - DAY * (DAYS + 1)
    members = [Member(name, enter_one(name), beginning) for name in texts.people]
    for member in members:
        profiles.show(member.user, member.name)
    more = texts.more_people(count // MESSAGES_PER_PERSON if count >= LARGE else 0)
    for index, name in enumerate(more):
        members.append(Member(name, enter_one(name), now - DAY * DAYS * (1 - 0.9 * index / len(more))))
    User.objects.filter(pk__in=[member.user.pk for member in members]).update(date_joined=beginning)
    return members


def enter_one(name: str) -> User:
    try:
        user = User.objects.enter(names.normalize(name))
    except NameTaken:
        raise CannotFill(f'Somebody has a name that looks like "{name}", one of the demo\'s.') from None
    if not user.is_entered_by_name:
        raise CannotFill(f'"{name}" is one of the demo\'s people, but protected here.')
    return user


def open_talks(rng: random.Random, texts: Texts, people: list[Member], count: int) -> list[Talk]:
    """Make the rooms and say who is in them, leaving out those where something was said already."""
    talks = [*open_groups(rng, texts, people, count), *open_private(rng, texts, people)]
    silent = set(ChatRoom.objects.select_for_update().filter(revision=0).values_list("pk", flat=True))
    return [talk for talk in talks if talk.room.pk in silent]


def open_groups(rng: random.Random, texts: Texts, people: list[Member], count: int) -> Iterator[Talk]:
    """Everybody is in the first room, which has a large share of a large number of messages."""
    first_share = 0.6 if count >= LARGE else 0.2
    share = (1 - PRIVATE_SHARE - first_share) / (len(texts.rooms) - 1)
    for index, (name, scenes) in enumerate(texts.rooms.items()):
        members = some(rng, people, scenes) if index else people
        # Some only read. Five write in any case, so that every scene finds its speakers.
        writers = [*members[:5], *some(rng, members[5:], scenes)]
        room = ChatRoom.objects.groups().filter(canonical_name=canonical_room_name(name)).first()
        room = room or ChatRoom.objects.create_group(name)
        yield Talk(room, scenes, members, writers, share if index else first_share, texts)


def open_private(rng: random.Random, texts: Texts, people: list[Member]) -> Iterator[Talk]:
    """Chats of the pairs in the texts; everybody else writes to somebody who was there before."""
    by_name = {person.name: person for person in people}
    pairs = [(by_name[one], by_name[other], scenes) for (one, other), scenes in texts.private.items()]
    for index in range(len(texts.people), len(people)):
        pairs.append((people[rng.randrange(index)], people[index], texts.small_talk))
    for one, other, scenes in pairs:
        room = ChatRoom.objects.private_between(one.user, other.user)
        members = [replace(one, joined_at=other.joined_at), other]
        yield Talk(room, scenes, members, members, PRIVATE_SHARE / len(pairs), texts)


def some(rng: random.Random, people: list[Member], scenes: list[Scene]) -> list[Member]:
    """Return most of `people`, those with lines of their own in any case."""
    named = {speaker for scene in scenes for speaker, _text in scene}
    return [person for person in people if person.name in named or rng.random() < 0.8]


def in_order(rng: random.Random, talks: list[Talk], count: int, now: datetime) -> Iterator[Message]:
    """Return `count` messages in the order of time, holding those of a day or so in memory."""
    pending = last_words(rng, talks, count, now)
    said = len(pending)
    shares = [talk.share for talk in talks]
    last = said
    for begin, target in days(rng, now, count - last):
        while said < last + target:
            talk = rng.choices(talks, shares)[0]
            moment = moment_in(rng, begin)
            if not talk.has_begun(moment):
                continue
            scene = talk.play(rng, moment, now - JUST_NOW)[: count - said]
            pending += scene
            said += len(scene)
        pending.sort(key=lambda message: message.timestamp)
        ready = [message for message in pending if message.timestamp < begin + DAY]
        del pending[: len(ready)]
        yield from ready
    yield from pending


def last_words(rng: random.Random, talks: list[Talk], count: int, now: datetime) -> list[Message]:
    """Return scenes that end today: in one room some minutes ago, in each further one longer ago."""
    messages: list[Message] = []
    ago = JUST_NOW
    for talk in rng.sample(talks, len(talks)):
        if ago > DAY or len(messages) > count / 2:
            break
        scene = talk.play(rng, now - ago, now - ago)
        messages += scene[: count - len(messages)]
        ago *= rng.uniform(1.3, 1.8)
    return messages
