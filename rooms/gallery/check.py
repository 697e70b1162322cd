"""What would stop working with a theme, and what no template of Hearth may do either.

Every state is drawn with Hearth's own templates, and those that a theme changes with its templates, too. What
the first has and the second lacks is told with the file and the line where it is, or has to be.
"""

import os
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import StaticFilesStorage, staticfiles_storage
from django.template import Engine, TemplateDoesNotExist, TemplateSyntaxError, engines
from django.template.backends.django import DjangoTemplates
from django.urls import resolve

from config import site
from config.bundle import OF_THEMES
from config.colors import SHAPE, TEXT, Color, ratio
from config.drawn import drawings
from config.theme import problem_of_static
from rooms.gallery.heads import Source, pages_with, sources
from rooms.gallery.markup import Markup
from rooms.gallery.stage import RAW, staged
from rooms.gallery.states import STATES, State
from rooms.gallery.watch import Missing, Sight, watched

# In a theme as in Hearth.
TAKEN_OUT = [
    r"{% comment %}.*?{% endcomment %}",
    r"{#.*?#}",
    r"{% blocktranslate.*?{% endblocktranslate %}",
    r"<(script|style|kbd)\b.*?</\1>",
    # What is in attributes, and what is in no language.
    r"{% block (page|card|viewport|body_attributes) %}.*?{% endblock \1 %}",
    r"<(\w+)[^>]*translate=\"no\"[^>]*>.*?</\1>",
    r"{%.*?%}",
    r"{{.*?}}",
]
INLINE = {
    r"<script(?![^>]*\bsrc=)[^>]*>": "a script in the page",
    r"<style(?![^>]*\bnonce=)[^>]*>": "a style in the page",
    r"\sstyle=[\"']": "a style in an element",
    r"\son[a-z]+=[\"']": "a script in an element",
    r"<(?:script|link|img|iframe)[^>]*\b(?:src|href)=[\"'](?:https?:)?//": "a file of another site",
}
LETTERS = re.compile(r"[^\W\d_]{2,}")
SAID = re.compile(r"\b(?:aria-label|title|placeholder|alt)=\"([^\"]*)\"")
# Words on grounds, by the names of tokens, and what WCAG asks for.
CONTRASTS = {
    TEXT: "text/panel text/bar text/bubble text/bubble-own text/chat muted/panel muted/bar muted/bubble "
    "link/panel link/bubble link/bubble-own accent-text/panel accent-text/bar meta-own/bubble-own "
    "on-accent/accent on-accent/accent-hover on-strip/strip error/error-back",
    SHAPE: "accent/panel edge/field edge/panel focus/panel focus/bar",
}


@dataclass(frozen=True, order=True)
class Finding:
    file: str
    line: int
    sentence: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}: {self.sentence}"


def check(theme: Path | None = None, only: Collection[str] | None = None) -> list[Finding]:
    """Return what is wrong with a theme, or with Hearth itself; nothing where all is well.

    `only` are the templates whose states are drawn.
    """
    here = sources(theme)
    with drawing_with(backend_of(theme)):
        of_templates = {finding for source in here.values() for finding in in_source(source, theme)}
    found = set(of_templates)
    if theme:
        found |= set(in_static_files(theme))
    found |= set(in_styles(theme))
    if not any(finding.sentence.startswith(CANNOT) for finding in of_templates):
        found |= set(Drawn(theme, here, only).findings())
    return sorted(found)


# In what is written

CANNOT = "It cannot be read: "
NOT_THERE = "There is no file {}: Hearth does not start without it, unless with DEBUG=1."


def in_source(source: Source, theme: Path | None) -> Iterator[Finding]:
    file = str(source.path)
    try:
        engines["django"].get_template(source.name)
    except (TemplateSyntaxError, TemplateDoesNotExist) as error:
        details = getattr(error.__cause__ or error, "template_debug", {})
        yield Finding(details.get("name", file), details.get("line", 1), f"{CANNOT}{worded(error)}")
        return
    plain = without(source.text, TAKEN_OUT[:2])
    for pattern, what in INLINE.items():
        for place in re.finditer(pattern, plain):
            yield Finding(file, line_at(plain, place.start()), f"Browsers refuse {what}.")
    for place in re.finditer(r"{% static [\"']([^\"']+)[\"']", plain):
        if not is_there(theme, place[1]):
            yield Finding(file, line_at(plain, place.start()), NOT_THERE.format(place[1]))
    if source.path.suffix == ".html":
        yield from untranslated(file, without(source.text, TAKEN_OUT))


