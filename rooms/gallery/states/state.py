"""What a state is, and the list of all of them. It is a function that draws a template on a stage."""

from collections.abc import Callable
from dataclasses import dataclass

from rooms.gallery.stage import Stage

type Draw = Callable[[Stage], str]


@dataclass(frozen=True)
class State:
    template: str  # which it is mainly about
    name: str
    draw: Draw
    place: str  # what a partial stands in, so that style sheets find it; empty for a page
    path: str  # where a page is, if settings of this Hearth may keep it from being asked for

    @property
    def title(self) -> str:
        return self.name.replace("_", " ")


STATES: dict[tuple[str, str], State] = {}


def state(template: str, place: str = "", path: str = "") -> Callable[[Draw], Draw]:
    def note(draw: Draw) -> Draw:
        name = getattr(draw, "__name__", "")
        STATES[template, name] = State(template, name, draw, place, path)
        return draw

    return note


def states_of(template: str) -> list[State]:
    return [state for (name, _title), state in STATES.items() if name == template]


def there(*people_and_rooms: object) -> None:
    """Have them made, which happens when they are first named."""
