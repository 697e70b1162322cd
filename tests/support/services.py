"""The servers that Hearth can work with, each with a folder and an address of its own.

`python -m tests.support.services COMMAND…` runs a command with DATABASE_URL set to such a PostgreSQL.
"""

import contextlib
import hashlib
import os
import pwd
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Self

import psycopg
import pytest
import redis

ROOT = Path(__file__).resolve().parent.parent.parent
PLACES = [*map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), "/usr/sbin"]


def program(name: str) -> str:
    """Return the path of a program. Without it a test is skipped, but fails on a build server."""
    path = shutil.which(name) or shutil.which(name, path=os.pathsep.join(PLACES))
    if path is None:
        missing = f"{name} is not installed; .ci/run packages does that"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    return path


def unprivileged() -> dict[str, object]:
    """Return what makes a process that root starts one of somebody else: these servers refuse root."""
    if os.getuid() != 0:
        return {}
    names = {entry.pw_name for entry in pwd.getpwall()}
    account = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


class Service:
    """A program that serves until it is stopped, with all it writes in `folder`."""

    name: str
    end_signal = signal.SIGTERM
    ready_seconds = 30.0

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix=f"hearth-{self.name}-"))
        self.process: subprocess.Popen[bytes] | None = None
        self.account = unprivileged()
        if self.account:
            os.chown(self.folder, self.account["user"], self.account["group"])

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()

    def command(self) -> list[str]:
        raise NotImplementedError

    def is_ready(self) -> bool:
        raise NotImplementedError

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command(), cwd=self.folder, stdout=log, stderr=log, **self.account
            )
        deadline = time.monotonic() + self.ready_seconds
        while not self.is_ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{self.name} does not start: {self.log}")
            time.sleep(0.02)

    def send(self, how: signal.Signals) -> None:
        assert self.process
        self.process.send_signal(how)

    @contextlib.contextmanager
    def hanging(self) -> Iterator[None]:
        """Meanwhile it does nothing and closes nothing, with all processes it has."""
        assert self.process
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        self.send(signal.SIGSTOP)
        pids = [int(pid) for pid in children.read_text().split()]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)
            self.send(signal.SIGCONT)

    def stop(self, how: signal.Signals | None = None) -> None:
        if self.process:
            self.send(how or self.end_signal)
            self.process.wait(timeout=30)
            self.process = None

    def restart(self) -> None:
        self.stop()
        self.start()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        if self.process:
            self.send(signal.SIGCONT)
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


class PostgreSQL(Service):
    """Listens on a socket in its folder only. What is committed survives its end, not the machine's."""

    name = "postgresql"
    end_signal = signal.SIGINT  # ends connections at once, and cleanly
    CRASH = signal.SIGQUIT

    def __init__(self, data: Path | None = None) -> None:
        """Begin with nothing, or with a copy of `data`."""
        initdb = program("initdb")
        super().__init__()
        self.data = self.folder / "data"
        if data:
            shutil.copytree(data, self.data)
            self.give_away(self.data)
            return
        arguments = ["-U", "hearth", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
        subprocess.run(
            [initdb, "-D", str(self.data), *arguments],
            cwd=self.folder, check=True, capture_output=True, **self.account,
        )  # fmt: skip

    def give_away(self, folder: Path) -> None:
        for path in [folder, *folder.rglob("*")] if self.account else ():
            os.chown(path, self.account["user"], self.account["group"])

    def command(self) -> list[str]:
        options = {
            # It would note that tables are empty, between two tests, and queries be planned for that.
            "autovacuum": "off",
            "statement_timeout": "60s",  # a test that is given up leaves its query behind
            "listen_addresses": "",
            "fsync": "off",
            "full_page_writes": "off",
            "idle_in_transaction_session_timeout": "20s",
            "max_connections": "200",
        }
        settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        return [program("postgres"), "-D", str(self.data), "-k", str(self.folder), *settings]

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://hearth@/{database}?host={self.folder}"

    def connect(self, database: str = "postgres") -> "psycopg.Connection[tuple[object, ...]]":
        return psycopg.connect(self.url(database), autocommit=True)

    def create(self, database: str, template: str = "template1") -> str:
        """Make a database; return its URL."""
        with self.connect() as connection:
            connection.execute(f'CREATE DATABASE "{database}" TEMPLATE "{template}"')
            # Else a crash may put back sequences that were used in the template: it takes them for logged.
            connection.execute("CHECKPOINT")
        return self.url(database)

    def is_ready(self) -> bool:
        with contextlib.suppress(psycopg.OperationalError), self.connect():
            return True
        return False


# In two parts: scanners of the machines that hold this file look for it, too.
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}" + rb"$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


class Clamd(Service):
    """ClamAV's scanner. It knows one virus, which is none: EICAR's test file."""

    name = "clamd"
    LARGEST = 200_000

    def __init__(self) -> None:
        super().__init__()
        digest = hashlib.md5(EICAR, usedforsecurity=False).hexdigest()
        (self.folder / "test.hdb").write_text(f"{digest}:{len(EICAR)}:Eicar-Test\n")
        lines = {
            "LocalSocket": self.folder / "socket",
            "DatabaseDirectory": self.folder,
            "StreamMaxLength": self.LARGEST,
            "Foreground": "yes",
        }
        (self.folder / "clamd.conf").write_text("".join(f"{name} {value}\n" for name, value in lines.items()))

    @property
    def url(self) -> str:
        return f"unix://{self.folder}/socket"

    def command(self) -> list[str]:
        return [program("clamd"), f"--config-file={self.folder}/clamd.conf"]

    def is_ready(self) -> bool:
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(1)
            connection.connect(str(self.folder / "socket"))
            connection.sendall(b"zPING\0")
            return connection.recv(16) == b"PONG\0"
        return False


