"""What the head of a request may say, and how much of it; asked before anything of it is taken apart."""

import re
from collections import Counter

from asgiref.typing import HTTPScope

from config.serving.bodies import takes_uploads

PATH_MAX_BYTES = 1024  # a name has 384 at most: 32 letters of 4 bytes, each written as %XX
QUERY_MAX_BYTES = 8192  # the login page is told where one wanted to go
HEADER_MAX_BYTES = 8192  # of all lines of one name; servers bound the whole head as well

# Nothing else is understood: charsets could be codecs that are none, and other parameters take long to parse.
_CHARSET = rb'charset="?utf-?8"?'
_BOUNDARY = rb'boundary=(?:"[ -!#-~]{1,70}"|[!#-:<-~]{1,70})'
_CONTENT_TYPE = re.compile(
    rb" ?([\w.+-]{1,80}/[\w.+-]{1,80})(?: ?; ?(?:%s|%s)){0,2} ?" % (_CHARSET, _BOUNDARY), re.IGNORECASE
)


def is_acceptable(scope: HTTPScope) -> bool:
    """Whether the head can be expressed in WSGI and understood by Django at little cost."""
    return is_address(scope) and is_bounded(scope) and is_form_or_nothing(scope)


def is_address(scope: HTTPScope) -> bool:
    try:
        path = scope["path"].encode()
    except UnicodeEncodeError:
        return False
    query = scope["query_string"]
    return len(path) <= PATH_MAX_BYTES and len(query) <= QUERY_MAX_BYTES and query.isascii()


def is_bounded(scope: HTTPScope) -> bool:
    lengths: Counter[bytes] = Counter()
    for name, value in scope["headers"]:
        lengths[name] += len(value) + 2
    return all(length <= HEADER_MAX_BYTES for length in lengths.values()) and not any(
        b"\0" in value for _name, value in scope["headers"]
    )


def is_form_or_nothing(scope: HTTPScope) -> bool:
    """Whether the body is said to be text in UTF-8, if anything; in parts only where files are sent."""
    said = [value for name, value in scope["headers"] if name == b"content-type"]
    if not said or said == [b""]:
        return True
    match = _CONTENT_TYPE.fullmatch(said[0]) if len(said) == 1 else None
    if match is None:
        return False
    return takes_uploads(scope["path"]) or not match[1].lower().startswith(b"multipart/")
