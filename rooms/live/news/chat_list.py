"""The list of chats on every open page, as it changes: last messages, badges, titles, notifications."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import reduce
from itertools import batched
from operator import or_

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import Block, User
from config import doorbell
from config.doorbell import Bell
from rooms.chats import CHATS_PER_PAGE, Chat, chat_for, is_small_house, rooms_for_all
from rooms.ids import LOBBY, room_channel, user_channel
from rooms.live.news import notifications
from rooms.live.news.letters import Letter, News
from rooms.live.news.look import Look, NewRows
from rooms.live.news.part import PresentState
from rooms.live.news.rounds import Rounds
from rooms.live.watch.database import DatabaseThreads
from rooms.live.wire import fragments
from rooms.live.wire.connection import Connection
from rooms.live.wire.frames import Frame, make_all, swapped
from rooms.live.wire.hub import Hub
from rooms.models import Ban, ChatRoom, Departure, Membership, Message, ModerationAct
from rooms.models.message import last_of_all, with_answered
from rooms.unread import Unread, total_unread, unread_in_rooms

NO_ROOM = 0
MESSAGES_AT_ONCE = 200  # looked at for notifications in one round
ROOMS_AT_ONCE = 200  # that one query asks for their messages: the length of a statement has a limit
NEW_PEOPLE = 200  # told in one round


@dataclass(slots=True)
class Gathered:
    """What has changed since the last round."""

    people: set[int] = field(default_factory=set)  # who entered
    rooms: set[int] = field(default_factory=set)
    readers: defaultdict[int, set[int]] = field(default_factory=lambda: defaultdict(set))  # by room, who read
    acts: dict[int, int] = field(default_factory=dict)  # what moderators did → room
    # By room, whose list may have gained or lost it
    listings: defaultdict[int, set[int]] = field(default_factory=lambda: defaultdict(set))

    def __ior__(self, other: "Gathered") -> "Gathered":
        self.people |= other.people
        self.rooms |= other.rooms
        self.acts |= other.acts
        for mine, others in ((self.readers, other.readers), (self.listings, other.listings)):
            for room_id, users in others.items():
                mine[room_id] |= users
        return self


class ChatList(Rounds[Gathered]):
    name = "chat list"
    hears = ("person", "room", "act", "read", "listing")

    def __init__(self, hub: Hub, database: DatabaseThreads) -> None:
        super().__init__()
        self._hub = hub
        self._database = database
        self._gathered = Gathered()
        # What was told. Only the event loop changes these; `read_news` looks at them from its thread.
        self._revisions: dict[int, int] = {}  # room id → revision
        self._messages: dict[int, int] = {}  # room id → its last message
        # user → room → what all pages of that user show; at most a page of chats, those last that came last
        self._unread: dict[int, dict[int, Unread | None]] = {}
        self._begun: set[int] = set()  # users with a page that shows a list
        self._is_small = True  # whether lists have what their readers are not in
        self._listed: set[int] = set()  # open rooms that all pages have in their list
        self._first_message = 0  # what came before is no news
        self._new_people = NewPeople()
        self.looks = [Beginning(self), self._new_people]

    def begin_after(self, message_id: int, listed: set[int] | None) -> None:
        """Take messages up to this one as told, and that these open rooms are in everybody's list.

        In a large house it is None.
        """
        self._first_message = message_id
        self._is_small, self._listed = listed is not None, listed or set()

    def heard(self, bell: Bell) -> None:
        if bell.kind == "person":
            self._new_people.told(bell.ids["user"])
        if not self._hub.connections:
            return
        match bell:
            case Bell("person", {"user": user_id}):
                self._gathered.people.add(user_id)
            case Bell("room", {"room": room_id}):
                self._gathered.rooms.add(room_id)
            case Bell("act", {"act": act_id, "room": room_id}):
                self._gathered.acts[act_id] = room_id
                self._gathered.rooms.add(room_id)
            case Bell("read", {"room": room_id, "user": user_id}):
                self._gathered.readers[room_id].add(user_id)
            case Bell("listing", {"room": room_id, "user": user_id}):
                self._gathered.listings[room_id].add(user_id)
        self.ring()

    def began(self, connection: Connection, state: PresentState) -> None:
        """Remember what a page shows; what differs from then on is news.

        If it shows something else than was told last, it is told again: a change may have been undone since
        the page was read, and the page would keep showing it. Another page of the same person may lack a line
        that this one has: then both get it.
        """
        user_id = connection.user_id
        if connection not in self._hub.listeners(user_channel(user_id)):
            return  # it shows no list
        told = self._unread.get(user_id, {})
        missing = state.unread.keys() - told.keys() if user_id in self._begun else set()
        # What only another page shows is forgotten: the next time it comes to both as a whole.
        self._unread[user_id] = {
            pk: told.get(pk, state.unread[pk]) for pk in state.unread if pk not in missing
        }
        if not self._begun:
            self._listed = set(state.others)  # nothing was noted while no page was open
        self._begun.add(user_id)
        for room_id, before in self._unread[user_id].items():
            if before != state.unread[room_id]:
                self._unread[user_id][room_id] = None
                self._gathered.readers[room_id].add(user_id)
                self.ring()
        # A round may have passed since the state was read.
        new = set(state.others) - self._listed
        self._listed |= new
        for room_id in new | missing:
            self._gathered.listings[room_id].add(user_id)
            self.ring()

    def left(self, connection: Connection) -> None:
        if not self._hub.listeners(user_channel(connection.user_id)):
            self._unread.pop(connection.user_id, None)
            self._begun.discard(connection.user_id)

    def take(self) -> Gathered:
        gathered, self._gathered = self._gathered, Gathered()
        return gathered

    def put_back(self, gathered: Gathered) -> None:
        self._gathered |= gathered

    async def round(self, gathered: Gathered) -> None:
        listening = self._hub.listening_users()
        news = await self._database.run(self.read_news, gathered, listening)
        wanted = [
            (letter.frame, {page.format.language for page in self._pages(letter)}) for letter in news.letters
        ]
        await self._database.run(_make, wanted)  # work for a thread, although it asks the database nothing
        # What was read about a room may no longer be for everybody: the next round tells it.
        doubtful = set(self._gathered.acts.values())
        self._tell(letter for letter in news.letters if letter.about not in doubtful)
        if news.is_small != self._is_small:
            self._end_all()
        self._remember(news, doubtful)
        received = self._told_of(news)
        for room_id in await self._database.run(mark_delivered, news.delivered, received):
            doorbell.ring("receipt", room=room_id)

    def _tell(self, letters: Iterable[Letter]) -> None:
        told: defaultdict[Connection, list[bytes]] = defaultdict(list)
        for letter in letters:
            for page in self._pages(letter):
                told[page].append(letter.frame.in_language(page.format.language))
        for page, frames_for_page in told.items():
            page.tell(b"".join(frames_for_page))  # a write is what it costs

    def _end_all(self) -> None:
        """Let all pages come back and get their list as a whole: the house has become large, or small."""
        for page in self._hub.listeners(LOBBY):
            page.end(page.format.begin_anew(at_once=True))

    def _remember(self, news: News, doubtful: set[int]) -> None:
        """Note what pages have now, but for rooms of which the next round tells again."""
        for room_id in doubtful:
            news.revisions.pop(room_id, None)
        self._is_small = news.is_small
        self._listed = (news.listed - doubtful) | (self._listed & doubtful)
        self._revisions |= news.revisions
        self._messages |= news.delivered
        for user_id, room_id, unread in news.unread:
            if self._hub.listeners(user_channel(user_id)) and self._may_show(news, user_id, room_id):
                told = self._unread.setdefault(user_id, {})
                if room_id in news.delivered:
                    told.pop(room_id, None)  # its line has come to the top
                told[room_id] = unread
                if len(told) > CHATS_PER_PAGE:
                    del told[next(iter(told))]
        for user_id, room_id in news.gone:
            self._unread.get(user_id, {}).pop(room_id, None)
        for (user_id, _room_id), person_id in news.lines.items():
            if person_id:
                for page in self._hub.listeners(user_channel(user_id)):
                    self._hub.watch(page, person_id)

    def _may_show(self, news: News, user_id: int, room_id: int) -> bool:
        """Whether pages of somebody have a line of the room by now, or what they begin with is not known."""
        is_known = room_id in self._unread.get(user_id, {}) or (user_id, room_id) in news.lines
        return is_known or user_id not in self._begun

    def _told_of(self, news: News) -> dict[int, set[int]]:
        """Return for each room which members have a page that was told, or that shows it without a list."""
        return {
            room_id: {
                user_id for user_id in news.members[room_id] if self._hub.listeners(user_channel(user_id))
            }
            | {reader.user_id for reader in self._hub.listeners(room_channel(room_id))}
            for room_id in news.delivered
        }

    def _pages(self, letter: Letter) -> list[Connection]:
        return [
            page
            for page in self._hub.listeners(letter.channel)
            if letter.room_id in (None, page.room_id or NO_ROOM) and page.user_id not in letter.not_for
        ]

    def read_news(self, gathered: Gathered, listening: set[int]) -> News:
        """Return the news: people first, since their messages put more into their line."""
        news = News()
        _tell_people(news, gathered.people)
        users = {room_id: listening & readers for room_id, readers in gathered.readers.items()}
        concerned = {*gathered.rooms, *gathered.acts.values()}
        moved = self._read_listed(news, is_due=bool(gathered.people or gathered.listings or concerned))
        may_be_shown = (concerned | gathered.listings.keys()) & news.listed | moved
        banned = _by_room(Ban.objects.active().filter(room__in=may_be_shown))
        listings = _listings(gathered, listening)
        news.left = _by_room(Departure.objects.filter(room__in=listings.keys() | moved))
        users |= dict.fromkeys(concerned | listings.keys() | moved, listening)
        unread = news.members = unread_in_rooms(users)
        messages = self._new_messages(gathered.rooms)
        deleted = self._deleted_messages(gathered.rooms)
        hearers = {user_id for room_id in messages for user_id in unread[room_id]}
        blocked = Block.objects.by_blocker(hearers) if hearers else {}
        found = ChatRoom.objects.select_related("last_message__sender", "low_user", "high_user")
        missing = set(users)
        for room in found.filter(pk__in=users):
            has_new_head = room.head_revision > self._revisions.get(room.pk, 0)
            missing.discard(room.pk)
            if room.pk in gathered.acts.values():
                self._tell_gone(news, room.pk, listening - unread[room.pk].keys())
            if room.pk in moved:
                _tell_others(news, room, banned[room.pk] | unread[room.pk].keys())
            _tell_listing(news, room, listings.get(room.pk, set()), unread[room.pk], banned[room.pk])
            if room.pk in gathered.rooms:
                self._tell_line(news, room, unread[room.pk], banned[room.pk])
            self._tell_unread(news, room, unread[room.pk], is_new=has_new_head)
            notifications.announce(news, room, unread[room.pk], messages[room.pk], blocked)
            notifications.take_back(news, room, unread[room.pk], deleted[room.pk])
        self._tell_missing(news, missing, moved, listening)
        _tell_totals(news)
        return news

    def _read_listed(self, news: News, *, is_due: bool) -> set[int]:
        """Read which rooms are in everybody's list; return those that came into it or fell out of it."""
        news.is_small, news.listed = self._is_small, self._listed
        if is_due:
            listed = rooms_for_all()
            news.is_small, news.listed = listed is not None, listed or set()
        return news.listed ^ self._listed if news.is_small == self._is_small else set()

    def _tell_missing(self, news: News, room_ids: set[int], moved: set[int], listening: set[int]) -> None:
        """Take rooms that are not there any more out of all lists."""
        for room_id in room_ids:
            if room_id in moved:
                news.add(LOBBY, _gone(room_id))
            self._tell_gone(news, room_id, listening)

    def _tell_gone(self, news: News, room_id: int, others: Iterable[int]) -> None:
        """Take the line of a room that is not there for `others` out of their lists, which may have it."""
        if room_id in news.listed:
            return
        gone = _gone(room_id)
        for user_id in others:
            if room_id in self._unread.get(user_id, {}) or user_id not in self._begun:
                news.add_for([user_id], gone)
                news.gone.append((user_id, room_id))

    def _new_messages(self, room_ids: set[int]) -> dict[int, list[Message]]:
        """Return by room what was posted since the room was told of, the newest first."""
        since = {room_id: self._messages.get(room_id, self._first_message) for room_id in room_ids}
        messages: defaultdict[int, list[Message]] = defaultdict(list)
        for found in _after("pk", since):
            rows = found.filter(deleted_at=None).select_related("sender")[:MESSAGES_AT_ONCE]
            for message in with_answered(list(rows)):
                messages[message.room_id].append(message)
        return messages

    def _deleted_messages(self, room_ids: set[int]) -> dict[int, list[int]]:
        """Return by room what was deleted since the room was told of."""
        since = {room_id: self._revisions[room_id] for room_id in room_ids & self._revisions.keys()}
        deleted: defaultdict[int, list[int]] = defaultdict(list)
        for found in _after("revision", since):
            rows = found.exclude(deleted_at=None).values_list("room", "pk")
            for room_id, message_id in rows[:MESSAGES_AT_ONCE]:
                deleted[room_id].append(message_id)
        return deleted

    def _tell_line(
        self, news: News, room: ChatRoom, unread: dict[int, Unread], banned: Collection[int]
    ) -> None:
        """Tell the last message, unless it was told already: to members, and to all who have the room.

        Members whose list may not have the chat get the whole line.
        """
        news.delivered[room.pk] = room.last_message_id or 0
        if room.revision == self._revisions.get(room.pk):
            return
        news.revisions[room.pk] = room.revision
        told: dict[tuple[str, int, Unread | None], Frame] = {}  # one rendering for all who see the same
        for user_id, now in unread.items():
            if now.is_hidden:
                continue
            chat = chat_for(user_id, room, now)
            has_line = room.pk in self._unread.get(user_id, {})
            key = chat.dom_id, chat.key, None if has_line else now
            if not has_line:
                news.note_line(user_id, chat)
            if key not in told:
                told[key] = self._line(chat) if has_line else _whole_line(chat, user_id)
            news.add(user_channel(user_id), told[key])
        if room.pk in news.listed & self._listed:
            news.add(LOBBY, self._line(Chat(room, None)), not_for={*banned, *unread}, about=room.pk)

    def _line(self, chat: Chat) -> Frame:
        """Return what brings the line of `chat` up to date where a list has it."""
        room = chat.room
        assert room  # noqa: S101 (only people without a chat have none)
        is_renamed = room.head_revision > self._revisions.get(room.pk, 0)
        return swapped(fragments.renamed_chat if is_renamed else fragments.chat_preview, chat)

    def _tell_unread(self, news: News, room: ChatRoom, unread: dict[int, Unread], is_new: bool) -> None:
        """Tell badges and titles to those for whom they change: to all where the name is new."""
        rendered: dict[tuple[str, Unread], tuple[Frame, Frame]] = {}  # one rendering for all who see the same
        for user_id, now in unread.items():
            before = self._unread.get(user_id, {}).get(room.pk)
            if not is_new and now == before:
                continue
            chat = chat_for(user_id, room, now)
            channel = user_channel(user_id)
            if now.favourite != (before.favourite if before else 0):
                button = swapped(fragments.favourite, bool(now.favourite))
                news.letters += [
                    Letter(channel, _whole_line(chat, user_id)),
                    Letter(channel, button, room.pk),
                ]
                news.note_line(user_id, chat)
            key = chat.dom_id, now
            rendered[key] = rendered.get(key) or _badge_and_title(chat)
            if self._may_show(news, user_id, room.pk):
                news.letters.append(Letter(channel, rendered[key][0]))
            news.letters.append(Letter(channel, rendered[key][1], room.pk))
            news.unread.append((user_id, room.pk, now))
            if now.count == 0 and not is_new:
                news.add_event(user_id, "read-elsewhere", {"chat": chat.dom_id})


