"""The colours of code, as classes that static/css/messages.css knows. No language is guessed."""

import re
from functools import cache
from itertools import islice
from typing import Any

from django.utils.html import escape
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.token import Comment, Generic, Keyword, Literal, Name, Number, String

# What has colours at most, in characters and in words and marks. What is longer has none. Nor has code with
# lines and gaps that nobody writes, at which some lexers look anew from each of their characters.
LONGEST, MOST_PARTS = 2_000, 1_000
_ODD = re.compile(r"[^\n]{201}|\s{51}")
# What stands behind the mark that begins the code. Each of these lexers takes little time, whatever the code
# is. Those for C, C#, Java, Kotlin and Ruby do not (tests/rooms/test_formatting.py).
LANGUAGES = frozenset(
    [
        *("bash", "css", "diff", "docker", "go", "html", "ini", "javascript", "json", "lua"),
        *("php", "powershell", "python", "rust", "sql", "swift", "toml", "typescript", "xml", "yaml"),
    ]
)
OTHER_NAMES = {
    "dockerfile": "docker",
    "js": "javascript",
    "patch": "diff",
    "ps1": "powershell",
    "py": "python",
    "rs": "rust",
    "sh": "bash",
    "shell": "bash",
    "svg": "xml",
    "ts": "typescript",
    "yml": "yaml",
}
CLASSES: dict[Any, str] = {
    Comment: "comment",
    Keyword: "keyword",
    Name.Tag: "keyword",
    Generic.Deleted: "deleted",
    Generic.Inserted: "inserted",
    Number: "number",
    Literal: "number",
    String: "string",
    Name.Function: "name",
    Name.Class: "name",
    Name.Attribute: "name",
}


def language_named(name: str) -> str:
    """Return the language that people mean, or nothing."""
    name = name.strip().lower()
    name = OTHER_NAMES.get(name, name)
    return name if name in LANGUAGES else ""


def coloured(code: str, language: str) -> str:
    """Return the code escaped, with classes where it has colours."""
    if not language or len(code) > LONGEST or _ODD.search(code):
        return escape(code)
    found = list(islice(_lexer(language).get_tokens_unprocessed(code), MOST_PARTS))
    parts: list[tuple[str, str]] = []
    for _place, kind, text in found:
        name = _class_of(kind)
        if parts and (parts[-1][0] == name or not text.strip()):
            name, text = parts[-1][0], parts.pop()[1] + text
        parts.append((name, text))
    rest = code[sum(len(text) for _name, text in parts) :]
    return "".join(
        f'<span class="{name}">{escape(text)}</span>' if name else escape(text)
        for name, text in [*parts, ("", rest)]
    )


@cache
def _lexer(language: str) -> Lexer:
    return get_lexer_by_name(language)


@cache
def _class_of(kind: Any) -> str:
    while kind.parent and kind not in CLASSES:
        kind = kind.parent
    return CLASSES.get(kind, "")
