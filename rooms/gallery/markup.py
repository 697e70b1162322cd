"""What was drawn, as elements."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
# Whatever follows ends them. The last one shows that a text was not escaped, which is told.
OPEN_ENDED = {"html", "body", "li", "ol", "main", "x-raw"}
SAME = "the same page"
CONTROLS = {"a", "button", "input", "select", "textarea", "iframe", "summary"}
NUMBER = re.compile(r"\d+|[0-9a-f]{8}-[0-9a-f-]{27}")


@dataclass(eq=False)
class Element:
    tag: str
    attributes: dict[str, str]
    parent: "Element | None" = None
    content: "list[Element | str]" = field(default_factory=list)

    def __iter__(self) -> "Iterator[Element]":
        """All elements within it, in the order of the page."""
        for child in self.content:
            if isinstance(child, Element):
                yield child
                yield from child

    def get(self, name: str) -> str:
        return self.attributes.get(name, "")

    @property
    def words(self) -> str:
        """What is read out of it."""
        if self.get("aria-hidden") == "true":
            return ""
        own = self.get("aria-label") or self.get("alt")
        inner = (child if isinstance(child, str) else child.words for child in self.content)
        return " ".join([own, *inner]).strip()


class Parser(HTMLParser):
    """Makes elements, and notes what is closed that is not open, and what is left open."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Element("", {})
        self.unbalanced: list[str] = []
        self._here = self.root

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs}, self._here)
        self._here.content.append(element)
        if tag not in VOID:
            self._here = element

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._here.content.append(Element(tag, {name: value or "" for name, value in attrs}, self._here))

    def handle_endtag(self, tag: str) -> None:
        there: Element | None = self._here
        while there and there.tag != tag:
            there = there.parent
        if there is None:
            self.unbalanced.append(tag)
            return
        while self._here is not there:
            self.leave_open(self._here)
            self._here = self._here.parent or self.root
        self._here = there.parent or self.root

    def handle_data(self, data: str) -> None:
        self._here.content.append(data)

    def leave_open(self, element: Element) -> None:
        if element.tag not in OPEN_ENDED:
            self.unbalanced.append(element.tag)


@dataclass
class Markup:
    html: str
    root: Element
    unbalanced: list[str]

    @classmethod
    def of(cls, html: str) -> "Markup":
        parser = Parser()
        parser.feed(html)
        parser.close()
        here: Element | None = parser._here
        while here and here.tag:
            parser.leave_open(here)
            here = here.parent
        return cls(html, parser.root, parser.unbalanced)

    @property
    def ids(self) -> list[str]:
        return [element.get("id") for element in self.root if element.get("id")]

    @property
    def hooks(self) -> set[str]:
        """Ids, parts and other `data-` attributes, as comments of templates name them."""
        found: set[str] = set()
        for element in self.root:
            for name, value in element.attributes.items():
                if name == "id":
                    found.add(f"#{general(value)}")
                elif name == "data-part":
                    found |= {f'"{part}"' for part in value.split()}
                elif name.startswith("data-") and not name.startswith("data-hx-"):
                    found.add(name)
        return found

    @property
    def requests(self) -> set[tuple[str, str]]:
        """What htmx is told: attributes with their values."""
        return {
            (name, general(value))
            for element in self.root
            for name, value in element.attributes.items()
            if re.match(r"(?:data-)?hx-", name)
        }

    @property
    def forms(self) -> dict[str, set[str]]:
        """The fields of each form, by where it goes."""
        found: dict[str, set[str]] = {}
        for form in self.root:
            if form.tag == "form" and form.get("method") != "dialog":
                where = f"{form.get('method') or 'get'} {general(form.get('action')) or SAME}"
                names = {inner.get("name") for inner in form if inner.tag in CONTROLS} - {""}
                found[where] = found.get(where, set()) | names
        return found

    @property
    def unprotected(self) -> list[str]:
        """Where forms go that post without a token."""
        return [
            where
            for where, names in self.forms.items()
            if where.startswith("post ") and "csrfmiddlewaretoken" not in names
        ]

    @property
    def nameless(self) -> list[str]:
        """Links, buttons, fields and pictures that a screen reader has no name for."""
        labels = {element.get("for") for element in self.root if element.tag == "label" and element.words}
        return [
            f"<{element.tag}{self._known_by(element)}>"
            for element in self.root
            if self._needs_name(element) and not self._has_name(element, labels)
        ]

    def _needs_name(self, element: Element) -> bool:
        if element.tag == "a" and "href" not in element.attributes:
            return False
        if element.tag == "input" and element.get("type") in ("hidden", "submit"):
            return False
        if "hidden" in element.attributes:
            return False  # a script fills it before it is seen
        if element.tag == "img":
            return "alt" not in element.attributes
        return element.tag in CONTROLS

    def _has_name(self, element: Element, labels: set[str]) -> bool:
        named = element.words or element.get("aria-label") or element.get("title")
        if named or element.get("id") in labels:
            return True
        by = {general(name) for name in element.get("aria-labelledby").split()}
        if by and any(general(other.get("id")) in by for other in self.root):
            return True
        around = element.parent
        while around:
            if around.tag == "label":
                return True
            around = around.parent
        return False

    @staticmethod
    def _known_by(element: Element) -> str:
        for name in ("id", "name", "class", "href"):
            if element.get(name):
                return f' {name}="{general(element.get(name))}"'
        return ""


def general(value: str) -> str:
    """Return a value without what differs from row to row."""
    return NUMBER.sub("<id>", value)
