"""What tests look for in pages and fragments."""

from html.parser import HTMLParser

from django.http import HttpResponse

HTMX = {"HX-Request": "true"}

VOID = {"br", "hr", "img", "input", "link", "meta"}


class Element:
    def __init__(self, tag: str, attributes: dict[str, str]) -> None:
        self.tag = tag
        self.attributes = attributes
        self.nodes: list[Element | str] = []

    def __getitem__(self, attribute: str) -> str:
        return self.attributes[attribute]

    def get(self, attribute: str, default: str = "") -> str:
        return self.attributes.get(attribute, default)

    @property
    def text(self) -> str:
        return "".join(node if isinstance(node, str) else node.text for node in self.nodes)

    def all(self, tag: str = "", css_class: str = "") -> list["Element"]:
        """Return the elements inside, in the order in which they begin."""
        found = []
        for node in self.nodes:
            if isinstance(node, Element):
                if node.tag == (tag or node.tag) and (
                    not css_class or css_class in node.get("class").split()
                ):
                    found.append(node)
                found += node.all(tag, css_class)
        return found

    def by_id(self, name: str) -> "Element | None":
        return next((element for element in self.all() if element.get("id") == name), None)

    def texts(self, css_class: str) -> list[str]:
        """Return the texts of the elements of a class, with single spaces."""
        return [" ".join(element.text.split()) for element in self.all(css_class=css_class)]


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open = [Element("", {})]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].nodes.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        self.open[-1].nodes.append(data)


def page_of(response: HttpResponse) -> Element:
    parser = _Parser()
    parser.feed(response.content.decode())
    assert len(parser.open) == 1, f"<{parser.open[-1].tag}> is not closed"
    return parser.open[0]