class Beginning(Look[tuple[int, set[int] | None]]):
    """What is not news at the first look: messages that were there, and rooms that lists have."""

    def __init__(self, chat_list: ChatList) -> None:
        self._chat_list = chat_list

    def see(self) -> tuple[int, set[int] | None]:
        return self.seen or (last_of_all(), rooms_for_all())

    def news(self, now: tuple[int, set[int] | None]) -> Iterable[Bell]:
        if self.seen is None:
            self._chat_list.begin_after(*now)
        return ()


class NewPeople(NewRows[None]):
    model = User

    def read(self, after: int) -> dict[int, None]:
        found = User.objects.filter(pk__gt=after, is_active=True).order_by("-pk")[:NEW_PEOPLE]
        return dict.fromkeys(found.values_list("pk", flat=True))

    def bell(self, row_id: int, row: None) -> Bell:
        return Bell("person", {"user": row_id})


def _after(number: str, since: Mapping[int, int]) -> Iterator[QuerySet[Message]]:
    """Yield the messages of rooms whose `number` is greater than what `since` has for them, newest first.

    Each room is asked from where it was told: from where a small one was, a large one would have too much.
    """
    for some in batched(since.items(), ROOMS_AT_ONCE, strict=False):
        news = reduce(or_, (Q(room=room_id, **{f"{number}__gt": least}) for room_id, least in some))
        least = min(least for _room_id, least in some)
        yield Message.objects.filter(news, **{f"{number}__gt": least}).order_by("-pk")


