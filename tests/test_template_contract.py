"""Templates, scripts, live updates and docs/templates.md agree on what they need of each other.

A template begins with a comment: what it is, and then, each in a paragraph of its own, "Context:" the names
that it is given, "Blocks:" what other templates fill in, "Hooks:" the ids, parts (`data-part`) and other
attributes by which scripts, live updates and style sheets find something, "Targets:" where an answer goes.
"""

import ast
import re
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
TEMPLATES = ROOT / "templates"
NAMES = sorted(path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.rglob("*.html"))
SCRIPTS = {path.name: path.read_text() for path in sorted((ROOT / "static" / "js").glob("*.js"))}
STYLES = [*sorted((ROOT / "static" / "css").rglob("*.css")), TEMPLATES / "rooms" / "own_messages.css"]
DOCS = (ROOT / "docs" / "templates.md").read_text()
RENDERERS = [
    path
    for folder in ("accounts", "config", "rooms")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if not {"migrations", "gallery"} & {*path.parts}
]
# What every template of a page is given, and what Django gives.
GIVEN = {"block", "csrf_token", "forloop", "opts", "reader", "request", "site_line", "site_name"}
KEYWORDS = set(
    re.findall(r"\w+", "and as by context else empty if in inline is not only or with True False None")
)
# Words of a sentence that follow a comma as names do.
NO_NAMES = {"None", "a", "empty", "in", "none", "of", "or", "that", "the", "what", "who"}


# Templates


@dataclass(frozen=True)
class Piece:
    """A template, or one partial of a template that is rendered by itself."""

    name: str  # such as "rooms/pushes.html#ticks"
    header: str
    body: str

    def paragraph(self, title: str) -> str:
        """Return what the first comment says after "Context:" or the like."""
        following = r"Context|Blocks|Hooks|Targets?"
        found = re.search(rf"\b{title}: (.*?)(?=\b(?:{following}): |\Z)", self.header, re.DOTALL)
        return " ".join(found[1].split()) if found else ""

    @property
    def parents(self) -> "list[Piece]":
        """What it extends, and whose context it says that it has."""
        extended = re.findall(r'{% extends "([^"]+)" %}', self.body)
        named = re.findall(r"(?:as|that of)\b[^;]*?\b([\w/]+\.html)", self.paragraph("Context"))
        names = [name for name in {*extended, *named} if name in NAMES]
        return [parent for name in names for piece in pieces(name)[:1] for parent in (piece, *piece.parents)]

    @property
    def included(self) -> "list[tuple[Piece, set[str]]]":
        """The partials that it includes, each with the names that the tag gives to it."""
        found = re.findall(r'{% include "([^"]+)"(.*?)%}', self.body)
        here = [
            (f"{self.name.split('#')[0]}#{name}", "")
            for name in re.findall(r"{% partial ([\w-]+) %}", self.body)
        ]
        return [(piece_named(name), set(re.findall(r"(\w+)=", given))) for name, given in [*found, *here]]

    @property
    def used(self) -> set[str]:
        """The names that its own tags and expressions look up."""
        used: set[str] = set()
        bound: set[str] = set()
        for expression in re.findall(r"{{(.*?)}}", self.body):
            used |= names_in(expression)
        for tag, rest in re.findall(r"{% *(\w+)(.*?)%}", self.body):
            if tag in ("block", "extends", "load", "partial", "partialdef") or tag.startswith("end"):
                continue
            bound |= set(re.findall(r"\bas (\w+)", rest))
            if tag == "for":
                items, rest = rest.split(" in ", 1)
                bound |= names_in(items)
            if tag == "blocktranslate":
                bound |= set(re.findall(r"(\w+)=", rest)) | {"trimmed"}
                rest = re.sub(r"\bcount (?=\w+=)", "", rest)
            if tag == "with":
                bound |= set(re.findall(r"(\w+)=", rest))
            used |= names_in(re.sub(r"\bby \w+ as \w+|\bas \w+", "", rest))
        return used - bound

    @property
    def context(self) -> list[str]:
        """The names that it is given, such as `url` and `qr` where it says "url and qr, once made"."""
        return names_of(self.paragraph("Context"))

    @property
    def markup(self) -> str:
        """The body with all that an attribute may be, one after the other, and one name for ids of rows."""
        text = re.sub(r"{% comment %}.*?{% endcomment %}|{#.*?#}", "", self.body, flags=re.DOTALL)
        choice = r"([\w#\[-]*){% if [^%]*%}(\w+){% else %}(\w+){% endif %}([\w-]*)"
        text = re.sub(choice, r"\1\2\4 \1\3\4", text)
        return re.sub(r"{{ (?:chat\.)?dom_id }}", "<chat>", re.sub(r"{{ \w+\.pk }}", "<id>", text))