def untranslated(file: str, text: str) -> Iterator[Finding]:
    places = [(place.start(1), place[1]) for place in SAID.finditer(text)]
    bare = re.sub(r"<(?:[^>\"]|\"[^\"]*\")*>", lambda tag: blank(tag[0]), text)
    places += [(place.start(), place[0]) for place in re.finditer(r"[^\n]*\S[^\n]*", bare)]
    for start, words in places:
        if LETTERS.search(re.sub(r"&\w+;|[\w-]+=\"", "", words)):
            what = " ".join(words.split())
            yield Finding(
                file, line_at(text, start), f"“{what}” is the same in all languages: {{% translate %}}."
            )


def worded(error: Exception) -> str:
    """Say what is wrong, with the known name next to one that is unknown."""
    message = re.sub(r"^Template: [^,]*, ", "", str(error).partition(". Did you forget")[0])
    unknown = re.search(r"Invalid (?:filter|block tag)[^']*'(\w+)'", message)
    if not unknown:
        return message
    engine: Engine = engines["django"].engine  # type: ignore[attr-defined]  # that of Django's own backend
    libraries = [*engine.template_builtins, *engine.template_libraries.values()]
    return f"{message}." + nearest(unknown[1], {name for it in libraries for name in (*it.filters, *it.tags)})


def nearest(name: str, known: Collection[str]) -> str:
    near = get_close_matches(name, known, 1)
    return f" Did you mean {near[0]}?" if near else ""


def without(text: str, patterns: list[str]) -> str:
    """Take out what matches, and leave the lines as they are."""
    for pattern in patterns:
        text = re.sub(pattern, lambda found: blank(found[0]), text, flags=re.DOTALL)
    return text


def blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


def line_at(text: str, place: int) -> int:
    return text.count("\n", 0, place) + 1


def in_static_files(theme: Path) -> Iterator[Finding]:
    for path in sorted((theme / "static").rglob("*")):
        if problem := problem_of_static(path):
            yield Finding(str(path), problem["line"], f"{CANNOT}{problem['message']}")
        if path.suffix == ".css":
            text = without(path.read_text(errors="replace"), [r"/\*.*?\*/"])
            for place in re.finditer(r"url\([\"']?(?!data:|#)([^\"')?#]+)", text):
                name = os.path.normpath(path.parent / place[1])
                if not is_there(theme, os.path.relpath(name, theme / "static")):
                    yield Finding(str(path), line_at(text, place.start()), NOT_THERE.format(place[1]))


def is_there(theme: Path | None, name: str) -> bool:
    """Whether there is such a static file."""
    return bool(theme and (theme / "static" / name).is_file()) or finders.find(name) is not None


def in_styles(theme: Path | None) -> Iterator[Finding]:
    """Tokens that cannot be read on each other. What readers with more contrast get is not looked at."""
    parts = [first_of(theme, "css/tokens.css"), site.style(), first_of(theme, OF_THEMES["css/hearth.css"])]
    tokens = tokens_of(re.sub(r"/\*.*?\*/", "", "".join(parts), flags=re.DOTALL))
    for least, pairs in CONTRASTS.items():
        for word, ground in (pair.split("/") for pair in pairs.split()):
            for index, name in enumerate(("light", "dark")):
                one, other = (color_of(tokens, token, index) for token in (word, ground))
                if one and other and ratio(one, other) < least:
                    file, line = place_of_token(theme, word, ground)
                    yield Finding(
                        file,
                        line,
                        f"--{word} can hardly be seen on --{ground} in the {name} theme: "
                        f"{ratio(one, other):.1f}:1, and WCAG asks for {least:g}:1.",
                    )


def first_of(theme: Path | None, name: str) -> str:
    """Return a static file of the theme, or else of Hearth; nothing where there is none."""
    paths = [folder / "static" / name for folder in (theme, settings.BASE_DIR) if folder]
    return next((path.read_text() for path in paths if path.is_file()), "")


def tokens_of(style: str) -> dict[str, str]:
    usual = re.sub(r"@media[^{]*prefers-contrast: more[^{]*{(?:[^{}]*{[^{}]*})*[^{}]*}", "", style)
    found: dict[str, str] = {}
    for selector, rules in re.findall(r"([^{}]+){([^{}]*)}", usual):
        if {one.strip() for one in selector.split(",")} & {
            ":root",
            "html",
            ":root:not([data-contrast=more])",
        }:
            found |= dict(re.findall(r"--([\w-]+):\s*([^;]+)", rules))
    return found


