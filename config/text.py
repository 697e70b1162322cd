"""What text may contain, no matter who typed it."""

import mmap
import re
import unicodedata
from urllib.parse import unquote_to_bytes

from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _

# Characters that show nothing (Unicode's Default_Ignorable_Code_Point): texts that differ in them look alike.
INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)

# What people write or leave out: accents on Latin, Greek and Cyrillic letters, Arabic vowel signs and Hebrew
# points. Marks of other scripts, such as the vowel signs of Hindi and Thai, are as much a part of a word as
# its letters.
_LETTERS = (
    "A-Za-z\u00aa\u00ba\u00c0-\u02af\u0370-\u0481\u048a-\u052f\u1c80-\u1c8f\u1d00-\u1d7f\u1e00-\u1fff\u2c60-\u2c7f"
    "\ua640-\ua66e\ua680-\ua69b\ua722-\ua7ff\uab30-\uab6f"
)
_ACCENTS = "\u0300-\u036f\u0483-\u0487\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
_POINTS = "\u064b-\u0652\u0656-\u065f\u0670\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"
_OPTIONAL = re.compile(f"(?<=[{_LETTERS}])[{_ACCENTS}{_POINTS}]+|[{_POINTS}]")

# C0 and C1 controls except tab and line feed.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
# More than any name has in any form. Putting marks in order takes time with the square of their number.
NORMALIZED_MAX_LENGTH = 512
# As much of a text as is found by what is in it: the longest message.
FOLDED_MAX_LENGTH = 4000


def nfkc(text: str) -> str:
    """Return the text normalised; one that is too long for a name as it is, for its reader to refuse."""
    return text if len(text) > NORMALIZED_MAX_LENGTH else unicodedata.normalize("NFKC", text)


def fold(text: str) -> str:
    """Return the form in which texts are searched, and what is searched for: one is in the other.

    Capitals, widths, ligatures and invisible characters do not count, nor do marks that people leave out when
    they type in a hurry. Folding what is folded changes nothing.
    """
    text = text[:FOLDED_MAX_LENGTH]
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFD", INVISIBLE.sub("", text))
    # Case folding makes letters that can be decomposed, and decomposing makes capitals: U+3392 is MHz.
    for _time in range(2):
        decomposed = unicodedata.normalize("NFKD", decomposed.casefold())
    bare = _OPTIONAL.sub("", INVISIBLE.sub("", decomposed))
    return unicodedata.normalize("NFKC", bare)[:FOLDED_MAX_LENGTH]


def searchable(*texts: str) -> str:
    """Return the texts folded, a line for each: nothing is found that begins in one and ends in another."""
    return "\n".join(" ".join(fold(text).split()) for text in texts if text)


def refuse_control_characters(text: str) -> None:
    """Validate a field. Raises ValidationError."""
    if match := _CONTROL.search(text):
        raise ValidationError(
            _("This contains a control character (U+%(code)s), which can’t be shown. Remove it.")
            % {"code": f"{ord(match[0]):04X}"}
        )


def is_utf8(request: HttpRequest) -> bool:
    """Whether the bytes of a form are UTF-8 text, which its fields no longer tell.

    A form with files has bytes of any kind. What stands in its texts in place of other bytes must have been
    sent as it is.
    """
    if request.content_type == "multipart/form-data":
        odd = [text for _name, texts in request.POST.lists() for text in texts if "\ufffd" in text]
        return not odd or all(_is_in(request, text.encode()) for text in odd)
    body = request.body
    if request.content_type == "application/x-www-form-urlencoded":
        body = unquote_to_bytes(body)
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _is_in(request: HttpRequest, text: bytes) -> bool:
    """Whether the body of a form with files, which may be large and was read before, has these bytes."""
    if hasattr(request, "_body"):
        return text in request.body
    try:
        with mmap.mmap(request.META["wsgi.input"].fileno(), 0, access=mmap.ACCESS_READ) as body:
            return body.find(text) >= 0
    except (AttributeError, OSError):
        return False  # of another server, which gave it away as it came


def one_line(error: BaseException) -> str:
    """Return the error as one line for the log: messages of databases often have several."""
    said = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {said}" if said else type(error).__name__
