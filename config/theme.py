"""A theme: a folder whose files stand in for those of Hearth that have the same name.

Beside `templates/` and `static/` it has `copied/`, with each file as it was in Hearth when it was copied. So
what Hearth has changed since can be told from what the theme has.
"""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import minify
from django.conf import settings

type Problem = dict[str, Any]  # file, line, source (the line itself) and message

PARTS = ("templates", "static")
NOTE = "Copied from Hearth {version}. `manage.py theme diff` says what has changed there since."


@dataclass(frozen=True)
class File:
    """A file of a theme, such as `templates/rooms/_message.html`."""

    theme: Path
    name: str

    @property
    def own(self) -> Path:
        return self.theme / self.name

    @property
    def original(self) -> Path:
        """Where Hearth's file is kept as it was when it was copied."""
        return self.theme / "copied" / self.name

    @property
    def hearths(self) -> Path:
        return settings.BASE_DIR / self.name

    @property
    def is_overdue(self) -> bool:
        """Whether Hearth has changed, or given up, what was copied."""
        return self.original.exists() and content_of(self.original) != content_of(self.hearths)

    def copy(self) -> None:
        for path, text in ((self.original, ""), (self.own, note_for(self.name))):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode() + self.hearths.read_bytes())


def files_of(theme: Path) -> Iterator[File]:
    for part in PARTS:
        for path in sorted(path for path in (theme / part).rglob("*") if path.is_file()):
            yield File(theme, path.relative_to(theme).as_posix())


def named(theme: Path, name: str) -> File | None:
    """Return Hearth's file of this name, which may lack `templates/` or `static/`."""
    for candidate in (name, *(f"{part}/{name}" for part in PARTS)):
        file = File(theme, Path(candidate).as_posix())
        parts = Path(candidate).parts
        if parts[0] in PARTS and ".." not in parts and file.hearths.is_file():
            return file
    return None


def content_of(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""


def version() -> str:
    return str(tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text())["project"]["version"])


def note_for(name: str) -> str:
    """Return the line that says where a file comes from; nothing where it would be no comment."""
    text = NOTE.format(version=version())
    if name.startswith("templates/"):
        return f"{{# {text} #}}\n"
    return f"/* {text} */\n" if name.endswith((".css", ".js")) else ""


def problem_of_static(path: Path) -> Problem | None:
    """Return what is wrong with a script or a style sheet."""
    if path.suffix == ".js":
        return problem_of_script(path)
    return problem_of_style(path) if path.suffix == ".css" else None


def problem_of_style(path: Path) -> Problem | None:
    """Look for the one fault that spoils everything after it: all style sheets are joined into one."""
    text = path.read_text(errors="replace")
    no_rules = re.compile(r"/\*.*?\*/|\"[^\"\n]*\"|'[^'\n]*'", re.DOTALL)
    bare = no_rules.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)
    opened: list[int] = []
    for place in re.finditer(r"[{}]", bare):
        line = bare.count("\n", 0, place.start()) + 1
        if place[0] == "{":
            opened.append(line)
        elif opened:
            opened.pop()
        else:
            return problem_at(path, line, "A brace is closed that is not open.")
    return problem_at(path, opened[-1], "A brace is not closed.") if opened else None


def problem_of_script(path: Path) -> Problem | None:
    try:
        minify.string("text/javascript", path.read_text())
    except Exception as error:
        place = re.search(r"line (\d+)", str(error))
        return problem_at(path, int(place[1]) if place else 1, str(error).partition("\n")[0])
    return None


def problem_at(path: Path, line: int, message: str) -> Problem:
    lines = path.read_text(errors="replace").splitlines()
    source = lines[line - 1].strip() if 0 < line <= len(lines) else ""
    return {"file": str(path), "line": line, "source": source, "message": message}
