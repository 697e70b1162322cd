"""What people get who come through the public address: Hearth opens a stream to itself there.

The stream tells what Hearth saw of the request, is silent for a moment, and then for as long as a heartbeat
may take. So it shows what proxies do to streams.
"""

import http.client
import json
import ssl
import time
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from email.message import Message
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from config.doctor.finding import Finding, fine, hint, letter

PATH = "/doctor"
PAUSE = 1.5  # seconds between the first two events of the stream
CONNECT_SECONDS = 10
REFUSED_SECONDS = 3  # in which an upload that nobody may send is refused
TAKEN_SECONDS = 15  # after which the rest of a file is believed to come through, too
PIECE = b"-" * 16 * 1024  # of an upload
LETTER = "X-Hearth-Doctor"  # in which a file says that it is the doctor's
SPOOF = "192.0.2.77"  # an address that nobody has
SEEN, SECOND, LAST = b"event: seen", b"event: second", b"event: last"

# What to do where, by proxy; "" is for any other one.
FIXES: dict[str, dict[str, str]] = {
    "streams": {
        "nginx": "Take out proxy_ignore_headers, or set `proxy_buffering off;`.",
        "Caddy": "Take out `encode`, which holds streams back: Hearth compresses its pages by itself.",
        "": "Configure the proxy not to buffer answers of the type text/event-stream.",
    },
    "compression": {
        "nginx": "Take text/event-stream out of gzip_types.",
        "Caddy": "Take out `encode`: Hearth compresses its pages by itself.",
        "": "Configure the proxy not to compress answers that say no-transform.",
    },
    "time-out": {
        "nginx": "Set `proxy_read_timeout 60s;`, or a shorter HEARTBEAT_INTERVAL.",
        "Caddy": "Take out read_timeout and response_header_timeout of the transport, or make them longer.",
        "": "Let the proxy wait longer for the next part of an answer, or set a shorter HEARTBEAT_INTERVAL.",
    },
    "http/2": {
        "nginx": "Write `listen 443 ssl http2;`.",
        "Caddy": "Take out `protocols`, or add h2 to it.",
        "": "Switch HTTP/2 on in the proxy.",
    },
    "host": {
        "nginx": "Set `proxy_set_header Host $http_host;`.",
        "Caddy": "Take out `header_up Host`.",
        "": "Let the proxy hand on the Host as it was asked for.",
    },
    "proto": {
        "nginx": "Set `proxy_set_header X-Forwarded-Proto $scheme;`.",
        "Caddy": "Take out what changes X-Forwarded-Proto: Caddy sets it by itself.",
        "": "Let the proxy say in X-Forwarded-Proto how it was asked.",
    },
    "address": {
        "nginx": "Set `proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;`.",
        "Caddy": "Take out what changes X-Forwarded-For: Caddy sets it by itself.",
        "": "Let the proxy add the address that it sees to the end of X-Forwarded-For.",
    },
    "uploads": {
        "nginx": "Take over the locations for files from deploy/nginx.conf.",
        "Caddy": "Take out `request_body`, or let its max_size be as much as deploy/nginx.conf says.",
        "": "Let the proxy take as much there as deploy/nginx.conf says, and hand a body on as it comes.",
    },
}


class Site:
    """A public address."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        self.address = address
        self.scheme, self.host = parts.scheme, parts.hostname or ""
        self.port = parts.port or (443 if self.scheme == "https" else 80)
        self.netloc = parts.netloc
        self.context = ssl.create_default_context()

    def connect(self, timeout: float = CONNECT_SECONDS) -> http.client.HTTPConnection:
        if self.scheme == "http":
            return http.client.HTTPConnection(self.host, self.port, timeout=timeout)
        return http.client.HTTPSConnection(self.host, self.port, timeout=timeout, context=self.context)

    def protocol(self) -> str:
        """Return the protocol that a browser would use."""
        self.context.set_alpn_protocols(["h2", "http/1.1"])
        connection = self.connect()
        try:
            connection.connect()
            return str(getattr(connection.sock, "selected_alpn_protocol", lambda: "")() or "http/1.1")
        finally:
            connection.close()
            self.context.set_alpn_protocols(["http/1.1"])


def examine(address: str) -> Iterator[Finding]:
    """Yield what is found at an address such as https://chat.example/."""
    site = Site(address)
    try:
        protocol = site.protocol()
    except ssl.SSLCertVerificationError as error:
        yield Finding(
            "certificate",
            f"Browsers do not accept the certificate: {error.verify_message}.",
            "Get another one.",
        )
        site.context.check_hostname, site.context.verify_mode = False, ssl.CERT_NONE
        protocol = site.protocol()
    except OSError as error:
        reason = error.strerror or str(error)
        yield Finding(
            "reach",
            f"{address} cannot be reached: {reason}.",
            "Look at the proxy, the name and the firewall.",
        )
        return
    else:
        if site.scheme == "https":
            yield fine("certificate", "Browsers accept the certificate.")
    yield from Examination(site, protocol).findings()