def color_of(tokens: dict[str, str], name: str, index: int) -> Color | None:
    value = tokens.get(name, "").strip()
    if both := re.fullmatch(r"light-dark\(\s*([^,]+),\s*([^)]+\)?)\)", value):
        value = both[index + 1].strip()
    if other := re.fullmatch(r"var\(--([\w-]+)\)", value):
        return color_of(tokens, other[1], index)
    try:
        return Color.parse(value)
    except ValueError:
        return None


def place_of_token(theme: Path | None, *tokens: str) -> tuple[str, int]:
    names = [OF_THEMES["css/hearth.css"], "css/tokens.css"]
    paths = [folder / "static" / name for folder in (theme, settings.BASE_DIR) if folder for name in names]
    for path in paths:
        for number, line in enumerate(path.read_text().splitlines() if path.exists() else (), 1):
            if any(f"--{token}:" in line for token in tokens):
                return str(path), number
    return str(paths[-1]), 1


# In what is drawn


@contextmanager
def drawing_with(backend: DjangoTemplates) -> Iterator[None]:
    """Draw with these templates, and static files that need not have been collected."""
    addresses: Any = staticfiles_storage
    usual, collected = engines["django"], addresses._wrapped
    engines._engines["django"] = backend  # type: ignore[attr-defined]
    addresses._wrapped = StaticFilesStorage()
    drawings.forget()
    try:
        yield
    finally:
        drawings.forget()
        engines._engines["django"] = usual  # type: ignore[attr-defined]
        addresses._wrapped = collected


def backend_of(theme: Path | None) -> DjangoTemplates:
    """Return what draws with Hearth's templates, and with those of a theme before them."""
    folders = [theme, settings.BASE_DIR] if theme else [settings.BASE_DIR]
    options: dict[str, Any] = settings.TEMPLATES[0]
    parameters = {name: value for name, value in options.items() if name != "BACKEND"}
    loaders = [("config.templates.CachedLoader", settings.TEMPLATE_LOADERS)]
    parameters |= {
        "NAME": "django",
        "APP_DIRS": False,
        "DIRS": [folder / "templates" for folder in folders],
        "OPTIONS": {**options["OPTIONS"], "debug": True, "loaders": loaders},
    }
    return DjangoTemplates(parameters)