def names_of(paragraph: str) -> list[str]:
    """Return the names at the beginning of each clause."""
    names = []
    for clause in paragraph.split(". ")[0].rstrip(".").split(";"):
        for item in re.split(r", (?:and )?| and |: ", clause.strip()):
            name = re.sub(r" \(.*| or (?:None|nothing)$", "", item)
            if not re.fullmatch(r"[a-z_]+(?:\.[a-z_]+)?", name) or name in NO_NAMES:
                break
            names.append(name.split(".")[0])
    return names


def names_in(expression: str) -> set[str]:
    """Return the variables of an expression: no text, filter, attribute or name of an argument."""
    bare = re.sub(r"\"[^\"]*\"|'[^']*'|\|\w+|\.\w+|\w+=(?!=)|\b\d+", " ", expression)
    return set(re.findall(r"[A-Za-z_]\w*", bare)) - KEYWORDS


@cache
def pieces(name: str) -> list[Piece]:
    """Return a template without its partials, and then these."""
    text = (TEMPLATES / name).read_text()
    comment = (
        r"(?:{% comment %}\n(?P<long>(?:(?!{% endcomment).)*?)\n{% endcomment %}|{# (?P<short>[^\n]*) #})\n"
    )
    partial = rf"{comment}{{% partialdef (?P<name>[\w-]+) %}}\n(?P<body>.*?)\n{{% endpartialdef (?P=name) %}}"
    partials = [
        Piece(f"{name}#{found['name']}", found["long"] or found["short"], found["body"])
        for found in re.finditer(partial, text, re.DOTALL)
    ]
    found = re.match(r"(?:{% extends [^%]+%}\n)?{% comment %}\n(.*?)\n{% endcomment %}", text, re.DOTALL)
    return [Piece(name, found[1] if found else "", re.sub(partial, "", text, flags=re.DOTALL)), *partials]


@cache
def piece_named(name: str) -> Piece:
    return next(piece for piece in pieces(name.split("#")[0]) if piece.name == name)


ALL = {piece.name: piece for piece in chain.from_iterable(map(pieces, NAMES))}
each_piece = pytest.mark.parametrize("piece", ALL.values(), ids=ALL)


# What is looked for


def kebab(name: str) -> str:
    return "data-" + re.sub(r"[A-Z]", lambda letter: "-" + letter[0].lower(), name)


def ids_of_scripts() -> set[str]:
    text = "\n".join(SCRIPTS.values())
    ids = set(re.findall(r"(?:hook|byId)\('([\w-]+)'\)", text)) | set(
        re.findall(r"`\$\{item\.id\}(-\w+)`", text)
    )
    for listed in re.findall(r"behave\('[\w ]+', \[([^\]]*)\]", text):
        ids |= set(re.findall(r"'([\w-]+)'", listed))
    return {f"<chat>{name}" if name.startswith("-") else name for name in ids}


def parts_of_scripts() -> set[str]:
    """Return the parts that scripts look for, or recognise in what was clicked."""
    return set(re.findall(r"\b(?:parts?\(|dataset\.part [!=]== )'([\w-]+)'", "\n".join(SCRIPTS.values())))


def attributes_of_scripts() -> set[str]:
    """Return the `data-` attributes that scripts read; not those that they write alone."""
    text = "\n".join(SCRIPTS.values())
    found = set(map(kebab, re.findall(r"dataset\.(\w+)\b(?! = )", text)))
    for listed in re.findall(r"const \{ ([^}]*) \} = [^;]*dataset;", text):
        found |= {kebab(name.split(":")[0]) for name in listed.split(", ") if not name.startswith("...")}
    found |= set(re.findall(r"\[(data-[\w-]+)", text))
    found |= set(re.findall(r"<body\S* (data-[\w-]+)", text))
    # The composer's sentences go by the status of the answer, and the marks for ticks are read all at once.
    found.discard("data-part")
    return found | {
        "data-403",
        "data-413",
        "data-429",
        "data-offline",
        "data-delivered",
        "data-read",
        "data-words",
    }


