"""w3m and lynx, which know neither style nor scripts: nothing contradicts itself, and one can take part."""

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

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


@pytest.fixture(params=["w3m", "lynx"])
def read(request, dora_there, server, tmp_path) -> Callable[[str], str]:
    """Return what a text browser shows of an address, as somebody who is logged in."""
    browser = request.param
    if not shutil.which(browser):
        pytest.fail(f"{browser} is not installed: .ci/run does it")
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
        environment = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=20, env=environment, check=True
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
