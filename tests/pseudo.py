"""Languages that nobody speaks, in which every translated text is marked, and longer than in English.

⟦Settings ôôô⟧ was translated; "Settings" stands in a template or a script as it is.
Arabic of this kind, `ar-xb`, reads from right to left.
"""

import ast
import re
import struct
from pathlib import Path

import django

from tests.server import ROOT

LEFT_TO_RIGHT = "en-xa"
RIGHT_TO_LEFT = "ar-xb"
LANGUAGES = [(LEFT_TO_RIGHT, "⟦en⟧"), (RIGHT_TO_LEFT, "⟦ar⟧")]
HEADER = "Content-Type: text/plain; charset=UTF-8\nPlural-Forms: nplurals=2; plural=(n != 1);\n"


def write_catalogs(folder: Path) -> Path:
    """Write both catalogs, with all texts of Hearth and of Django; return the folder for LOCALE_PATHS."""
    framework = Path(django.__file__).parent
    sources = [
        ROOT / "locale/de/LC_MESSAGES/django.po",
        framework / "conf/locale/en/LC_MESSAGES/django.po",
        framework / "contrib/auth/locale/en/LC_MESSAGES/django.po",
    ]
    catalog = {"": HEADER}
    for source in sources:
        catalog |= {key: "\0".join(map(marked, forms)) for key, forms in texts_in(source).items()}
    for language, _name in LANGUAGES:
        base, region = language.split("-")
        path = folder / f"{base}_{region.upper()}" / "LC_MESSAGES/django.mo"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(compiled(catalog))
    return folder


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


def texts_in(path: Path) -> dict[str, tuple[str, ...]]:
    """Return the texts of a catalog with their forms, by the key that a compiled one has for each."""
    entries: list[dict[str, str]] = [{}]
    field = ""
    for line in path.read_text().splitlines():
        if not line.strip() or line.startswith("#"):
            field = ""
            if entries[-1]:
                entries.append({})
            continue
        if found := re.match(r"(msg\w+(?:\[\d\])?) ", line):
            field, line = found[1], line[found.end() :]
            entries[-1][field] = ""
        entries[-1][field] += ast.literal_eval(line)
    result = {}
    for entry in entries:
        if text := entry.get("msgid"):
            context = f"{entry['msgctxt']}\4" if "msgctxt" in entry else ""
            forms = (text, entry["msgid_plural"]) if "msgid_plural" in entry else (text,)
            result[context + "\0".join(forms)] = forms
    return result


def compiled(catalog: dict[str, str]) -> bytes:
    """Return a catalog in the form that gettext reads (GNU gettext, "The Format of GNU MO Files")."""
    keys = sorted(catalog, key=str.encode)
    columns = [[key.encode() for key in keys], [catalog[key].encode() for key in keys]]
    tables, texts = b"", b""
    start = 28 + 16 * len(keys)
    for column in columns:
        for text in column:
            tables += struct.pack("<2I", len(text), start + len(texts))
            texts += text + b"\0"
    return struct.pack("<7I", 0x950412DE, 0, len(keys), 28, 28 + 8 * len(keys), 0, start) + tables + texts
