"""Pictures of people: what is taken, what is left of it, and who gets it."""

import io
import struct
import subprocess
import sys
import zlib
from contextlib import ExitStack

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from accounts import avatars
from accounts.models import Avatar
from config.rates import Rate
from tests.support.responses import page_of

pytestmark = pytest.mark.django_db

URL = "/settings/avatar/"
RED, BLUE = (200, 30, 30), (30, 30, 200)


def picture(format="PNG", size=(120, 80), color=RED, mode="RGB", **options):
    file = io.BytesIO()
    Image.new(mode, size, color).save(file, format, **options)
    return file.getvalue()


def two_halves(format="JPEG", size=(400, 200), **options):
    """Red above, blue below."""
    image = Image.new("RGB", size, RED)
    image.paste(BLUE, (0, size[1] // 2, size[0], size[1]))
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_that_says_it_has(width, height):
    """A PNG of some hundred bytes whose head speaks of many pixels."""
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    body = zlib.compress(b"\0" * 1000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def upload(client, data, name="me.png", content_type="image/png"):
    return client.post(URL, {"picture": SimpleUploadedFile(name, data, content_type)})


def error_of(response):
    [error] = page_of(response).all(css_class="error")
    return error.text


def shown(data):
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def is_near(pixel, color):
    return all(abs(a - b) < 40 for a, b in zip(pixel, color, strict=True))


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "GIF"])
def test_picture_becomes_square_webp_in_two_sizes(ada_client, ada, rung, committed, format):
    with committed():
        assert upload(ada_client, picture(format)).url == "/people/ada/profile/"
    assert rung == [("profile", {"user": ada.pk})]
    ada.refresh_from_db()
    for address, size in ((ada.small_avatar_url, 96), (ada.large_avatar_url, 320)):
        response = ada_client.get(address)
        image = shown(response.content)
        assert (image.format, image.size) == ("WEBP", (size, size))
        assert is_near(image.getpixel((5, 5)), RED)


def test_nothing_but_pixels_is_left(ada_client, ada):
    exif = Image.Exif()
    exif[0x010F] = "Secret Camera"
    exif[0x8825] = {1: "N", 2: (IFDRational(52), IFDRational(31), IFDRational(12))}
    data = picture(
        "JPEG", exif=exif, comment=b"Secret comment", icc_profile=b"Secret colours", xmp=b"Secret place"
    )
    upload(ada_client, data + b"<script>Secret trailer</script>")
    for made in (Avatar.objects.get().small, Avatar.objects.get().large):
        made = bytes(made)
        assert b"Secret" not in made
        assert made[:4] == b"RIFF"
        assert made[8:16] == b"WEBPVP8 ", "an extended file, which could hold more than pixels"
        assert struct.unpack("<I", made[4:8])[0] + 8 == len(made), "something follows the picture"
        assert not shown(made).getexif()
        assert shown(made).info.keys() <= {"loop", "background", "timestamp", "duration"}


def test_camera_that_was_turned(ada_client):
    exif = Image.Exif()
    exif[0x0112] = 3  # held upside down
    upload(ada_client, two_halves(exif=exif))
    image = shown(bytes(Avatar.objects.get().large))
    assert is_near(image.getpixel((160, 20)), BLUE)
    assert is_near(image.getpixel((160, 300)), RED)


def test_middle_is_what_is_left(ada_client):
    image = Image.new("RGB", (600, 200), BLUE)
    image.paste(RED, (200, 0, 400, 200))
    file = io.BytesIO()
    image.save(file, "PNG")
    upload(ada_client, file.getvalue())
    large = shown(bytes(Avatar.objects.get().large))
    assert all(is_near(large.getpixel(at), RED) for at in ((8, 8), (311, 8), (160, 160), (8, 311)))


def test_first_picture_of_many(ada_client):
    frames = [Image.new("RGB", (80, 80), color) for color in (RED, BLUE, BLUE)]
    file = io.BytesIO()
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
    upload(ada_client, file.getvalue())
    assert is_near(shown(bytes(Avatar.objects.get().large)).getpixel((9, 9)), RED)


@pytest.mark.parametrize(
    ("mode", "color"),
    [("RGBA", (200, 30, 30, 0)), ("LA", (10, 0)), ("L", 255), ("1", 1), ("I;16", 65535), ("P", 0)],
)
def test_every_kind_of_pixel(ada_client, mode, color):
    assert upload(ada_client, picture(mode=mode, color=color)).status_code == 302
    corner = shown(bytes(Avatar.objects.get().small)).getpixel((2, 2))
    assert corner == (0, 0, 0) if mode == "P" else is_near(corner, (255, 255, 255))


REFUSED = {
    "nothing": (b"", "This file is empty"),
    "text": (b"Hello", "can’t be read as a picture"),
    "html": (b"<html><script>alert(1)</script>", "can’t be read as a picture"),
    "svg": (b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', "can’t be read as a picture"),
    "pdf": (b"%PDF-1.7\n", "can’t be read as a picture"),
    "half of one": (picture("JPEG", (400, 400))[:700], "can’t be read as a picture"),
    "another format": (picture("BMP"), "can’t be read as a picture"),
    "postscript": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 99 99\n", "can’t be read as a picture"),
    "too small": (picture(size=(63, 400)), "at least 64 pixels"),
    "many pixels": (png_that_says_it_has(50_000, 50_000), "too many pixels"),
    "just too many pixels": (png_that_says_it_has(5_001, 5_000), "too many pixels"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_picture_is_refused_with_a_reason(ada_client, ada, rung, name):
    data, sentence = REFUSED[name]
    response = upload(ada_client, data)
    assert response.status_code == 422
    assert sentence in error_of(response)
    assert "Error:" in page_of(response).all("title")[0].text
    assert not Avatar.objects.exists()
    assert not rung


def test_type_and_name_that_a_browser_tells_are_not_believed(ada_client, ada):
    assert upload(ada_client, picture("GIF"), "../../etc/passwd\0.html", "text/html").status_code == 302
    ada.refresh_from_db()
    response = ada_client.get(ada.small_avatar_url)
    assert response["Content-Type"] == "image/webp"


def test_file_that_is_too_large_is_refused_beside_the_form(ada_client, settings):
    settings.AVATAR_MAX_BYTES = 100
    response = upload(ada_client, picture(size=(500, 500)))
    assert response.status_code == 422
    assert "too large" in error_of(response)


def test_form_without_a_picture(ada_client):
    response = ada_client.post(URL)
    assert response.status_code == 422
    assert "Choose a picture first" in error_of(response)


@pytest.mark.parametrize("body", [b"", b"no boundary", b"--x\r\nContent-Disposition: form-data"])
def test_broken_form_is_refused(ada_client, body):
    for content_type in ("multipart/form-data", "multipart/form-data; boundary=x", "text/plain"):
        assert ada_client.generic("POST", URL, body, content_type=content_type).status_code in (400, 422)


def test_too_many_uploads_are_refused_before_they_are_looked_at(ada_client, limit, monkeypatch):
    limit(upload_per_user=Rate(1, 60))
    assert upload(ada_client, picture()).status_code == 302
    monkeypatch.setattr(avatars, "COMMAND", ["false"])
    response = upload(ada_client, picture())
    assert response.status_code == 429
    assert "Wait" in error_of(response)


def test_decoder_that_crashes_takes_nothing_with_it(ada_client, monkeypatch):
    crash = "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"
    monkeypatch.setattr(avatars, "COMMAND", [sys.executable, "-c", crash])
    assert "can’t be read" in error_of(upload(ada_client, picture()))


@pytest.mark.parametrize(
    "greed", ["bytearray(2 ** 31)", "[None for _ in iter(int, 1)]"], ids=["memory", "time"]
)
def test_decoder_has_little_memory_and_time(greed):
    """With the bounds of the program, something greedy in place of what it does."""
    code = (
        f"import sys; sys.argv = ['', '96']; sys.path.insert(0, {str(avatars.PROGRAM.parent)!r});"
        f"import picture; picture.CPU_SECONDS = 1; picture.avatars = lambda *_: {greed}; picture.main()"
    )
    done = subprocess.run([sys.executable, "-c", code], input=b"", capture_output=True, timeout=60)
    assert done.returncode < 0 or b"large" in done.stdout


def progressive(scans, size=(64, 64)):
    """Return a JPEG that is sent in so many scans, of which the last ones say nothing new."""
    file = io.BytesIO()
    Image.effect_noise(size, 50).save(file, "JPEG", progressive=True)
    data = file.getvalue()
    last = data.rindex(b"\xff\xda")
    return data[:last] + data[last:-2] * (scans - data.count(b"\xff\xda") + 1) + data[-2:]


@pytest.mark.parametrize(("scans", "status"), [(20, 302), (101, 422), (3000, 422)])
def test_jpeg_of_very_many_scans_is_refused_undecoded(ada_client, scans, status):
    assert upload(ada_client, progressive(scans)).status_code == status


@pytest.fixture
def no_decoder(monkeypatch):
    """Whoever begins to decode fails."""
    monkeypatch.setattr(avatars.subprocess, "run", None)


def refused_as_busy(response):
    assert (response.status_code, response["Retry-After"]) == (429, "5")
    return "Try again in a moment" in error_of(response)


def test_no_more_than_some_at_once_and_the_next_is_told_at_once(ada_client, no_decoder):
    with ExitStack() as turns:
        for person in range(-avatars.AT_ONCE, 0):
            turns.enter_context(avatars.turn_of(person))
        assert refused_as_busy(upload(ada_client, picture()))


def test_one_at_a_time_for_each_person(ada, ben, ada_client, ben_client):
    with avatars.turn_of(ada.pk):
        assert refused_as_busy(upload(ada_client, picture()))
        assert upload(ben_client, picture()).status_code == 302
    assert upload(ada_client, picture()).status_code == 302


def test_who_was_refused_as_busy_has_not_used_up_anything(ada, ada_client, limit):
    limit(upload_per_user=Rate(1, 60))
    with avatars.turn_of(ada.pk):
        upload(ada_client, picture())
    assert upload(ada_client, picture()).status_code == 302


def test_turn_ends_whatever_became_of_the_picture(ada_client, monkeypatch):
    for _ in range(avatars.AT_ONCE + 1):
        assert upload(ada_client, b"no picture").status_code == 422
    monkeypatch.setattr(avatars, "json", None)
    ada_client.raise_request_exception = False
    assert upload(ada_client, picture()).status_code == 500
    monkeypatch.undo()
    assert upload(ada_client, picture()).status_code == 302


# Who gets it


@pytest.fixture
def with_avatar(ada_client, ada):
    upload(ada_client, picture())
    ada.refresh_from_db()
    return ada


def test_picture_may_be_kept_for_ever_by_its_reader_alone(ben_client, with_avatar):
    response = ben_client.get(with_avatar.small_avatar_url)
    assert set(response["Cache-Control"].split(", ")) == {"private", "immutable", "max-age=31536000"}
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert response["Cross-Origin-Resource-Policy"] == "same-origin"


def test_only_those_who_are_logged_in_get_it(client, with_avatar):
    assert client.get(with_avatar.small_avatar_url).url.startswith("/login/")


def test_other_addresses_have_nothing(ada_client, with_avatar):
    digest = with_avatar.avatar_digest
    for address in (f"{digest}/97.webp", f"{digest[:-1]}/96.webp", f"{'0' * 32}/96.webp", "x/96.webp"):
        assert ada_client.get(f"/avatars/{address}").status_code == 404


def test_same_picture_of_another_person_has_another_address(ben_client, ben, with_avatar):
    upload(ben_client, picture())
    ben.refresh_from_db()
    assert ben.avatar_digest != with_avatar.avatar_digest


def test_new_picture_has_a_new_address_and_the_old_one_is_gone(ada_client, ada, with_avatar):
    before = with_avatar.small_avatar_url
    upload(ada_client, picture(color=BLUE))
    ada.refresh_from_db()
    assert ada.small_avatar_url != before
    assert ada_client.get(before).status_code == 404
    assert Avatar.objects.count() == 1


def test_removed_picture_is_gone(ada_client, with_avatar, rung, committed):
    with committed():
        ada_client.post("/settings/avatar/remove/")
    assert ada_client.get(with_avatar.small_avatar_url).status_code == 404
    with_avatar.refresh_from_db()
    assert (with_avatar.avatar_digest, Avatar.objects.count()) == ("", 0)
    assert rung == [("profile", {"user": with_avatar.pk})]


def test_picture_and_address_change_together_or_not_at_all(ada, with_avatar, monkeypatch):
    before = with_avatar.avatar_digest

    def fail(**_fields):
        raise OperationalError

    monkeypatch.setattr(ada, "change_profile", fail)
    for change in (lambda: ada.change_avatar(b"small", b"large"), ada.remove_avatar):
        with pytest.raises(OperationalError):
            change()
        ada.refresh_from_db()
        assert Avatar.objects.get(user=ada).digest == ada.avatar_digest == before


def test_settings_that_were_read_before_do_not_bring_the_old_address_back(ada, with_avatar):
    stale = type(ada).objects.get(pk=ada.pk)
    with_avatar.remove_avatar()
    stale.plays_sound = True
    stale.save()
    ada.refresh_from_db()
    assert (ada.plays_sound, ada.avatar_digest) == (True, "")


def test_pages_show_it_without_words(ben_client, with_avatar, room):
    room.post_message(with_avatar, "Hello", "8f7cb2b0-0000-4000-8000-000000000001")
    for address in ("/", room.get_absolute_url(), "/people/ada/profile/"):
        images = page_of(ben_client.get(address)).all("img")
        assert images
        for image in images:
            assert image["alt"] == ""
            assert image.parent["aria-hidden"] == "true"
            assert with_avatar.avatar_digest in image["src"]
