"""Files of messages: what is taken, what is left of it, and who gets it."""

import io
import uuid
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core.files.storage import storages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError
from django.urls import reverse
from django.utils import translation
from PIL import Image

from config.rates import Rate
from rooms import moderation, removal, uploads
from rooms.models import Attachment, Message, Report, StoredFile
from rooms.search import find, understood
from tests.conftest import client_of
from tests.support.factories import make_membership, make_message, make_room, make_user
from tests.support.responses import HTMX, page_of

pytestmark = pytest.mark.django_db

PDF = b"%PDF-1.7\n" + b"x" * 3000


def picture(format="JPEG", size=(120, 80), mode="RGB", **options):
    file = io.BytesIO()
    Image.new(mode, size, (200, 30, 30)[: len(mode)]).save(file, format, **options)
    return file.getvalue()


def named(name, data=PDF):
    return SimpleUploadedFile(name, data)


def send(client, room, *files, content="", token=None, headers=None, **fields):
    data = {"content": content, "token": token or uuid.uuid4(), "file": files, **fields}
    return client.post(reverse("rooms:message_create", args=[room.pk]), data, headers=headers)


def sent(client, room, *files, **fields):
    """Send files; return the message that has them."""
    assert send(client, room, *files, **fields).status_code in (201, 302)
    return Message.objects.with_looks().latest("pk")


def on_disk():
    """Return the names of what is stored, and of what is left of what came."""
    folder, incoming = Path(storages["files"].location), Path(django_settings.INCOMING_DIR)
    stored = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)) for path in stored} | {path.name for path in incoming.iterdir()}


@pytest.fixture(autouse=True)
def no_row_without_its_bytes(folder_of_files):
    yield
    assert {name for file in StoredFile.objects.all() for name in file.names} <= on_disk()


def fetch(client, address, **headers):
    """Return the answer with its `body`, which closes the file."""
    response = client.get(address, headers=headers)
    response.body = response.getvalue()
    return response


def errors_of(response):
    return [error.text for error in page_of(response).all(css_class="file-error")]


def test_message_has_several_files_with_and_without_text(ada_client, room):
    message = sent(
        ada_client,
        room,
        named("a.jpg", picture()),
        named("report.pdf"),
        content="Look",
        description=["Our cat", ""],
    )
    first, second = message.files
    assert (first.kind, first.name, first.width, first.height) == ("picture", "a.jpg", 120, 80)
    assert (first.position, first.description, second.position) == (1, "Our cat", 2)
    assert (second.kind, second.name, second.size, second.type_word) == ("other", "report.pdf", 3009, "PDF")
    assert message.content == "Look"
    assert message.plain == "📎 2 files: Our cat · Look"
    assert not list(Path(django_settings.INCOMING_DIR).iterdir())

    alone = sent(ada_client, room, named("a.jpg", picture()), description="Our cat")
    assert alone.content == ""
    assert alone.plain == "📷 Photo: Our cat"
    with translation.override("de"):
        assert alone.plain == "📷 Foto: Our cat"


def test_same_form_sent_twice_is_one_message(ada_client, room):
    token = uuid.uuid4()
    for _time in range(2):
        assert send(ada_client, room, named("a.pdf"), token=token).status_code == 302
    assert Message.objects.count() == Attachment.objects.count() == StoredFile.objects.count() == 1
    assert len(on_disk()) == 1
    other = send(ada_client, room, named("b.pdf", PDF + b"!"), token=token, headers=HTMX)
    assert other.status_code == 409
    assert send(ada_client, room, content="Only text", token=token, headers=HTMX).status_code == 409
    assert len(on_disk()) == 1


def test_text_may_only_be_missing_with_files(ada_client, room):
    assert send(ada_client, room).status_code == 422
    assert not Message.objects.exists()


