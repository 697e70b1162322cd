"""Bytes over a socket, for requests that no library would send."""

import asyncio
import re
from typing import Self

from tests.support.server import Server


class Wire:
    """One connection: `async with Wire(server) as wire`."""

    def __init__(self, server: Server) -> None:
        self.server = server

    async def __aenter__(self) -> Self:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.server.port)
        return self

    async def __aexit__(self, *_exception: object) -> None:
        self.writer.transport.abort()

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def rest(self, seconds: float = 20) -> bytes:
        """Return what comes until the server closes."""
        received = b""
        async with asyncio.timeout(seconds):
            try:
                while part := await self.reader.read(65536):
                    received += part
            except ConnectionResetError:
                pass
        return received

    async def answer(self, seconds: float = 20) -> tuple[int, dict[str, str]]:
        """Return the status and the headers, by names in small letters, of the next answer."""
        async with asyncio.timeout(seconds):
            head = await self.reader.readuntil(b"\r\n\r\n")
        return parsed(head)


def parsed(answer: bytes) -> tuple[int, dict[str, str]]:
    head = answer.partition(b"\r\n\r\n")[0].decode("latin-1")
    status, *lines = head.split("\r\n")
    found = re.match(r"HTTP/1\.[01] (\d{3})", status)
    assert found, answer
    headers = {}
    for line in lines:
        name, _colon, value = line.partition(":")
        assert name.lower() not in headers, f"{name} is there twice"
        headers[name.lower()] = value.strip()
    return int(found[1]), headers


def head(target: str, method: str = "GET", **headers: str) -> bytes:
    """Return the head of a request; an underscore in a name of a header is a hyphen."""
    lines = {"Host": "127.0.0.1", **{name.replace("_", "-"): value for name, value in headers.items()}}
    text = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"{method} {target} HTTP/1.1\r\n{text}\r\n".encode("latin-1")