def attributes_of_styles() -> set[str]:
    return set(re.findall(r"\[(data-[\w-]+)", "".join(path.read_text() for path in STYLES)))


def targets(markup: str) -> set[str]:
    """Return what an answer or a live update changes, and what htmx looks for: ids and attributes."""
    found = re.findall(r'hx-(?:target|include|trigger|sync)="([^"]*)"', markup)
    return {
        name
        for value in found
        for name in re.findall(r"#([\w<>-]+)|\[(data-(?!part=)[\w-]+)", value)
        for name in name
        if name
    }


def parts_of_targets(markup: str) -> set[str]:
    return set(re.findall(r'hx-target="[^"]*\[data-part=([\w-]+)\]', markup))


def ids(markup: str) -> set[str]:
    return set(re.findall(r'\bid="([^"{ ]+)"', markup))


def parts(markup: str) -> set[str]:
    return set(re.findall(r'\bdata-part="([\w-]+)"', markup))


def attributes(markup: str) -> set[str]:
    return set(re.findall(r"\b(data-(?!hx-)[\w-]+)", re.sub(r"hx-target=\"[^\"]*\"", "", markup))) - {
        "data-part"
    }


MARKUP = "\n".join(piece.markup for piece in ALL.values())
NEEDED_IDS = (
    ids_of_scripts() | {name for name in targets(MARKUP) if not name.startswith("data-")} | {"show-blocked"}
)
# Where links skip to, and the link that Escape follows: on so many pages that their comments do not say so.
EVERYWHERE = {"main", "cancel"}
NEEDED_ATTRIBUTES = attributes_of_scripts() | attributes_of_styles() - {
    "data-connection",
    "data-count",
}  # by scripts
NEEDED_ATTRIBUTES |= {name for name in targets(MARKUP) if name.startswith("data-")}


# Each template


@each_piece
def test_template_begins_with_what_it_is_and_its_context(piece):
    assert piece.header
    assert piece.paragraph("Context") or piece.name in ("rooms/pushes.html", "rooms/document/pieces.html")


@each_piece
def test_names_that_a_template_uses_are_in_its_context(piece):
    told = GIVEN.union(piece.context, *(parent.context for parent in piece.parents))
    assert piece.used - told == set()


@each_piece
def test_names_in_the_context_of_a_template_are_used(piece):
    if "admin/base_site.html" in piece.body:
        return  # which takes more
    used = set().union(*(passed_on(it) for it in (piece, *piece.parents)))
    assert [name for name in piece.context if name not in used] == []


def passed_on(piece: Piece) -> set[str]:
    """Return what a template uses, and what the partials do that it includes."""
    return piece.used.union(*({*part.context} - given for part, given in piece.included))


@each_piece
def test_blocks_of_a_template_are_those_it_says(piece):
    inherited = {block for parent in piece.parents for block in blocks(parent)}
    told = set(names_of(piece.paragraph("Blocks")))
    if told:
        assert told == blocks(piece) - inherited


def blocks(piece: Piece) -> set[str]:
    return set(re.findall(r"{% block (\w+) %}", piece.body))


@each_piece
def test_hooks_of_a_template_are_those_it_says(piece):
    told = hooks_told(piece)
    here = {f"#{name}" for name in ids(piece.markup) | targets(piece.markup) if not name.startswith("data-")}
    here |= {f'"{name}"' for name in parts(piece.markup)} | attributes(piece.markup)
    assert told - here == set(), "it has no such thing"
    if "#" in piece.name:
        return  # the piece is its own list of targets
    needed = {f"#{name}" for name in ids(piece.markup) & NEEDED_IDS - EVERYWHERE} | {
        f'"{name}"' for name in parts(piece.markup)
    }
    needed |= attributes(piece.markup) & NEEDED_ATTRIBUTES
    assert needed - told == set(), "its comment does not say so"


def hooks_told(piece: Piece) -> set[str]:
    text = f"{piece.paragraph('Hooks')} {piece.paragraph('Targets?')}"
    return set(re.findall(r'#[\w<>-]*\w>?|(?<![\w-])data-(?!hx-)[a-z0-9-]*[a-z0-9]|"[\w-]+"', text))


# All together


def test_scripts_find_what_they_look_for():
    assert ids_of_scripts() - ids(MARKUP) == set()
    assert attributes_of_scripts() - attributes(MARKUP) == set()
    assert parts_of_scripts() == parts(MARKUP)


