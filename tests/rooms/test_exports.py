"""Downloads of what somebody has written, and of rooms."""

import io
import json
import os
import time
import uuid
from datetime import timedelta
from zipfile import ZipFile

import pytest

from rooms import exports, housekeeping, jobs
from rooms.models import Export, Job
from tests.conftest import client_of
from tests.support.factories import (
    avatar_of,
    make_membership,
    make_message,
    make_message_with_file,
    make_messages,
    make_room,
    make_user,
)
from tests.support.htmx import parse
from tests.support.jobs import work_off

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quick_jobs")]

HERE = "/settings/data/"
FILE = "/settings/data/download/"


def downloaded(client, ask=HERE):
    assert client.post(ask).status_code == 302
    assert work_off()
    answer = client.get(FILE)
    assert answer.status_code == 200
    return ZipFile(io.BytesIO(answer.getvalue()))


def data_of(archive, name="data.json"):
    return json.loads(archive.read(name))


def test_own_download_has_everything_that_is_mine(ada, ben, room, private, ada_client):
    avatar_of(ada)
    make_message_with_file(room, ada, "Mine <b>", "my report.pdf", b"report")
    make_message(room, ben, "Bens word")
    make_message_with_file(private, ben, "For you", "for you.pdf", b"yours")
    edited = make_message(private, ada, "Frist")
    edited.edit("First, @ben")
    ada.block(ben)
    edited.save_for(ada, "Remember")
    left = make_room("Secret garden", [ada])
    make_message_with_file(left, ada, "I was here", "left.pdf", b"left")
    left.memberships.get(user=ada).leave()
    gone = make_message(room, ada, "Taken back")
    gone.erase()

    archive = downloaded(ada_client)
    assert archive.testzip() is None
    told = data_of(archive)
    assert (told["name"], told["blocked"]) == ("ada", ["ben"])
    assert told["saved_messages"] == [{"message": edited.pk, "note": "Remember"}]
    assert len(told["sessions"]) == 1
    assert {chat["title"] for chat in told["chats"]} == {"Kitchen", "ben", "A room that you have left"}
    in_room, direct = (data_of(archive, f"chats/{it.pk}/1.json") for it in (room, private))
    assert [line["text"] for line in in_room] == ["Mine <b>"], "of rooms, only what ada wrote"
    assert [line["text"] for line in direct] == ["For you", "First, @ben"]
    assert [earlier["text"] for earlier in direct[1]["earlier"]] == ["Frist"]
    names = set(archive.namelist())
    paths = [line["files"][0]["path"] for line in (in_room[0], direct[0])]
    assert [archive.read(path) for path in paths] == [b"report", b"yours"]
    assert {"index.html", "style.css", "avatar.webp", *paths} < names
    [was_here] = data_of(archive, f"chats/{left.pk}/1.json")
    assert (was_here["text"], was_here["files"][0]["path"]) == ("I was here", ""), (
        "nobody gets files from there"
    )
    everything = b"".join(archive.read(name) for name in names)
    for hidden in (b"Bens word", b"Taken back", b"Secret garden", b'left.pdf"><', b"<b>"):
        assert hidden not in everything.replace(b'"Mine <b>"', b"")
    shown = parse(archive.read(f"chats/{private.pk}/1.html").decode())
    assert [one.text for one in shown.all(css_class="text")] == ["For you", "First, @ben"]
    assert not [link for link in shown.all("a") if link.get("href").startswith("/")]


def test_long_chat_has_pages_that_lead_to_each_other(monkeypatch, ada, room, ada_client):
    monkeypatch.setattr(exports, "PAGE", 10)
    make_messages(room, ada, 20)
    archive = downloaded(ada_client)
    folder = f"chats/{room.pk}"
    pages = [archive.read(f"{folder}/{number}.html").decode() for number in (1, 2)]
    assert sum(text.count("<article") for text in pages) == 20
    assert [text.count('href="2.html"') for text in pages] == [1, 0]
    assert f"{folder}/3.html" not in archive.namelist()


def test_it_is_in_the_language_and_time_of_who_asks(ada, room, ada_client, clock):
    ada.change_settings(language="de", time_zone="Asia/Tokyo")
    make_message(room, ada, "Hallo")
    text = downloaded(ada_client).read(f"chats/{room.pk}/1.html").decode()
    assert '<html lang="de"' in text
    assert "21:00" in text
    assert "23. November 2026" in text


def test_owner_downloads_the_room_with_what_everybody_wrote(ada, ben, room, ada_client, ben_client, private):
    make_message_with_file(room, ben, "Bens word", "plan.pdf", b"plan")
    make_message(room, ada, "Gone").erase()
    make_message(private, ben, "In private")
    address = f"/rooms/{room.pk}/export/"
    archive = downloaded(ada_client, address)
    lines = data_of(archive, "room/1.json")
    assert [(line["by"], line["text"]) for line in lines] == [("ben", "Bens word"), ("ada", "")]
    assert archive.read(lines[0]["files"][0]["path"]) == b"plan"
    assert [one["name"] for one in data_of(archive)["members"]] == ["ada", "ben"]
    assert not any(b"In private" in archive.read(name) for name in archive.namelist())
    assert "Kitchen" in ada_client.get(HERE).content.decode()
    assert ben_client.post(address).status_code == 403


