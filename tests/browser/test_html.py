"""Pages are valid HTML as they stand in the browser, after scripts and streams have changed them."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.backstage import Backstage
from tests.browser.conftest import MakePerson
from tests.browser.states import STATES, Scene
from tests.support.server import Server

VNU = Path(__file__).parent / "axe/node_modules/vnu-jar/build/dist/vnu.jar"
# One run of a program that is over in seconds has no use for a compiler that takes more of them.
JAVA = ["java", "-Xss2m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
# Between them they show every template.
PAGES = [
    "login with a name that is refused",
    "own menu",
    "lobby with unread messages",
    "rooms and people",
    "room that is looked at",
    "room with messages",
    "room with older messages",
    "room that was loaded before an update",
    "message that was refused",
    "details of a message",
    "notifications",
    "settings",
    "help page",
    "not found",
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One where rooms are looked at first."""
    with Server(tmp_path_factory.mktemp("html"), JOIN_BY_VISIT="no") as server:
        yield server


@pytest.fixture(scope="module")
def backstage(server: Server) -> Iterator[Backstage]:
    with Backstage(server) as backstage:
        yield backstage


@pytest.mark.accessibility("A22")
def test_pages_are_valid(person: MakePerson, server: Server, backstage: Backstage, tmp_path: Path) -> None:
    if not (VNU.exists() and shutil.which("java")):
        missing = "the HTML checker is not installed: bin/setup --dev does that with npm; it runs with Java"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    for name in PAGES:
        someone = STATES[name](Scene(person, server, backstage))
        (tmp_path / f"{name}.html").write_text(someone.page.content())
    files = sorted(tmp_path.glob("*.html"))
    checked = subprocess.run([*JAVA, "-jar", VNU, "--errors-only", *files], capture_output=True, text=True)
    if checked.returncode:
        pytest.fail(checked.stderr or "the checker failed", pytrace=False)
    assert len(files) == len(PAGES)
