"""States of a message."""

from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

from rooms.gallery.stage import RAW, Stage
from rooms.gallery.states.state import state, there
from rooms.models import Message
from rooms.models.stored_file import ShownFile, shown_as
from rooms.models.tick import Mark, Marks

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