@pytest.mark.accessibility("A80")
def test_refusal_names_the_file_and_the_reason(ada_client, room, settings):
    settings.FILE_MAX_BYTES, settings.FILES_PER_MESSAGE = 5000, 3
    response = send(
        ada_client,
        room,
        named("good.pdf"),
        named("large.pdf", b"x" * 9000),
        named("empty.txt", b""),
        content="Look",
        headers=HTMX,
    )
    assert response.status_code == 422
    said = " ".join(errors_of(response)).replace("\xa0", " ")
    assert "“large.pdf”: this file is too large (8.8 KB). A file can have up to 4.9 KB." in said
    assert "“empty.txt”: this file is empty." in said
    assert "good" not in said
    whole_page = send(ada_client, room, named("empty.txt", b""), content="Look")
    assert page_of(whole_page).by_id("content").text.strip() == "Look"
    many = send(ada_client, room, *[named(f"{number}.txt") for number in range(4)], headers=HTMX)
    assert errors_of(many) == ["You can send up to 3 files at a time; these are 4."]
    assert not Message.objects.exists()
    assert not on_disk()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\xff\xd8\xff no more", "can’t be read as a picture"),
        (picture(size=(600, 400))[:900], "can’t be read as a picture"),
        (picture("PNG", (6000, 4500), "1"), "too many pixels"),
    ],
)
def test_picture_that_cannot_be_drawn_is_refused_by_name(ada_client, room, data, reason):
    response = send(ada_client, room, named("a.jpg", data), named("b.jpg", picture()), headers=HTMX)
    assert response.status_code == 422
    [error] = errors_of(response)
    assert "“a.jpg”" in error
    assert reason in error
    assert not on_disk()


def test_picture_is_upright_and_says_nothing_of_its_making(ada_client, room):
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Camera of Ada"  # turned, maker
    exif.get_ifd(0x8825)[1] = "N"  # place
    data = picture(size=(200, 100), exif=exif, comment=b"Camera of Ada") + b"Camera of Ada"
    file = sent(ada_client, room, named("a.jpg", data)).files[0]
    assert (file.width, file.height) == (100, 200)
    for address in (file.url, file.small_url, file.download_url):
        response = fetch(ada_client, address)
        got = response.body
        assert b"Camera" not in got
        image = Image.open(io.BytesIO(got))
        assert not image.getexif()
        assert image.size == (100, 200)
        assert response["Content-Type"] == ("image/webp" if address == file.small_url else "image/jpeg")


def test_animation_stands_still_in_the_message(ada_client, room):
    frames = [Image.new("RGB", (64, 64), (red, 0, 0)) for red in (0, 100, 200)]
    data = io.BytesIO()
    frames[0].save(data, "GIF", save_all=True, append_images=frames[1:], duration=50)
    file = sent(ada_client, room, named("a.gif", data.getvalue())).files[0]
    assert (file.is_animated, file.name) == (True, "a.webp")
    moving, still = (
        Image.open(io.BytesIO(fetch(ada_client, url).body)) for url in (file.url, file.small_url)
    )
    assert (moving.n_frames, still.n_frames) == (3, 1)


def test_quota_counts_in_the_transaction(ada_client, room, settings):
    settings.FILE_QUOTA_BYTES = 7000
    sent(ada_client, room, named("a.pdf"))
    sent(ada_client, room, named("b.pdf"))
    response = send(ada_client, room, named("c.pdf"), headers=HTMX)
    assert response.status_code == 507
    assert "Delete some of them first" in errors_of(response)[0]
    assert (Message.objects.count(), len(on_disk())) == (2, 2)
    settings.FILE_QUOTA_BYTES = 0
    assert send(ada_client, room, named("c.pdf")).status_code == 302


def test_files_can_be_off(ada_client, room, settings):
    with_files = page_of(ada_client.get(room.get_absolute_url()))
    assert with_files.by_id("composer").get("enctype") == "multipart/form-data"
    settings.FILES_PER_MESSAGE = 0
    page = page_of(ada_client.get(room.get_absolute_url()))
    assert page.by_id("files") is None
    assert page.by_id("composer").get("enctype") == "", "no address takes such a form"
    assert errors_of(send(ada_client, room, named("a.pdf"), headers=HTMX)) == ["No files can be sent here."]


