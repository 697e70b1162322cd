"""Many readers and some writers in one thread, over plain sockets, cheap enough not to be what is measured.

A message carries its number. Readers look for numbers in the bytes that come in, whatever the protocol around
them; bytes that many readers get alike are searched once.
"""

import re
import selectors
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field

NUMBER = b"%07d"
TAIL = 80  # bytes that may hold the beginning of a number; longer than any pattern
READ_BYTES = 256 * 1024
OPENING_AT_ONCE = 100
MODULUS = (1 << 61) - 1


class Failed(Exception):
    """The load cannot be applied as it was meant."""


@dataclass(slots=True, eq=False)
class Reader:
    """One stream: what has come on it."""

    connection: socket.socket
    ready: bytes
    is_ready: bool = False
    is_closed: bool = False
    rest: bytes = b""
    count: int = 0
    order: int = 0  # a hash of the numbers in the order they came
    seen: bytearray = field(default_factory=bytearray)


@dataclass(slots=True, eq=False)
class Writer:
    """One person who posts; the next message waits for the answer to the last one."""

    connection: socket.socket
    request: Callable[[bytes], bytes]
    is_answered: Callable[[bytes, bytes], bool]
    waiting: list[int] = field(default_factory=list)
    number: int | None = None
    answer: bytes = b""

    @property
    def is_busy(self) -> bool:
        return bool(self.waiting) or self.number is not None


@dataclass(slots=True)
class Result:
    posted: int = 0
    expected: int = 0
    delivered: int = 0
    lost: int = 0
    doubled: int = 0
    is_in_order: bool = True
    closed: int = 0
    posting_seconds: float = 0.0
    seconds: float = 0.0
    bytes: int = 0
    processor_seconds: float = 0.0  # of the server, where it can be asked
    histogram: list[int] = field(default_factory=list)  # deliveries by milliseconds
    answers: list[float] = field(default_factory=list)  # seconds until each post was answered

    @property
    def per_second(self) -> float:
        return self.delivered / self.seconds if self.seconds else 0.0

    def latency(self, share: float) -> float:
        """Return within how many seconds this share of the deliveries came."""
        wanted = share * sum(self.histogram)
        for milliseconds, count in enumerate(self.histogram):
            wanted -= count
            if wanted <= 0:
                return milliseconds / 1000
        return 0.0


