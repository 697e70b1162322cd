"""The settings as they are shipped, for a server that is reached by https."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.kept import tables

ROOT = Path(__file__).resolve().parent.parent.parent
SHIPPED = {"HTTPS": "1", "ENTERING": "closed", "ALLOWED_HOSTS": "chat.example"}


@pytest.fixture(scope="module")
def manage(tmp_path_factory):
    """Run a command of a new installation with the variables of a server that others reach."""
    folder = tmp_path_factory.mktemp("data")
    shutil.copy(tables(), folder)

    def run(*arguments, **variables):
        variables = {"PATH": os.environ["PATH"], "DATA_DIR": str(folder), **SHIPPED, **variables}
        return subprocess.run(
            [sys.executable, "manage.py", *arguments], cwd=ROOT, env=variables, capture_output=True, text=True
        )

    return run


def test_deployment_checks_find_nothing(manage):
    result = manage("check", "--deploy", "--fail-level", "WARNING")
    assert result.returncode == 0, result.stderr
    assert "WARNINGS" not in result.stderr


def test_deployment_without_https_is_warned_of(manage):
    result = manage("check", "--deploy", HTTPS="0")
    for warning in ("security.W004", "security.W008", "security.W012", "security.W016"):
        assert warning in result.stderr


def test_open_door_to_the_world_is_warned_of(manage):
    assert "accounts.W001" in manage("check", ENTERING="open").stderr


VISIT = """
from django.test import Client

proxied = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.7"}
answers = {
    "proxied": Client(headers={"Host": "chat.example", **proxied}).get("/login/"),
    "direct": Client(headers={"Host": "chat.example"}).get("/login/"),
    "spoofed": Client(headers={"Host": "chat.example", **proxied}, REMOTE_ADDR="203.0.113.9").get("/login/"),
}
for name, answer in answers.items():
    print(name, answer.status_code, answer.get("Location", "-"), answer.get("Strict-Transport-Security", "-"))
    for cookie in answer.cookies.values():
        print(name, "cookie", cookie.OutputString())
"""


def test_pages_are_encrypted_only_and_cookies_bound_to_the_host(manage):
    result = manage("setup")
    assert result.returncode == 0, result.stderr
    lines = manage("shell", "--verbosity", "0", "-c", VISIT).stdout.splitlines()
    assert lines[0] == "proxied 200 - max-age=31536000"
    assert lines[1].startswith("proxied cookie __Host-hearth_csrf=")
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= {part.strip() for part in lines[1].split(";")}
    assert "Domain" not in lines[1]
    assert lines[2:] == [
        "direct 301 https://chat.example/login/ -",
        "spoofed 301 https://chat.example/login/ -",
    ]


def test_key_can_be_changed_without_logging_anybody_out(settings, ada_client, ada_elsewhere):
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another", [settings.SECRET_KEY]
    assert ada_client.get("/").status_code == 200
    settings.SECRET_KEY_FALLBACKS = []
    assert ada_client.get("/").status_code == 200  # signed with the new one in between
    assert ada_elsewhere.get("/").status_code == 302
