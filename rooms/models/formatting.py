"""How people format messages. What they type is stored as it is, and read here, by markdown-it-py.

Its rules are switched on one by one, out of none: by itself the package would let HTML through, swallow line
ends, backslashes and indentation, and make headings, rules and pictures. A chat is no document. So one line
end is a line, lists and quotes end with their last line, and whatever is not clearly formatting stays text.
"""

import re
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from django.utils.html import Urlizer
from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock, blockquote, list_block
from markdown_it.rules_block.fence import make_fence_rule
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from config.drawn import drawings
from rooms.models.highlighting import language_named

# What a message is, in the database: shown as it was typed, as all were at first, or formatted.
TYPED, FORMATTED = 0, 1
# Lists count twice. What stands deeper in lists and quotes is text.
NESTING = 8
# Marks of a text that is read. One with more costs too much, and is shown as it was typed.
MARKS = 500
# What stands in a plain text for a spoiler.
CONCEALED = "[…]"

# Without any of this a text needs no reading.
_PERHAPS = re.compile(r"[*`]|~~|\|\||\]\(|(?<!\w)_(?!_)|^[ \t]*(?:[->]|\d{1,9}[.)])[ \t>]", re.MULTILINE)
# Where rules look within lines: not at snake_case, __init__, 2*3*4 or @_ada_, nor behind a backslash.
_MARK = re.compile(r"(?<!\\)(?:[`\[]|(?<![\w@])\*|\*(?!\w)|(?<![\w@])_(?!_)|(?<!_)_(?!\w)|~~|\|\|)|://")
_LINE_MARK = re.compile(r"^[ \t]*(?:[-*>]|\d{1,9}[.)])[ \t>]", re.MULTILINE)
# What follows the scheme of an address, whose stars and lines are its own.
_ADDRESS = re.compile(r"://[^\s<>\"'`\[\]|]*[^\s<>\"'`\[\]|*_~.,:;!?)]")
_LINK = re.compile(
    r"\[(?P<text>[^\[\]\n]{1,200})\]\((?P<url>(?i:https?)://[^\s()<>]+(?:\([^\s()<>]*\)[^\s()<>]*)*)\)"
)
# Lists and quotes begin with a mark and have something behind it. Rules out of marks are none.
_ITEM = re.compile(r"(?:[*-]|\d{1,9}[.)])[ \t]+(?![*+-](?:[ \t]|$))\S")
_QUOTE = re.compile(r">[> \t]*(?<=[ \t])[^\s>]")
_FENCE = re.compile(r"```")

type _Rule = Callable[[StateBlock, int, int, bool], bool]


def is_formatted(content: str) -> bool:
    """Whether there is anything to be read, and not too much of it."""
    if not _PERHAPS.search(content):
        return False
    return len(_MARK.findall(content)) + len(_LINE_MARK.findall(content)) <= MARKS


def pieces(content: str) -> list[Token]:
    """Return the blocks of a text as they begin and end; the lines in them are `inline`, with children."""
    return _READER.parse(content)


def code_in(block: Token) -> tuple[str, str]:
    """Return the language of a block of code, if it names one that is known, and the code."""
    language, code = language_named(block.info), block.content.removesuffix("\n")
    return language, code if language or not block.info.strip() else f"{block.info.strip()}\n{code}"


def lines_between(before: Token | None, after: Token) -> str:
    """Return the line ends between two texts, if nothing else is there."""
    if not (before and before.map and after.map):
        return ""
    return "\n" * (after.map[0] - before.map[1] + 1)


def texts(content: str) -> Iterator[str]:
    """Return the parts of a formatted text in which people may be mentioned: neither code nor links."""
    if not is_formatted(content):
        yield content
        return
    for block in pieces(content):
        is_link = False
        for piece in block.children or ():
            is_link = piece.type == "link_open" or (is_link and piece.type != "link_close")
            if piece.type == "text" and not is_link:
                yield piece.content


def plain(content: str) -> str:
    """Return a formatted text without what formats it, and without what a reader has to open first."""
    if not is_formatted(content):
        return content
    return drawings.once(("plain", content), lambda: unformatted(content))


def unformatted(content: str, conceals: bool = True) -> str:
    """Return a formatted text without what formats it. Lists and quotes keep their marks.

    If it `conceals`, there is nothing in it that a reader has to open first.
    """
    return _Plain(conceals).written(pieces(content)) if is_formatted(content) else content


class _Plain:
    """Writes a text without what formats it."""

    def __init__(self, conceals: bool) -> None:
        self.conceals = conceals
        self.lines: list[str] = []
        # What stands before the next line and before further ones, for each item and quote around them.
        self.margins: list[list[str]] = []

    def written(self, blocks: list[Token]) -> str:
        before = None
        for block in blocks:
            if block.type == "inline":
                self._write(lines_between(before, block)[1:] + self._line(block.children or []))
            elif block.type == "fence":
                self._write(code_in(block)[1])
            elif block.type == "list_item_open":
                self.margins.append([f"{block.info}{block.markup} ", "  "])
            elif block.type == "blockquote_open":
                self.margins.append(["> ", "> "])
            elif block.type in ("list_item_close", "blockquote_close"):
                self.margins.pop()
            before = block if block.type == "inline" else None
        return "\n".join(self.lines)

    def _write(self, text: str) -> None:
        for line in text.split("\n"):
            self.lines.append("".join(margin[0] for margin in self.margins) + line)
            for margin in self.margins:
                margin[0] = margin[1]

    def _line(self, parts: list[Token]) -> str:
        written, is_concealed = [], False
        for part in parts:
            if part.type == "spoiler_open" and self.conceals:
                written.append(CONCEALED)
                is_concealed = True
            elif part.type == "spoiler_close":
                is_concealed = False
            elif not is_concealed:
                written.append(part.content)
        return "".join(written)


