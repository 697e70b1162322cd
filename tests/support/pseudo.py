"""Languages that nobody speaks, in which every translated text is marked, and longer than in English.

⟦Settings ôôô⟧ was translated; "Settings" stands in a template or a script as it is.
Arabic of this kind, `ar-xb`, reads from right to left.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import django
from babel.messages import mofile, pofile
from babel.messages.catalog import Catalog

from tests.support.htmx import Element, parse
from tests.support.server import ROOT

LEFT_TO_RIGHT = "en-xa"
RIGHT_TO_LEFT = "ar-xb"
LANGUAGES = [(LEFT_TO_RIGHT, "⟦en⟧"), (RIGHT_TO_LEFT, "⟦ar⟧")]
NO_WORDS = r"Hearth|UTC|https?://\S+"
# Attributes that are read out or shown. Those with `data-` are what scripts say, except those below.
TEXTS = {"aria-label", "aria-description", "title", "placeholder", "alt", "label"}
TECHNICAL = re.compile(
    r"data-(hx-.*|htmx-.*|emoji|find|list|mentions|open-chat|part|key|day|sender|user|wanted|read|delivered|version|interval"
    r"|region|draft|save|url|presence|sound|theme|contrast|text-size|time-zone|whole|state|connection|name|avatar"
    r"|status|enter|.*-url|.*-id)"
)


def write_catalogs(folder: Path) -> Path:
    """Write both catalogs, with all texts of Hearth and of Django; return the folder for LOCALE_PATHS."""
    framework = Path(django.__file__).parent
    sources = [
        ROOT / "locale/de/LC_MESSAGES/django.po",
        framework / "conf/locale/en/LC_MESSAGES/django.po",
        framework / "contrib/auth/locale/en/LC_MESSAGES/django.po",
    ]
    catalog = Catalog(charset="utf-8")
    for source in sources:
        with source.open("rb") as file:
            for message in pofile.read_po(file):
                if message.id:
                    catalog.add(message.id, translated(message.id), context=message.context)
    for language, _name in LANGUAGES:
        base, region = language.split("-")
        path = folder / f"{base}_{region.upper()}" / "LC_MESSAGES/django.mo"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            mofile.write_mo(file, catalog)
    return folder


def translated(text: str | tuple[str, ...]) -> str | tuple[str, ...]:
    """Return a text, or its forms for one and for many, as it stands in a language that nobody speaks."""
    return marked(text) if isinstance(text, str) else tuple(map(marked, text))


def marked(text: str) -> str:
    """Return the text between brackets, two fifths longer, in words of at most seven letters."""
    extra = len(re.sub(r"%\(\w+\)[sd]|<[^>]*>", "", text)) * 2 // 5
    words = ["ô" * min(7, extra - start) for start in range(0, extra, 8)]
    return f"⟦{' '.join([text, *words])}⟧"


def unmarked(text: str) -> str:
    """Return what of a text stands outside of all brackets."""
    depth, kept = 0, []
    for character in text:
        depth += (character == "⟦") - (character == "⟧")
        kept.append("" if depth or character == "⟧" else character)
    assert depth == 0, text
    return "".join(kept)


def is_by_people(element: Element) -> bool:
    """Whether it shows a name, or what somebody wrote."""
    return element.tag == "bdi" or element.get("translate") == "no" or element.get("dir") == "auto"


def texts_of(element: Element) -> Iterator[str]:
    """Yield all that is seen or heard of an element, but for what people wrote and names of languages."""
    if element.tag in ("script", "style") or is_by_people(element):
        return
    if element.tag == "option" and (element.get("lang") or "/" in element.get("value")):
        return
    for name, value in element.attributes.items():
        if name in TEXTS or (name.startswith("data-") and not TECHNICAL.fullmatch(name)):
            yield value
    if element.tag == "input" and element.get("type") in ("submit", "button"):
        yield element.get("value")
    # Brackets may open before a child and close behind it.
    yield (
        "".join(
            node if isinstance(node, str) else "" if node.tag in ("script", "style") else flat(node)
            for node in element.nodes
        )
        if element.tag in ("title", "p", "td", "th", "li", "label", "h1", "h2", "h3", "span", "a", "button")
        else ""
    )
    for child in element.children:
        yield from texts_of(child)


def flat(element: Element) -> str:
    """Return the text of an element inside of another, without what people wrote."""
    if is_by_people(element) or element.tag in ("select", "textarea"):
        return ""
    return "".join(node if isinstance(node, str) else flat(node) for node in element.nodes)


def strangers(html: str, names: str) -> list[str]:
    """Return the texts of a page that were not translated, but for `names`, a pattern."""
    found = []
    for text in texts_of(parse(html)):
        rest = re.sub(f"{NO_WORDS}|{names}", "", unmarked(text))
        if re.search(r"[A-Za-z]{2}", rest):
            found.append(" ".join(rest.split()))
    return found