@pytest.mark.parametrize("when", ["before", "after"])
def test_who_no_longer_owns_the_room_gets_nothing(when, ada, room, ada_client):
    make_membership(room, make_user(), role="owner")
    ada_client.post(f"/rooms/{room.pk}/export/")
    if when == "after":
        assert work_off()
    room.memberships.filter(user=ada).update(role="member")
    work_off()
    assert ada_client.get(FILE).status_code == 404
    assert "Prepare a download" in ada_client.get(HERE).content.decode()


def test_nobody_else_gets_it_and_nobody_without_logging_in(ada, ada_client, ben_client, client):
    downloaded(ada_client)
    assert ben_client.get(FILE).status_code == 404
    assert client.get(FILE).headers["Location"].startswith("/login/")
    answer = ada_client.get(FILE)
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="ada ')
    assert "no-cache" in answer.headers["Cache-Control"]
    answer.close()


def test_one_at_a_time_and_the_next_takes_the_place_of_the_last(ada, ada_client):
    ada_client.post(HERE)
    ada_client.post(HERE)
    assert Job.objects.count() == 1
    assert "is being prepared" in ada_client.get(HERE).content.decode()
    assert ada_client.get(HERE, headers={"HX-Request": "true"}).status_code == 204  # nothing to read aloud
    work_off()
    first = Export.objects.get()
    assert "Your download is ready" in ada_client.get(HERE, headers={"HX-Request": "true"}).content.decode()
    downloaded(ada_client)
    assert Export.objects.get().pk != first.pk


def test_place_of_the_last_is_free_after_the_commit(django_capture_on_commit_callbacks, ada):
    exports.ask(ada)
    work_off()
    path = Export.objects.get().path
    assert path.stat().st_mode & 0o777 == 0o600
    with django_capture_on_commit_callbacks(execute=True):
        exports.ask(ada)
    assert not path.exists()


def test_it_expires_and_goes_with_its_file(django_capture_on_commit_callbacks, ada_client, clock, settings):
    downloaded(ada_client)
    path = Export.objects.get().path
    clock.shift(Export.KEPT_FOR)
    assert ada_client.get(FILE).status_code == 404
    assert "not kept any more" in ada_client.get(HERE).content.decode()
    stray = settings.EXPORTS_DIR / "stray.part"
    stray.touch()
    os.utime(stray, (0, 0))
    with django_capture_on_commit_callbacks(execute=True):
        assert housekeeping.tidy(60.0)
    assert not Export.objects.exists()
    assert not path.exists()
    assert not stray.exists()


def test_file_that_is_still_written_stays(settings):
    settings.EXPORTS_DIR.mkdir()
    part = settings.EXPORTS_DIR / "now.part"
    part.touch()
    os.utime(part, (time.time(), time.time()))
    exports.tidy()
    assert part.exists()


def test_files_that_would_make_it_too_large_are_left_out_and_named(ada, room, ada_client, settings):
    settings.EXPORT_MAX_BYTES = 10
    make_message_with_file(room, ada, "Small", "small.pdf", b"123456")
    make_message_with_file(room, ada, "Large", "large.pdf", b"123456")
    archive = downloaded(ada_client)
    assert [line["files"][0]["path"] != "" for line in data_of(archive, f"chats/{room.pk}/1.json")] == [
        True,
        False,
    ]
    assert "1 file is not in it" in archive.read("index.html").decode()
    assert "1 file is not in it" in ada_client.get(HERE).content.decode()


def test_failure_is_told_and_it_can_be_asked_for_again(ada, ada_client, monkeypatch, clock, settings):
    def fails(*_arguments):
        raise OSError("The disk is full")

    monkeypatch.setattr(exports, "_fill", fails)
    ada_client.post(HERE)
    for _attempt in range(Job.ATTEMPTS):
        assert work_off()
        clock.shift(timedelta(hours=1))
    assert "could not be prepared" in ada_client.get(HERE).content.decode()
    assert list(settings.EXPORTS_DIR.iterdir()) == []
    monkeypatch.undo()
    monkeypatch.setattr(jobs, "LONGEST_PAUSE", 0.0)
    downloaded(ada_client)


def test_interrupted_anywhere_it_begins_anew(ada, room, ada_client, settings):
    make_message_with_file(room, ada, "Mine", "mine.pdf", b"mine")
    ada_client.post(HERE)
    for steps in range(4):
        looks = iter([False] * (steps + 1))
        assert jobs.work_off(uuid.uuid4(), lambda looks=looks: next(looks, True))
        assert list(settings.EXPORTS_DIR.iterdir()) == [], "no half of one"
        assert ada_client.get(FILE).status_code == 404
    assert work_off()
    assert ZipFile(Export.objects.get().path).testzip() is None


def test_who_is_deactivated_gets_nothing(ada, ada_client):
    ada_client.post(HERE)
    ada.is_active = False
    ada.save(update_fields=["is_active"])
    assert work_off()
    assert Export.objects.get().ready_at is None


def test_page_says_it_to_whom_it_concerns(ada_client, room, ben):
    about = f"/rooms/{room.pk}/about/"
    assert "Download this room" in ada_client.get(about).content.decode()
    make_membership(room, make_user(), role="owner")
    assert "Download this room" not in client_of(ben).get(about).content.decode()