class Load:
    """Opens streams with `open`, then posts with `post`; both end by themselves."""

    def __init__(self, port: int, pattern: bytes) -> None:
        self.address = ("127.0.0.1", port)
        self.pattern = re.compile(pattern)
        self.selector = selectors.DefaultSelector()
        self.readers: list[Reader] = []
        self.writers: list[Writer] = []
        self.due: list[float] = []  # by number: when the message was to be posted
        self.result = Result(histogram=[0] * 60_000)
        self._found: dict[bytes, tuple[list[int], bytes]] = {}
        self._last_at = 0.0

    def close(self) -> None:
        for one in (*self.readers, *self.writers):
            one.connection.close()
        self.selector.close()

    def __enter__(self) -> "Load":
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def _connect(self) -> socket.socket:
        connection = socket.create_connection(self.address, timeout=10)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setblocking(False)
        return connection

    def open(self, requests: list[bytes], ready: bytes, seconds: float = 120) -> float:
        """Open a stream with each of the requests; return how long it took until all were `ready`."""
        began = time.monotonic()
        waiting = list(reversed(requests))
        opening: set[Reader] = set()
        while waiting or opening:
            while waiting and len(opening) < OPENING_AT_ONCE:
                opening.add(self.begin(waiting.pop(), ready))
            self.turn(0.2)
            opening = {reader for reader in opening if not reader.is_ready}
            if any(reader.is_closed for reader in opening):
                raise Failed(f"A stream was refused: {next(iter(opening)).rest[:300]!r}")
            if time.monotonic() - began > seconds:
                raise Failed(f"{len(opening) + len(waiting)} streams were not open after {seconds} s.")
        return time.monotonic() - began

    def begin(self, request: bytes, ready: bytes) -> Reader:
        """Ask for a stream, and do not wait for it."""
        reader = Reader(self._connect(), ready)
        reader.connection.send(request)
        self.selector.register(reader.connection, selectors.EVENT_READ, reader)
        self.readers.append(reader)
        return reader

    def add_writer(
        self,
        request: Callable[[bytes], bytes],
        is_answered: Callable[[bytes, bytes], bool],
        hello: bytes = b"",
    ) -> None:
        """Add somebody who posts; `hello` is answered before the first message."""
        writer = Writer(self._connect(), request, is_answered)
        if hello:
            writer.connection.setblocking(True)
            writer.connection.sendall(hello)
            if b" 101 " not in writer.connection.recv(4096):
                raise Failed("A writer was refused.")
            writer.connection.setblocking(False)
        self.selector.register(writer.connection, selectors.EVENT_READ, writer)
        self.writers.append(writer)

    def post(self, rate: float | None, seconds: float, patience: float = 20) -> Result:
        """Post `rate` messages a second, by turns, or without a pause; then wait until all has come.

        A message that is late because its sender still waits counts from when it was due.
        """
        count = int(rate * seconds) if rate else 1_000_000
        for reader in self.readers:
            reader.seen = bytearray(count)
        began = self._last_at = time.monotonic()
        numbers = 0
        answered_until = began
        while (now := time.monotonic()) < began + seconds + patience:
            while numbers < count and (rate or now < began + seconds):
                if not self._give_out(numbers, began + numbers / rate if rate else None, now):
                    break
                numbers += 1
            self._send_waiting(is_too_late=now > began + seconds + patience / 2)
            if now < began + seconds or any(one.is_busy for one in self.writers):
                answered_until = now
            elif self.result.delivered >= self.result.posted * len(self.readers):
                break
            self.turn(0.002 if rate else 0.02)
        return self.sum_up(began, answered_until)

    def _give_out(self, number: int, due: float | None, now: float) -> bool:
        """Give a message to a writer once it is due, or as soon as one is idle; False if it has to wait."""
        if due is not None:
            if now < due:
                return False
            self.due.append(due)
            self.writers[number % len(self.writers)].waiting.append(number)
        elif idle := next((one for one in self.writers if one.number is None), None):
            self.due.append(now)
            idle.waiting.append(number)
            self._send(idle)
        else:
            return False
        return True

    def _send_waiting(self, *, is_too_late: bool) -> None:
        for writer in self.writers:
            if is_too_late:
                writer.waiting.clear()  # what is posted now would not come in time
            if writer.number is None and writer.waiting:
                self._send(writer)

    def sum_up(self, began: float, answered_until: float) -> Result:
        result = self.result
        result.posting_seconds = answered_until - began
        result.seconds = max(self._last_at - began, 0.001)
        result.expected = result.posted * len(self.readers)
        result.closed = sum(reader.is_closed for reader in self.readers)
        result.doubled = sum(reader.count - sum(map(bool, reader.seen)) for reader in self.readers)
        result.lost = max(0, result.expected - (result.delivered - result.doubled))
        orders = {reader.order for reader in self.readers if reader.count == result.posted}
        result.is_in_order = len(orders) <= 1
        return result

    def _send(self, writer: Writer) -> None:
        writer.number = writer.waiting.pop(0)
        writer.answer = b""
        writer.connection.send(writer.request(NUMBER % writer.number))

    def turn(self, seconds: float) -> None:
        for key, _events in self.selector.select(seconds):
            one = key.data
            try:
                data = one.connection.recv(READ_BYTES)
            except BlockingIOError:
                continue
            except ConnectionError:
                data = b""
            if not data:
                self.selector.unregister(one.connection)
                one.connection.close()
                if isinstance(one, Writer):
                    raise Failed(f"A writer was cut off: {one.answer[-300:]!r}")
                one.is_closed = True
            elif isinstance(one, Reader):
                self._read(one, data)
            else:
                self._answered(one, data)

    def _answered(self, writer: Writer, data: bytes) -> None:
        writer.answer += data
        if writer.number is not None and writer.is_answered(writer.answer, NUMBER % writer.number):
            self.result.posted += 1
            self.result.answers.append(time.monotonic() - self.due[writer.number])
            writer.number = None

    def _read(self, reader: Reader, data: bytes) -> None:
        self.result.bytes += len(data)
        data = reader.rest + data
        if not reader.is_ready:
            reader.rest = data
            reader.is_ready = reader.ready in data
            if not reader.is_ready:
                return
        found = self._found.get(data)
        if found is None:
            matches = list(self.pattern.finditer(data))
            end = matches[-1].end() if matches else 0
            found = [int(match[1]) for match in matches], data[max(end, len(data) - TAIL) :]
            if len(self._found) > 100:
                self._found.clear()
            self._found[data] = found
        numbers, reader.rest = found
        if not numbers:
            return
        now = self._last_at = time.monotonic()
        histogram, due = self.result.histogram, self.due
        for number in numbers:
            if number < len(reader.seen):
                reader.seen[number] = 1
                reader.order = (reader.order * 1_000_003 + number + 1) % MODULUS
                histogram[min(int((now - due[number]) * 1000), 59_999)] += 1
        reader.count += len(numbers)
        self.result.delivered += len(numbers)


LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)


def http_answer(answer: bytes, _number: bytes) -> bool:
    """Return whether the answer to a POST is whole. Raises Failed when it is no success."""
    head, end, body = answer.partition(b"\r\n\r\n")
    if not end:
        return False
    if not head.startswith(b"HTTP/1.1 20"):
        raise Failed(f"A message was refused: {head[:200]!r}")
    if length := LENGTH.search(head + b"\r\n"):
        return len(body) >= int(length[1])
    return answer.endswith(b"0\r\n\r\n")
