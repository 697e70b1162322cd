"""The virus scanner: ClamAV's own, and a server that speaks as it does and keeps what it was sent."""

import socket
import struct
import threading

import pytest

from config.doctor import inside
from tests.rooms.test_files import errors_of, named, on_disk, picture, send
from tests.support.responses import HTMX
from tests.support.services import EICAR, Clamd

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("folder_of_files")]


@pytest.fixture(scope="module")
def clamd():
    with Clamd() as clamd:
        yield clamd


@pytest.fixture
def scanned(clamd, settings):
    settings.CLAMD = clamd.url


def test_infected_file_is_refused_by_name(scanned, ada_client, room):
    response = send(ada_client, room, named("good.txt"), named("bad.txt", EICAR), headers=HTMX)
    assert response.status_code == 422
    assert errors_of(response) == ["“bad.txt”: the virus scanner has found something in this file."]
    assert not on_disk()
    assert send(ada_client, room, named("good.txt"), named("a.jpg", picture())).status_code == 302


def test_without_an_answer_nothing_is_taken(ada_client, room, settings, caplog):
    settings.CLAMD = "unix:///nowhere/clamd"
    response = send(ada_client, room, named("large.txt"), headers=HTMX)
    assert response.status_code == 503
    assert "the virus scanner does not answer" in errors_of(response)[0]
    assert not on_disk()
    assert send(ada_client, room, content="Text").status_code == 302
    assert "The virus scanner failed" in caplog.text
    assert [one.mark for one in inside.of_scanner()] == ["PROBLEM"]


def test_file_that_is_too_large_for_the_scanner(scanned, ada_client, room, settings, caplog):
    """Also if it is much larger: then the scanner hangs up before it has all."""
    for size in (Clamd.LARGEST + 1, 20 * Clamd.LARGEST):
        response = send(ada_client, room, named("large.txt", b"x" * size), headers=HTMX)
        assert response.status_code == 422
        told = "“large.txt”: this file is larger than the virus scanner of this site can check."
        assert errors_of(response) == [told]
    assert not on_disk()
    assert "StreamMaxLength in clamd.conf is less than FILE_MAX_MB" in caplog.text
    settings.FILE_MAX_BYTES = 20 * Clamd.LARGEST
    [finding] = inside.of_scanner()
    assert finding.fix == "Set `StreamMaxLength 4M` in clamd.conf, or a smaller FILE_MAX_MB."
    settings.FILE_MAX_BYTES = Clamd.LARGEST
    assert [one.mark for one in inside.of_scanner()] == ["ok"]


def test_scanner_may_be_on_the_network(ada_client, room, settings):
    settings.CLAMD = "tcp://127.0.0.1:1"
    assert send(ada_client, room, named("a.txt"), headers=HTMX).status_code == 503


class Keeper:
    """Takes one file of each connection (man clamd, INSTREAM), and finds nothing in it."""

    def __init__(self, path):
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
                assert received.read(10) == b"zINSTREAM\0"
                data = b""
                while length := struct.unpack("!I", received.read(4))[0]:
                    data += received.read(length)
                self.seen.append(data)
                connection.sendall(b"stream: OK\0")

    def end(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join()


def test_scanner_gets_each_file_as_it_was_sent(ada_client, room, settings, tmp_path):
    keeper = Keeper(tmp_path / "clamd")
    settings.CLAMD = f"unix://{tmp_path}/clamd"
    photo, text = picture(), b"x" * 150_000
    answer = send(ada_client, room, named("a.jpg", photo), named("b.txt", text))
    keeper.end()
    assert answer.status_code == 302
    assert keeper.seen == [photo, text]
