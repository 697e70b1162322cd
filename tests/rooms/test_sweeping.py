"""Files without a row, and rows without a file."""

import os
import time
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from rooms import housekeeping
from rooms.models import Attachment, Message, Report, StoredFile
from rooms.models.stored_file import new_name
from tests.support.factories import make_membership, make_message_with_file, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("folder_of_files")]
TWO_DAYS = 2 * 24 * 60 * 60


def command(option):
    out = StringIO()
    try:
        call_command("files", option, stdout=out)
    except CommandError as error:
        out.write(str(error))
    return out.getvalue()


def age(path):
    then = time.time() - TWO_DAYS
    os.utime(path, (then, then))


@pytest.fixture
def orphan():
    name = storages["files"].save(new_name(), ContentFile(b"x"))
    return Path(storages["files"].path(name))


@pytest.fixture
def left_over():
    path = Path(settings.INCOMING_DIR) / "left"
    path.touch()
    return path


@pytest.fixture
def kept(room, ada):
    message = make_message_with_file(room, ada)
    return StoredFile.objects.get(attachments__message=message)


def test_both_sides_are_compared(kept, orphan, left_over):
    assert command("--check") == "Every file has its row, and every row its file.\n", "they may get a row yet"
    for path in (orphan, left_over, storages["files"].path(kept.stored_as)):
        age(path)
    said = command("--check")
    assert f"No row: {orphan.relative_to(storages['files'].location)}" in said
    assert "Left over: left" in said
    assert "2 files do not agree with their rows." in said
    assert command("--sweep").startswith("Deleted 2 files without a row.\nEvery file")
    assert not orphan.exists()
    assert not left_over.exists()
    assert storages["files"].exists(kept.stored_as)
    storages["files"].delete(kept.stored_as)
    assert f"No file: file {kept.pk} ({kept.stored_as})" in command("--sweep")


def test_housekeeping_looks_at_a_part_at_a_time(orphan, monkeypatch):
    age(orphan)
    first = orphan.parts[-3]
    monkeypatch.setattr("rooms.sweeping.FOLDERS", [first])
    housekeeping.tidy(5)
    assert not orphan.exists()


@pytest.mark.parametrize("how", ["message", "room"])
def test_files_of_what_an_earlier_release_deleted(how, kept, ben, committed):
    """It knows nothing of files, and the database lets it."""
    message = Message.objects.get()
    make_membership(message.room, make_user("carl"))
    message.report(ben, reason="spam", details="")
    if how == "message":
        Message.objects.update(deleted_at=timezone.now(), content="")
        Report.objects.all().close()
    else:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM rooms_report")
            cursor.execute("UPDATE rooms_chatroom SET last_message_id = NULL")
            cursor.execute("DELETE FROM rooms_message")
        connection.check_constraints()
    with committed():
        command("--sweep")
    assert not Attachment.objects.exists()
    assert not storages["files"].exists(kept.stored_as)
