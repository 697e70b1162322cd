"""The servers that are measured, each on a processor of its own, and how one talks to them."""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from benchmarks.load import Load, http_answer
from tests.support.server import Server, free_port, processor_seconds
from tests.support.services import Nginx, Service

PROCESSORS = sorted(os.sched_getaffinity(0))
SERVER_PROCESSOR, LOAD_PROCESSOR = PROCESSORS[0], PROCESSORS[-1]
ROOM = "market"

# How messages look on the way to a reader.
HTML = rb'class="content" dir="auto">~(\d{7})~'
JSON = rb"~(\d{7})~"

UNLIMITED = {"LIMIT_POST_PER_USER": "off", "LIMIT_POST_PER_ADDRESS": "off", "LOG_LEVEL": "WARNING"}


@contextlib.contextmanager
def pinned(processor: int) -> Iterator[None]:
    """What is started meanwhile runs on this processor only."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {processor})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="hearth-bench-") as name:
        yield Path(name)


@dataclass
class Site:
    """A server with people who are logged in, and how they read and write."""

    name: str
    port: int
    pattern: bytes
    ready: bytes
    streams: list[bytes]
    add_writers: Callable[[Load, int], None]
    server: Any = None
    room: str = ""  # the address of the page of the room
    sessions: list[str] = field(default_factory=list)

    def metrics(self, token: str) -> str:
        asked = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/metrics", headers={"Authorization": f"Bearer {token}"}
        )
        with urllib.request.urlopen(asked, timeout=30) as answer:
            return str(answer.read().decode())


def request(method: str, path: str, session: str = "", body: bytes = b"", **headers: str) -> bytes:
    lines = {"Host": "127.0.0.1", **{name.replace("_", "-"): value for name, value in headers.items()}}
    if session:
        csrf = f"; hearth_csrf={headers['csrf']}" if "csrf" in headers else ""
        lines["Cookie"] = f"hearth_session={session}{csrf}"
    lines.pop("csrf", None)
    if body or method == "POST":
        lines["Content-Length"] = str(len(body))
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body


def hearth_writer(person: dict[str, Any], room_id: int) -> Callable[[bytes], bytes]:
    """Post as the form does with htmx."""

    def build(number: bytes) -> bytes:
        fields = {
            "csrfmiddlewaretoken": person["csrf"],
            "content": f"~{number.decode()}~ and some words, as people write them to each other",
            "token": str(uuid.uuid4()),
        }
        return request(
            "POST", f"/rooms/{room_id}/messages/", person["session"], urlencode(fields).encode(),
            csrf=person["csrf"], HX_Request="true", Content_Type="application/x-www-form-urlencoded",
        )  # fmt: skip

    return build


@contextlib.contextmanager
def hearth(program: str, people: int, streams: int, **environment: str) -> Iterator[Site]:
    """Hearth with `people` in one room, and the requests for `streams` of them."""
    with folder() as data, contextlib.ExitStack() as stack:
        server = Server(data, program=program, DATABASE_URL="", REDIS_URL="", **UNLIMITED, **environment)
        server.manage("setup")
        told = subprocess.run(
            [sys.executable, "-m", "benchmarks.people", str(people)],
            env=server.environment, check=True, capture_output=True,
        ).stdout  # fmt: skip
        found = json.loads(told)
        room_id, persons = found["room"], found["people"]
        stack.callback(server.kill)
        with pinned(SERVER_PROCESSOR):
            server.start()
        query = urlencode({"lastEventId": f"room-{room_id}:{found['revision']}"})

        def add_writers(load: Load, count: int) -> None:
            for person in persons[:count]:
                load.add_writer(hearth_writer(person, room_id), http_answer)

        yield Site(
            name=f"Hearth, {program}",
            port=server.port,
            pattern=HTML,
            ready=b"event: level",
            streams=[
                request("GET", f"/rooms/{room_id}/stream?{query}", person["session"], HX_Request="true")
                for person in (persons * (streams // people + 1))[:streams]
            ],
            add_writers=add_writers,
            server=server,
            room=f"/rooms/{room_id}/",
            sessions=[person["session"] for person in persons],
        )


class Nchan(Nginx):
    """nginx with the module nchan, which passes on what it is given: no database, no rendering, no rights."""

    MODULE = Path("/usr/lib/nginx/modules/ngx_nchan_module.so")

    def __init__(self, port: int) -> None:
        Service.__init__(self)
        self.account = {}  # the module makes a folder below /var/lib/nginx, whatever it is told
        self.port = port
        self.settings = self.folder / "nginx.conf"
        self.settings.write_text(
            f"load_module {self.MODULE}; daemon off; worker_processes 1; pid {self.folder}/pid;\n"
            "error_log stderr; worker_rlimit_nofile 20000;\n"
            "events { worker_connections 15000; }\n"
            "http { access_log off; client_body_temp_path body; proxy_temp_path proxy;\n"
            "fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;\n"
            f"server {{ listen 127.0.0.1:{port} backlog=2048; keepalive_requests 1000000;\n"
            f"location /pub {{ nchan_publisher; nchan_channel_id {ROOM};\n"
            "nchan_message_buffer_length 5000; }\n"
            f"location /sub {{ nchan_subscriber eventsource; nchan_channel_id {ROOM};\n"
            "nchan_subscriber_first_message newest; } } }\n"
        )

    @property
    def processor_seconds(self) -> float:
        """Processor time that the one worker has used."""
        assert self.process  # noqa: S101 (it was started)
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return sum(processor_seconds(int(pid)) for pid in children.split())


# As large as a message of Hearth with its cursor.
LIKE_HEARTH = '<li class="message"><div class="content" dir="auto">~%s~</div></li>' + " " * 690


@contextlib.contextmanager
def nchan(streams: int) -> Iterator[Site]:
    with pinned(SERVER_PROCESSOR):
        server = Nchan(free_port()).__enter__()

    def add_writers(load: Load, count: int) -> None:
        for _ in range(count):
            load.add_writer(
                lambda number: request("POST", "/pub", body=(LIKE_HEARTH % number.decode()).encode()),
                http_answer,
            )

    try:
        subscribe = request("GET", "/sub", Accept="text/event-stream")
        yield Site("nchan", server.port, HTML, b"200 OK", [subscribe] * streams, add_writers, server)
    finally:
        server.__exit__()


class Consumer(Server):
    """The WebSocket consumer of benchmarks/consumer, served by Daphne."""

    def start(self) -> None:
        application = "benchmarks.consumer.asgi:application"
        with (self.folder / f"serve-{self.port}.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "daphne", "-v", "0", "-p", str(self.port), application],
                env=self.environment, stdout=log, stderr=log,
            )  # fmt: skip
        self.wait_until_serving()


def frame(text: str) -> bytes:
    """Encode a WebSocket message of a client, with a mask that changes nothing."""
    data = text.encode()
    length = bytes([0x80 | len(data)]) if len(data) < 126 else b"\xfe" + len(data).to_bytes(2)
    return b"\x81" + length + bytes(4) + data


@contextlib.contextmanager
def consumer(streams: int) -> Iterator[Site]:
    upgrade = request(
        "GET", f"/ws/{ROOM}/", Upgrade="websocket", Connection="Upgrade", Sec_WebSocket_Version="13",
        Sec_WebSocket_Key="dGhlIHNhbXBsZSBub25jZQ==", Origin="http://127.0.0.1",
    )  # fmt: skip

    def says(number: bytes) -> bytes:
        text = f"~{number.decode()}~ and some words, as people write them to each other"
        return frame(json.dumps({"message": text, "sender": "somebody"}))

    def add_writers(load: Load, count: int) -> None:
        for _ in range(count):
            load.add_writer(says, lambda answer, number: b"~%s~" % number in answer, hello=upgrade)

    with folder() as data, contextlib.ExitStack() as stack:
        server = Consumer(data, DATABASE_URL="", REDIS_URL="")
        environment = {**server.environment, "DJANGO_SETTINGS_MODULE": "benchmarks.consumer.settings"}
        server.environment = environment
        subprocess.run(
            [sys.executable, "-m", "django", "migrate", "--run-syncdb", "-v", "0"],
            env=environment, check=True,
        )  # fmt: skip
        stack.callback(server.kill)
        with pinned(SERVER_PROCESSOR):
            server.start()
        yield Site("Channels consumer", server.port, JSON, b" 101 ", [upgrade] * streams, add_writers, server)
