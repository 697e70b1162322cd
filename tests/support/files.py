"""Messages with files over the wire, as a page's form sends them."""

import uuid
from dataclasses import dataclass, field
from typing import Any

from tests.support.clients import ChatClient
from tests.support.wire import Wire, head

BOUNDARY = b"xyz"


def _field(name: str, value: str) -> bytes:
    said = b'--%s\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
    return said % (BOUNDARY, name.encode(), value.encode())


@dataclass
class Sending:
    """A message with one file, of `size` bytes, by `client` into a room."""

    client: ChatClient
    room_id: int
    size: int
    token: str = field(default_factory=lambda: str(uuid.uuid4()))
    name: str = "film.bin"
    reply_to: int = 0

    @property
    def begin(self) -> bytes:
        """All of the body before the bytes of the file."""
        fields = {"csrfmiddlewaretoken": self.client.csrf_token, "token": self.token, "content": ""}
        file = b'--%s\r\nContent-Disposition: form-data; name="file"; filename="%s"\r\n\r\n'
        return b"".join(_field(*one) for one in fields.items()) + file % (BOUNDARY, self.name.encode())

    end = b"\r\n--%s--\r\n" % BOUNDARY

    def head(self, **headers: str) -> bytes:
        return head(
            f"/messages/{self.reply_to}/replies/" if self.reply_to else f"/rooms/{self.room_id}/messages/",
            "POST",
            Content_Length=str(len(self.begin) + self.size + len(self.end)),
            Content_Type=f"multipart/form-data; boundary={BOUNDARY.decode()}",
            Cookie=f"hearth_session={self.client.session}; hearth_csrf={self.client.csrf_token}",
            HX_Request="true",
            **headers,
        )

    async def send(self, wire: Wire, piece: bytes = b"x" * 2**16, upto: int = -1) -> None:
        """Send head and body; with `upto`, only as many bytes of the file."""
        await wire.send(self.head() + self.begin)
        left = self.size if upto < 0 else upto
        while left:
            part = piece[:left]
            await wire.send(part)
            left -= len(part)
        if upto < 0:
            await wire.send(self.end)

    async def answer(self, server: Any) -> int:
        """Send all of it over a connection of its own; return the status of the answer."""
        async with Wire(server) as wire:
            await self.send(wire)
            return (await wire.answer())[0]