class Drawn:
    """All states, or those that a theme changes, drawn by Hearth and by the theme."""

    def __init__(self, theme: Path | None, here: dict[str, Source], only: Collection[str] | None) -> None:
        self.theme = theme
        self.here = here  # the templates that are checked
        self.hearths = sources()
        self.told = {name for source in self.hearths.values() for head in source.heads for name in head.names}
        self.needed = {
            need for source in self.hearths.values() for head in source.heads for need in head.needed
        } | {"#main", "#cancel"}
        pages = pages_with(self.hearths)
        changed = set(here).union(*(pages.get(name, ()) for name in here)) if theme else set(self.hearths)
        self.pages = pages
        chosen = changed if only is None else changed & set(only)
        self.seen: set[str] = set()  # the names of templates that were drawn
        self.shown: dict[State, str] = {}  # what was drawn with the templates that are checked
        self.addresses: dict[State, str | None] = {}  # the route of the page, if it was asked for
        self.states = [state for state in STATES.values() if state.template in chosen]

    def findings(self) -> Iterator[Finding]:
        hearths, themes = backend_of(None), backend_of(self.theme)
        failures: set[tuple[str, int, str]] = set()
        for state in self.states:
            sight = Sight()
            try:
                with drawing_with(hearths):
                    before = draw(state, sight)
                if self.theme:
                    sight = Sight()
                    with drawing_with(themes):
                        after = draw(state, sight)
            except Exception as error:
                unknown = list(filter(self.is_unknown, sight.missing))
                yield from map(self.unknown, unknown)
                failure = self.failure(state, sight, error)
                if not unknown and failure not in failures:  # what is unknown has made it fail
                    failures.add(failure)
                    file, line, sentence = failure
                    yield Finding(file, line, f"{sentence} (“{state.title}” and maybe others)")
                continue
            self.seen |= sight.drawn.keys()
            self.addresses[state] = sight.address
            self.shown[state] = (after if self.theme else before).html
            yield from map(self.unknown, filter(self.is_unknown, sight.missing))
            if RAW in {element.tag for element in (after if self.theme else before).root}:
                yield self.told_of(state, sight, "|safe", "What people write becomes HTML here: drop |safe.")
            if self.theme:
                yield from self.compared(state, sight, before, after)
            else:
                yield from self.alone(state, sight, before, None)

    def failure(self, state: State, sight: Sight, error: Exception) -> tuple[str, int, str]:
        details: dict[str, Any] = getattr(error, "template_debug", {})
        file = details.get("name") or str(self.somewhere(state, "", sight).path)
        return file, details.get("line", 1), f"It cannot be drawn: {error}"

    def is_unknown(self, missing: Missing) -> bool:
        return missing.name not in self.told and Path(missing.file) in {it.path for it in self.here.values()}

    def unknown(self, missing: Missing) -> Finding:
        near = nearest(missing.name, missing.known)
        what = "nothing here is called" if missing.is_first else f"in {missing.variable} there is no"
        return Finding(missing.file, missing.line, f"It shows nothing, as {what} {missing.name}.{near}")

    def compared(self, state: State, sight: Sight, before: Markup, after: Markup) -> Iterator[Finding]:
        for hook in sorted((before.hooks - after.hooks) & self.needed):
            yield self.told_of(state, sight, needle_of(hook), f"{hook} is gone. {self.purpose(hook)}")
        for where, fields in before.forms.items():
            if where not in after.forms:
                address = where.partition(" ")[2]
                yield self.told_of(state, sight, "<form", f"The form that goes to {address} is gone.")
            for field in sorted(fields - after.forms.get(where, fields) - {"csrfmiddlewaretoken"}):
                yield self.told_of(
                    state, sight, f'name="{field}"', f"The field {field} is gone from its form."
                )
        for name, value in sorted(before.requests - after.requests):
            yield self.told_of(
                state, sight, name, f'{name}="{value}" is gone: htmx does not do that any more.'
            )
        yield from self.alone(state, sight, after, before)

    def alone(self, state: State, sight: Sight, after: Markup, before: Markup | None) -> Iterator[Finding]:
        """Tell what is wrong in itself, if it is not what Hearth does, too."""
        rules: list[tuple[Callable[[Markup], list[str]], str, str]] = [
            (doubled, 'id="{0}"', "The id {0} is there twice: scripts find the first one only."),
            (lambda it: it.unprotected, "<form", "A form ({0}) lacks {{% csrf_token %}}: it is refused."),
            (lambda it: it.nameless, "{1}", "A screen reader has no name for {0}."),
            (lambda it: it.unbalanced, "<{0}", "A <{0}> is not closed, or closed twice."),
        ]
        if state.template == "rooms/document/document.html":
            del rules[-1]  # more is added to it
        for look, needle, sentence in rules:
            for what in sorted(set(look(after)) - set(look(before) if before else ())):
                known = re.sub(r"^<\w+ (.*)>$|^<(\w+)>$", lambda m: m[1] or f"<{m[2]}", what).split("<id>")[0]
                yield self.told_of(state, sight, needle.format(what, known), sentence.format(what))

    def told_of(self, state: State, sight: Sight, needle: str, sentence: str) -> Finding:
        """Say it of the template that is checked where it is, or of the one that is in its place."""
        source = self.somewhere(state, needle, sight)
        return Finding(str(source.path), source.line_of(needle), sentence)

    def somewhere(self, state: State, needle: str, sight: Sight | None = None) -> Source:
        drawn = [self.here[name] for name in (sight.drawn if sight else ()) if name in self.here]
        drawn += [self.here[state.template]] if state.template in self.here else []
        having = [source for source in drawn if needle and needle in source.text]
        had = [it for it in drawn if it.name in self.hearths and needle in self.hearths[it.name].text]
        inner = [name for name, source in self.hearths.items() if needle and needle in source.text]
        around = [it for it in drawn if any(it.name in self.pages[name] for name in inner)]
        return (had or having or around or drawn or list(self.here.values()) or [*self.hearths.values()])[0]

    def purpose(self, hook: str) -> str:
        """Return what the comments of Hearth's templates say of it."""
        for source in self.hearths.values():
            for head in source.heads:
                for clause in head.hooks.rstrip(".").split("; "):
                    if hook in clause and hook in head.needed:
                        return f"{source.name} says: {clause}."
        return "Scripts, styles or live updates look for it."


def draw(state: State, sight: Sight) -> Markup:
    with watched(sight), staged() as stage:
        markup = Markup.of(state.draw(stage))
        sight.address = resolve(state.path).route if state.path else stage.address
        return markup


def needle_of(hook: str) -> str:
    """Return how a hook is written in a template."""
    name = hook.split("<")[0]
    if hook.startswith("#"):
        return f'id="{name[1:]}'
    return f"data-part={name}" if hook.startswith('"') else name


def doubled(markup: Markup) -> list[str]:
    return [name for name, times in Counter(markup.ids).items() if times > 1]
