"""w3m and lynx, which know neither style nor scripts: nothing contradicts itself, and one can take part."""

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.server import Server
from tests.support.terminal import Terminal

# What only scripts and style can make true.
ONLY_WITH_SCRIPTS = (
    "Connected",
    "Reconnecting",
    "Connection failed",
    "Try again now",
    "Send again",
    "Sending…",
    "To the newest message",
    "Another…",
    "Close",
    "Enable notifications",
)


def installed(browser: str) -> str:
    if not shutil.which(browser):
        pytest.fail(f"{browser} is not installed: .ci/run does it")
    return browser


def environment(home: Path) -> dict[str, str]:
    return {"HOME": str(home), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}


@pytest.fixture(params=["w3m", "lynx"])
def read(request, dora_there, server, tmp_path) -> Callable[[str], str]:
    """Return what a text browser shows of an address, as somebody who is logged in."""
    browser = installed(request.param)
    cookies = "; ".join(f"{cookie['name']}={cookie['value']}" for cookie in dora_there.context.cookies())

    def read(address: str) -> str:
        url = f"{server.url}{address}"
        if browser == "w3m":
            command = ["w3m", "-dump", "-O", "UTF-8", "-cols", "100", "-header", f"Cookie: {cookies}", url]
        else:
            command = ["lynx", "-dump", "-width=100", "-display_charset=utf-8", "-accept_all_cookies"]
            settings = tmp_path / "lynx.cfg"
            settings.write_text("SET_COOKIES:TRUE\nPERSISTENT_COOKIES:TRUE\nACCEPT_ALL_COOKIES:TRUE\n")
            command += [f"-cfg={settings}", f"-cookie_file={jar(tmp_path, dora_there)}", url]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=20, env=environment(tmp_path), check=True
        )
        return done.stdout

    return read


def jar(folder: Path, person) -> Path:
    """Write the cookies of somebody into a file as lynx reads it."""
    lines = [
        f"{cookie['domain']}\tFALSE\t/\tFALSE\t4000000000\t{cookie['name']}\t{cookie['value']}"
        for cookie in person.context.cookies()
    ]
    file = folder / "cookies"
    file.write_text("\n".join(lines) + "\n")
    return file


@pytest.fixture
def dora_there(person):
    return person("dora", java_script_enabled=False)


def test_no_page_says_what_is_only_true_with_scripts(ada, dora_there, read):
    room = ada.make_room(dora_there)
    ada.say(room, "One", "Two")
    for address in ("/", room, f"{room}?before=100000000", "/find/", "/settings/", "/help/"):
        text = re.sub(r"\s+", " ", read(address))
        assert "Hearth" in text
        if address != "/help/":
            assert [words for words in ONLY_WITH_SCRIPTS if words in text] == [], address
        if "before" in address:
            assert "One" in text


# Journeys by keys: somebody enters, reads, posts, and opens a direct message.


@pytest.fixture
def said(tmp_path_factory) -> Iterator[tuple[Server, Callable[[], list[tuple[str, str]]]]]:
    """Ada has said something in the one room there is; return the server, and what all have said."""
    program = (
        "from uuid import uuid4; from accounts.models import User; from rooms.models import ChatRoom;"
        "room, ada = ChatRoom.objects.get(), User.objects.create_user('ada'); room.join(ada);"
        "room.post_message(ada, 'Good morning', uuid4())"
    )
    query = "SELECT username, content FROM rooms_message JOIN accounts_user ON sender_id = accounts_user.id"
    with Server(tmp_path_factory.mktemp("quiet")) as server:
        server.manage("shell", "-v0", "-c", program)

        def said() -> list[tuple[str, str]]:
            with server.rows() as rows:
                return [(name, text) for name, text in rows.execute(f"{query} ORDER BY rooms_message.id")]

        yield server, said


def test_journey_in_w3m(said, tmp_path):
    server, read = said
    editor = tmp_path / "editor"  # in which w3m lets one write what may have several lines
    editor.write_text('#!/bin/sh\necho "Hello from w3m" > "$1"\n')
    editor.chmod(0o755)
    command = [installed("w3m"), "-cookie"]
    for option in ("accept_cookie=1", "confirm_qq=0", "color=0", "display_charset=UTF-8"):
        command += ["-o", option]
    variables = {**environment(tmp_path), "EDITOR": str(editor)}
    with Terminal([*command, f"{server.url}/"], tmp_path, variables) as w3m:
        w3m.wait_for("a username is suggested.")
        w3m.press("g/username is\r\t\r")
        w3m.wait_for("TEXT:")
        w3m.press("walter\r")
        w3m.wait_for("[walter ")
        w3m.press("\t\r")
        w3m.wait_for("First steps")
        for preview, chat in (("Good morning", "general"), ("No messages yet", "ada")):
            w3m.press(f"g/{preview}\r\r")
            w3m.wait_for(f"Viewing <{chat} – Hearth>")
            w3m.press(f"g/Message {chat}\r\t\r")
            w3m.wait_for("[Hello from w3m ")
            w3m.press("g/Save draft\r\t\r")
            w3m.wait_for(f"Message {chat} [ ]")
        w3m.press("g")
        w3m.wait_for("You: Hello from w3m", "walter: Hello from w3m")
    assert read() == [("ada", "Good morning"), *[("walter", "Hello from w3m")] * 2]


ENTER, TAB, RELOAD, TOP = "^J", "^I", "^R", "^A"


def test_journey_in_lynx(said, tmp_path):
    """It reads its keys from a file: what is typed while it draws would be lost."""
    server, read = said
    keys = ["/____", ENTER, "lydia", TAB, ENTER]
    for preview, chat in (("Good morning", "general"), ("No messages yet", "ada")):
        keys += [
            f"/{preview}",
            ENTER,
            ENTER,
            f"/Message {chat}",
            ENTER,
            "Hello from lynx",
            TAB,
            TAB,
            TAB,
            ENTER,
        ]
        keys += [RELOAD, TAB, TOP]
    script = tmp_path / "keys"
    script.write_text("".join(lines_of(part) for part in keys))
    settings = tmp_path / "lynx.cfg"
    choices = ("SET_COOKIES:TRUE", "ACCEPT_ALL_COOKIES:TRUE", "CHARACTER_SET:utf-8", "ASSUME_CHARSET:utf-8")
    settings.write_text("\n".join([*choices, "ALERTSECS:0", "MESSAGESECS:0", "INFOSECS:0", ""]))
    command = [installed("lynx"), f"-cfg={settings}", f"-cmd_script={script}", f"{server.url}/"]
    with Terminal(command, tmp_path, environment(tmp_path)) as lynx:
        lynx.wait_for("You: Hello from lynx", "lydia: Hello from lynx", seconds=40)
    assert read() == [("ada", "Good morning"), *[("lydia", "Hello from lynx")] * 2]


def lines_of(part: str) -> str:
    """Write a key, or each of a text, as lynx reads them."""
    keys = [part] if part.startswith("^") else part
    return "".join(f"key {'<space>' if key == ' ' else key}\n" for key in keys)
