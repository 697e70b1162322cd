"""What htmx makes of a page and of the fragments that a stream brings to it: as much as Hearth uses of it."""

import re
from collections.abc import Iterator
from functools import lru_cache
from html.parser import HTMLParser
from typing import Self

VOID = {"br", "hr", "img", "input", "link", "meta"}


class Element:
    def __init__(self, tag: str, attributes: dict[str, str], parent: "Element | None" = None) -> None:
        self.tag = tag
        self.attributes = attributes
        self.parent = parent
        self.nodes: list[Element | str] = []

    def __getitem__(self, name: str) -> str:
        return self.attributes[name]

    def get(self, name: str, default: str = "") -> str:
        return self.attributes.get(name, default)

    @property
    def children(self) -> "list[Element]":
        return [node for node in self.nodes if isinstance(node, Element)]

    @property
    def text(self) -> str:
        return "".join(node if isinstance(node, str) else node.text for node in self.nodes)

    def walk(self) -> "Iterator[Element]":
        """Yield itself and all that is in it, as it is written; what is in a template is in no page yet."""
        ahead = [self]
        while ahead:
            yield (element := ahead.pop())
            if element.tag != "template":
                ahead += [node for node in reversed(element.nodes) if isinstance(node, Element)]

    def all(self, tag: str = "", css_class: str = "") -> "list[Element]":
        return [
            element
            for element in self.walk()
            if element.tag == (tag or element.tag)
            and (not css_class or css_class in element.get("class").split())
        ]

    def by_id(self, name: str) -> "Element | None":
        found = [element for element in self.walk() if element.get("id") == name]
        assert len(found) < 2, f"{len(found)} elements with the id {name}"
        return found[0] if found else None

    def insert(self, index: int, nodes: "list[Element | str]") -> None:
        self.nodes[index:index] = nodes
        for node in nodes:
            if isinstance(node, Element):
                node.parent = self

    def replace_with(self, nodes: "list[Element | str]") -> None:
        assert self.parent, "cannot replace the whole page"
        parent, index = self.parent, self.parent.nodes.index(self)
        del parent.nodes[index]
        parent.insert(index, nodes)
        self.parent = None


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root = self.open = Element("", {})

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs}, self.open)
        self.open.nodes.append(element)
        if tag not in VOID:
            self.open = element

    def handle_endtag(self, tag: str) -> None:
        assert tag == self.open.tag, f"</{tag}> ends <{self.open.tag}>"
        assert self.open.parent
        self.open = self.open.parent

    def handle_data(self, data: str) -> None:
        self.open.nodes.append(data)


def parse(html: str) -> Element:
    parser = _Parser()
    parser.feed(html)
    parser.close()
    assert parser.open is parser.root, f"<{parser.open.tag}> is not closed"
    return parser.root


class Page:
    """An open page, and what changes on it."""

    def __init__(self, html: str) -> None:
        self.root = parse(html)

    def __getitem__(self, element_id: str) -> Element:
        element = self.root.by_id(element_id)
        assert element, f"no element with the id {element_id}"
        return element

    def __contains__(self, element_id: str) -> bool:
        return self.root.by_id(element_id) is not None

    def text(self, element_id: str) -> str:
        """Return the text as it is read: a comma follows what stands before it, whatever line it is on."""
        return " ".join(self[element_id].text.split()).replace(" ,", ",")

    @property
    def csrf_token(self) -> str:
        return next(
            field["value"] for field in self.root.all("input") if field.get("name") == "csrfmiddlewaretoken"
        )

    @property
    def messages(self) -> list[tuple[int, str]]:
        """Ids and contents of the messages, from the top of the page to its end."""
        return messages_in(self["conversation"])

    @property
    def cursor(self) -> str:
        return self["cursor"]["value"]

    @property
    def cursors(self) -> dict[str, str]:
        """What the page sends along when it connects."""
        return {field["name"]: field["value"] for field in self["cursors"].all("input")}

    @property
    def connects(self) -> bool:
        return "stream" in self

    def apply(self, html: str) -> Self:
        """Do what an unnamed event asks for. Targets are looked for before anything is put in, as in htmx."""
        tasks = []
        fragment = parse(html)
        for node in fragment.nodes:
            if isinstance(node, str):
                assert not node.strip(), f"text that goes nowhere: {node!r}"
                continue
            assert node.tag in ("hx-partial", "hx-upsert"), f"<{node.tag}> goes nowhere"
            tasks += [(node, target) for target in self._targets(node["hx-target"])]
        for node, target in tasks:
            self._swap(node, target)
        return self

    def _targets(self, selector: str) -> list[Element]:
        if selector.startswith("#"):
            found = self.root.by_id(selector[1:])
            return [found] if found else []
        if match := re.fullmatch(r"\[([\w-]+)='(\w+)'\]", selector):
            return [element for element in self.root.walk() if element.get(match[1]) == match[2]]
        return self.root.all(selector)

    def _swap(self, node: Element, target: Element) -> None:
        match node.tag, node.get("hx-swap", "innerHTML"):
            case "hx-upsert", _:
                self._upsert(node, target)
            case _, "innerHTML" | "innerMorph" | "textContent":
                target.nodes = []
                target.insert(0, list(node.nodes))
            case _, "outerHTML" | "outerMorph":
                target.replace_with([child for child in node.nodes if isinstance(child, Element)])
            case _, "delete":
                target.replace_with([])
            case other:
                raise AssertionError(f"unknown: {other}")

    def _upsert(self, node: Element, target: Element) -> None:
        """Replace elements wherever they stand; put new ones in by their key."""
        is_descending = node.get("sort") == "desc"

        def key(element: Element) -> int:
            number = int(element[node["key"]])
            return -number if is_descending else number

        for element in node.children:
            if existing := self.root.by_id(element["id"]):
                existing.replace_with([element])
                continue
            after = [child for child in target.children if key(child) > key(element)]
            index = target.nodes.index(after[0]) if after else len(target.nodes)
            target.insert(index, [element])


def messages_in(element: Element) -> list[tuple[int, str]]:
    return [
        (int(message["data-key"]), message.all(css_class="content")[0].text)
        for message in element.all("li", "message")
    ]


def posted_in(html: str) -> list[int]:
    """Return the ids of the messages that the event puts into a list of messages, in order."""
    return list(_posted_in(html)) if 'hx-target="#messages"' in html else []


@lru_cache(maxsize=64)
def _posted_in(html: str) -> tuple[int, ...]:
    """Many readers get the same."""
    upserts = parse(html).all("hx-upsert")
    return tuple(
        key for upsert in upserts if upsert["hx-target"] == "#messages" for key, _text in messages_in(upsert)
    )
