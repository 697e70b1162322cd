"""Browsers of three engines, each a process of its own: only one window of a browser has the focus.

All take the commands of WebDriver (https://www.w3.org/TR/webdriver2/). Chromium and WebKitGTK have drivers,
which take them over HTTP. Firefox takes them by itself, in a way of its own that it calls Marionette.
"""

import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tests.support.server import free_port

SECONDS = 20
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # what the standard calls a reference to an element
KEYS = {
    "Tab": "\ue004",
    "Enter": "\ue006",
    "Shift": "\ue008",
    "Escape": "\ue00c",
    "ArrowUp": "\ue013",
    "F6": "\ue036",
}
# Without a window browsers say that there is no mouse, and pages leave the keyboard of phones closed.
MOUSE = "primaryHoverType=2,availableHoverTypes=2,primaryPointerType=4,availablePointerTypes=4"
FOCUS = ["xdotool", "search", "--sync", "--onlyvisible", "--class", "MiniBrowser", "windowfocus", "--sync"]


class Refused(Exception):
    """A browser does not do what it was asked for, and says why."""


class Wire(Protocol):
    """Carries commands, which are called as Marionette calls them, to a browser."""

    def send(self, command: str, **values: object) -> Any: ...

    def close(self) -> None: ...


class Http:
    """The wire to a driver."""

    PATHS = {
        "Navigate": "/url",
        "Back": "/back",
        "Forward": "/forward",
        "Refresh": "/refresh",
        "ExecuteScript": "/execute/sync",
        "PerformActions": "/actions",
        "ElementClick": "/element/{id}/click",
        "ElementSendKeys": "/element/{id}/value",
    }

    def __init__(self, port: int, **capabilities: object) -> None:
        wait_until(lambda: is_listening(port))
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS / 2)
        session = self._ask("POST", "/session", capabilities={"alwaysMatch": capabilities})
        self.session = f"/session/{session['sessionId']}"

    def send(self, command: str, **values: object) -> Any:
        return self._ask("POST", self.session + self.PATHS[command].format_map(values), **values)

    def _ask(self, method: str, path: str, **values: object) -> Any:
        try:
            self.connection.request(method, path, json.dumps(values))
            answer = json.load(self.connection.getresponse())["value"]
        except (
            TimeoutError
        ) as error:  # in WebKitGTK, a question to a page that is just being left may be lost
            self.connection.close()
            raise Refused("no answer") from error
        if isinstance(answer, dict) and "error" in answer:
            raise Refused(f"{answer['error']}: {answer['message']}")
        return answer

    def close(self) -> None:
        """End the browser, which outlives its driver."""
        self._ask("DELETE", self.session)
        self.connection.close()


class Marionette:
    """The wire to Firefox: lists in JSON, each after its length."""

    def __init__(self, port: int, **capabilities: object) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.file = self.socket.makefile("rwb")
        self._read()  # what it is
        self.send("NewSession", **capabilities)

    def send(self, command: str, **values: object) -> Any:
        packet = json.dumps([0, 0, f"WebDriver:{command}", values]).encode()
        self.file.write(b"%d:%b" % (len(packet), packet))
        self.file.flush()
        _kind, _number, error, result = self._read()
        if error:
            raise Refused(f"{error['error']}: {error['message']}")
        return result.get("value")

    def _read(self) -> Any:
        length = b""
        while (digit := self.file.read(1)) != b":":
            length += digit
        return json.loads(self.file.read(int(length)))

    def close(self) -> None:
        self.file.close()
        self.socket.close()


class Browser:
    """What a person does with a browser. Scripts are functions, in JavaScript."""

    def __init__(self, wire: Wire, console: Path | None = None, complaint: str = "") -> None:
        self.wire = wire
        self.console = console
        self.complaint = re.compile(complaint, re.MULTILINE)
        self.complaints_seen = 0

    def open(self, address: str) -> None:
        self.wire.send("Navigate", url=address)

    def back(self) -> None:
        self.wire.send("Back")

    def forward(self) -> None:
        self.wire.send("Forward")

    def reload(self) -> None:
        self.wire.send("Refresh")

    def evaluate(self, function: str, *given: object) -> Any:
        script = f"return ({function})(...arguments)"
        return self.wire.send("ExecuteScript", script=script, args=given)

    def wait_for(self, condition: str, *given: object, seconds: float = SECONDS) -> None:
        def is_so() -> bool:
            with suppress(Refused):  # by a page that is being left
                return bool(self.evaluate(condition, *given))
            return False

        wait_until(is_so, seconds)

    def press(self, *keys: str) -> None:
        """Press one after the other; "Shift+Tab" is one."""
        actions: list[dict[str, str]] = []
        for key in keys:
            values = [KEYS.get(name, name) for name in re.split(r"(?<=.)\+", key)]
            actions += [{"type": "keyDown", "value": value} for value in values]
            actions += [{"type": "keyUp", "value": value} for value in reversed(values)]
        self.wire.send("PerformActions", actions=[{"type": "key", "id": "keyboard", "actions": actions}])

    def type(self, text: str) -> None:
        self.press(*text)

    def click(self, selector: str) -> None:
        self.wire.send("ElementClick", id=self._find(selector))

    def choose(self, selector: str, file: Path) -> None:
        self.wire.send("ElementSendKeys", id=self._find(selector), text=str(file))

    def _find(self, selector: str) -> str:
        self.wait_for("(selector) => document.querySelector(selector)", selector)
        return self.evaluate("(selector) => document.querySelector(selector)", selector)[ELEMENT]

    def complaints(self) -> list[str]:
        """Return the errors in the console since this was asked last. WebKitGTK shows nobody its console."""
        if not self.console:
            return []
        text = self.console.read_text(errors="replace")
        found, self.complaints_seen = text[self.complaints_seen :], len(text)
        return self.complaint.findall(found)