class Redis(Service):
    """Keeps nothing."""

    name = "redis"

    def __init__(self, port: int) -> None:
        super().__init__()
        self.port = port

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def command(self) -> list[str]:
        options = ["--bind", "127.0.0.1", "--port", str(self.port), "--save", "", "--appendonly", "no"]
        return [program("redis-server"), *options]

    def say(self, *words: str) -> Any:
        """Send a command; return the answer."""
        with redis.Redis.from_url(self.url, socket_timeout=5) as client:
            return client.execute_command(*words)

    @property
    def listeners(self) -> int:
        """The number of processes that hear doorbells."""
        groups = self.say("PUBSUB", "CHANNELS", "*__group__hearth")
        return sum(self.say("PUBSUB", "NUMSUB", *groups)[1::2]) if groups else 0

    def is_ready(self) -> bool:
        with contextlib.suppress(redis.RedisError):
            return bool(self.say("PING"))
        return False


class Proxy(Service):
    """A proxy with its file from `deploy/`, on a port of its own, for servers on other ports.

    `change` may make something else of it.
    """

    file: str

    def __init__(self, port: int, ports: Iterable[int], change: Callable[[str], str] = str) -> None:
        super().__init__()
        self.port = port
        self.settings = self.folder / self.file
        shown = (ROOT / "deploy" / self.file).read_text()
        self.settings.write_text(change(self.adapted(shown, list(ports))))

    def adapted(self, shown: str, ports: list[int]) -> str:
        """Return the file for this machine."""
        raise NotImplementedError

    def is_ready(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)) as probe:
            if self.url.startswith("https:"):  # the certificate may take a moment longer than the port
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
                context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
                context.wrap_socket(probe, server_hostname="localhost").close()
            return True
        return False

    @property
    def url(self) -> str:
        raise NotImplementedError


class Nginx(Proxy):
    """It has a certificate that nobody knows, or does without if `is_encrypted` is not set."""

    name = "nginx"
    file = "nginx.conf"
    is_encrypted = False

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}" if self.is_encrypted else f"http://127.0.0.1:{self.port}"

    def adapted(self, shown: str, ports: list[int]) -> str:
        if self.is_encrypted:
            make_certificate(self.folder)
            shown = shown.replace("/etc/ssl/chat.example.", f"{self.folder}/certificate.")
            shown = shown.replace("listen 443", f"listen 127.0.0.1:{self.port}")
        else:
            shown = re.sub(r".*ssl_certificate.*\n", "", shown)
            shown = re.sub(r"listen .*;", f"listen 127.0.0.1:{self.port};", shown)
        [options] = re.findall(r"server 127\.0\.0\.1:\d+(.*;)", shown)
        servers = "\n".join(f"server 127.0.0.1:{one}{options}" for one in ports)
        shown = re.sub(r"( *server 127\.0\.0\.1:\d+.*;\n)+", f"{servers}\n", shown)
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        folders = "\n".join(f"{kind}_temp_path {self.folder}/{kind};" for kind in kinds)
        return (
            f"daemon off; pid {self.folder}/pid; error_log stderr;\n"
            f"events {{ worker_connections 4096; }}\nhttp {{ access_log off;\n{folders}\n{shown} }}\n"
        )

    def command(self) -> list[str]:
        return [program("nginx"), "-p", str(self.folder), "-e", "stderr", "-c", str(self.settings)]


class EncryptedNginx(Nginx):
    is_encrypted = True

    @property
    def certificate(self) -> Path:
        return self.folder / "certificate.pem"


class Caddy(Proxy):
    """It makes a certificate of its own."""

    name = "caddy"
    file = "Caddyfile"

    @property
    def certificate(self) -> Path:
        return self.folder / "caddy" / "pki" / "authorities" / "local" / "root.crt"

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"

    def adapted(self, shown: str, ports: list[int]) -> str:
        self.variables = {
            "HEARTH_HOST": f"https://localhost:{self.port}",
            "HEARTH_PROCESSES": " ".join(f"127.0.0.1:{port}" for port in ports),
            # It keeps its certificates in the home of whoever starts it.
            **dict.fromkeys(("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"), str(self.folder)),
        }
        shown = shown.replace("chat.example} {", "chat.example} {\n\ttls internal\n\tbind 127.0.0.1")
        options = "admin off\n\tauto_https disable_redirects\n\tskip_install_trust"
        return shown.replace("grace_period", f"{options}\n\tgrace_period")

    def command(self) -> list[str]:
        variables = [f"{name}={value}" for name, value in self.variables.items()]
        caddy = [program("caddy"), "run", "--config", str(self.settings), "--adapter", "caddyfile"]
        return ["env", *variables, *caddy]


def make_certificate(folder: Path) -> None:
    """Make a certificate for localhost, and its key."""
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    files = ["-keyout", str(folder / "certificate.key"), "-out", str(folder / "certificate.pem")]
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc", "-days", "2"]
    subprocess.run(
        [program("openssl"), "req", "-x509", *kind, *names, *files], check=True, capture_output=True
    )
    for file in folder.glob("certificate.*"):
        file.chmod(0o644)


def main(arguments: list[str]) -> int:
    from tests.support.kept import PREPARED, TEMPLATE, postgresql_data  # it needs this module

    try:
        server = PostgreSQL(postgresql_data())
    except (pytest.skip.Exception, pytest.fail.Exception) as missing:
        print(f"Not run: {missing}")
        return int(isinstance(missing, pytest.fail.Exception))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # PostgreSQL ends too
    with server:
        environment = {**os.environ, "DATABASE_URL": server.url(PREPARED), TEMPLATE: "tables"}
        return subprocess.run(arguments, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