class Examination:
    def __init__(self, site: Site, protocol: str) -> None:
        self.site = site
        self.protocol = protocol
        self.proxy = ""

    def findings(self) -> Iterator[Finding]:
        try:
            stream = Stream(self.site)
        except (OSError, http.client.HTTPException) as error:
            yield Finding("reach", f"No stream comes: {error}.", "Look at the log of the proxy.")
            return
        self.proxy = stream.proxy
        if stream.status != 200:
            yield Finding(
                "reach",
                f"What answers at {self.site.address} is not this Hearth (status {stream.status}).",
                "Start it, run the doctor with the same variables, and let the proxy lead to it.",
            )
            return
        yield from self.of_the_stream(stream)
        yield from self.of_what_was_seen(stream.seen)
        yield from self.of_pages()
        yield from self.of_uploads()

    def found(self, name: str, sentence: str, fix: str = "") -> Finding:
        fixes = FIXES[fix or name]
        return Finding(name, sentence, fixes.get(self.proxy, fixes[""]))

    def of_the_stream(self, stream: "Stream") -> Iterator[Finding]:
        if self.site.scheme == "https" and self.protocol != "h2":
            yield self.found("http/2", "Only HTTP/1.1 is offered: a browser has six windows at most.")
        else:
            yield fine("http/2", f"Browsers use {self.protocol}.")
        if stream.encoding:
            yield self.found("compression", f"Streams are compressed ({stream.encoding}).")
        if stream.is_held_back:
            yield self.found("streams", "Streams are held back: messages come late.")
        elif not stream.is_whole:
            yield self.found("time-out", "Streams are cut off before a heartbeat comes.")
        else:
            yield fine("streams", "Streams come as they are written, and stay open between heartbeats.")

    def of_what_was_seen(self, seen: Mapping[str, Any]) -> Iterator[Finding]:
        if not seen:
            return
        is_behind_proxy = self.site.scheme == "https" or bool(self.proxy)
        if seen["host"] != self.site.netloc:
            yield self.found("host", f"Hearth is asked as {seen['host']} instead of {self.site.netloc}.")
        if not is_behind_proxy:
            yield fine("proxy", "There is no proxy.")
            return
        if not seen["is_trusted"]:
            yield Finding(
                "trust",
                f"Hearth does not believe its proxy, which is at {seen['peer']}.",
                f"Set TRUSTED_PROXIES={seen['peer']}, and HTTPS=1 if it is asked by https.",
            )
        if seen["proto"] != self.site.scheme:
            told = seen["proto"] or "nothing"
            yield self.found("proto", f"The proxy says {told} in X-Forwarded-Proto.")
        hops = [hop.strip() for hop in seen["forwarded_for"].split(",") if hop.strip()]
        if not hops:
            yield self.found("address", "The proxy does not say where people come from.")
        elif hops[-1] == SPOOF:
            yield self.found("address", "People can make up where they come from.")
        else:
            yield fine("address", "Hearth knows where people come from.")

    def of_pages(self) -> Iterator[Finding]:
        connection = self.site.connect()
        try:
            connection.request("GET", "/login/", headers={"Host": self.site.netloc})
            answer = connection.getresponse()
            target = answer.headers.get("Location", "")
            if answer.status == 400:
                yield Finding(
                    "hosts",
                    f"Hearth does not answer as {self.site.host}.",
                    f"Add it to ALLOWED_HOSTS: {self.site.host}.",
                )
            elif (
                answer.status == 301
                and target.startswith(f"https://{self.site.netloc}")
                and self.site.scheme == "https"
            ):
                yield self.found("redirects", "Pages lead to themselves for ever.", "proto")
            elif answer.status != 200:
                yield Finding("pages", f"The login answers with {answer.status}.", "Look at the log.")
            elif self.site.scheme == "https" and "Strict-Transport-Security" not in answer.headers:
                yield Finding("https", "Cookies may be sent unencrypted.", "Set HTTPS=1.")
            else:
                yield fine("pages", "Pages are answered.")
        except (OSError, http.client.HTTPException) as error:
            yield Finding("pages", f"The login does not answer: {error}.", "Look at the log.")
        finally:
            connection.close()

    def of_uploads(self) -> Iterator[Finding]:
        for pattern, size in settings.UPLOAD_PATHS.items():
            if size:
                yield self.of_an_upload(pattern.replace("[0-9]+", "1"), size)

    def of_an_upload(self, path: str, size: int) -> Finding:
        try:
            status = refusal_of_a_file(self.site, path, size)
            passed = taken_of_a_file(self.site, path, size) if status not in (0, 413) else size
        except (OSError, ValueError, IndexError) as error:
            return self.found("uploads", f"Files to {path} are not answered: {error}.")
        if status == 0:
            fixes = FIXES["uploads"]
            sentence = f"The proxy takes in whole files to {path} before Hearth is asked."
            return hint("uploads", sentence, fixes.get(self.proxy, fixes[""]))
        if status == 413:
            return self.found("uploads", f"The proxy refuses files to {path} that Hearth would take.")
        if passed < size:
            shown = f"{passed / 1e6:,.0f} of {size / 1e6:,.0f} MB"
            return self.found("uploads", f"The proxy breaks off files to {path} after about {shown}.")
        return fine("uploads", f"Files to {path} come through.")


