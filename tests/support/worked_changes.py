"""The changes that docs/templates.md makes step by step: as a theme, and in a copy of Hearth."""

import re
import shutil
from pathlib import Path

from tests.support.server import ROOT

STEP = re.compile(r"`((?:templates|static)/[\w/.]+)`(?:(?!```|\n\n).)*?:\n\n```\w+\n(.*?)```", re.DOTALL)
DIFF = re.compile(r"^```diff\n(.*?)^```", re.DOTALL | re.MULTILINE)
# What a server needs of Hearth.
CODE = ("accounts", "config", "locale", "rooms", "static", "templates", "manage.py", "pyproject.toml")


def steps() -> str:
    text = (ROOT / "docs" / "templates.md").read_text()
    return text.partition("\n## Five changes")[2].partition("\n## ")[0]


def make_theme(folder: Path) -> Path:
    """Put all files of the page into a folder; what comes later for one is added to it."""
    for name, content in STEP.findall(steps()):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text((path.read_text() if path.exists() else "") + content)
    return folder


def make_copy(folder: Path) -> None:
    """Copy Hearth, and make the changes in it that the page shows as diffs."""
    folder.mkdir()
    for name in CODE:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / name)
    found = re.split(r"^--- (\S+)\n", "".join(DIFF.findall(steps())), flags=re.MULTILINE)
    for name, hunks in zip(found[1::2], found[2::2], strict=True):
        path = folder / name
        text = path.read_text() if path.exists() else ""
        for hunk in hunks.split("@@\n"):
            text = changed(text, hunk, name)
        path.write_text(text)


def changed(text: str, hunk: str, name: str) -> str:
    """Change a text as a part of a diff says, which has to fit in one place."""
    lines = [(line[:1].strip(), line[1:]) for line in hunk.splitlines(keepends=True)]
    before = "".join(line for sign, line in lines if sign != "+")
    after = "".join(line for sign, line in lines if sign != "-")
    times = text.count(before) if before else int(not text)
    assert times == 1, f"It fits {times} times in {name}:\n{hunk}"
    return text.replace(before, after) if before else after


def settings() -> dict[str, str]:
    """Return the settings that the page names."""
    [line] = re.findall(r"^(SITE_NAME=.*) make run$", steps(), re.MULTILINE)
    found = re.findall(r'(SITE_\w+)=(?:"([^"]*)"|(\S+))', line)
    return {name: quoted or plain for name, quoted, plain in found}
