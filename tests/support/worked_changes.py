"""The changes that docs/templates.md makes step by step, as a theme."""

import re
from pathlib import Path

from tests.support.server import ROOT

STEP = re.compile(r"`((?:templates|static)/[\w/.]+)`(?:(?!```|\n\n).)*?:\n\n```\w+\n(.*?)```", re.DOTALL)


def make_theme(folder: Path) -> Path:
    """Put all files of the page into a folder; what comes later for one is added to it."""
    text = (ROOT / "docs" / "templates.md").read_text()
    steps = text.partition("\n## Five changes")[2].partition("\n## ")[0]
    for name, content in STEP.findall(steps):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text((path.read_text() if path.exists() else "") + content)
    return folder


def settings() -> dict[str, str]:
    """Return the settings that the page names, but for files that are not there."""
    [line] = re.findall(
        r"^(SITE_NAME=.*) make run$", (ROOT / "docs" / "templates.md").read_text(), re.MULTILINE
    )
    found = re.findall(r'(SITE_\w+)=(?:"([^"]*)"|(\S+))', line)
    return {name: quoted or plain for name, quoted, plain in found if name != "SITE_LOGO"}
