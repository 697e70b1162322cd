"""What text may contain, no matter who typed it."""

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

# C0 and C1 controls except tab and line feed.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
# More than any name has in any form. Putting marks in order takes time with the square of their number.
NORMALIZED_MAX_LENGTH = 512


def nfkc(text: str) -> str:
    """Return the text normalised; one that is too long for a name as it is, for its reader to refuse."""
    return text if len(text) > NORMALIZED_MAX_LENGTH else unicodedata.normalize("NFKC", text)


def refuse_control_characters(text: str) -> None:
    """Validate a field. Raises ValidationError."""
    if match := _CONTROL.search(text):
        raise ValidationError(
            _("This contains a control character (U+%(code)s), which can’t be shown. Remove it.")
            % {"code": f"{ord(match[0]):04X}"}
        )


def is_utf8(request: HttpRequest) -> bool:
    """Whether the bytes of a form without files are UTF-8 text, which its fields no longer tell."""
    body = request.body
    if request.content_type == "application/x-www-form-urlencoded":
        body = unquote_to_bytes(body)
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def one_line(error: BaseException) -> str:
    """Return the error as one line for the log: messages of databases often have several."""
    said = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {said}" if said else type(error).__name__
