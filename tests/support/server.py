"""A real Hearth: `manage.py serve` in a process of its own, with a database of its own, on a free port."""

import contextlib
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Self

import psycopg

ROOT = Path(__file__).resolve().parent.parent.parent
LISTENING = "0A"  # in /proc/net/tcp


class Rows:
    """The database of a server, for a look behind its back and for changes that nobody rings for."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection

    def execute(self, statement: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Run a statement with ? for each value; return the rows, if it is one that finds some."""
        if isinstance(self.connection, psycopg.Connection):
            statement = statement.replace("?", "%s")
        cursor = self.connection.execute(statement, values)
        return cursor.fetchall() if cursor.description else []


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Server:
    """Serves the database in `folder`, or the one that DATABASE_URL names.

    `program` is daphne or uvicorn, and `fault` one of tests/faults/broken.py, if any. `root` has the code.
    Several with one folder are several processes of one installation.
    """

    def __init__(
        self,
        folder: Path,
        port: int | None = None,
        program: str = "daphne",
        fault: str = "",
        log: Path | None = None,
        root: Path = ROOT,
        **environment: str,
    ) -> None:
        self.folder = folder
        self.root = root
        self.program = program
        self.fault = fault
        self.port = port or free_port()
        self.log_file = log or folder / f"serve-{self.port}.log"
        inherited = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
        self.environment = {**inherited, "DATA_DIR": str(folder), "PYTHONUNBUFFERED": "1", **environment}
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return self.log_file.read_text() if self.log_file.exists() else ""

    @contextlib.contextmanager
    def rows(self) -> Iterator[Rows]:
        url = self.environment.get("DATABASE_URL")
        with contextlib.closing(
            psycopg.connect(url, autocommit=True)
            if url
            else sqlite3.connect(self.folder / "hearth.sqlite3", timeout=5, autocommit=True)
        ) as connection:
            yield Rows(connection)

    def __enter__(self) -> Self:
        has_own_look = any(name.startswith(("HEARTH_THEME", "SITE_")) for name in self.environment)
        is_new = not (self.environment.get("DATABASE_URL") or any(self.folder.iterdir()))
        if is_new:
            from tests.support.kept import installation  # it needs servers

            shutil.copytree(installation(), self.folder, dirs_exist_ok=True)
        if has_own_look or not is_new:
            self.manage("setup")
        self.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.kill()

    def manage(self, *arguments: str) -> str:
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=self.root, env=self.environment, check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip

    def start(self) -> None:
        with self.log_file.open("ab") as log:
            manage = ["-m", "tests.faults.broken", self.fault] if self.fault else ["manage.py"]
            self.process = subprocess.Popen(
                [sys.executable, *manage, "serve", "--server", self.program, "--port", str(self.port)],
                cwd=self.root, env=self.environment, stdout=log, stderr=log,
            )  # fmt: skip
        self.wait_until_serving()

    def wait_until_serving(self, seconds: float = 90) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.process and self.process.poll() is not None:
                raise RuntimeError(f"The server ended: {self.log}")
            try:
                # As a proxy would ask, since with HTTPS=1 it answers nobody else.
                asked = urllib.request.Request(f"{self.url}/login/", headers={"X-Forwarded-Proto": "https"})
                urllib.request.urlopen(asked, timeout=30).close()
                return
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                time.sleep(0.05)
        raise RuntimeError(f"The server does not answer: {self.log[-2000:]}")

    @property
    def memory(self) -> int:
        """Bytes of memory that the process has."""
        return int(self._proc("statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")

    @property
    def processor_seconds(self) -> float:
        """Processor time that the process has used."""
        assert self.process
        return processor_seconds(self.process.pid)

    @property
    def peak_memory(self) -> int:
        """The most bytes of memory that the process ever had."""
        return int(self._proc("status").read_text().split("VmHWM:")[1].split()[0]) * 1024

    def forget_peak_memory(self) -> None:
        """Let `peak_memory` begin with what the process has now."""
        self._proc("clear_refs").write_text("5")

    @property
    def open_files(self) -> int:
        return len(list(self._proc("fd").iterdir()))

    @property
    def unnamed_bytes(self) -> int:
        """Bytes of files that the process has open and that have no name: bodies that arrive."""
        found = 0
        for link in self._proc("fd").iterdir():
            with contextlib.suppress(FileNotFoundError):  # closed meanwhile
                if os.readlink(link).endswith("(deleted)"):
                    found += link.stat().st_size
        return found

    @property
    def threads(self) -> int:
        return len(list(self._proc("task").iterdir()))

    @property
    def connections(self) -> int:
        """The number of clients that are connected, be it on one side only."""
        links = set()
        for link in self._proc("fd").iterdir():
            with contextlib.suppress(FileNotFoundError):  # closed meanwhile
                links.add(os.readlink(link))
        sockets = [line.split() for line in self._proc("net/tcp").read_text().splitlines()[1:]]
        # While it is read, a line may come twice.
        return len(
            {fields[9] for fields in sockets if fields[3] != LISTENING and f"socket:[{fields[9]}]" in links}
        )

    def _proc(self, name: str) -> Path:
        assert self.process
        return Path(f"/proc/{self.process.pid}/{name}")

    def kill(self) -> None:
        """Kill without a word, as a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """Ask it to end; return its exit code."""
        return self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> int:
        if self.process is None:
            return 0
        self.process.send_signal(how)
        code = self.process.wait(timeout=30)
        self.process = None
        return code
