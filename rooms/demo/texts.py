"""What the demo talks about, out of conversations.txt, which says how it is written."""

import itertools
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PATH = Path(__file__).with_name("conversations.txt")
_DIGITS = "0123456789"

type Scene = list[tuple[str, str]]
type Choices = dict[str, list[str]]


@dataclass(slots=True)
class Texts:
    """A scene is a list of (speaker, text). `private` has the scenes of each pair of people."""

    people: list[str]
    words: Choices
    rooms: dict[str, list[Scene]]
    private: dict[tuple[str, str], list[Scene]]
    small_talk: list[Scene]
    afterthoughts: list[str]
    more_names: Choices

    def more_people(self, count: int) -> list[str]:
        """Return at most `count` names beside those who talk by name."""
        full_names = itertools.product(self.more_names["last"], self.more_names["first"])
        return [f"{first}.{last}" for last, first in itertools.islice(full_names, count)]


class Words(dict[str, str]):
    """What the {words} of one scene stand for, chosen when first asked for; {day} and {day2} differ."""

    def __init__(self, choices: Choices, rng: random.Random) -> None:
        super().__init__()
        self._choices = choices
        self._rng = rng

    def __missing__(self, key: str) -> str:
        others = [word for word in self._choices[key.rstrip(_DIGITS)] if word not in self.values()]
        self[key] = self._rng.choice(others)
        return self[key]


def read_texts() -> Texts:
    sections = dict(_sections(PATH.read_text(encoding="utf-8")))
    small_talk = _scenes(sections["private"])
    return Texts(
        people=sections["people"].split(),
        words=_choices(sections["words"]),
        rooms={title[6:]: _scenes(text) for title, text in sections.items() if title.startswith("room: ")},
        private={
            _pair(title): _scenes(text) or small_talk
            for title, text in sections.items()
            if title.startswith("private: ")
        },
        small_talk=small_talk,
        afterthoughts=sections["afterthoughts"].split("\n"),
        more_names=_choices(sections["more people"]),
    )


def _sections(text: str) -> Iterator[tuple[str, str]]:
    """Return the title and the text of each section."""
    parts = re.split(r"^== (.+) ==$", text, flags=re.MULTILINE)
    return ((title, body.strip()) for title, body in itertools.batched(parts[1:], 2, strict=True))


def _choices(text: str) -> Choices:
    lines = (line.split(": ") for line in text.split("\n"))
    return {kind: words.split(", ") for kind, words in lines}


def _pair(title: str) -> tuple[str, str]:
    one, other = title.removeprefix("private: ").split(", ")
    return one, other


def _scenes(text: str) -> list[Scene]:
    return [_scene(block) for block in text.split("\n\n")] if text else []


def _scene(block: str) -> Scene:
    scene: Scene = []
    for line in block.split("\n"):
        if line.startswith("|"):
            speaker, said = scene.pop()
            scene.append((speaker, f"{said}\n{line[1:].strip()}"))
        else:
            speaker, said = line.split(": ", 1)
            scene.append((speaker, said))
    return scene