def _tell_people(news: News, user_ids: set[int]) -> None:
    """Tell of new people where everybody is in the list."""
    if not user_ids or not is_small_house():
        return
    for user in User.objects.filter(pk__in=user_ids, is_active=True).order_by("pk"):
        news.add(LOBBY, swapped(fragments.new_person, user), not_for={user.pk})


def _by_room(rows: "QuerySet[Ban] | QuerySet[Departure]") -> defaultdict[int, set[int]]:
    """Return the people of `rows` by room."""
    people: defaultdict[int, set[int]] = defaultdict(set)
    for room_id, user_id in rows.values_list("room", "user"):
        people[room_id].add(user_id)
    return people


def _listings(gathered: Gathered, listening: set[int]) -> dict[int, set[int]]:
    """Return by room whose list may have gained or lost it."""
    listings = {room_id: listening & users for room_id, users in gathered.listings.items()}
    for act in ModerationAct.objects.filter(pk__in=gathered.acts) if gathered.acts else ():
        users = {act.person_id or 0}
        if act.act == ModerationAct.Act.SHOW:
            users = set(Membership.objects.filter(room=act.room_id).values_list("user", flat=True))
        listings[act.room_id] = listings.get(act.room_id, set()) | (listening & users)
    return {room_id: users for room_id, users in listings.items() if users}


