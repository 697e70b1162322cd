"""`manage.py runserver`, for people who work on Hearth: with streams, and anew when a file changes."""

import shutil
import socket
import subprocess
import sys

import pytest

from tests.support.clients import ChatClient, LivePage, eventually
from tests.support.server import ROOT, Server

SETTINGS = "from config.settings import *\nMETRICS_TOKEN = {!r}\n"


class Runserver(Server):
    def start(self):
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "runserver", str(self.port)],
                cwd=ROOT, env=self.environment, stdout=log, stderr=log,
            )  # fmt: skip
        self.wait_until_serving()


@pytest.fixture
def server(prepared_folder, tmp_path):
    folder = tmp_path / "data"
    shutil.copytree(prepared_folder, folder)
    (tmp_path / "my_settings.py").write_text(SETTINGS.format("first"))
    server = Runserver(
        folder, DATABASE_URL="", DEBUG="1", DJANGO_SETTINGS_MODULE="my_settings", PYTHONPATH=str(tmp_path)
    )
    yield server
    server.kill()


async def test_streams_are_served_and_a_changed_file_starts_it_anew(server, tmp_path):
    server.start()
    async with ChatClient(server.url, "kim") as kim:
        room_id = await kim.create_room("Workshop")
        async with await LivePage.open(kim, room_id) as page:
            await eventually(lambda: page.connections)
            sent = [(await kim.post(room_id, "before"), "before")]
            await page.wait_for_messages(sent)
            (tmp_path / "my_settings.py").write_text(SETTINGS.format("second, and longer"))
            await eventually(lambda: server.log.count("Hearth is at ") == 2, 60)
            await eventually(lambda: page.connections > 1, 60)
            sent.append((await kim.post_at_last(room_id, "after"), "after"))
            await page.wait_for_messages(sent)
    assert server.stop() == 0
    assert "Traceback" not in server.log


def test_port_that_is_taken_is_named(server):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        told = subprocess.run(
            [sys.executable, "manage.py", "runserver", "--noreload", str(port)],
            cwd=ROOT, env=server.environment, capture_output=True, text=True,
        )  # fmt: skip
    assert told.returncode == 1
    assert told.stderr.splitlines()[-1].startswith(f"Port {port} is taken by another program.")