def test_files_are_limited(ada_client, room, limit):
    limit(file_per_user=Rate(2, 600))
    assert send(ada_client, room, named("a.txt"), named("b.txt")).status_code == 302
    assert send(ada_client, room, named("c.txt"), headers=HTMX).status_code == 429


def test_bytes_are_deleted_where_no_message_takes_them(ada, ada_client, room, monkeypatch):
    moderation.archive(room.memberships.get(user=ada))
    assert send(ada_client, room, named("a.pdf"), headers=HTMX).status_code == 422
    assert not on_disk()

    def fail(*_arguments):
        raise RuntimeError

    monkeypatch.setattr("rooms.views.messages.saved", fail)
    with pytest.raises(RuntimeError):
        send(ada_client, room, named("a.pdf"))
    assert not on_disk()

    def lose(*_arguments):
        raise DatabaseError

    monkeypatch.setattr("rooms.views.messages.saved", lose)
    with pytest.raises(DatabaseError):
        send(ada_client, room, named("a.pdf"))
    assert len(on_disk()) == 1, "a message may have it"


# Serving


@pytest.fixture
def pdf(ada_client, room):
    return sent(ada_client, room, named("report.pdf", bytes(range(256)) * 4)).files[0]


def test_file_says_how_it_is_to_be_handled(ada_client, room, pdf):
    response = fetch(ada_client, pdf.url)
    assert response.body == bytes(range(256)) * 4
    assert response["Content-Type"] == "application/octet-stream"
    assert response["Content-Disposition"] == 'attachment; filename="report.pdf"'
    assert response["Cache-Control"] == "private, no-cache"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'; sandbox"
    assert (response["Accept-Ranges"], response["Content-Length"]) == ("bytes", "1024")
    head = ada_client.head(pdf.url)
    assert (head.content, head["Content-Length"], head["ETag"]) == (b"", "1024", response["ETag"])
    picture_file = sent(ada_client, room, named("a.png", picture("PNG"))).files[0]
    shown = fetch(ada_client, picture_file.url)
    assert shown["Content-Disposition"] == 'inline; filename="a.png"'
    assert "sandbox" in shown["Content-Security-Policy"]
    saved = fetch(ada_client, picture_file.download_url)
    assert saved["Content-Disposition"] == 'attachment; filename="a.png"'
    film = sent(ada_client, room, named("a.mp4", b"\0\0\0\x18ftypmp42" + b"x" * 99)).files[0]
    played = fetch(ada_client, film.url)
    assert played["Content-Type"] == "video/mp4"
    assert "sandbox" not in played["Content-Security-Policy"], "films would not play"
    assert ada_client.get(film.small_url).status_code == 404


@pytest.mark.parametrize(
    ("wanted", "status", "content_range", "body"),
    [
        ("bytes=0-0", 206, "bytes 0-0/1024", b"\0"),
        ("bytes=1020-", 206, "bytes 1020-1023/1024", b"\xfc\xfd\xfe\xff"),
        ("bytes=1020-9999", 206, "bytes 1020-1023/1024", b"\xfc\xfd\xfe\xff"),
        ("bytes=-2", 206, "bytes 1022-1023/1024", b"\xfe\xff"),
        ("bytes=-9999", 206, "bytes 0-1023/1024", bytes(range(256)) * 4),
        ("bytes=1024-", 416, "bytes */1024", None),
        ("bytes=-0", 416, "bytes */1024", None),
        ("bytes=5-4", 200, None, bytes(range(256)) * 4),
        ("bytes=0-1,4-5", 200, None, bytes(range(256)) * 4),
        ("bytes=-", 200, None, bytes(range(256)) * 4),
        ("lines=0-1", 200, None, bytes(range(256)) * 4),
        ("bytes=" + "0" * 99 + "-", 200, None, bytes(range(256)) * 4),
    ],
)
def test_one_range(ada_client, pdf, wanted, status, content_range, body):
    response = fetch(ada_client, pdf.url, range=wanted)
    assert (response.status_code, response.get("Content-Range")) == (status, content_range)
    if body is not None:
        assert response.body == body
        assert response["Content-Length"] == str(len(body))
    assert ada_client.head(pdf.url, headers={"range": wanted}).status_code == status


