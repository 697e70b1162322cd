"""The text of a message as HTML: escaped, with links and mentions. What one message costs has a bound."""

import re
from typing import Any

from django.utils.html import Urlizer, escape

from accounts.names import canonical
from config.drawn import drawings
from rooms.models.mention import MENTION

# In one message; what comes after them is text.
LINKS = 30
MENTIONS = 50
# Words that are looked at, whether they come to a link or not.
WORDS_LOOKED_AT = 200


class _MessageUrlizer(Urlizer):
    """Turns web addresses into links, and marks the names of people whom the message mentions."""

    # noopener and noreferrer: the page opened learns nothing of this one. ugc and nofollow: readers wrote it.
    url_template = '<a href="{href}" target="_blank" rel="noopener noreferrer nofollow ugc">{url}</a>'

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
        if not user_id or self.marks >= MENTIONS:
            return match[0]
        self.marks += 1
        return f'<span class="mention" data-user="{user_id}">{match[0]}</span>'


def html_of(content: str, mentioned: dict[str, int]) -> str:
    """Return the content escaped, its addresses made links, its mentions marked. Line ends stay."""
    key = ("text", content, *sorted(mentioned.items()))
    return drawings.once(key, lambda: _MessageUrlizer(mentioned).html_of(content))
