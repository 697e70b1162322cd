"""What tests look for in pages and fragments."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

from django.http import HttpResponse

HTMX = {"HX-Request": "true"}

_VOID = {"br", "hr", "img", "input", "link", "meta"}


@dataclass
class Element:
    tag: str
    attributes: dict[str, str | None]
    text: str = ""
    children: list["Element"] = field(default_factory=list)

    @property
    def classes(self) -> list[str]:
        return (self.attributes.get("class") or "").split()

    def __getitem__(self, attribute: str) -> str | None:
        return self.attributes.get(attribute)


class Page(HTMLParser):
    """The elements of a response in the order in which they begin; `text` is all text inside one."""

    def __init__(self, response: HttpResponse) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(response.content.decode())

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        element = Element(tag, dict(attributes))
        self.elements.append(element)
        for outer in self._open:
            outer.children.append(element)
        if tag not in _VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop().tag != tag:
            pass

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text += data

    def by_id(self, dom_id: str) -> Element | None:
        return next((element for element in self.elements if element["id"] == dom_id), None)

    def by_class(self, name: str) -> list[Element]:
        return [element for element in self.elements if name in element.classes]

    def by_tag(self, tag: str) -> list[Element]:
        return [element for element in self.elements if element.tag == tag]

    def texts(self, name: str) -> list[str]:
        """Return the texts of the elements of a class, without white space around them."""
        return [element.text.strip() for element in self.by_class(name)]
