"""`manage.py doctor` finds what is wrong with a proxy, be it nginx or Caddy, and says what to do about it."""

import re
import subprocess
from datetime import timedelta

import httpx
import pytest

from config.doctor import outside
from tests.support.server import Server, free_port
from tests.support.services import Caddy, EncryptedNginx

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def server(prepared_folder, tmp_path_factory):
    """One that a proxy reaches, and that is asked for its own stream."""
    folder = tmp_path_factory.mktemp("doctor")
    (folder / "secret_key").write_bytes((prepared_folder / "secret_key").read_bytes())
    with Server(
        folder, DATABASE_URL="", HTTPS="1", ALLOWED_HOSTS="localhost,127.0.0.1", HEARTBEAT_INTERVAL="1.5"
    ) as server:
        yield server


@pytest.fixture
def examined(server, settings, monkeypatch):
    """`examined(EncryptedNginx, change)` is what the doctor finds behind such a proxy: names and fixes."""
    settings.SECRET_KEY = (server.folder / "secret_key").read_text()
    settings.HEARTBEAT_INTERVAL = timedelta(seconds=1.5)
    settings.UPLOAD_PATHS = dict.fromkeys(settings.UPLOAD_PATHS, 2_000_000)  # Hearth takes more
    monkeypatch.setattr(outside, "REFUSED_SECONDS", 1)

    def examine(kind, change=str, is_known=True, port=server.port):
        with kind(free_port(), [port], change) as site:
            if is_known:
                monkeypatch.setenv("SSL_CERT_FILE", str(site.certificate))
            return {one.name: one.fix for one in outside.examine(f"{site.url}/") if one.fix}

    return examine


@pytest.mark.parametrize("kind", [EncryptedNginx, Caddy])
def test_nothing_is_wrong_with_the_files_in_deploy(examined, kind):
    assert examined(kind) == {}


WITHOUT = r" *{}.*\n"
NGINX = {
    "streams": ("client_max_body_size 64k;", r"\g<0> proxy_ignore_headers X-Accel-Buffering;"),
    "compression": (
        "client_max_body_size 64k;",
        r"\g<0> gzip on; gzip_types text/event-stream; gzip_proxied any; gzip_min_length 0;",
    ),
    "time-out": ("proxy_read_timeout 60s", "proxy_read_timeout 1s"),
    "http/2": (" ssl http2", " ssl"),
    "host": (WITHOUT.format("proxy_set_header Host"), ""),
    "proto": (WITHOUT.format("proxy_set_header X-Forwarded-Proto"), ""),
    "address": (r"\$proxy_add_x_forwarded_for", "$http_x_forwarded_for"),
    "uploads": (r"client_max_body_size 251m", "client_max_body_size 64k"),
}
CADDY = {
    "streams": ("lb_policy", "}\n encode gzip\n reverse_proxy /never 127.0.0.1:1 {\n lb_policy"),
    "time-out": ("lb_policy", "transport http {\n read_timeout 1s\n }\n lb_policy"),
    "http/2": ("auto_https", "servers {\n protocols h1\n }\n auto_https"),
    "host": ("lb_policy", "header_up Host hearth\n lb_policy"),
    "proto": ("lb_policy", "header_up X-Forwarded-Proto http\n lb_policy"),
    "address": ("lb_policy", "header_up -X-Forwarded-For\n lb_policy"),
    "uploads": ("reverse_proxy {", "request_body {\n max_size 1MB\n }\n reverse_proxy {"),
}
# What comes with it.
ALSO = {"proto": {"redirects"}, "streams": {"compression"}, "host": {"hosts"}}


@pytest.mark.parametrize(
    ("kind", "name", "change"),
    [
        (kind, name, change)
        for kind, changes in ((EncryptedNginx, NGINX), (Caddy, CADDY))
        for name, change in changes.items()
    ],
    ids=lambda value: value if isinstance(value, str) else getattr(value, "name", ""),
)
def test_what_is_wrong_with_a_proxy_is_named_with_what_to_do(examined, kind, name, change):
    def changed(text):
        found, count = re.subn(*change, text)
        assert count
        return found

    found = examined(kind, changed)
    assert found.keys() - ALSO.get(name, set()) == {name}
    shown = {"nginx": "nginx", "caddy": "Caddy"}[kind.name]
    assert found[name] == outside.FIXES[name][shown]


def test_whole_files_that_are_taken_in_first_are_a_hint(examined):
    found = examined(EncryptedNginx, lambda text: text.replace("proxy_request_buffering off;", ""))
    assert found.keys() == {"uploads"}


def test_certificate_that_nobody_knows_and_a_server_that_is_away(examined):
    assert examined(EncryptedNginx, is_known=False, port=free_port()).keys() == {"certificate", "reach"}


def test_proxy_that_is_not_trusted_is_named():
    seen = {"peer": "10.0.0.9", "is_trusted": False, "host": "chat.example", "proto": "https"}
    site = outside.Site("https://chat.example/")
    findings = outside.Examination(site, "h2").of_what_was_seen({**seen, "forwarded_for": "203.0.113.7"})
    assert [one.fix for one in findings if one.fix] == [
        "Set TRUSTED_PROXIES=10.0.0.9, and HTTPS=1 if it is asked by https."
    ]


def test_command_says_all_and_ends_with_a_status(tmp_path, postgresql):
    """With a PostgreSQL that knows no capitals but those of English, nobody serving, and Redis away."""
    with postgresql.connect() as connection:
        connection.execute("CREATE DATABASE plain LOCALE 'C' ENCODING 'UTF8' TEMPLATE template0")
    variables = {"DATABASE_URL": postgresql.url("plain"), "REDIS_URL": f"redis://127.0.0.1:{free_port()}/0"}
    server = Server(tmp_path, **variables)
    with pytest.raises(subprocess.CalledProcessError) as ended:
        server.manage("doctor", server.url)
    said = ended.value.stdout
    for name in ("locale", "database", "redis", "reach"):
        assert re.search(rf"^PROBLEM {name}: .+\n {{8}}\S", said, re.MULTILINE), said
    assert "hint    backup: No backup is made each night." in said
    assert "ok      disk: " in said
    assert re.search(r"^CommandError: \d problems found\.$", ended.value.stderr, re.MULTILINE)


@pytest.mark.parametrize("query", ["", "?letter=", "?letter=ImRvY3RvciI:1:abc"])
def test_nobody_else_is_told_anything(server, query):
    answer = httpx.get(f"{server.url}/doctor{query}")
    assert (answer.status_code, answer.text) == (404, "not found")


@pytest.mark.parametrize("letter", ["", "ImRvY3RvciI:1:abc"])
def test_nobody_else_may_send_a_file(server, letter):
    headers = {outside.LETTER: letter, "Content-Type": "multipart/form-data; boundary=x"}
    answer = httpx.post(f"{server.url}/rooms/1/messages/", headers=headers, content=b"-" * 100_000)
    assert answer.status_code == 401
