"""Pages of rooms."""

from typing import Any

from django.core.exceptions import ValidationError

from rooms.forms import MessageForm
from rooms.gallery.stage import RAW, Stage
from rooms.gallery.states.messages import FORMATTED, UNBROKEN, uuid
from rooms.gallery.states.state import state
from rooms.models import Message

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


def reported(stage: Stage) -> Message:
    said = stage.say("Buy this")
    said.report(stage.ada, reason="spam", details=f"Again <{RAW}>")
    return said


def of_room(stage: Stage, what: str, by: Any = None) -> str:
    return stage.get(f"/rooms/{stage.room.pk}/{what}", by)


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
