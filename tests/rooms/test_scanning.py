"""The virus scanner: a server that speaks as clamd does, and finds EICAR's test file."""

import socket
import struct
import threading

import pytest

from tests.rooms.test_files import errors_of, named, on_disk, picture, send
from tests.support.responses import HTMX

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("folder_of_files")]
# In two parts: scanners of the machines that hold this file look for it, too.
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}" + rb"$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


class Clamd:
    """Takes one file of each connection (man clamd, INSTREAM)."""

    def __init__(self, path, largest=1_000_000):
        self.largest = largest
        self.seen = []
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(str(path))
        self.socket.listen()
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self):
        while True:
            try:
                connection, _address = self.socket.accept()
            except OSError:
                return
            with connection, connection.makefile("rb") as received:
                connection.sendall(self.answer_to(received))

    def answer_to(self, received):
        assert received.read(10) == b"zINSTREAM\0"
        data = b""
        while length := struct.unpack("!I", received.read(4))[0]:
            data += received.read(length)
            if len(data) > self.largest:
                return b"INSTREAM size limit exceeded. ERROR\0"
        self.seen.append(data)
        return b"stream: Win.Test.EICAR_HDB-1 FOUND\0" if EICAR in data else b"stream: OK\0"

    def end(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join()


@pytest.fixture
def clamd(tmp_path, settings):
    clamd = Clamd(tmp_path / "clamd", largest=200_000)
    settings.CLAMD = f"unix://{tmp_path}/clamd"
    yield clamd
    clamd.end()


def test_scanner_looks_at_each_file_as_it_was_sent(clamd, ada_client, room):
    photo, text = picture(), b"x" * 150_000
    assert send(ada_client, room, named("a.jpg", photo), named("b.txt", text)).status_code == 302
    assert clamd.seen == [photo, text]


def test_infected_file_is_refused_by_name(clamd, ada_client, room):
    response = send(ada_client, room, named("good.txt"), named("bad.txt", EICAR), headers=HTMX)
    assert response.status_code == 422
    assert errors_of(response) == ["“bad.txt”: the virus scanner has found something in this file."]
    assert not on_disk()


@pytest.mark.parametrize("how", ["away", "overburdened"])
def test_without_an_answer_nothing_is_taken(how, clamd, ada_client, room, settings, caplog):
    if how == "away":
        settings.CLAMD = "unix:///nowhere/clamd"
    response = send(ada_client, room, named("large.txt", b"x" * 300_000), headers=HTMX)
    assert response.status_code == 503
    assert "the virus scanner does not answer" in errors_of(response)[0]
    assert not on_disk()
    assert send(ada_client, room, content="Text").status_code == 302
    assert "The virus scanner failed" in caplog.text


def test_scanner_may_be_on_the_network(ada_client, room, settings):
    settings.CLAMD = "tcp://127.0.0.1:1"
    assert send(ada_client, room, named("a.txt"), headers=HTMX).status_code == 503
