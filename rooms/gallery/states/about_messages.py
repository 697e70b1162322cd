"""Pages about a message."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from rooms import exports
from rooms.gallery.stage import RAW, Stage
from rooms.gallery.states.messages import FILES, PHOTO
from rooms.gallery.states.rooms import of_room, reported, talk
from rooms.gallery.states.state import state, there
from rooms.models import Export, Message, StoredFile
from rooms.models.stored_file import attach, shown_as


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