def test_conditions(ada_client, pdf):
    tag = fetch(ada_client, pdf.url)["ETag"]
    assert fetch(ada_client, pdf.url, if_none_match=tag).status_code == 304
    assert fetch(ada_client, pdf.url, if_match='"other"').status_code == 412
    assert fetch(ada_client, pdf.url, range="bytes=0-0", if_range=tag).status_code == 206
    assert fetch(ada_client, pdf.url, range="bytes=0-0", if_range='"other"').status_code == 200
    assert fetch(ada_client, pdf.url, range="bytes=0-0", if_range=f"W/{tag}").status_code == 200


def everything_of(file, message):
    page = reverse("rooms:message_file_detail", args=[message.pk, file.position])
    return [file.url, file.small_url, file.download_url, page]


@pytest.fixture
def photo(ada_client, room):
    message = sent(ada_client, room, named("a.jpg", picture()))
    return message, everything_of(message.files[0], message)


def statuses(client, addresses):
    return {fetch(client, address).status_code for address in addresses}


@pytest.mark.parametrize("way", ["outside", "left", "removed", "banned", "deleted", "hidden"])
def test_nobody_gets_a_byte_who_may_not_read_the_message(
    photo, room, ada, ben, ben_client, root, way, mallory
):
    message, addresses = photo
    client = client_of(mallory) if way == "outside" else ben_client
    owner = room.memberships.get(user=ada)
    if way != "outside":
        assert statuses(client, addresses) == {200}
    match way:
        case "left":
            room.memberships.get(user=ben).leave()
        case "removed":
            moderation.remove(owner, ben)
        case "banned":
            moderation.ban(owner, ben, None)
        case "deleted":
            message.erase_as(ada)
        case "hidden":
            removal.hide(room, root)
    assert statuses(client, addresses) == {404}
    tag = {"if-none-match": "*", "range": "bytes=0-0"}
    assert client.get(addresses[0], headers=tag).status_code == 404


def test_file_that_is_gone_from_the_disk_is_not_there(ada_client, pdf):
    storages["files"].delete(StoredFile.objects.get().stored_as)
    assert fetch(ada_client, pdf.url).status_code == 404
    StoredFile.objects.all().update(stored_as="", small_as="")
    Attachment.objects.all().delete()
    StoredFile.objects.all().delete()


# Going


def test_bytes_go_with_the_last_message_that_has_them(
    ada, ada_client, ben, ben_client, room, committed, photo
):
    message, addresses = photo
    other_room = make_room("Garden", [ben])
    copy = other_room.forward(ben, message, uuid.uuid4())
    assert StoredFile.objects.count() == 1
    with committed():
        message.erase_as(ada)
    assert len(on_disk()) == 2, "the picture and the small one"
    assert statuses(ada_client, addresses) == {404}
    assert statuses(ben_client, everything_of(copy.files[0], copy)) == {200}
    assert copy.files[0].name == "a.jpg"
    with committed():
        copy.erase_as(ben)
    assert not StoredFile.objects.exists()
    assert not on_disk()


def test_bytes_stay_until_they_are_deleted_in_the_database(ada, ada_client, photo):
    photo[0].erase_as(ada)
    assert len(on_disk()) == 2


def test_open_report_keeps_the_file(ada, ada_client, ben, ben_client, room, committed):
    message = sent(ben_client, room, named("bad.jpg", picture()))
    carl = make_membership(room, make_user("carl"))
    message.report(carl.user, reason="abuse", details="")
    with committed():
        message.erase_as(ben)
    [file] = Report.objects.get().shown_files
    assert len(on_disk()) == 2
    assert fetch(ada_client, file.url).status_code == 200, "who decides"
    assert statuses(client_of(carl.user), [file.url]) == {404}
    assert statuses(ben_client, [file.url]) == {404}
    page = page_of(ada_client.get(reverse("rooms:report_list", args=[room.pk])))
    assert [link.get("href") for link in page.all(css_class="download")] == [file.download_url]
    with committed():
        message.dismiss_reports(ada)
    assert not on_disk()
    assert ada_client.get(file.url).status_code == 404


