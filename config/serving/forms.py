"""Forms with files, taken apart while they arrive: each file goes straight to where it is kept.

What is left of the form, with a number in place of the bytes of each file, is small. Django parses that, so
Django alone judges what the form says.
"""

from io import BytesIO

from django.conf import settings
from django.http import multipartparser

from config.incoming import Upload
from config.serving.bodies import separator_of
from config.serving.headers import Headers

HEAD_MAX_BYTES: int = multipartparser.MAX_TOTAL_HEADER_SIZE  # type: ignore[attr-defined]  # stubs
END_OF_HEAD = b"\r\n\r\n"


class FormRefused(Exception):
    """A form has more parts than any of ours, or more besides its files."""


class Form(BytesIO):
    """The body of a form without its files, which `files` has by their numbers. It closes them, too."""

    def __init__(self) -> None:
        super().__init__()
        self.files: dict[int, Upload] = {}

    def close(self) -> None:
        for upload in self.files.values():
            upload.close()
        super().close()


class FormReader:
    """Reads one form, in pieces of any size. It finds the parts as Django's parser does."""

    def __init__(self, headers: Headers) -> None:
        self.form = Form()
        self._separator = separator_of(headers)
        self._buffer = b""
        self._is_in_head = False  # of a part
        self._upload: Upload | None = None  # whose bytes are coming
        self._parts = 0

    def take(self, piece: bytes) -> None:
        """Read on. Raises FormRefused, and OSError where a file cannot be kept."""
        self._buffer += piece
        while self._take_head() if self._is_in_head else self._take_content():
            pass

    def end(self) -> Form:
        """Return the form. To Django, a file that has not come to its end is none of its files."""
        self._keep(self._buffer)
        self.form.seek(0)
        return self.form

    def _take_head(self) -> bool:
        """Read the head of a part if it is there; return whether there is more to read."""
        start = self._buffer[:HEAD_MAX_BYTES]
        head, found, _content = start.partition(END_OF_HEAD)
        if not found and len(start) < HEAD_MAX_BYTES and self._separator not in start:
            return False
        self._is_in_head = False
        if found and self._separator not in head and is_of_file(head + found):
            self._keep(head + found)
            self._buffer = self._buffer[len(head + found) :]
            number = len(self.form.files)
            self._keep(b"%d" % number)
            # A form that has too many is refused by their number, whatever is in them.
            is_one_too_many = number >= max(settings.FILES_PER_MESSAGE, 1)
            self._upload = self.form.files[number] = Upload(is_kept=not is_one_too_many)
        return True

    def _take_content(self) -> bool:
        """Read on until the next part begins; return whether it does."""
        separator = self._buffer.find(self._separator)
        end = self._end_before(separator)
        content, self._buffer = self._buffer[:end], self._buffer[end:]
        if self._upload:
            self._upload.take(content)
        else:
            self._keep(content)
        if separator < 0:
            return False
        self._begin_part(separator - end + len(self._separator))
        return True

    def _end_before(self, separator: int) -> int:
        """Return where content ends: before a separator, and a line break that belongs to it."""
        if separator < 0:  # of both there may be only a part yet
            return max(0, len(self._buffer) - len(self._separator) - 1)
        end = separator - self._buffer.startswith(b"\n", max(0, separator - 1), separator)
        return end - self._buffer.startswith(b"\r", max(0, end - 1), end)

    def _begin_part(self, length: int) -> None:
        """Go on behind a separator, which has `length` with the line break before it."""
        if self._upload:
            self._upload.end()
            self._upload = None
        self._parts += 1
        if self._parts > settings.MULTIPART_MAX_PARTS:
            raise FormRefused
        self._keep(self._buffer[:length])
        self._buffer = self._buffer[length:]
        self._is_in_head = True

    def _keep(self, data: bytes) -> None:
        most = settings.REQUEST_MAX_BYTES + settings.MULTIPART_MAX_PARTS * HEAD_MAX_BYTES
        if self.form.tell() + len(data) > most:
            raise FormRefused
        self.form.write(data)


def is_of_file(head: bytes) -> bool:
    """Whether a part with this head is a file to Django."""
    stream = multipartparser.LazyStream(iter([head]))  # type: ignore[arg-type]  # any iterator
    kind, *_rest = multipartparser.parse_boundary_stream(stream, HEAD_MAX_BYTES)  # type: ignore[attr-defined]
    return bool(kind == multipartparser.FILE)