def test_targets_are_somewhere():
    told = (
        {f"#{name}" for name in ids(MARKUP)} | {f"#{name}" for name in ("message-<id>",)} | attributes(MARKUP)
    )
    assert {name if name.startswith("data-") else f"#{name}" for name in targets(MARKUP)} - told == set()
    assert parts_of_targets(MARKUP) - parts(MARKUP) == set()


def test_attributes_are_for_something():
    assert attributes(MARKUP) - NEEDED_ATTRIBUTES == set()


def test_docs_name_what_has_to_stay():
    listed = DOCS.partition("\n## What has to stay")[2].partition("\n## ")[0]
    named = set(re.findall(r"`([^`]+)`", listed))
    assert {f"#{name}" for name in NEEDED_IDS - EVERYWHERE} - named == set()
    assert (NEEDED_ATTRIBUTES | parts(MARKUP)) - named == set()


def test_docs_name_all_pages():
    pages = {
        name for name in rendered() if "#" not in name and "/_" not in name and not name.startswith(NO_PAGES)
    }
    assert set(re.findall(r"^\| .+ \| `([\w/]+\.html)` \|", DOCS, re.MULTILINE)) == pages


NO_PAGES = ("_", "admin/", "rooms/document/")


# What Python gives to templates


@dataclass(frozen=True)
class Rendering:
    """A function that renders templates."""

    templates: frozenset[str]
    keys: frozenset[str]  # of the context, as far as it is written in that function
    module: Path


@cache
def renderings() -> list[Rendering]:
    found = []
    for path in RENDERERS:
        for function in ast.walk(ast.parse(path.read_text())):
            if isinstance(function, ast.FunctionDef):
                named = {node.value for node in ast.walk(function) if is_template(node)}
                if named:
                    found.append(Rendering(frozenset(named), frozenset(keys_in(function)), path))
    return found


def is_template(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in ALL


def keys_in(tree: ast.AST) -> set[str]:
    """Return the keys of all dictionaries but those that fill in a sentence or are in another one."""
    filled = {
        id(node.right)
        for node in ast.walk(tree)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod)
    }
    everything = [node for node in ast.walk(tree) if isinstance(node, ast.Dict) and id(node) not in filled]
    inner = {id(value) for node in everything for value in node.values}
    dictionaries = [node for node in everything if id(node) not in inner]
    keys = chain.from_iterable(node.keys for node in dictionaries)
    keys = chain(keys, (node.slice for node in ast.walk(tree) if is_set(node)))
    return {
        key.value for key in keys if isinstance(key, ast.Constant) and re.fullmatch("[a-z_]+", str(key.value))
    }


def is_set(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Subscript)
        and isinstance(node.ctx, ast.Store)
        and isinstance(node.value, ast.Name)
    )


def rendered() -> set[str]:
    return {name for rendering in renderings() for name in rendering.templates}


def test_every_template_is_used():
    named = rendered() | {part.name for piece in ALL.values() for part, _given in piece.included}
    extended = set(re.findall(r'{% extends "([^"]+)" %}', "\n".join(piece.body for piece in ALL.values())))
    assert set(ALL) - named - extended == BY_PACKAGES


# Their names are those that Django or its admin look for, or a setting names them.
BY_PACKAGES = {"django/forms/field.html", "rooms/pushes.html", "rooms/document/pieces.html"}


@pytest.mark.parametrize("rendering", renderings(), ids=lambda it: ",".join(sorted(it.templates)))
def test_what_a_view_gives_is_in_the_context_of_its_template(rendering):
    told = {name for template in rendering.templates for name in context_of(ALL[template])}
    assert rendering.keys - told - GIVEN == set()


def context_of(piece: Piece) -> set[str]:
    return set(piece.context).union(*(parent.context for parent in piece.parents))


@pytest.mark.parametrize("name", sorted(rendered()))
def test_context_of_a_template_is_given_where_it_is_rendered(name):
    modules = {rendering.module for rendering in renderings() if name in rendering.templates}
    trees = [ast.parse(module.read_text()) for module in modules]
    calls = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.keyword)]
    given = GIVEN.union(*map(keys_in, trees), {keyword.arg for keyword in calls}, shared_keys())
    assert set(ALL[name].context) - given == set()


@cache
def shared_keys() -> set[str]:
    """Return what all pages with the list of chats are given."""
    tree = ast.parse((ROOT / "rooms" / "views" / "lobby.py").read_text())
    return keys_in(next(node for node in ast.walk(tree) if getattr(node, "name", "") == "chats_context"))
