"""Watch templates as this thread draws them: which these are, what they get, what they look for in vain."""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Manager, Model, QuerySet
from django.forms import BaseForm
from django.template import Template
from django.template.base import Node, Variable, VariableDoesNotExist
from django.template.context import BaseContext
from django.utils.functional import Promise

_turn = threading.RLock()


@dataclass(frozen=True)
class Missing:
    """A name that was looked up in vain."""

    file: str
    line: int
    variable: str
    name: str  # the part of the variable that is not there
    known: frozenset[str]  # what is there instead
    is_first: bool  # whether it is the first part


@dataclass
class Sight:
    """What was seen."""

    drawn: dict[str, dict[str, str]] = field(default_factory=dict)  # kinds of values by template and name
    files: set[str] = field(default_factory=set)
    missing: set[Missing] = field(default_factory=set)
    address: str | None = None  # such as rooms/<id:room_id>/, of the page that was opened last

    def note(self, template: Template, context: Any) -> None:
        kinds = self.drawn.setdefault(template.name or "", {})
        self.files.add(template.origin.name)
        for name, value in context.flatten().items():
            if name not in kinds or value is not None:
                kinds[name] = kind_of(value)


@contextmanager
def watched(sight: Sight) -> Iterator[None]:
    """Only one thread watches at a time, and sees nothing of what others draw meanwhile."""
    thread = threading.get_ident()
    draw, annotated, look_up = Template._render, Node.render_annotated, Variable._resolve_lookup  # type: ignore[attr-defined]
    nodes: list[Node] = []

    def watched_draw(self: Template, context: Any) -> Any:
        if threading.get_ident() == thread:
            sight.note(self, context)
        return draw(self, context)

    def watched_node(self: Node, context: Any) -> Any:
        if threading.get_ident() != thread:
            return annotated(self, context)
        if origin := getattr(self, "origin", None):
            sight.drawn.setdefault(origin.template_name, {})
            sight.files.add(origin.name)
        nodes.append(self)
        try:
            return annotated(self, context)
        finally:
            nodes.pop()

    def watched_look_up(self: Variable, context: Any) -> Any:
        try:
            return look_up(self, context)
        except VariableDoesNotExist as error:
            if threading.get_ident() == thread and nodes and getattr(nodes[-1], "origin", None):
                note_missing(sight, nodes[-1], self, error)
            raise

    with _turn:
        Template._render = watched_draw  # type: ignore[attr-defined]
        Node.render_annotated = watched_node  # type: ignore[method-assign]
        Variable._resolve_lookup = watched_look_up  # type: ignore[attr-defined]
        try:
            yield
        finally:
            Template._render = draw  # type: ignore[attr-defined]
            Node.render_annotated = annotated  # type: ignore[method-assign]
            Variable._resolve_lookup = look_up  # type: ignore[attr-defined]


def note_missing(sight: Sight, node: Node, variable: Variable, error: VariableDoesNotExist) -> None:
    name, place = error.params[:2] if error.params and len(error.params) > 1 else (str(variable), None)
    is_first = isinstance(place, BaseContext)
    known: Iterable[str] = map(str, place.flatten()) if isinstance(place, BaseContext) else dir(place)
    names = frozenset(name for name in known if not name.startswith("_"))
    if place is None or isinstance(place, str | dict | BaseForm):
        return  # nothing to look in, or something that may have it at other times
    origin, line = node.origin, node.token and node.token.lineno
    sight.missing.add(Missing(origin.name, line or 1, str(variable), str(name), names, is_first))


def kind_of(value: Any) -> str:
    """Return what a value is, in words that need no Python."""
    if isinstance(value, Manager | QuerySet):
        return f"list of {value.model.__name__}"
    if isinstance(value, list | tuple) and value:
        return f"list of {kind_of(value[0])}"
    plain = {bool: "yes or no", int: "number", datetime: "moment", type(None): "None"}
    if type(value) in plain:
        return plain[type(value)]
    if isinstance(value, str | Promise):
        return "text"
    if isinstance(value, list | tuple | dict | set | frozenset):
        return "list" if not isinstance(value, dict) else "names with values"
    if isinstance(value, Model | BaseForm):
        return type(value).__name__
    return "number" if type(value).__name__ == "count" else type(value).__name__