def _tell_listing(
    news: News, room: ChatRoom, users: set[int], unread: dict[int, Unread], banned: set[int]
) -> None:
    """Bring the line of a room into the lists of those who may see it, and take it out of those of others."""
    members, others = users & unread.keys(), users - unread.keys()
    away = {user_id for user_id in members if unread[user_id].is_hidden}
    news.gone += [(user_id, room.pk) for user_id in others | away]
    for user_id in away:
        news.add_for([user_id], swapped(fragments.chat_gone, chat_for(user_id, room, None)))
    for user_id in members - away:
        chat = chat_for(user_id, room, unread[user_id])
        news.add_for([user_id], _whole_line(chat, user_id))
        news.note_line(user_id, chat)
    hidden = others & banned if room.pk in news.listed else others
    if hidden:
        news.add_for(hidden, swapped(fragments.chat_gone, Chat(room, None)))
    left = others & news.left[room.pk]
    for people, has_left in ((others - hidden - left, False), (left - hidden, True)):
        news.add_for(people, swapped(fragments.new_chat, Chat(room, None, has_left=has_left)))


def _whole_line(chat: Chat, user_id: int) -> Frame:
    """Return the line of a chat for somebody who is in it."""
    room = chat.room
    reader = room and (room.low_user if room.low_user_id == user_id else room.high_user)
    return swapped(fragments.new_chat, chat, bool(reader and reader.shows_presence))


