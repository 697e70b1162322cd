"""What streams bring, and the page that shows it."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from rooms.chats import chats_digest, chats_of
from rooms.gallery.stage import RAW, Stage
from rooms.gallery.states.state import state
from rooms.live.wire import fragments
from rooms.models.tick import Mark, Marks

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
