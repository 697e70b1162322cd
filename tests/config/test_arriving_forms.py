"""Forms with files that are taken apart while they arrive: a view gets what Django would have read."""

import hashlib
import random
from io import BytesIO

import pytest
from django.core.handlers.wsgi import WSGIRequest
from django.http.multipartparser import MultiPartParserError

from config import incoming
from config.serving.forms import FormReader, FormRefused

HEADERS = [(b"content-type", b"multipart/form-data; boundary=xyz")]
FIELD = b'--xyz\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
FILE = b'--xyz\r\nContent-Disposition: form-data; name="%s"; filename="%s"\r\n\r\n%s\r\n'
END = b"--xyz--\r\n"
FORMS = {
    "ordinary": FIELD % (b"content", b"Hello") + FILE % (b"file", b"a.txt", b"one") + END,
    "none chosen": FILE % (b"file", b"", b"") + FIELD % (b"content", b"\r\n--xy\r\n") + END,
    "empty": FILE % (b"file", b"a", b"") + FILE % (b"file", b"b", b"\r\n") + END,
    "almost separators": FILE % (b"file", b"a", b"\r\n--xy\r\n--x\r\r\n\n\r\n--xYz\r") + END,
    "a separator without a line": FILE % (b"file", b"a", b"one--xyz\r\n\r\ntwo") + END,
    "large": FILE % (b"file", b"a", random.Random(1).randbytes(9000)) + FILE % (b"other", b"b", b"b") + END,
    "names that lie": FILE % (b"file", b"../../../etc/passwd", b"a") + FILE % (b"file", b"/", b"b") + END,
    "what is no part": b"before\r\n" + FILE % (b"file", b"a", b"a") + END + b"after " * 50,
    "no head": b"--xyz\r\nno colon\r\n--xyz\r\n\r\nempty\r\n" + FILE % (b"file", b"a", b"a") + END,
    "cut off in a file": FIELD % (b"content", b"Hello") + FILE % (b"file", b"a", b"one two"),
    "cut off in a head": FILE % (b"file", b"a", b"one") + b"--xyz\r\nContent-Disposition: form-data; name",
    "nothing": b"",
}


@pytest.fixture(autouse=True)
def folder(tmp_path, settings):
    settings.INCOMING_DIR = tmp_path / "incoming"
    return settings.INCOMING_DIR


def arrived(body, size=1):
    """Return a form that came in pieces of one size."""
    reader = FormReader(HEADERS)
    for start in range(0, len(body), size):
        reader.take(body[start : start + size])
    return reader.end()


def read(body, length, arrived=None):
    """Return the fields and the files of a request."""
    environ = {
        "REQUEST_METHOD": "POST",
        "CONTENT_TYPE": HEADERS[0][1].decode(),
        "CONTENT_LENGTH": str(length),
        "wsgi.input": body,
        incoming.ARRIVED: arrived,
    }
    request = WSGIRequest(environ)
    files = [
        (field, file.name, file.size, file.hash.digest(), hashlib.sha256(file.read()).digest())
        for field, uploads in request.FILES.lists()
        for file in uploads
    ]
    request.close()
    return dict(request.POST.lists()), files


@pytest.mark.parametrize("name", FORMS)
def test_view_gets_what_django_reads(name, folder):
    body = FORMS[name]
    expected = read(BytesIO(body), len(body))
    for size in (1, 2, 3, 7, 1000, 1 << 20):
        form = arrived(body, size)
        assert read(form, len(body), form.files) == expected
        form.close()
    assert list(folder.iterdir() if folder.exists() else []) == []


def test_files_are_not_in_what_is_parsed():
    secret = b"x" * 100_000
    form = arrived(FILE % (b"file", b"a", secret) + FIELD % (b"content", b"Hello") + END, 4096)
    assert form.getvalue() == FILE % (b"file", b"a", b"0") + FIELD % (b"content", b"Hello") + END
    assert form.files[0].size == len(secret)
    form.close()
    assert form.files[0].closed


@pytest.mark.parametrize(
    "body",
    [
        FIELD % (b"content", b"x" * 300_000) + END,
        b"--xyz" * 200,
        b"\r\n" * 200_000,
        (b"--xyz\r\n" + b"x" * 2000) * 120,
    ],
    ids=["text", "parts", "no parts", "heads"],
)
def test_what_is_none_of_our_forms_is_refused_while_it_arrives(body):
    with pytest.raises(FormRefused):
        arrived(body, 1000)


def test_of_more_files_than_there_may_be_no_bytes_are_kept(settings):
    settings.FILES_PER_MESSAGE = 1
    form = arrived(FILE % (b"file", b"a", b"one") + FILE % (b"file", b"b", b"three") + END)
    _fields, files = read(form, 1000, form.files)
    assert [(name, size) for _field, name, size, *_digests in files] == [("a", 3), ("b", 5)]
    form = arrived(FILE % (b"file", b"a", b"one") + FILE % (b"file", b"b", b"three") + END)
    assert [upload.read() for upload in form.files.values()] == [b"one", b""]
    form.close()


@pytest.mark.parametrize("number", [b"1", b"-1", b"0x", b""])
def test_number_of_no_file_is_no_form(number):
    with pytest.raises(MultiPartParserError):
        read(BytesIO(FILE % (b"file", b"a", number) + END), 200, {0: incoming.Upload()})


@pytest.mark.parametrize("is_possible", [True, False])
def test_file_has_no_name_before_it_is_moved_where_that_is_possible(monkeypatch, folder, is_possible):
    if not is_possible:
        monkeypatch.setattr(incoming, "nameless", lambda _place: (_ for _ in ()).throw(OSError))
    file = incoming.IncomingFile()
    file.write(b"one")
    assert len(list(folder.iterdir())) == (not is_possible)
    with open(file.temporary_file_path(), "rb") as named:
        assert named.read() == b"one"
    assert len(list(folder.iterdir())) == 1
    assert file.temporary_file_path() == file.temporary_file_path()
    file.close()
    assert list(folder.iterdir()) == []