def test_files_go_with_their_room(ada_client, ben, ben_client, room, root, committed):
    message = sent(ben_client, room, named("a.jpg", picture()), named("b.pdf"))
    message.report(make_membership(room, make_user("carl")).user, reason="spam", details="")
    with committed():
        assert removal.delete(room, root, 10)
    assert not StoredFile.objects.exists()
    assert not on_disk()


def test_author_describes_and_deletes_files(ada, ada_client, ben_client, room, committed):
    message = sent(ada_client, room, named("a.jpg", picture()), named("b.jpg", picture()), content="Look")
    assert len(message.undescribed) == 2
    page = reverse("rooms:message_file_detail", args=[message.pk, 2])
    assert ada_client.post(page, {"description": " Our\ncat "}).status_code == 302
    assert ben_client.post(page, {"description": "A dog"}).status_code == 404
    now = Message.objects.get(pk=message.pk)
    assert [file.description for file in now.files] == ["", "Our cat"]
    assert now.revision > message.revision
    assert now.edited_at is None
    gone = reverse("rooms:message_file_delete", args=[message.pk, 1])
    assert ben_client.post(gone).status_code == 404
    with committed():
        assert ada_client.post(gone).status_code == 302
    now.refresh_from_db()
    assert [(file.position, file.description) for file in now.files] == [(2, "Our cat")]
    assert len(on_disk()) == 2
    assert ada_client.get(page).status_code == 200
    now.edit_as(ada, "")
    with committed():
        ada_client.post(reverse("rooms:message_file_delete", args=[message.pk, 2]))
    assert Message.objects.get(pk=message.pk).is_deleted
    assert not on_disk()


# Showing


@pytest.mark.accessibility("A81", "A82")
def test_message_shows_its_files(ada_client, ben_client, room):
    message = sent(
        ada_client,
        room,
        named("a.jpg", picture(size=(800, 400))),
        named("s.mp3", b"ID3" + b"\0" * 50),
        named("f.webm", b"\x1a\x45\xdf\xa3\x9f\x42\x82\x84webm" + b"\0" * 50),
        named("<b>.zip", b"PK\3\4"),
        description=["Our <cat>"],
    )
    page = page_of(ben_client.get(room.get_absolute_url()))
    [image] = (it for it in page.all(tag="img") if it.get("loading"))
    assert (image.get("alt"), image.get("width"), image.get("height")) == ("Our <cat>", "320", "160")
    [audio], [video] = page.all(tag="audio"), page.all(tag="video")
    assert (audio.get("preload"), video.get("preload")) == ("none", "metadata")
    assert not audio.get("autoplay")
    links = [link.text.split() for link in page.all(css_class="download")]
    assert links[-1] == ["_b_.zip", "ZIP,", "4", "bytes"]
    assert message.files_in_words == "📎 4 files: Our <cat>"


def test_message_is_found_by_the_names_and_descriptions_of_its_files(ada, ada_client, ben, room):
    def found(text):
        return [message.pk for message in find(ben, understood(ben, text), None).messages]

    message = sent(ada_client, room, named("Rechnung-März.pdf"), named("a.jpg", picture()), content="Look")
    assert found("rechnung marz") == [message.pk]
    assert found("fractal") == []
    message.describe_as(ada, 2, "A fractal")
    assert found("fractal") == [message.pk]


def test_lists_quotes_and_notifications_say_it_in_words(ada_client, ben, ben_client, room):
    message = sent(ada_client, room, named("a.jpg", picture()), description="Our cat")
    preview = page_of(ben_client.get("/")).by_id(f"room-{room.pk}-preview")
    assert "📷 Photo: Our cat" in preview.text
    make_reply = room.post_message(ben, "Nice", uuid.uuid4(), message)
    assert make_reply.reply_to == message
    page = page_of(ben_client.get(room.get_absolute_url()))
    assert "📷 Photo: Our cat" in page.all(css_class="quote")[0].text
    assert make_message(room, ben, "Text").plain == "Text"


