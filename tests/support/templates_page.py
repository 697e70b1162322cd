"""The tables of docs/templates.md, made of the gallery, and its picture: `make templates` writes them.

A table stands between two comments, of which the first names it.
"""

import re

from rooms.gallery.check import Drawn
from rooms.gallery.heads import NEEDED, Head, sources
from tests.support.room_picture import PICTURE, draw_picture, names_in
from tests.support.server import ROOT

PAGE = ROOT / "docs" / "templates.md"
TABLE = re.compile(r"(<!-- make templates: (\w+) -->\n).*?(<!-- until here -->)", re.DOTALL)
# What is opened as a page, but is none of those that people see.
NO_PAGES = ("admin/", "rooms/document/")


def page(everything: Drawn) -> str:
    """Return the page with its tables as they should be."""
    tables = {"room": room_table, "pages": lambda: pages_table(everything), "hooks": hooks_table}
    return TABLE.sub(lambda found: f"{found[1]}\n{tables[found[2]]()}\n{found[3]}", PAGE.read_text())


def room_table() -> str:
    """Return what each file is that the picture names."""
    rows = [(f"`{name}`", first_sentence(name)) for name in sorted(names_in(PICTURE.read_text()))]
    return table(("file", "what it is"), rows)


def pages_table(everything: Drawn) -> str:
    pages: dict[str, set[str]] = {}
    for state, html in everything.shown.items():
        if html.lower().startswith("<!doctype") and not state.template.startswith(NO_PAGES):
            route = everything.addresses[state]
            pages.setdefault(state.template, set()).update([] if route is None else [address_of(route)])
    rows = [
        (", ".join(f"`{one}`" for one in sorted(addresses)) or "any", f"`{name}`", first_sentence(name))
        for name, addresses in pages.items()
    ]
    return table(("page", "template", "what it is"), sorted(rows))


def hooks_table() -> str:
    """Return what has to stay in each template, as its comment says it."""
    rows = []
    for name, source in sources().items():
        for head in source.heads:
            if told := needs(head):
                rows.append((f"`{name}#{head.title}`" if head.title else f"`{name}`", told))
    return table(("template", "what has to stay"), rows)


def needs(head: Head) -> str:
    targets = f"Targets: {head.targets}" if head.targets else ""
    told = " ".join(part for part in (head.hooks, targets) if part and part != "none.")
    return NEEDED.sub(lambda found: f"`{found[0].strip('"')}`", told)


def first_sentence(name: str) -> str:
    what = sources()[name].heads[0].what
    return re.sub(r"</?\w+>", r"`\g<0>`", re.split(r"\.(?: |$)", what)[0])


def address_of(route: str) -> str:
    """Return a route as people write it: /rooms/<id>/."""
    return "/" + re.sub(r"<\w+:(?:\w+_)?(\w+)>", r"<\1>", route)


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [" | ".join(cell.replace("|", r"\|") for cell in line) for line in (head, *rows)]
    lines.insert(1, " | ".join(["---"] * len(head)))
    return "".join(f"| {line} |\n" for line in lines)


def write() -> None:
    PICTURE.write_text(draw_picture())
    everything = Drawn(None, sources(), None)
    for finding in everything.findings():
        print(finding)
    PAGE.write_text(page(everything))
