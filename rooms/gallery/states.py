"""What there is to see of each template. A state is a function that draws it on a stage."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.forms import InvitationForm, LoginForm
from accounts.models import EntryLink
from accounts.models.entry_link import digest_of
from accounts.qr import qr_code
from rooms import exports, moderation
from rooms.chats import chats_digest, chats_of
from rooms.forms import MessageForm
from rooms.gallery.stage import RAW, Stage
from rooms.live.wire import fragments
from rooms.models import ChatRoom, Export, Message, RoomInvitation, StoredFile
from rooms.models.stored_file import ShownFile, attach, shown_as
from rooms.models.tick import Mark, Marks

type Draw = Callable[[Stage], str]

FORMATTED = f"""\
**Bold**, _italic_, ~~struck~~, `code <{RAW}>`, [a link](https://example.com/?a=1&b=2) and ||a _spoiler_||
> A quote
> > of a quote
- An item
  1. within another
```python
def answer(question: str) -> int:  # <{RAW}> & a line that is far too long for the bubble in which it stands
    return 42
```"""
LONG = "A long message of many words that goes on for several lines. " * 12
UNBROKEN = "https://example.com/" + "unbroken" * 30


@dataclass(frozen=True)
class State:
    template: str  # which it is mainly about
    name: str
    draw: Draw
    place: str  # what a partial stands in, so that style sheets find it; empty for a page
    path: str  # where a page is, if settings of this Hearth may keep it from being asked for

    @property
    def title(self) -> str:
        return self.name.replace("_", " ")


STATES: dict[tuple[str, str], State] = {}


def state(template: str, place: str = "", path: str = "") -> Callable[[Draw], Draw]:
    def note(draw: Draw) -> Draw:
        name = getattr(draw, "__name__", "")
        STATES[template, name] = State(template, name, draw, place, path)
        return draw

    return note


def states_of(template: str) -> list[State]:
    return [state for (name, _title), state in STATES.items() if name == template]


def there(*people_and_rooms: object) -> None:
    """Have them made, which happens when they are first named."""


# Messages

MESSAGE = "rooms/_message.html"


def message(stage: Stage, text: str, by: Any = None, **more: Any) -> str:
    """Draw a message as pages get it, after whatever is done to it."""
    said = stage.say(text, by, **more)
    return line(stage, said)


def line(stage: Stage, said: Message, **fields: Any) -> str:
    drawn = stage.drawn(said)
    for name, value in fields.items():
        setattr(drawn, name, value)
    return stage.part(MESSAGE, message=drawn, is_document=False)


@state(MESSAGE, "messages")
def short(stage: Stage) -> str:
    return message(stage, f"Hello <{RAW}> & “welcome”")


@state(MESSAGE, "messages")
def long(stage: Stage) -> str:
    return message(stage, LONG + UNBROKEN)


@state(MESSAGE, "messages")
def one_emoji(stage: Stage) -> str:
    return message(stage, "🎉")


@state(MESSAGE, "messages")
def formatted(stage: Stage) -> str:
    return message(stage, FORMATTED)


PHOTO = ShownFile(id=1, kind="picture", name="cat.jpg", size=90_000, position=1, width=1200, height=800)
FILES = [
    replace(PHOTO, description=f"Our cat on <{RAW}>", is_animated=True),
    ShownFile(id=2, kind="video", name="walk.mp4", size=9_000_000, position=2),
    ShownFile(id=3, kind="sound", name="song.mp3", size=3_000_000, position=3),
    ShownFile(id=4, kind="other", name=f"{'Minutes of our meeting ' * 4}.pdf", size=20_000, position=4),
]


@state(MESSAGE, "messages")
def photo(stage: Stage) -> str:
    return line(stage, stage.say(f"Look <{RAW}>"), attached=shown_as([PHOTO]))


@state(MESSAGE, "messages")
def photos_alone(stage: Stage) -> str:
    return line(stage, stage.say(""), attached=shown_as([PHOTO, replace(PHOTO, height=3000), PHOTO]))


@state(MESSAGE, "messages")
def files_of_all_kinds(stage: Stage) -> str:
    return line(stage, stage.say("Look"), attached=shown_as(FILES))


@state(MESSAGE, "messages")
def right_to_left(stage: Stage) -> str:
    return message(stage, "שלום עולם, hello")


@state(MESSAGE, "messages")
def mention(stage: Stage) -> str:
    there(stage.room, stage.ada)
    return message(stage, "Hello @ada and @ben")


@state(MESSAGE, "messages")
def mine_sent(stage: Stage) -> str:
    return line(stage, stage.say("Mine", stage.ada))


@state(MESSAGE, "messages")
def mine_read(stage: Stage) -> str:
    marks = Marks((Mark(0, 10**6),), (Mark(0, 10**6),))
    said = stage.say("Mine", stage.ada)
    return line(stage, said, tick=marks.tick(said.pk))


@state(MESSAGE, "messages")
def right_below_another(stage: Stage) -> str:
    stage.say("First")
    return message(stage, "Second")


@state(MESSAGE, "messages")
def edited(stage: Stage) -> str:
    said = stage.say("Helo")
    said.edit("Hello")
    return line(stage, said)


@state(MESSAGE, "messages")
def deleted(stage: Stage) -> str:
    said = stage.say("Never mind")
    said.erase()
    return line(stage, said)


@state(MESSAGE, "messages")
def of_a_former_member(stage: Stage) -> str:
    said = stage.say("I was here")
    stage.ben.become_former()
    return line(stage, said)


@state(MESSAGE, "messages")
def deleted_by_a_moderator(stage: Stage) -> str:
    said = stage.say("Buy this")
    said.erase(stage.ada)
    return line(stage, said)


@state(MESSAGE, "messages")
def reply(stage: Stage) -> str:
    asked = stage.say(f"Shall we, <{RAW}>?", stage.ada)
    return message(stage, "Yes", reply_to=asked)


@state(MESSAGE, "messages")
def reply_to_a_deleted_one(stage: Stage) -> str:
    asked = stage.say("Shall we?", stage.ada)
    answer = stage.say("Yes", reply_to=asked)
    asked.erase()
    return line(stage, answer)


@state(MESSAGE, "messages")
def forwarded(stage: Stage) -> str:
    return line(stage, stage.private.forward(stage.ada, stage.say("**Shall** we?"), uuid()))


@state(MESSAGE, "messages")
def reactions(stage: Stage) -> str:
    said = stage.say("Cake?")
    for person, emoji in ((stage.ben, "🎂"), (stage.ada, "🎂"), (stage.ada, "👍")):
        said.react_as(person, emoji)
    return line(stage, said)


@state(MESSAGE, "messages")
def with_a_picture_of_the_author(stage: Stage) -> str:
    stage.ben.change_avatar(b"small", b"large")
    return message(stage, "This is what I look like")


@state(MESSAGE, "messages")
def in_a_document(stage: Stage) -> str:
    return stage.part(MESSAGE, message=stage.drawn(stage.say("Hello", stage.ada)), is_document=True)


def uuid() -> UUID:
    return uuid4()


# The list of chats

CHAT = "rooms/_chat.html"


def chat(stage: Stage, **unread: Any) -> str:
    stage.say(f"Hello <{RAW}> & all the others, in a line that does not fit")
    line = stage.chat(**unread)
    return stage.part(CHAT, chat=line, is_here=False, shows_presence=True)


@state(CHAT, "chats")
def read(stage: Stage) -> str:
    return chat(stage)


@state(CHAT, "chats")
def unread_one(stage: Stage) -> str:
    return chat(stage, count=1)


@state(CHAT, "chats")
def unread_more_than_99(stage: Stage) -> str:
    return chat(stage, count=100, mentions=2)


@state(CHAT, "chats")
def muted_with_a_draft(stage: Stage) -> str:
    return chat(stage, count=3, is_muted=True, has_draft=True)


@state(CHAT, "chats")
def favourite_that_is_open(stage: Stage) -> str:
    stage.say("Hello")
    return stage.part(CHAT, chat=stage.chat(favourite=1), is_here=True, shows_presence=True)


@state("rooms/_typing_signals.html")
def typing_signals(stage: Stage) -> str:
    return stage.part("rooms/_typing_signals.html", room=stage.room)


@state("rooms/_tick.html", "card")
def all_three(stage: Stage) -> str:
    own = stage.say("Mine", stage.ada)
    far, near = (Mark(0, own.pk),), (Mark(0, 0),)
    ticks = [Marks(near, near), Marks(far, near), Marks(far, far)]
    return " ".join(
        stage.part("rooms/_tick.html", tick=marks.tick(own.pk), is_document=False) for marks in ticks
    )


# What is pushed

PUSHES = "rooms/pushes.html"


def push(stage: Stage, piece: str, **context: Any) -> str:
    return stage.part(f"{PUSHES}#{piece}", **context)


@state(PUSHES)
def changes(stage: Stage) -> str:
    asked = stage.say("Shall we?")
    said = stage.say("Yes", reply_to=asked)
    posted, changed = [stage.drawn(said)], [stage.drawn(asked)]
    cursor = stage.history().cursor
    return push(
        stage, "changes", posted=posted, changed=changed, quoted=changed, cursor=cursor, room=stage.room
    )


@state(PUSHES)
def changes_of_a_direct_message(stage: Stage) -> str:
    said = stage.say("Yes", room=stage.private)
    cursor = stage.history(stage.private).cursor
    return push(stage, "changes", posted=[], changed=[stage.drawn(said)], quoted=[], cursor=cursor, room=None)


@state(PUSHES)
def newest_page(stage: Stage) -> str:
    stage.say("Hello")
    return push(stage, "newest-page", page=stage.history(), room=stage.room)


@state(PUSHES)
def list_of_chats(stage: Stage) -> str:
    stage.say("Hello")
    chats = chats_of(stage.ada)
    digest = chats_digest(chats, stage.ada)
    return push(stage, "chat-list", chats=chats, chats_digest=digest, open_chat=None, user=stage.ada)


@state(PUSHES)
def new_chat(stage: Stage) -> str:
    stage.say("Hello")
    return push(stage, "new-chat", chat=stage.chat(count=1), shows_presence=True)


@state(PUSHES)
def changed_chat(stage: Stage) -> str:
    stage.say(f"Hello <{RAW}>")
    pieces = ("chat-gone", "chat-name", "chat-preview", "chat-badge")
    return "".join(push(stage, piece, chat=stage.chat(count=1)) for piece in pieces)


@state(PUSHES)
def favourite(stage: Stage) -> str:
    return push(stage, "favourite", is_favourite=True)


@state(PUSHES)
def head_of_a_direct_message(stage: Stage) -> str:
    return push(stage, "composer-label", title=stage.ben.shown_name) + title(stage)


@state(PUSHES)
def title(stage: Stage) -> str:
    return push(stage, "title", name=f"Garden <{RAW}>", unread_label="3")


@state(PUSHES)
def ticks(stage: Stage) -> str:
    return push(stage, "ticks", marks=Marks((Mark(0, 5),), (Mark(0, 3),)), author_id=stage.ada.pk)


def typing(count: int) -> str:
    names = [f"Ada <{RAW}>", "Ben", "Cleo", "Dora", "Emil"][:count]
    return fragments.typing_indicator(names, "room-1", is_open=True)


@state(PUSHES)
def one_is_typing(_stage: Stage) -> str:
    return typing(1)


@state(PUSHES)
def two_are_typing(_stage: Stage) -> str:
    return typing(2)


@state(PUSHES)
def three_are_typing(_stage: Stage) -> str:
    return typing(3)


@state(PUSHES)
def five_are_typing(_stage: Stage) -> str:
    return typing(5)


@state(PUSHES)
def nobody_is_typing(_stage: Stage) -> str:
    return typing(0)


@state(PUSHES)
def profile(stage: Stage) -> str:
    return push(stage, "profile", person=stage.ben, as_of="1")


@state(PUSHES)
def profile_that_was_deleted(stage: Stage) -> str:
    stage.ben.become_former()
    return push(stage, "profile", person=stage.ben, as_of="1")


@state(PUSHES)
def presence(stage: Stage) -> str:
    stage.ben.online_until = timezone.now() + timedelta(minutes=1)
    pieces = push(stage, "presence", person=stage.ben), push(stage, "other-presence", person=stage.ben)
    return "".join(pieces)


@state(PUSHES)
def last_seen(stage: Stage) -> str:
    stage.ben.online_until = timezone.now() - timedelta(days=1)
    return push(stage, "presence", person=stage.ben) + push(stage, "other-presence", person=None)


@state(PUSHES)
def of_the_reader(stage: Stage) -> str:
    return push(stage, "own", reader=stage.ada) + push(stage, "standing", is_moderator=True)


@state(PUSHES)
def reports(stage: Stage) -> str:
    one, more = (push(stage, "reports", room_id=stage.room.pk, report_count=count) for count in (1, 2))
    return one + more + push(stage, "reports", room_id=None, report_count=0)


@state(PUSHES)
def another_release(stage: Stage) -> str:
    return push(stage, "updated")


@state(PUSHES)
def end_of_the_stream(stage: Stage) -> str:
    return "".join(push(stage, "stream-ended", reason=reason, again="/") for reason in ("session", "room"))


# Pages of rooms

ROOM = "rooms/chat_room_detail.html"


def talk(stage: Stage) -> Message:
    """Say something of everything; return the first message."""
    first = stage.say("Mine, and read", stage.ada)
    stage.say(f"Hello @ada, look <{RAW}> at {UNBROKEN}")
    stage.say("Right below")
    stage.say(FORMATTED, reply_to=first)
    stage.say("🎉", stage.ada).react_as(stage.ben, "👍")
    stage.say("Never mind").erase()
    stage.say("Helo").edit("Hello")
    return first


def open_room(stage: Stage, query: str = "") -> str:
    return stage.get(f"/rooms/{stage.room.pk}/{query}")


def with_connection(html: str, connection: str) -> str:
    """Show a page as a script shows it while its stream is like this."""
    return html.replace("<html ", f'<html data-connection="{connection}" ', 1)


@state(ROOM)
def with_messages(stage: Stage) -> str:
    talk(stage)
    return with_connection(open_room(stage), "connected")


@state(ROOM)
def empty(stage: Stage) -> str:
    return open_room(stage)


@state(ROOM)
def direct_message(stage: Stage) -> str:
    stage.say("Are you there?", stage.ada, stage.private)
    stage.say(f"Yes <{RAW}>", room=stage.private)
    return stage.get(f"/rooms/{stage.private.pk}/")


@state(ROOM)
def direct_message_with_a_former_member(stage: Stage) -> str:
    stage.say("Good bye", room=stage.private)
    stage.ben.become_former()
    return stage.get(f"/rooms/{stage.private.pk}/")


@state(ROOM)
def direct_message_with_somebody_blocked(stage: Stage) -> str:
    stage.say("Hello", room=stage.private)
    stage.ada.block(stage.ben)
    return stage.get(f"/rooms/{stage.private.pk}/")


@state(ROOM)
def messages_of_somebody_blocked(stage: Stage) -> str:
    said = talk(stage)
    stage.ada.block(stage.ben)
    return open_room(stage, f"?message={said.pk + 1}")


@state(ROOM)
def reply_that_is_written(stage: Stage) -> str:
    return open_room(stage, f"?reply={talk(stage).pk}")


@state(ROOM)
def message_that_was_refused(stage: Stage) -> str:
    talk(stage)
    return stage.post(f"/rooms/{stage.room.pk}/messages/", {"content": "x" * 4001, "token": uuid()})


@state(ROOM)
def preview(stage: Stage) -> str:
    return stage.post(
        f"/rooms/{stage.room.pk}/messages/", {"content": FORMATTED, "token": uuid(), "preview": "1"}
    )


@state(ROOM)
def archived(stage: Stage) -> str:
    stage.say("The last word", stage.ada)
    stage.do(f"/rooms/{stage.room.pk}/archive/")
    return open_room(stage)


@state(ROOM)
def where_moderators_write_slowly(stage: Stage) -> str:
    talk(stage)
    stage.room.change_head(posting="replies", slow_seconds=30)
    return stage.get(f"/rooms/{stage.room.pk}/", stage.ben)


@state("rooms/_join.html", "card")
def before_joining(stage: Stage) -> str:
    return stage.page("rooms/_join.html", stage.cleo, room=stage.room)


@state(ROOM)
def with_reports_and_a_draft(stage: Stage) -> str:
    reported(stage)
    stage.do(f"/rooms/{stage.room.pk}/draft/", content=f"Half a <{RAW}>", token=uuid())
    stage.do(f"/rooms/{stage.room.pk}/favourite/", is_favourite="on")
    return open_room(stage)


@state(ROOM)
def connection_lost(stage: Stage) -> str:
    return with_connection(open_room(stage), "reconnecting")


@state(ROOM)
def connection_failed(stage: Stage) -> str:
    return with_connection(open_room(stage), "failed")


def many(stage: Stage) -> list[Message]:
    return stage.say_many(110)


@state(ROOM)
def around_a_message_far_above(stage: Stage) -> str:
    return open_room(stage, f"?message={many(stage)[20].pk}")


@state("rooms/_older_messages.html")
def older_messages(stage: Stage) -> str:
    said = many(stage)
    return stage.get(f"/rooms/{stage.room.pk}/?before={said[60].pk}", htmx=True)


@state("rooms/_newer_messages.html")
def newer_messages(stage: Stage) -> str:
    said = many(stage)
    return stage.get(f"/rooms/{stage.room.pk}/?after={said[10].pk}", htmx=True)


@state("rooms/_posted_message.html")
def posted(stage: Stage) -> str:
    return stage.post(f"/rooms/{stage.room.pk}/messages/", {"content": "Hello", "token": uuid()}, htmx=True)


@state("rooms/_previewed.html")
def previewed(stage: Stage) -> str:
    fields = {"content": FORMATTED, "token": uuid(), "preview": "1"}
    return stage.post(f"/rooms/{stage.room.pk}/messages/", fields, htmx=True)


@state("rooms/_composer_errors.html")
def refused(stage: Stage) -> str:
    return stage.post(
        f"/rooms/{stage.room.pk}/messages/", {"content": "x" * 4001, "token": uuid()}, htmx=True
    )


@state("rooms/_composer_errors.html")
def files_that_are_refused(stage: Stage) -> str:
    form = MessageForm({}, room=stage.room)
    form.add_error("file", ValidationError("“cat.jpg”: this file is empty.", code="0"))
    form.add_error("file", "All your files together would be larger than you may keep here.")
    return stage.part("rooms/_composer_errors.html", form=form)


@state("rooms/_reply.html")
def answered(stage: Stage) -> str:
    return stage.get(f"/rooms/{stage.room.pk}/?reply={talk(stage).pk}", htmx=True)


@state("rooms/_completions.html")
def names_that_complete(stage: Stage) -> str:
    return stage.get(f"/rooms/{stage.room.pk}/people/?q=b", htmx=True)


@state("rooms/_completions.html")
def all_of_the_room(stage: Stage) -> str:
    return stage.get(f"/rooms/{stage.room.pk}/people/?q=al", htmx=True)


@state("rooms/_emoji_completions.html")
def emoji_that_complete(stage: Stage) -> str:
    return stage.get("/emoji/?q=heart", htmx=True)


@state("rooms/_favourite.html")
def favourite_chosen(stage: Stage) -> str:
    return stage.post(f"/rooms/{stage.room.pk}/favourite/", {"is_favourite": "on"}, htmx=True)


@state("_notice.html")
def notice(stage: Stage) -> str:
    return stage.post(f"/rooms/{stage.room.pk + 999}/messages/", {"content": "Hello"}, htmx=True, answers=404)


# The list of chats, and what there is to find


@state("rooms/lobby.html")
def lobby(stage: Stage) -> str:
    talk(stage)
    stage.say("Just you", room=stage.private)
    stage.new_room("Closed", stage.ben, is_by_invitation=False)
    return with_connection(stage.get("/"), "connected")


@state("rooms/lobby.html")
def lobby_on_the_first_visit(stage: Stage) -> str:
    session = stage.session(stage.cleo)
    session["first_steps"] = True
    session.save()
    return stage.ask("GET", "/", b"", stage.cleo, session=session)


@state("rooms/lobby.html")
def lobby_after_everything_was_marked_as_read(stage: Stage) -> str:
    talk(stage)
    return stage.after("/read/", "/")


@state("rooms/lobby.html")
def room_that_is_refused(stage: Stage) -> str:
    return stage.post("/rooms/", {"name": stage.room.name})


@state("rooms/chat_list.html")
def chats(stage: Stage) -> str:
    talk(stage)
    return stage.get("/chats/")


@state("rooms/find.html")
def rooms_and_people(stage: Stage) -> str:
    talk(stage)
    there(stage.cleo)
    return stage.get("/find/")


@state("rooms/find.html")
def nothing_found(stage: Stage) -> str:
    return stage.get("/find/?q=nobody+is+called+so")


@state("rooms/_find_answer.html")
def found_while_typing(stage: Stage) -> str:
    there(stage.room)
    return stage.get("/find/?q=b", htmx=True)


@state("rooms/search.html")
def searched_messages(stage: Stage) -> str:
    talk(stage)
    stage.say("Hello, just you", room=stage.private)
    return stage.get("/search/?q=hello&by_room=on")


@state("rooms/search.html")
def searched_names(stage: Stage) -> str:
    there(stage.room, stage.cleo)
    return stage.get("/search/?q=e")


@state("rooms/search.html")
def search_of_nothing(stage: Stage) -> str:
    return stage.get("/search/?q=hello+from:nobody-is-called-so")


@state("rooms/search.html")
def refused_search(stage: Stage) -> str:
    return stage.get(f"/search/?q={'x' * 301}&before=soon", answers=422)


@state("rooms/search.html")
def search_out_of_the_address(stage: Stage) -> str:
    stage.say_many(30)
    return stage.post("/search/", {"q": "line"})


@state("rooms/search.html")
def search_that_has_more(stage: Stage) -> str:
    stage.say_many(30)
    return stage.get("/search/?q=line&by_room=on")


@state("rooms/search.html")
def search_that_has_more_in_one_list(stage: Stage) -> str:
    stage.say_many(30)
    return stage.get("/search/?q=line")


@state("rooms/_search_answer.html")
def searched_while_typing(stage: Stage) -> str:
    talk(stage)
    return stage.get("/search/?q=hello", htmx=True)


@state("rooms/_search_answer.html")
def searched_with_a_field(stage: Stage) -> str:
    return stage.get("/search/?q=hello&was=hello&sender=ben", htmx=True)


@state("rooms/_search_answer.html")
def searched_with_a_condition(stage: Stage) -> str:
    return stage.get("/search/?q=hello+from:ben&was=hello", htmx=True)


@state("rooms/_search_answer.html")
def refused_while_typing(stage: Stage) -> str:
    return stage.get("/search/?q=hello&before=soon", htmx=True, answers=422)


@state("rooms/chat_room_search.html")
def search_in_a_room(stage: Stage) -> str:
    return stage.get(f"/rooms/{stage.room.pk}/search/")


@state("rooms/chat_room_search.html")
def day_that_is_none(stage: Stage) -> str:
    return stage.get(f"/rooms/{stage.room.pk}/?date=soon", answers=422)


@state("rooms/mention_list.html")
def mentions(stage: Stage) -> str:
    there(stage.ada)
    talk(stage)
    return stage.get("/mentions/")


@state("rooms/mention_list.html")
def no_mentions(stage: Stage) -> str:
    return stage.get("/mentions/")


@state("rooms/saved_message_list.html")
def saved_messages(stage: Stage) -> str:
    talk(stage).save_for(stage.ada, f"For the plumber <{RAW}>")
    return stage.get("/saved/")


@state("rooms/saved_message_list.html")
def no_saved_messages(stage: Stage) -> str:
    return stage.get("/saved/")


# About a message


def about(stage: Stage, said: Message, what: str = "", by: Any = None) -> str:
    return stage.get(f"/messages/{said.pk}/{what}", by)


@state("rooms/message_detail.html")
def own_message(stage: Stage) -> str:
    said = talk(stage)
    said.react_as(stage.ben, "🎂")
    return about(stage, said)


@state("rooms/message_detail.html")
def message_of_somebody_else(stage: Stage) -> str:
    talk(stage)
    return about(stage, stage.say("Hello"))


@state("rooms/message_detail.html")
def message_of_a_former_member(stage: Stage) -> str:
    said = stage.say("I was here")
    stage.ben.become_former()
    return about(stage, said)


@state("rooms/message_detail.html")
def message_that_was_edited(stage: Stage) -> str:
    said = stage.say("Helo", stage.ada)
    said.edit(f"Hello <{RAW}>")
    return about(stage, said)


@state("rooms/message_detail.html")
def message_that_was_deleted(stage: Stage) -> str:
    said = stage.say("Helo", stage.ada)
    said.erase()
    return about(stage, said)


@state("rooms/message_detail.html")
def no_emoji(stage: Stage) -> str:
    said = stage.say("Cake?")
    return stage.post(f"/messages/{said.pk}/react/", {"emoji": "no emoji"})


@state("rooms/_message_entries.html", "card")
def menu_of_a_message(stage: Stage) -> str:
    return stage.get(f"/messages/{stage.say('Hello').pk}/?menu=1", htmx=True)


@state("rooms/reply_list.html")
def replies(stage: Stage) -> str:
    return about(stage, talk(stage), "replies/")


@state("rooms/reply_list.html")
def reply_that_is_refused(stage: Stage) -> str:
    fields = {"content": "", "description": "x" * 501}
    return stage.post(f"/messages/{stage.say('Look').pk}/replies/", fields)


@state("rooms/reply_list.html")
def reply_with_a_description_that_is_too_long(stage: Stage) -> str:
    fields = {"content": "Yes", "description": "x" * 501}
    return stage.post(f"/messages/{stage.say('Look').pk}/replies/", fields)


@state("rooms/forward_create.html")
def where_to_forward(stage: Stage) -> str:
    there(stage.private)
    return about(stage, talk(stage), "forward/")


@state("rooms/message_update.html")
def editing(stage: Stage) -> str:
    return about(stage, talk(stage), "edit/")


@state("rooms/message_update.html")
def edited_meanwhile(stage: Stage) -> str:
    said = talk(stage)
    said.edit("Hello again")
    return stage.post(f"/messages/{said.pk}/edit/", {"content": "Mine", "since": 0})


def with_files(stage: Stage, by: Any) -> Message:
    said = stage.say("Look", by)
    said.attached = shown_as(FILES)
    said.save(update_fields=["attached"])
    attach(said, stored(by), [file.description for file in FILES])
    return said


def stored(by: Any) -> list[StoredFile]:
    """Note files of which there are no bytes."""
    fields = ("name", "kind", "size", "width", "height")
    return [
        StoredFile.objects.create(
            pk=file.id, sender=by, stored_as=str(file.id), **{name: getattr(file, name) for name in fields}
        )
        for file in FILES
    ]


@state("rooms/message_update.html")
def editing_with_files(stage: Stage) -> str:
    return about(stage, with_files(stage, stage.ada), "edit/")


@state("rooms/room_file_list.html")
def files_of_a_room(stage: Stage) -> str:
    with_files(stage, stage.ben)
    return stage.get(f"/rooms/{stage.room.pk}/files/")


@state("rooms/room_file_list.html")
def more_files_than_on_a_page(stage: Stage) -> str:
    photo = stored(stage.ben)[:1]
    for said in stage.say_many(31):
        attach(said, photo, [""])
    return stage.get(f"/rooms/{stage.room.pk}/files/?kind=picture")


@state("rooms/room_file_list.html")
def no_files(stage: Stage) -> str:
    return stage.get(f"/rooms/{stage.room.pk}/files/?kind=sound")


@state("rooms/own_file_list.html")
def own_files(stage: Stage) -> str:
    with_files(stage, stage.ada)
    copied = stage.say("", stage.ada)
    copied.is_forwarded = True
    copied.save(update_fields=["is_forwarded"])
    attach(copied, [StoredFile.objects.get(pk=PHOTO.id)], [""])
    left = stage.say("", stage.ada, stage.new_room("Left"))
    attach(left, [StoredFile.objects.get(pk=FILES[1].id)], [""])
    stage.membership(room=left.room).leave()
    return stage.get("/settings/files/")


@state("rooms/own_file_list.html")
def no_own_files(stage: Stage) -> str:
    return stage.get("/settings/files/")


@state("rooms/export_detail.html")
def data_to_download(stage: Stage) -> str:
    return stage.get("/settings/data/")


@state("rooms/export_detail.html")
def download_that_is_prepared(stage: Stage) -> str:
    return stage.after("/settings/data/", "/settings/data/")


def prepared(stage: Stage, **facts: Any) -> str:
    export = exports.ask(stage.ada)
    Export.objects.filter(pk=export.pk).update(**facts)
    return stage.get("/settings/data/")


@state("rooms/export_detail.html")
def download_that_failed(stage: Stage) -> str:
    return prepared(stage, job=None)


@state("rooms/_export.html", "card")
def download_that_is_ready(stage: Stage) -> str:
    ends = timezone.now() + timedelta(days=7)
    export = {"is_there": True, "size": 2_500_000, "left_out": 2, "expires_at": ends, "room": stage.room}
    return stage.part("rooms/_export.html", export=export)


@state("rooms/account_delete.html")
def account_to_delete(stage: Stage) -> str:
    return stage.get("/settings/data/delete/")


@state("rooms/account_delete.html")
def account_that_is_not_deleted(stage: Stage) -> str:
    return stage.post("/settings/data/delete/", {})


@state("rooms/account_deleted.html")
def account_that_is_deleted(stage: Stage) -> str:
    return stage.as_stranger("/settings/data/deleted/")


@state("rooms/_export.html", "card")
def download_that_has_all_files(stage: Stage) -> str:
    export = {"is_there": True, "size": 100, "left_out": 0, "expires_at": timezone.now()}
    return stage.part("rooms/_export.html", export=export)


@state("rooms/room_export_create.html")
def room_to_download(stage: Stage) -> str:
    return of_room(stage, "export/")


TITLE = f"A <{RAW}> & B"


def in_download(stage: Stage, template: str, **context: Any) -> str:
    return stage.part(f"rooms/export/{template}", root="", title=TITLE, **context)


@state("rooms/export/own.html")
def own_data(stage: Stage) -> str:
    told = {"name": TITLE, "display_name": TITLE, "joined_at": timezone.now()}
    part = {"name": "chats/1", "title": TITLE}
    return in_download(stage, "own.html", told=told, parts=[part], left_out=1)


@state("rooms/export/own.html")
def no_data(stage: Stage) -> str:
    return in_download(stage, "own.html", told={"name": TITLE, "joined_at": timezone.now()}, parts=[])


@state("rooms/export/room.html")
def downloaded_room(stage: Stage) -> str:
    told = {"description": TITLE, "members": [{"name": TITLE}]}
    return in_download(stage, "room.html", told=told, left_out=0)


@state("rooms/export/room.html")
def downloaded_room_without_a_description(stage: Stage) -> str:
    return in_download(stage, "room.html", told={"members": []}, left_out=0)


@state("rooms/export/chat.html")
def downloaded_messages(stage: Stage) -> str:
    files = [{"name": TITLE, "description": TITLE, "path": "files/1"}, {"name": TITLE, "description": TITLE}]
    line = {"id": 1, "by": TITLE, "at": timezone.now(), "files": []}
    rows = [
        (line, "Hello"),
        ({**line, "id": 2, "edited_at": timezone.now(), "is_forwarded": True, "files": files}, ""),
        ({**line, "id": 3, "deleted_at": timezone.now()}, ""),
    ]
    return in_download(stage, "chat.html", rows=rows, previous=1, next=3)


@state("rooms/export/chat.html")
def no_messages_to_download(stage: Stage) -> str:
    return in_download(stage, "chat.html", rows=[], previous=0, next=0)


@state("rooms/message_file_detail.html")
def photo_of_mine(stage: Stage) -> str:
    return about(stage, with_files(stage, stage.ada), "files/1/")


@state("rooms/message_file_detail.html")
def video_of_somebody_else(stage: Stage) -> str:
    return about(stage, with_files(stage, stage.ben), "files/2/")


@state("rooms/message_delete.html")
def deleting(stage: Stage) -> str:
    return about(stage, talk(stage), "delete/")


@state("rooms/report_create.html")
def reporting(stage: Stage) -> str:
    return about(stage, stage.say("Buy this"), "report/")


@state("rooms/report_create.html")
def report_that_is_refused(stage: Stage) -> str:
    return stage.post(f"/messages/{stage.say('Buy this').pk}/report/", {})


@state("rooms/report_create.html")
def already_reported(stage: Stage) -> str:
    said = reported(stage)
    return about(stage, said, "report/")


def reported(stage: Stage) -> Message:
    said = stage.say("Buy this")
    said.report(stage.ada, reason="spam", details=f"Again <{RAW}>")
    return said


@state("rooms/report_list.html")
def reported_messages(stage: Stage) -> str:
    reported(stage)
    return stage.get(f"/rooms/{stage.room.pk}/reports/")


@state("rooms/report_list.html")
def reported_to_staff(stage: Stage) -> str:
    stage.say("Buy this", room=stage.private).report(stage.ada, reason="spam", details="")
    return stage.get("/reports/")


@state("rooms/report_list.html")
def no_reports(stage: Stage) -> str:
    return stage.get(f"/rooms/{stage.room.pk}/reports/")


@state("rooms/pin_update.html")
def pinning(stage: Stage) -> str:
    return about(stage, talk(stage), "pin/")


@state("rooms/saved_message_update.html")
def saving(stage: Stage) -> str:
    said = talk(stage)
    said.save_for(stage.ada, "For the plumber")
    return about(stage, said, "save/")


# About a room


def of_room(stage: Stage, what: str, by: Any = None) -> str:
    return stage.get(f"/rooms/{stage.room.pk}/{what}", by)


@state("rooms/pin_list.html")
def pins(stage: Stage) -> str:
    talk(stage).pin_as(stage.ada, f"For guests <{RAW}>")
    return of_room(stage, "pins/")


@state("rooms/pin_list.html")
def no_pins(stage: Stage) -> str:
    return of_room(stage, "pins/")


@state("rooms/chat_room_about.html")
def of_an_owner(stage: Stage) -> str:
    talk(stage).pin_as(stage.ada, "")
    return of_room(stage, "about/")


@state("rooms/chat_room_about.html")
def of_a_member(stage: Stage) -> str:
    return of_room(stage, "about/", stage.ben)


@state("rooms/chat_room_about.html")
def of_a_moderator(stage: Stage) -> str:
    stage.membership(stage.ben)
    stage.room.memberships.filter(user=stage.ben).update(role="moderator")
    return of_room(stage, "about/", stage.ben)


@state("rooms/chat_room_update.html")
def changing_a_room(stage: Stage) -> str:
    return of_room(stage, "edit/")


@state("rooms/chat_room_update.html")
def change_that_is_refused(stage: Stage) -> str:
    other = stage.new_room("Taken")
    return stage.post(f"/rooms/{stage.room.pk}/edit/", {"name": other.name})


@state("rooms/membership_update.html")
def notifications(stage: Stage) -> str:
    return of_room(stage, "notifications/")


@state("rooms/membership_delete.html")
def leaving(stage: Stage) -> str:
    return of_room(stage, "leave/")


@state("rooms/member_detail.html")
def member(stage: Stage) -> str:
    return of_room(stage, f"members/{stage.membership(stage.ben).user_id}/")


@state("rooms/room_invitation_list.html")
def invitations_into_a_room(stage: Stage) -> str:
    path = f"/rooms/{stage.room.pk}/invitations/"
    return stage.after(path, path, lifetime="week", max_uses="100")


@state("rooms/room_invitation_detail.html")
def invitation_into_a_room(stage: Stage) -> str:
    closed = ChatRoom.objects.create_group(f"Closed <{RAW}>", stage.ada, is_by_invitation=True)
    token = RoomInvitation.objects.issue(closed, stage.ada, timedelta(days=1), 1)
    return stage.get(f"/rooms/join/{token}/", stage.cleo)


@state("rooms/room_invitation_detail.html")
def invitation_before_the_login(stage: Stage) -> str:
    token = RoomInvitation.objects.issue(stage.room, stage.ada, timedelta(days=1), 1)
    return stage.as_stranger(f"/rooms/join/{token}/")


@state("rooms/ban_list.html")
def bans(stage: Stage) -> str:
    banned_one(stage)
    return of_room(stage, "bans/")


@state("rooms/ban_detail.html")
def banned(stage: Stage) -> str:
    banned_one(stage)
    return stage.get(f"/rooms/{stage.room.pk}/", stage.ben, answers=403)


def banned_one(stage: Stage) -> None:
    moderation.ban(stage.membership(), stage.ben, None, f"Shouted <{RAW}>")


@state("rooms/moderation_act_list.html")
def log(stage: Stage) -> str:
    banned_one(stage)
    moderation.update(stage.membership(), f"Kitchen <{RAW}>", "")
    return of_room(stage, "log/")


# People


@state("rooms/profile_detail.html")
def profile_of_somebody(stage: Stage) -> str:
    stage.ben.change_avatar(b"small", b"large")
    stage.ben.online_until = timezone.now() + timedelta(hours=1)
    stage.ben.save()
    there(stage.private)
    return stage.get("/people/ben/profile/")


@state("rooms/profile_detail.html")
def profile_of_a_stranger(stage: Stage) -> str:
    there(stage.ben)
    return stage.get("/people/ben/profile/")


@state("rooms/profile_detail.html")
def own_profile(stage: Stage) -> str:
    return stage.get("/people/ada/profile/")


@state("accounts/profile_update.html")
def changing_the_profile(stage: Stage) -> str:
    stage.ada.change_avatar(b"small", b"large")
    return stage.get("/settings/profile/")


@state("accounts/profile_update.html")
def profile_that_is_refused(stage: Stage) -> str:
    return stage.post("/settings/profile/", {"display_name": stage.ben.display_name, "status": "x" * 200})


@state("accounts/block_create.html")
def blocking(stage: Stage) -> str:
    return stage.get(f"/settings/blocked/{stage.ben.pk}/")


@state("accounts/block_list.html")
def blocked(stage: Stage) -> str:
    stage.ada.block(stage.ben)
    return stage.get("/settings/blocked/")


@state("accounts/block_list.html")
def nobody_blocked(stage: Stage) -> str:
    return stage.get("/settings/blocked/")


@state("accounts/settings_update.html")
def settings_page(stage: Stage) -> str:
    return stage.get("/settings/")


@state("accounts/settings_update.html")
def settings_that_are_refused(stage: Stage) -> str:
    return stage.post("/settings/", {"theme": "none"})


@state("accounts/session_list.html")
def sessions(stage: Stage) -> str:
    stage.session(stage.ada)
    return stage.get("/settings/sessions/")


@state("accounts/password_update.html")
def password(stage: Stage) -> str:
    return stage.get("/settings/password/", stage.ben)


@state("accounts/password_update.html")
def password_that_is_refused(stage: Stage) -> str:
    fields = {"new_password": "1234", "new_password_again": "4321"}
    return stage.post("/settings/password/", fields, stage.ben)


# Entering


@state("accounts/login.html")
def login_page(stage: Stage) -> str:
    return stage.as_stranger("/login/")


@state("accounts/login.html")
def name_that_is_refused(stage: Stage) -> str:
    return stage.as_stranger("/login/", name="two: words")


@state("accounts/login.html")
def name_to_agree_to(stage: Stage) -> str:
    return stage.as_stranger("/login/", name="Anna Müller")


@state("accounts/login.html")
def name_with_a_password(stage: Stage) -> str:
    return stage.as_stranger("/login/", name=stage.ada.username)


@state("accounts/login.html")
def where_new_people_need_an_invitation(stage: Stage) -> str:
    return stage.page("accounts/login.html", None, form=LoginForm(), next="/", entering="closed")


@state("accounts/login.html")
def where_names_belong_to_browsers(stage: Stage) -> str:
    return stage.page("accounts/login.html", None, form=LoginForm(), next="/", entering="claimed")


def made() -> dict[str, Any]:
    """Return a link that was made, as pages show it once."""
    url = "https://chat.example/enter/token/"
    return {"url": url, "qr": qr_code(url)}


@state("accounts/entry_link_create.html", path="/settings/browsers/")
def link_for_another_browser(stage: Stage) -> str:
    return stage.page("accounts/entry_link_create.html", stage.ben, made=made())


@state("accounts/entry_link_create.html", path="/settings/browsers/")
def before_there_is_a_link(stage: Stage) -> str:
    return stage.page("accounts/entry_link_create.html", stage.ben, made=None)


@state("accounts/entry_link_detail.html", path="/enter/token/")
def entry_link(stage: Stage) -> str:
    return stage.page("accounts/entry_link_detail.html", None, person=stage.ben)


@state("accounts/invitation_list.html", path="/settings/invitations/")
def invitations(stage: Stage) -> str:
    EntryLink.objects.invite(stage.ada)
    context = {"made": made(), "invitations": EntryLink.objects.invitations(), "next_page": 2}
    return stage.page("accounts/invitation_list.html", stage.ada, **context)


@state("accounts/invitation_detail.html", path="/join/token/")
def invitation(stage: Stage) -> str:
    context = {"form": InvitationForm(), "inviter": stage.ben, "invited_by": stage.ben}
    return stage.page("accounts/invitation_detail.html", None, **context)


@state("accounts/staff_link_detail.html")
def staff_link(stage: Stage) -> str:
    EntryLink.objects.issue_for_staff()
    EntryLink.objects.filter(for_staff=True).update(digest=digest_of("known"))
    return stage.as_stranger("/staff/known/")


# All others


@state("help.html")
def help_for_readers(stage: Stage) -> str:
    return stage.get("/help/")


@state("error.html")
def not_found(stage: Stage) -> str:
    return stage.get("/nowhere/", answers=404)


@state("error.html")
def message_that_was_not_saved(stage: Stage) -> str:
    context = {
        "heading": "This didn’t work",
        "explanation": "The database isn’t responding.",
        "unsent": {"content": f"Hello <{RAW}>", "token": "1"},
        "action": "/",
    }
    return stage.page("error.html", stage.ada, **context)


@state("rooms/own_messages.css")
def own_messages(stage: Stage) -> str:
    stage.ada.block(stage.ben)
    return stage.get(f"/own/{stage.ada.pk}.css")


@state("rooms/document/document.html")
def document(stage: Stage) -> str:
    talk(stage)
    context = {"room": stage.room, "page": stage.history(), "reader": stage.ada, "title": stage.room.name}
    return stage.part("rooms/document/document.html", **context, is_linked_hidden=False)


@state("rooms/document/refusal.html")
def document_that_is_refused(stage: Stage) -> str:
    return "".join(
        stage.part("rooms/document/refusal.html", status=status, reason=reason, reader=stage.ada, again="/")
        for status, reason in ((503, ""), (403, "session"), (404, "room"), (400, ""))
    )


@state("rooms/document/pieces.html")
def pieces(stage: Stage) -> str:
    said = stage.say("Helo", stage.ada)
    said.edit("Hello")
    drawn = stage.drawn(said)
    tick = Marks().tick(said.pk)
    return "".join(
        stage.part(f"rooms/document/pieces.html#{piece}", **context)
        for piece, context in (
            ("messages", {"messages": [drawn], "previous": None}),
            ("noticed", {"noticed": [drawn], "version": 0, "nonce": "n"}),
            ("changed", {"changed": [(drawn, 1)], "moved": [(drawn.pk, 2)], "nonce": "n"}),
            ("heartbeat", {}),
            ("typing", {"words": f"Ada <{RAW}> is typing…"}),
            (
                "ticks",
                {
                    "delivered": drawn,
                    "undelivered": drawn,
                    "read": drawn,
                    "unread": drawn,
                    "last": tick,
                    "nonce": "n",
                },
            ),
            ("forbidden", {"reason": "session", "again": "/"}),
            ("begins-anew", {"seconds": 3}),
        )
    )


@state("gallery/index.html")
def gallery(stage: Stage) -> str:
    return stage.get("/gallery/")


@state("gallery/template.html")
def template(stage: Stage) -> str:
    return stage.get("/gallery/rooms/_tick.html/")


@state("gallery/frame.html")
def partial(stage: Stage) -> str:
    return stage.get("/gallery/look/all_three/rooms/_tick.html")


@state("gallery/frame.html")
def piece(stage: Stage) -> str:
    return stage.get("/gallery/look/favourite/rooms/pushes.html")


@state("accounts/admin_entry_links.html")
def entry_links_in_the_admin(stage: Stage) -> str:
    links = [(stage.ben, "https://chat.example/enter/token/")]
    return stage.page("accounts/admin_entry_links.html", stage.ada, title="Give each link", links=links)


@state("admin/rooms/chatroom/removal.html")
def removing_rooms_in_the_admin(stage: Stage) -> str:
    fields = {"action": "remove", "_selected_action": [stage.room.pk]}
    return stage.post("/admin/rooms/chatroom/", fields)


@state("admin/rooms/raid/add.html")
def undoing_a_raid_in_the_admin(stage: Stage) -> str:
    return stage.get("/admin/rooms/raid/add/")