def refusal_of_a_file(site: Site, path: str, size: int) -> int:
    """Begin to send a large file, and return with which status it is refused; 0 if it is not.

    Hearth refuses it, since nobody is logged in. It is sent little by little: some proxies look at answers
    only while something comes.
    """
    connection = site.connect(CONNECT_SECONDS)
    connection.connect()
    sock = connection.sock
    try:
        lines = [
            f"POST {path} HTTP/1.1",
            f"Host: {site.netloc}",
            f"Content-Length: {size}",
            "Content-Type: multipart/form-data; boundary=x",
        ]
        sock.sendall("\r\n".join([*lines, "", ""]).encode())
        sock.settimeout(0.1)
        told = b""
        end = time.monotonic() + REFUSED_SECONDS
        while b"\r\n" not in told and time.monotonic() < end:
            with suppress(OSError):  # it has been answered, or nobody takes it
                sock.sendall(PIECE)
            with suppress(TimeoutError):
                told += sock.recv(4096)
        return int(told.split()[1]) if told else 0
    finally:
        connection.close()


def taken_of_a_file(site: Site, path: str, size: int) -> int:
    """Send a large file that Hearth takes from its doctor; return how much of it passes, at least.

    Some proxies look at how much comes, and not at how much is announced.
    """
    connection = site.connect(CONNECT_SECONDS)
    connection.putrequest("POST", path, skip_host=True)
    headers = {"Host": site.netloc, LETTER: letter(), "Content-Length": str(size)}
    for name, value in {**headers, "Content-Type": "multipart/form-data; boundary=x"}.items():
        connection.putheader(name, value)
    sent, end = 0, time.monotonic() + TAKEN_SECONDS
    try:
        connection.endheaders()
        while sent < size:
            piece = PIECE[: size - sent]
            connection.send(piece)
            sent += len(piece)
            if time.monotonic() > end:
                return size
        return sent if connection.getresponse().status == 200 else min(sent, size - 1)
    except (OSError, http.client.HTTPException):
        return min(sent, size - 1)
    finally:
        connection.close()


class Stream:
    """What came of the stream, and when."""

    def __init__(self, site: Site) -> None:
        self.seen: dict[str, Any] = {}
        self.is_whole = False
        patience = settings.HEARTBEAT_INTERVAL.total_seconds() + PAUSE + CONNECT_SECONDS
        connection = site.connect(patience)
        began = time.monotonic()
        try:
            headers = {
                "Host": site.netloc,
                "Accept": "text/event-stream",
                "Accept-Encoding": "gzip",
                "X-Forwarded-For": SPOOF,
            }
            connection.request("GET", f"{PATH}?letter={letter()}", headers=headers)
            answer = connection.getresponse()
            self.status = answer.status
            self.encoding = answer.headers.get("Content-Encoding", "")
            self.proxy = proxy_of(answer.headers)
            self._read(answer, began)
        finally:
            connection.close()

    def _read(self, answer: http.client.HTTPResponse, began: float) -> None:
        unpacked = zlib.decompressobj(31) if self.encoding == "gzip" else None
        told, came = b"", {SEEN: 0.0, SECOND: 0.0, LAST: 0.0}
        with suppress(OSError, http.client.HTTPException):  # it is cut off
            while LAST not in told and (piece := answer.read1(4096)):
                told += unpacked.decompress(piece) if unpacked else piece
                now = time.monotonic() - began
                came = {event: when or now * (event in told) for event, when in came.items()}
        # What is held back comes at once with what was written later.
        gaps = came[SEEN], PAUSE - (came[SECOND] - came[SEEN] if came[SECOND] else PAUSE)
        self.is_held_back = max(gaps) > PAUSE / 2
        self.is_whole = LAST in told
        for line in told.splitlines():
            if line.startswith(b"data: {"):
                self.seen = json.loads(line[6:])


def proxy_of(headers: Message) -> str:
    """Return the name of the proxy at hand, if it can be told."""
    server, via = headers.get("Server", ""), headers.get("Via", "")
    if server.lower().startswith("nginx"):
        return "nginx"
    # It leaves the name of what is behind it, and offers HTTP/3.
    if "caddy" in (server + via).lower() or headers.get("Alt-Svc", "").startswith("h3="):
        return "Caddy"
    return ""
