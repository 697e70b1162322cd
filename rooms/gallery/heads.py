"""What templates say about themselves: the comment with which each begins, and each of its partials."""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from django.conf import settings

COMMENT = r"(?:{% comment %}\n(?P<long>(?:(?!{% endcomment).)*?)\n{% endcomment %}|{# (?P<short>[^\n]*) #})"
PARTIAL = rf"{COMMENT}\n{{% partialdef (?P<name>[\w-]+) %}}"
EXTENDED = r'(?:{% extends "(?P<parent>[^"]+)" %}\n)?'
TAGS = {
    "{% message_line": "rooms/_message.html",
    "{% message_copy": "rooms/_message.html",
    "{% chat_line": "rooms/_chat.html",
    ".as_field_group": "django/forms/field.html",
}
NEEDED = re.compile(r'#[\w<>-]*\w>?|(?<![\w-])data-(?!hx-)[a-z0-9-]*[a-z0-9]|"[\w-]+"')
TITLES = ("Context", "Blocks", "Hooks", "Targets?")


@dataclass(frozen=True)
class Head:
    """`text` is all that it says; `title` is the name of a partial, if it is that of one."""

    text: str
    title: str = ""

    @property
    def what(self) -> str:
        return self._until("|".join(TITLES), self.text)

    @property
    def context(self) -> str:
        return self._paragraph("Context")

    @property
    def blocks(self) -> str:
        return self._paragraph("Blocks")

    @property
    def hooks(self) -> str:
        return self._paragraph("Hooks")

    @property
    def targets(self) -> str:
        return self._paragraph("Targets?")

    @cached_property
    def names(self) -> set[str]:
        """The names of the context, and some more words: whatever may be one."""
        return set(re.findall(r"[a-z_]+", self.context))

    @cached_property
    def needed(self) -> set[str]:
        """What has to stay: "#ticks", "data-read" or, for a part, "tick" in quotes."""
        return set(NEEDED.findall(f"{self.hooks} {self.targets}"))

    def _paragraph(self, title: str) -> str:
        found = re.search(rf"\b{title}: (.*)", self.text, re.DOTALL)
        return self._until("|".join(TITLES), found[1]) if found else ""

    @staticmethod
    def _until(titles: str, text: str) -> str:
        return " ".join(re.split(rf"\b(?:{titles}): ", text)[0].split())


@dataclass(frozen=True)
class Source:
    """A template of Hearth, or of a theme."""

    name: str  # such as rooms/_message.html
    path: Path

    @cached_property
    def text(self) -> str:
        return self.path.read_text()

    @property
    def heads(self) -> list[Head]:
        """That of the template, if it has one, and those of its partials."""
        first = re.match(rf"(?:{{#[^\n]*\n)?{EXTENDED}{COMMENT}\n(?!{{% partialdef)", self.text, re.DOTALL)
        found = [Head(first["long"] or first["short"])] if first else []
        partials = re.finditer(PARTIAL, self.text, re.DOTALL)
        return found + [Head(one["long"] or one["short"], one["name"]) for one in partials]

    @cached_property
    def others(self) -> set[str]:
        """The templates that it extends or includes, or that a tag of it draws."""
        of_tags = {name for tag, name in TAGS.items() if tag in self.text}
        return of_tags | set(re.findall(r'{% (?:extends|include) "([^"#]+)', self.text))

    def line_of(self, text: str) -> int:
        """Return the first line that has a text; 1 where none has it."""
        lines = self.text.splitlines()
        return next((number for number, line in enumerate(lines, 1) if text in line), 1)


def sources(folder: Path | None = None) -> dict[str, Source]:
    """Return the templates in a folder, by name; without one, those of Hearth."""
    root = (folder or settings.BASE_DIR) / "templates"
    files = sorted(path for path in root.rglob("*") if path.suffix in (".html", ".css") and path.is_file())
    return {name: Source(name, path) for path in files if (name := path.relative_to(root).as_posix())}


def pages_with(everything: dict[str, Source]) -> dict[str, list[str]]:
    """Return for each template those that have it in them, at any depth."""
    direct = {name: {it.name for it in everything.values() if name in it.others} for name in everything}
    found = {}
    for name in everything:
        here, seen = {name}, set[str]()
        while here:
            here = {page for one in here for page in direct[one]} - seen
            seen |= here
        found[name] = sorted(seen)
    return found
