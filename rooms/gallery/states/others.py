"""All other pages."""

from rooms.gallery.stage import RAW, Stage
from rooms.gallery.states.rooms import talk
from rooms.gallery.states.state import state
from rooms.models.tick import Marks


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
