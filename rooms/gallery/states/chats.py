"""States of the lines of the list of chats."""

from typing import Any

from rooms.gallery.stage import RAW, Stage
from rooms.gallery.states.state import state
from rooms.models.tick import Mark, Marks

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
