"""Orca and a browser on a screen of their own: keys go in, and what Orca hands to speech comes out."""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Self

SECONDS = 30.0  # until something is heard at the latest
SILENCE = 0.4  # seconds in which Orca notes nothing: it has nothing more to say
ANSWER = 5.0  # seconds until a key has an answer at the latest
PROGRAMS = ["Xvfb", "dbus-daemon", "openbox", "orca", "speech-dispatcher", "xdotool"]
BUS_LAUNCHER = Path("/usr/libexec/at-spi-bus-launcher")
BROWSERS = {
    # A profile of its own, in which nothing asks and nothing is told.
    "firefox": [
        "firefox-esr",
        "--new-instance",
        "--no-remote",
        "--width",
        "1280",
        "--height",
        "800",
        "--profile",
    ],
    "chromium": [
        "chromium",
        "--no-sandbox",
        "--test-type",  # says nothing of the former
        "--disable-gpu",
        "--no-first-run",
        "--no-default-browser-check",
        "--password-store=basic",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-features=Translate",
        "--force-renderer-accessibility",
        "--window-position=0,0",
        "--window-size=1280,800",
        "--user-data-dir",
    ],
}
FIREFOX = """
user_pref("browser.aboutwelcome.enabled", false);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("browser.startup.homepage_override.mstone", "ignore");
user_pref("browser.translations.automaticallyPopup", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("termsofuse.bypassNotification", true);
user_pref("signon.rememberSignons", false);
"""
# No module of it plays anything: what is said is read from Orca's log.
SPEECH = """
LogLevel 1
AudioOutputMethod "alsa"
AudioALSADevice "null"
AddModule "dummy" "sd_dummy" ""
DefaultModule dummy
"""
# Without sound Orca does not always notice that a key has ended its reading of a page just loaded.
CUSTOMIZATIONS = """
import orca.debug
import orca.settings
orca.settings.sayAllOnLoad = False
orca.debug.debugLevel = orca.debug.LEVEL_INFO
orca.debug.debugFile = open({log!r}, "w", encoding="utf-8", buffering=1)
"""
# With a space before the bracket it is the echo of a key.
SPOKEN = re.compile(r"SPEECH OUTPUT: '(.*?)'(?: voice=\w+)?\{.*\}$")


def missing(browser: str) -> list[str]:
    """Return which programs are not installed."""
    wanted = [*PROGRAMS, BROWSERS[browser][0]]
    return [name for name in wanted if not shutil.which(name)] + [
        str(path) for path in [BUS_LAUNCHER] if not path.exists()
    ]


def version_of(program: str) -> str:
    """Return the first number in what a program says of itself."""
    said = subprocess.run([program, "--version"], check=True, capture_output=True, text=True).stdout
    return re.search(r"[\d.]+", said)[0]


class Orca:
    """A person with a keyboard who listens to a browser. It opens `address` first."""

    def __init__(self, folder: Path, browser: str, address: str) -> None:
        self.folder = folder
        self.browser = browser
        self.address = address
        self.stack = ExitStack()
        self.log = folder / "orca.log"
        self.notes: IO[str] | None = None  # Orca's
        self.unfinished = ""  # the line that it is writing
        self.spoken: list[str] = []
        self.taken = 0  # of these
        self.is_asked = False
        run = folder / "run"
        run.mkdir(mode=0o700)
        self.environment = {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "HOME": str(folder),
            "XDG_RUNTIME_DIR": str(run),
            "GSETTINGS_BACKEND": "memory",
            "GNOME_ACCESSIBILITY": "1",  # for Firefox
        }

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stack.close()
            raise
        return self

    def __exit__(self, *_exception: object) -> None:
        self.stack.close()

    def start(self) -> None:
        bus = self.run("dbus-daemon", "--session", "--nofork", "--print-address=1", tells=True)
        self.environment["DBUS_SESSION_BUS_ADDRESS"] = bus.readline().strip()
        screen = self.run(
            "Xvfb", "-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp", tells=True
        )
        self.environment["DISPLAY"] = f":{screen.readline().strip()}"
        self.run("openbox")
        self.run(str(BUS_LAUNCHER), "--launch-immediately", "--a11y=1", "--screen-reader=1")
        speech = self.folder / "speech"
        speech.mkdir()
        (speech / "speechd.conf").write_text(SPEECH)
        self.run("speech-dispatcher", "--run-single", "--timeout", "0", "--config-dir", str(speech))
        preferences = self.folder / "preferences"
        preferences.mkdir()
        (preferences / "orca-customizations.py").write_text(CUSTOMIZATIONS.format(log=str(self.log)))
        self.run("orca", "--user-prefs", str(preferences))
        assert self.wait_until(lambda: self.lines), (self.folder / "orca.txt").read_text()
        profile = self.folder / "profile"
        profile.mkdir()
        (profile / "user.js").write_text(FIREFOX)
        *program, option = BROWSERS[self.browser]
        where = [f"{option}={profile}"] if self.browser == "chromium" else [option, str(profile)]
        self.run(*program, *where, self.address)

    def run(self, *command: str, tells: bool = False) -> IO[str]:
        """Start a program, which ends with this; return what it says, if it `tells` something."""
        with (self.folder / f"{Path(command[0]).name}.txt").open("w") as notes:
            process = subprocess.Popen(
                command, env=self.environment, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if tells else notes, stderr=notes, text=True,
            )  # fmt: skip
        self.stack.callback(self.end, process)
        return process.stdout

    def end(self, process: subprocess.Popen[str]) -> None:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout:
            process.stdout.close()

    @property
    def versions(self) -> str:
        major, _, _ = version_of(BROWSERS[self.browser][0]).partition(".")
        return f"Orca {version_of('orca')}, {self.browser.capitalize()} {major}"

    @property
    def lines(self) -> list[str]:
        """All that was handed to speech so far."""
        if self.notes is None and self.log.exists():
            self.notes = self.stack.enter_context(self.log.open(errors="replace"))
        for line in self.notes or ():
            self.unfinished += line
            if line.endswith("\n"):
                found, self.unfinished = SPOKEN.search(self.unfinished), ""
                if found and found[1].strip():
                    self.spoken.append(found[1].strip())
        return self.spoken

    def wait_until(self, condition: Callable[[], object], seconds: float = SECONDS) -> bool:
        """Return whether that came true in time."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    def wait_for(self, words: str) -> bool:
        """Wait until a line that was not taken so far has these words; return whether one had."""
        return self.wait_until(lambda: any(words in line for line in self.lines[self.taken :]))

    def wait_for_silence(self) -> None:
        size, since = -1, time.monotonic()
        while time.monotonic() < since + SILENCE:
            if (now := self.log.stat().st_size) != size:
                size, since = now, time.monotonic()
            time.sleep(0.02)

    def take(self) -> list[str]:
        """Return what was said since the last time, once there is silence.

        A key that was pressed has an answer.
        """
        if self.is_asked:
            self.wait_until(lambda: len(self.lines) > self.taken, ANSWER)
        self.is_asked = False
        self.wait_for_silence()
        lines = self.lines
        taken, self.taken = lines[self.taken :], len(lines)
        return taken

    def press(self, *keys: str) -> None:
        """Press keys one after the other, as xdotool calls them: "shift+F6"."""
        for key in keys:
            subprocess.run(["xdotool", "key", key], env=self.environment, check=True)
            self.is_asked = True

    def type(self, text: str) -> None:
        subprocess.run(["xdotool", "type", "--delay", "30", text], env=self.environment, check=True)