# Rules for lines


def _lines(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Text up to an empty line, or to the beginning or end of something else. Its lines stay as they are."""
    rules = state.md.block.ruler.getRules("paragraph")
    parent, state.parentType = state.parentType, "paragraph"
    line = start + 1
    while (
        line < end
        and not state.isEmpty(line)
        and state.sCount[line] >= state.blkIndent
        and not any(rule(state, line, end, True) for rule in rules)
    ):
        line += 1
    state.parentType = parent
    state.line = line
    token = state.push("inline", "", 0)
    token.content = state.getLines(start, line, state.blkIndent, False)
    token.map = [start, line]
    token.children = []
    return True


def _no_quote(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """End a quote at a line without its mark: what people answer below is theirs."""
    return silent


def _narrower(rule: _Rule, beginning: re.Pattern[str], lines: int = 1) -> _Rule:
    """Return the rule for where it is clearly meant, with so many lines or more, and not too deep."""

    def narrow(state: StateBlock, start: int, end: int, silent: bool) -> bool:
        place = state.bMarks[start] + state.tShift[start]
        if (
            state.level >= NESTING
            or start + lines > end
            or not beginning.match(state.src, place, state.eMarks[start])
        ):
            return False
        return rule(state, start, end, silent)

    return narrow


# Rules within lines


def _text(state: StateInline, silent: bool) -> bool:
    """Everything up to the next mark."""
    found = _MARK.search(state.src, state.pos, state.posMax)
    end = found.start() if found else state.posMax
    if end == state.pos:
        return False
    state.append_pending(state.src[state.pos : end])
    state.pos = end
    return True


def _address(state: StateInline, silent: bool) -> bool:
    """The address in a text, which becomes a link as in any text: nothing in it is a mark."""
    if not state.src[max(0, state.pos - 5) : state.pos].lower().endswith(("http", "https")):
        return False
    if not (found := _ADDRESS.match(state.src, state.pos, state.posMax)):
        return False
    state.append_pending(found[0])
    state.pos = found.end()
    return True


def _link(state: StateInline, silent: bool) -> bool:
    """[text](address), but no picture, and no text that is another address."""
    found = _LINK.match(state.src, state.pos, state.posMax)
    if not found or state.src[state.pos - 1 : state.pos] == "!" or _pretends(found["text"], found["url"]):
        return False
    state.push("link_open", "a", 1).attrs = {"href": found["url"]}
    state.linkLevel += 1
    _read_within(state, *found.span("text"))
    state.linkLevel -= 1
    state.push("link_close", "a", -1)
    state.pos = found.end()
    return True


def _pretends(text: str, url: str) -> bool:
    """Whether a link would lead elsewhere than its text says."""
    for word in text.split():
        word = word.strip("*_~`().,:;!?")
        is_address = Urlizer.simple_url_re.match(word) or Urlizer.simple_url_2_re.match(word)
        if is_address and _host(word) != _host(url):
            return True
    return False


def _host(address: str) -> str | None:
    try:
        return urlsplit(address if "://" in address else f"http://{address}").hostname
    except ValueError:
        return None


def _spoiler(state: StateInline, silent: bool) -> bool:
    """||text||, with no space inside its marks, as there is in a || b."""
    source, start = state.src, state.pos + 2
    end = source.find("||", start, state.posMax) if source.startswith("||", state.pos) else -1
    is_within_link = state.linkLevel > 0
    if end <= start or is_within_link or source[start].isspace() or source[end - 1].isspace():
        return False
    state.push("spoiler_open", "details", 1)
    _read_within(state, start, end)
    state.push("spoiler_close", "details", -1)
    state.pos = end + 2
    return True


def _read_within(state: StateInline, start: int, end: int) -> None:
    """Read what is between two marks."""
    maximum, state.pos, state.posMax = state.posMax, start, end
    state.md.inline.tokenize(state)
    state.posMax = maximum


def _reader() -> MarkdownIt:
    reader = MarkdownIt("zero")
    reader.core.ruler.enableOnly(["block", "inline"])
    block, inline = reader.block.ruler, reader.inline.ruler
    starts = ["paragraph", "blockquote", "list"]
    block.at("fence", _narrower(make_fence_rule(markers=("`",)), _FENCE, lines=2), {"alt": starts})
    block.at("blockquote", _narrower(blockquote, _QUOTE), {"alt": starts})
    block.at("list", _narrower(list_block, _ITEM), {"alt": starts[:2]})
    block.at("paragraph", _lines)
    block.before("paragraph", "no_quote", _no_quote, {"alt": ["blockquote"]})
    block.enableOnly(["fence", "blockquote", "list", "no_quote", "paragraph"])
    inline.at("text", _text)
    inline.at("link", _link)
    inline.after("link", "spoiler", _spoiler)
    inline.after("spoiler", "address", _address)
    inline.enableOnly(["text", "backticks", "strikethrough", "emphasis", "link", "spoiler", "address"])
    reader.inline.ruler2.enableOnly(["balance_pairs", "strikethrough", "emphasis", "fragments_join"])
    return reader


_READER = _reader()