def test_storage_names_say_nothing(ada_client, room):
    sent(ada_client, room, named("../../secret.pdf"))
    file = StoredFile.objects.get()
    assert "secret" not in file.stored_as
    assert file.name == "secret.pdf"
    path = Path(storages["files"].path(file.stored_as))
    assert path.stat().st_mode & 0o777 == 0o640
    assert path.parent.stat().st_mode & 0o777 == 0o750
    assert uploads.storage().location in str(path)


# Lists of files


def test_the_files_of_a_room_stand_on_pages_by_kind(ada_client, ben_client, ada, ben, room, settings):
    settings.FILES_PER_MESSAGE = 20
    address = f"/rooms/{room.pk}/files/"
    first = sent(ada_client, room, *(named(f"{number}.pdf") for number in range(20)))
    second = sent(ben_client, room, *(named(f"b{number}.pdf") for number in range(12)))
    photo = sent(ben_client, room, named("cat.jpg", picture()), description=["Our cat"])
    page = page_of(ada_client.get(address))
    assert len(page.all(css_class="entries")[0].all("li")) == 13
    older = next(link["href"] for link in page.all("a") if "before=" in link["href"])
    assert older == f"?kind=&before={second.pk}"
    assert len(page_of(ada_client.get(address + older)).all(css_class="entries")[0].all("li")) == 20
    page = page_of(ada_client.get(f"{address}?kind=picture"))
    [row] = page.all(css_class="entries")[0].all("li")
    assert row.all("img")[-1]["alt"] == "Our cat"
    assert photo.get_absolute_url() in [link["href"] for link in page.all("a")]
    assert not page_of(ada_client.get(f"{address}?kind=video&before=99")).all(css_class="entries")
    first.erase()
    ada.block(ben)
    assert not page_of(ada_client.get(address)).all(css_class="entries")


def test_people_see_what_their_files_take(ada_client, ada, room, settings):
    settings.FILE_QUOTA_BYTES = 10**6
    small, large = sent(ada_client, room, named("a.txt", b"a")), sent(ada_client, room, named("b.pdf"))
    page = page_of(ada_client.get("/settings/files/"))
    assert [row.all("bdi")[0].text for row in page.all(css_class="entries")[0].all("li")] == [
        "b.pdf",
        "a.txt",
    ]
    assert "2.9\xa0KB of the 976.6\xa0KB" in page.text
    links = [link["href"] for link in page.all("a")]
    assert {small.get_absolute_url(), f"/messages/{large.pk}/files/1/"} <= {*links}
    assert ada_client.post(f"/messages/{large.pk}/files/1/delete/").status_code == 302
    settings.FILE_QUOTA_BYTES = 0
    other = make_room("Other", [make_user()])
    other.memberships.create(user=ada)
    copied = other.forward(ada, small, uuid.uuid4())
    room.memberships.get(user=ada).leave()
    page = page_of(ada_client.get("/settings/files/"))
    assert "Your files take 1\xa0byte." in page.text
    links = [link["href"] for link in page.all("a")]
    assert f"/messages/{copied.pk}/delete/" in links
    assert f"/messages/{small.pk}/files/1/" not in links


def test_authors_are_told_of_photos_without_a_description(ada_client, room):
    message = sent(
        ada_client, room, named("cat.jpg", picture()), named("dog.jpg", picture()), description=["A", ""]
    )
    page = page_of(ada_client.get(room.get_absolute_url()))
    [line] = page.all(css_class="undescribed")
    assert line.text.strip() == "1 photo without a description"
    assert line.all("a")[0]["href"] == f"/messages/{message.pk}/files/2/"
    links = [link["href"] for link in page_of(ada_client.get(f"/messages/{message.pk}/edit/")).all("a")]
    assert f"/messages/{message.pk}/files/1/" in links


def test_each_error_says_which_file_it_is_about(ada_client, room):
    response = send(ada_client, room, named("a.pdf"), named("b.jpg", b"\xff\xd8\xffno"), headers=HTMX)
    [error] = page_of(response).all(css_class="file-error")
    assert (response.status_code, error["data-file"]) == (422, "1")
