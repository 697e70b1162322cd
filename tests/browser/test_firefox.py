"""The main journey in Firefox ESR, of which Playwright does not know the version that Debian has."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from uuid import uuid4

import pytest

from tests.browser.backstage import Backstage
from tests.support.server import Server

VISIT = Path(__file__).parent / "visit.mjs"
DRIVER = Path(__file__).parent / "axe/node_modules/puppeteer-core"


def test_two_people_in_firefox(fragile_server: Server) -> None:
    firefox, node = shutil.which("firefox-esr"), shutil.which("node")
    if not (firefox and node and DRIVER.exists()):
        missing = "Firefox ESR, node or puppeteer-core is missing: .ci/run and bin/setup --dev install them"
        assert os.environ.get("CI") != "true", missing
        pytest.skip(missing)
    arguments = [node, VISIT, fragile_server.url, firefox, uuid4().hex[:8]]
    with (
        Backstage(fragile_server) as backstage,
        subprocess.Popen(
            arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as visit,
    ):
        for line in visit.stdout:
            match json.loads(line):
                case ["fill", room, sender]:
                    backstage.fill(room, sender, 60)
                case ["kill"]:
                    fragile_server.kill()
                case ["start"]:
                    fragile_server.start()
            print("done", file=visit.stdin, flush=True)
        assert visit.wait() == 0, visit.stderr.read()