def is_listening(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False


def wait_until(condition: Callable[[], bool], seconds: float = SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(0.03)


@contextmanager
def running(
    command: Sequence[str], log: Path, pass_fds: Sequence[int] = (), **environment: str
) -> Iterator[None]:
    with (
        log.open("ab") as output,
        subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=pass_fds,
            env={**os.environ, **environment},
        ) as process,
    ):
        try:
            yield
        finally:
            end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    with suppress(subprocess.TimeoutExpired):  # a driver that has just begun hears nothing
        process.wait(5)
    process.kill()


def strategy(has_scripts: bool) -> dict[str, str]:
    """Return whether to wait until a page has come: without scripts, rooms have a frame that never ends."""
    return {"pageLoadStrategy": "normal" if has_scripts else "none"}


@contextmanager
def chromium(folder: Path, *, has_scripts: bool) -> Iterator[Browser]:
    log, console, port = folder / "log", folder / "console", free_port()
    options = {
        "binary": shutil.which("chromium"),
        "args": [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--window-size=1280,800",
            "--enable-logging",
            f"--log-file={console}",
            f"--blink-settings=scriptEnabled={str(has_scripts).lower()},{MOUSE}",
        ],
    }
    with (
        running(["chromedriver", f"--port={port}"], log),
        closing(Http(port, **strategy(has_scripts), **{"goog:chromeOptions": options})) as wire,
    ):
        # All of it is called information there. What has the focus already needs none. If a stream was about
        # to begin when its page was left, htmx says that it broke off.
        harmless = "Autofocus processing was blocked|htmx:sse:error: network error"
        yield Browser(wire, console, rf"^.*CONSOLE(?!.*(?:{harmless})).*$")


@contextmanager
def firefox(folder: Path, *, has_scripts: bool) -> Iterator[Browser]:
    log, profile = folder / "log", folder / "profile"
    settings = {
        "marionette.port": 0,
        "javascript.enabled": has_scripts,
        # A mouse, as above.
        "ui.primaryPointerCapabilities": 6,
        "ui.allPointerCapabilities": 6,
        "browser.dom.window.dump.enabled": True,
        "devtools.console.stdout.content": True,
    }
    profile.mkdir()
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in settings.items()]
    (profile / "user.js").write_text("".join(lines))
    told = profile / "MarionetteActivePort"
    command = ["firefox-esr", "--headless", "--marionette", "--no-remote", "--profile", str(profile)]
    with running(command, log, MOZ_HEADLESS_WIDTH="1280", MOZ_HEADLESS_HEIGHT="900"):
        wait_until(lambda: told.exists() and told.read_text() != "")
        with closing(Marionette(int(told.read_text()), **strategy(has_scripts))) as wire:
            yield Browser(wire, log, r"^(?:JavaScript error: http|console\.error: (?!RSLoader)).*$")


@contextmanager
def webkit(folder: Path, *, has_scripts: bool) -> Iterator[Browser]:
    """Begin WebKitGTK on a screen of its own, where its window has the focus."""
    log, port = folder / "log", free_port()
    options = {"args": ["--automation", f"--enable-javascript={str(has_scripts).lower()}"]}
    with (
        screen(log) as display,
        running(["WebKitWebDriver", f"--port={port}"], log, DISPLAY=display, NO_AT_BRIDGE="1"),
        closing(Http(port, **strategy(has_scripts), **{"webkitgtk:browserOptions": options})) as wire,
    ):
        subprocess.run(FOCUS, env={**os.environ, "DISPLAY": display}, check=True, timeout=SECONDS)
        yield Browser(wire)


@contextmanager
def screen(log: Path) -> Iterator[str]:
    """Begin a screen that nobody sees; return its name."""
    reading, writing = os.pipe()
    size = ["-screen", "0", "1024x768x24"]
    with os.fdopen(reading) as told:
        command = ["Xvfb", "-displayfd", str(writing), *size, "-nolisten", "tcp"]
        with running(command, log, pass_fds=[writing]):
            os.close(writing)
            yield f":{told.readline().strip()}"


class Launch(Protocol):
    def __call__(self, folder: Path, *, has_scripts: bool) -> AbstractContextManager[Browser]: ...


@dataclass(frozen=True)
class Engine:
    launch: Launch
    programs: tuple[str, ...]

    @property
    def missing(self) -> list[str]:
        return [program for program in self.programs if not shutil.which(program)]


ENGINES = {
    "chromium": Engine(chromium, ("chromium", "chromedriver")),
    "firefox": Engine(firefox, ("firefox-esr",)),
    "webkit": Engine(webkit, ("WebKitWebDriver", "Xvfb", "xdotool")),
}
