"""Files that are not what they say, or are made to do harm: what becomes of each."""

import io
import struct
import zipfile
import zlib

import pytest
from PIL import Image

from accounts import picture as drawing
from tests.rooms.test_files import errors_of, fetch, named, on_disk, send, sent
from tests.support.responses import HTMX

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("folder_of_files")]

SCRIPT = b"<script>alert(1)</script>"


def image(format, size=(60, 40), **options):
    file = io.BytesIO()
    Image.new("RGB", size, "teal").save(file, format, **options)
    return file.getvalue()


def zipped():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.txt", b"0" * 100_000, zipfile.ZIP_DEFLATED)
    return file.getvalue()


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_of(width, height):
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 1000))


def frames(count, size=(100, 100)):
    file = io.BytesIO()
    first, *others = [Image.new("L", size, 60 * number % 256) for number in range(count)]
    first.save(file, "GIF", save_all=True, append_images=others, duration=20)
    return file.getvalue()


PICTURES = {
    "a web page behind a GIF": (image("GIF") + SCRIPT, "image/png"),
    "an archive behind a JPEG": (image("JPEG") + zipped(), "image/jpeg"),
    "a script in the comment of a JPEG": (image("JPEG", comment=SCRIPT), "image/jpeg"),
    "a script in a PNG": (image("PNG")[:-12] + chunk(b"tEXt", b"x\0" + SCRIPT), "image/png"),
    "a GIF that is named as a web page": (image("GIF"), "image/png"),
    "a WebP with a profile of rubbish": (image("WEBP", icc_profile=b"rubbish" * 40), "image/webp"),
}
SAVED_ONLY = {
    "a drawing.svg": b"<svg xmlns='http://www.w3.org/2000/svg'>" + SCRIPT + b"</svg>",
    "a drawing that says it is a picture.png": b"<!-- x --><svg xmlns='http://www.w3.org/2000/svg'/>",
    "a page.html": b"<!doctype html>" + SCRIPT,
    "a page that says it is text.txt": SCRIPT,
    "a document.pdf": b"%PDF-1.7\n/JavaScript (app.alert(1))",
    "an archive.zip": zipped(),
    "a photo of a telephone.heic": b"\0\0\0\x18ftypheic" + b"\0" * 99,
    "a program.exe": b"MZ\x90\0" + b"\0" * 99,
    "an unknown film.mkv": b"\x1a\x45\xdf\xa3" + b"\x42\x82\x88matroska" + b"\0" * 99,
}
REFUSED = {
    "a PNG of a billion pixels": (png_of(50_000, 50_000), "too many pixels"),
    "a GIF of very many frames": (frames(1001, (1, 2)), "too long or too large"),
    "an animation of very many pixels": (frames(3, (4000, 4000)), "too long or too large"),
    "a JPEG of very many scans": (image("JPEG") + drawing.START_OF_SCAN * 200, "can’t be read"),
    "a picture that is cut off": (image("JPEG", (600, 600))[:800], "can’t be read"),
    "the beginning of a picture": (b"\x89PNG\r\n\x1a\n", "can’t be read"),
    "a WebP that is none": (b"RIFF\xff\xff\xff\xffWEBPVP8 ", "can’t be read"),
}


@pytest.mark.parametrize("what", PICTURES)
def test_what_becomes_of_it(what, ada_client, room):
    data, content_type = PICTURES[what]
    file = sent(ada_client, room, named("holiday.html", data)).files[0]
    for address in (file.url, file.small_url):
        response = fetch(ada_client, address)
        assert b"script" not in response.body
        assert b"a.txt" not in response.body
        assert b"rubbish" not in response.body
        assert Image.open(io.BytesIO(response.body)).size == (60, 40)
    assert fetch(ada_client, file.url)["Content-Type"] == content_type
    assert file.name.startswith("holiday.")
    assert not file.name.endswith("html")


@pytest.mark.parametrize("name", SAVED_ONLY)
def test_what_no_browser_is_to_show_is_saved(name, ada_client, room):
    data = SAVED_ONLY[name]
    file = sent(ada_client, room, named(name, data)).files[0]
    for address in (file.url, file.download_url):
        response = fetch(ada_client, address)
        assert response.body == data
        assert response["Content-Type"] == "application/octet-stream"
        assert response["Content-Disposition"].startswith("attachment;")
        assert response["X-Content-Type-Options"] == "nosniff"
        assert response["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'; sandbox"
    assert file.name == name


@pytest.mark.parametrize("what", REFUSED)
def test_bombs_and_wrecks_are_refused(what, ada_client, room):
    data, reason = REFUSED[what]
    response = send(ada_client, room, named("a.jpg", data), headers=HTMX)
    assert response.status_code == 422
    assert reason in errors_of(response)[0]
    assert not on_disk()


def test_names_that_lie_come_out_harmless(ada_client, room):
    file = sent(ada_client, room, named("invoice\u202efdp.exe", b"MZ")).files[0]
    assert file.name == "invoicefdp.exe"
    assert fetch(ada_client, file.url)["Content-Disposition"] == 'attachment; filename="invoicefdp.exe"'
    long = sent(ada_client, room, named("x" * 250 + ".pdf")).files[0]
    assert len(long.name) == 100
