"""The text of a message as HTML: escaped, formatted, with links and mentions. What one costs has a bound."""

import re
from typing import Any

from django.utils.html import Urlizer, escape, smart_urlquote
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from markdown_it.token import Token

from accounts.names import canonical
from config.drawn import drawings
from rooms.models.formatting import TYPED, code_in, is_formatted, lines_between, pieces
from rooms.models.highlighting import LONGEST as LONGEST_CODE
from rooms.models.highlighting import coloured
from rooms.models.mention import MENTION

# In one message; what comes after them is text.
LINKS = 30
MENTIONS = 50
# Words that are looked at, whether they come to a link or not.
WORDS_LOOKED_AT = 200
# In characters of formatted texts; what would be longer is shown as it was typed.
LONGEST = 50_000
# noopener and noreferrer: the page opened learns nothing of this one. ugc and nofollow: readers wrote it.
_LINK = '<a href="{href}" target="_blank" rel="noopener noreferrer nofollow ugc">'


def html_of(content: str, mentioned: dict[str, int], format: int) -> str:
    """Return the content as HTML. Line ends stay."""
    key = (content, *sorted(mentioned.items()))
    if format == TYPED or not is_formatted(content):
        return drawings.once(("text", *key), lambda: _typed(content, mentioned))
    return drawings.once(("formatted", get_language(), *key), lambda: _formatted(content, mentioned))


def _typed(content: str, mentioned: dict[str, int]) -> str:
    return _MessageUrlizer(mentioned).html_of(content)


def _formatted(content: str, mentioned: dict[str, int]) -> str:
    html = _Formatted(_MessageUrlizer(mentioned)).html_of(pieces(content))
    return html if len(html) <= LONGEST else _typed(content, mentioned)


class _MessageUrlizer(Urlizer):
    """Turns web addresses into links, and marks the names of people whom the message mentions."""

    url_template = _LINK + "{url}</a>"

    def __init__(self, mentioned: dict[str, int]) -> None:
        self.mentioned = mentioned
        self.links = self.marks = self.words = 0

    def html_of(self, content: str) -> str:
        # Django's own caches the result for a word, and would not count a repeated link.
        words = self.word_split_re.split(content)
        return "".join(self.handle_word(word, safe_input=False, autoescape=True) for word in words)

    def handle_word(self, word: str, **options: Any) -> str:
        html = self._linked(word, **options)
        if "<a " in html:
            self.links += 1
            return html  # inside a link there may be an @ in an attribute
        return MENTION.sub(self._mark, html) if self.mentioned and "@" in word else html

    def _linked(self, word: str, **options: Any) -> str:
        if not ("." in word or ":" in word) or self.links >= LINKS or self.words >= WORDS_LOOKED_AT:
            return escape(word)
        self.words += 1
        return str(super().handle_word(word, **options))

    @staticmethod
    def is_email_simple(value: str) -> bool:
        """Leave e-mail addresses as text: a link would open a program that the reader may not want."""
        return False

    def _mark(self, match: re.Match[str]) -> str:
        user_id = self.mentioned.get(canonical(match[1]))
        if user_id is None or self.marks >= MENTIONS:
            return match[0]
        self.marks += 1
        return f'<span class="mention" data-user="{user_id}">{match[0]}</span>'


class _Formatted:
    """Writes a formatted text. Whatever it is, elements end in the order in which they began."""

    BLOCKS = frozenset(["ul", "ol", "li", "blockquote"])
    # Within lines. In itself none of them says more.
    MARKS = frozenset(["strong", "em", "s"])

    def __init__(self, urlizer: _MessageUrlizer) -> None:
        self.urlizer = urlizer
        self.open: list[str] = []  # of MARKS, or nothing for one in itself
        self.code_left = LONGEST_CODE  # that has colours
        self.is_link = False
        self.address = ""  # where the link leads that is being written; nothing where it is text

    def html_of(self, blocks: list[Token]) -> str:
        html, before = [], None
        for block in blocks:
            if block.type == "inline":
                html += [lines_between(before, block), *map(self._part, block.children or ())]
            elif block.type == "fence":
                html.append(self._code(*code_in(block)))
            elif block.tag in self.BLOCKS:
                html.append(self._block(block))
            before = block if block.type == "inline" else None
        return "".join(html)

    def _block(self, block: Token) -> str:
        if block.nesting < 0:
            return f"</{block.tag}>"
        start = f' start="{int(block.attrs["start"])}"' if "start" in block.attrs else ""
        return f"<{block.tag}{start}>"

    def _code(self, language: str, code: str) -> str:
        """Return lines of code. Those that are too long scroll, for which they can have the focus."""
        self.code_left -= len(code)
        if self.code_left < 0:
            language = ""
        label = escape(_("Code"))
        return (
            f'<pre class="code" dir="ltr" tabindex="0" role="group" aria-label="{label}">'
            f"<code>{coloured(code, language)}</code></pre>"
        )

    def _part(self, part: Token) -> str:
        if part.tag in self.MARKS:
            return self._begin(part.tag) if part.nesting > 0 else self._end()
        if part.type == "code_inline":
            return f"<code>{escape(part.content)}</code>"
        if part.tag == "details":
            return self._spoiler(part)
        if part.tag == "a":
            return self._link(part)
        return escape(part.content) if self.address else self.urlizer.html_of(part.content)

    def _begin(self, tag: str) -> str:
        is_said = tag in self.open
        self.open.append("" if is_said else tag)
        return "" if is_said else f"<{tag}>"

    def _end(self) -> str:
        tag = self.open.pop()
        return tag and f"</{tag}>"

    def _spoiler(self, part: Token) -> str:
        """Return its beginning or end. Marks around it end before and begin anew: it is a block."""
        ends = "".join(f"</{tag}>" for tag in reversed(self.open) if tag)
        begins = "".join(f"<{tag}>" for tag in self.open if tag)
        if part.nesting < 0:
            return f"{ends}</span></details>{begins}"
        title = escape(_("Spoiler"))
        return f'{ends}<details class="spoiler"><summary>{title}</summary><span>{begins}'

    def _link(self, part: Token) -> str:
        if part.nesting < 0:
            end = "</a>" if self.is_link else f"]({escape(self.address)})"
            self.address = ""
            return end
        self.address = str(part.attrs["href"])
        self.is_link = self.urlizer.links < LINKS
        self.urlizer.links += self.is_link
        return _LINK.format(href=escape(smart_urlquote(self.address))) if self.is_link else "["
