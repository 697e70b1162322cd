"""docs/settings.md, made of config/settings.py: `make settings` writes it.

What is said of a variable stands above the line that reads it, in comments that begin with `#:`. Its default
is in that line, or what these comments say after "Default:".
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from tests.support.server import ROOT

PAGE = ROOT / "docs" / "settings.md"
SOURCE = ROOT / "config" / "settings.py"
HEAD = """\
# Settings

<!-- Made from config/settings.py by `make settings`. Do not edit. -->

All settings are environment variables, and none is needed on your own machine. If a value is wrong, Hearth
does not start and names the variable. Instead of any variable, one with `_FILE` at its end may name a file
that has the value, such as `SECRET_KEY_FILE=/run/secrets/secret_key`. `1` and `0` stand for yes and no.

Port, address and server are options of `serve` ([deploying.md](deploying.md)).
"""


@dataclass(frozen=True)
class Variable:
    name: str
    heading: str
    about: str
    default: str


def variables() -> Iterator[Variable]:
    """Yield each variable that the settings read, in their order."""
    text = SOURCE.read_text()
    lines = text.splitlines()
    for statement in ast.parse(text).body:
        for call in ast.walk(statement):
            match call:
                case ast.Call(
                    func=ast.Attribute(value=ast.Name(id="environment"), attr=kind), args=arguments
                ):
                    about = _about(lines, call.lineno) or _about(lines, statement.lineno)
                    about, _colon, told = about.partition(" Default: ")
                    found = [one.value for one in arguments if isinstance(one, ast.Constant)]
                    name = "SECRET_KEY" if kind == "secret_key" else str(found[0])
                    default = told or _default(kind, arguments[1:])
                    yield Variable(name, _heading(lines, statement.lineno), about.rstrip("."), default)


def _about(lines: list[str], number: int) -> str:
    """Return what the comments directly above a line say."""
    found = []
    for line in reversed(lines[: number - 1]):
        if not line.lstrip().startswith("#:"):
            break
        found.append(line.lstrip()[2:].strip())
    return " ".join(reversed(found))


def _heading(lines: list[str], number: int) -> str:
    """Return the heading above a line: a comment after an empty line."""
    for above in range(number - 1, 0, -1):
        if re.match(r"# [A-Z]", lines[above]) and not lines[above - 1]:
            return lines[above][2:]
    return "Where everything is"


def _default(kind: str, arguments: list[ast.expr]) -> str:
    # What may be chosen comes before what is chosen by default.
    value = ast.literal_eval(arguments[1 if kind == "one_of" else 0]) if arguments else ""
    match value:
        case bool():
            return f"`{int(value)}`"
        case list():
            value = ",".join(value)
    shown = str(value).lower() if kind == "one_of" and value != "INFO" else value
    return f"`{shown}`" if shown != "" else "none"


def page() -> str:
    """Return the page."""
    parts = [HEAD]
    heading = ""
    for variable in variables():
        if variable.heading != heading:
            heading = variable.heading
            parts.append(f"\n## {heading}\n\n| variable | meaning | default |\n|---|---|---|\n")
            if variable.name.startswith("LIMIT_"):
                parts.append(f"| `LIMIT_…` | {variable.about} | |\n")
        about = "" if variable.name.startswith("LIMIT_") else variable.about
        parts.append(f"| `{variable.name}` | {about} | {variable.default} |\n")
    return "".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page())
