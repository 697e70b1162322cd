"""A scanner for viruses, if there is one: clamd, asked over its socket (`man clamd`, INSTREAM)."""

import socket
import struct
from contextlib import suppress
from typing import IO
from urllib.parse import urlsplit

from django.conf import settings

PIECE_BYTES = 64 * 1024


class Infected(Exception):
    """The scanner has found something in a file."""


class ScannerFailed(Exception):
    """The scanner does not answer, or says that it cannot look at this file."""


class TooLargeToScan(ScannerFailed):
    """The scanner takes smaller files only."""


def scan(file: IO[bytes]) -> None:
    """Let the scanner look at a file. Raises Infected, TooLargeToScan and ScannerFailed."""
    if not settings.CLAMD:
        return
    file.seek(0)
    try:
        with _connected() as connection:
            with suppress(BrokenPipeError, ConnectionResetError):  # it has answered already
                connection.sendall(b"zINSTREAM\0")
                while piece := file.read(PIECE_BYTES):
                    connection.sendall(struct.pack("!I", len(piece)) + piece)
                connection.sendall(struct.pack("!I", 0))
            answer = b""
            while not answer.endswith(b"\0") and (received := connection.recv(4096)):
                answer += received
    except OSError as error:
        raise ScannerFailed(str(error)) from error
    words = answer.rstrip(b"\0").decode("utf-8", "replace")
    if words.endswith(" FOUND"):
        raise Infected
    if "size limit exceeded" in words:
        raise TooLargeToScan(f"StreamMaxLength in clamd.conf is less than FILE_MAX_MB: {words}")
    if words != "stream: OK":
        raise ScannerFailed(words or "no answer")


def _connected() -> socket.socket:
    """Connect to what CLAMD names: `unix:///run/clamav/clamd.ctl`, or `tcp://host:port`."""
    address = urlsplit(settings.CLAMD)
    seconds = settings.CLAMD_SECONDS
    if address.scheme == "tcp":
        return socket.create_connection((address.hostname, address.port), timeout=seconds)
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(seconds)
    try:
        connection.connect(address.path)
    except OSError:
        connection.close()
        raise
    return connection