def _tell_others(news: News, room: ChatRoom, members: Collection[int]) -> None:
    """Bring the line of an open room into everybody's list but those of its members, or take it out there."""
    if room.pk not in news.listed:
        news.add(LOBBY, swapped(fragments.chat_gone, Chat(room, None)), not_for=members, about=room.pk)
        return
    left = news.left[room.pk]
    line = swapped(fragments.new_chat, Chat(room, None))
    news.add(LOBBY, line, not_for={*members, *left}, about=room.pk)
    line_of_left = swapped(fragments.new_chat, Chat(room, None, has_left=True))
    for user_id in left.difference(members):
        news.add(user_channel(user_id), line_of_left, about=room.pk)


def _gone(room_id: int) -> Frame:
    """Return what takes the line of a group out of a list, which may be gone itself."""
    return swapped(fragments.chat_gone, Chat(ChatRoom(pk=room_id, type=ChatRoom.Type.GROUP), None))


def _badge_and_title(chat: Chat) -> tuple[Frame, Frame]:
    """Return the badge for all pages, and the title for pages of the room."""
    return swapped(fragments.chat_badge, chat), swapped(fragments.title, chat.name, chat.unread.count)


def _tell_totals(news: News) -> None:
    """Tell pages without a room the total of those whose counts have changed."""
    users = {user_id for user_id, _room_id, _unread in news.unread} | {
        user_id for user_id, _room in news.gone
    }
    for user_id, total in (total_unread(users) if users else {}).items():
        frame = swapped(fragments.title, _("Chats"), total)
        news.letters.append(Letter(user_channel(user_id), frame, NO_ROOM))


def _make(wanted: Iterable[tuple[Frame, Collection[str]]]) -> None:
    for frame, languages in wanted:
        make_all([frame], languages)


def mark_delivered(delivered: dict[int, int], received: dict[int, set[int]]) -> list[int]:
    """Note what everybody has now who was told; return the rooms where that was new to somebody."""
    return [
        room_id
        for room_id, last in delivered.items()
        if last and Membership.objects.mark_delivered(room_id, received[room_id], last)
    ]
