"""The Nu HTML checker (vnu.jar from npm): at the command line, or as a server that is asked page by page."""

import contextlib
import json
import os
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.support.server import ROOT, free_port
from tests.support.services import Service

VNU = ROOT / "tests/browser/axe/node_modules/vnu-jar/build/dist/vnu.jar"
# One run of a program that is over in seconds has no use for a compiler that takes more of them.
JAVA = ["java", "-Xss2m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]


def need_checker() -> None:
    """Skip a test without it; on a build server, fail."""
    if not (VNU.exists() and shutil.which("java")):
        missing = "the HTML checker is not installed: bin/setup --dev does that with npm; it runs with Java"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)


def checked(files: Iterable[Path]) -> str:
    """Return what is wrong with pages in files; nothing where all is well."""
    need_checker()
    run = subprocess.run([*JAVA, "-jar", VNU, "--errors-only", *files], capture_output=True, text=True)
    return run.stderr or "the checker failed" if run.returncode else ""


class HtmlChecker(Service):
    """Listens on this machine only."""

    name = "html-checker"
    ready_seconds = 100.0

    def __init__(self) -> None:
        super().__init__()
        self.account = {}  # nobody else may read the program
        self.url = f"http://127.0.0.1:{free_port()}/"

    def command(self) -> list[str]:
        port = self.url.strip("/").rpartition(":")[2]
        local = "-Dnu.validator.servlet.bind-address=127.0.0.1"
        return [*JAVA, local, "-cp", str(VNU), "nu.validator.servlet.Main", port]

    def is_ready(self) -> bool:
        with contextlib.suppress(urllib.error.URLError, ConnectionError):
            urllib.request.urlopen(self.url, timeout=30).close()
            return True
        return False

    def errors(self, html: str) -> list[str]:
        """Return what is wrong with a page, each with the place where it is."""
        asked = urllib.request.Request(
            f"{self.url}?out=json&level=error", html.encode(), {"Content-Type": "text/html; charset=utf-8"}
        )
        with urllib.request.urlopen(asked, timeout=60) as answer:
            messages = json.load(answer)["messages"]
        return [f"{it['message']} {it.get('extract', '')}" for it in messages]
