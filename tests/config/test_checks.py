"""What `manage.py check --deploy` says of settings."""

import os
import subprocess
import sys

import pytest

from tests.support.server import ROOT

POSTGRESQL = "postgresql://u@/n"


def said(tmp_path, **variables):
    """Return the ids of what is Hearth's own, and all that a deployment with these variables is told."""
    environment = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path), **variables}
    result = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy"],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    lines = [line for line in result.stderr.splitlines() if "hearth." in line]
    return [line.split("hearth.")[1][:4] for line in lines], result.stderr


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, []),
        ({"REDIS_URL": "redis://localhost", "WEB_CONCURRENCY": "4"}, []),
        ({"DATABASE_URL": POSTGRESQL, "REDIS_URL": "redis://localhost", "SECRET_KEY": "s" * 60}, []),
        ({"DEBUG": "1", "ALLOWED_HOSTS": "chat.example"}, ["E001"]),
        (
            {
                "ALLOWED_HOSTS": "*",
                "METRICS_TOKEN": "short",
                "WEB_CONCURRENCY": "2",
                "HEARTBEAT_INTERVAL": "25",
                "POLL_INTERVAL": "60",
            },
            ["E002", "W001", "W002", "W004", "W006"],
        ),
        (
            {
                "DATABASE_URL": "postgresql://u@db.example/n",
                "REDIS_URL": "redis://localhost",
                "SECRET_KEY": "s",
            },
            ["W003"],
        ),
        ({"DATABASE_URL": POSTGRESQL, "SECRET_KEY": "s"}, ["W004"]),
        ({"DATABASE_URL": POSTGRESQL, "REDIS_URL": "redis://localhost"}, ["W005"]),
    ],
)
def test_deployment_is_told_what_to_set(tmp_path, variables, expected):
    ids, text = said(tmp_path, **variables)
    assert sorted(ids) == expected, text
    for name in ids:
        line = next(line for line in text.splitlines() if f"hearth.{name}" in line)
        assert ": set " in line or ": add " in line
        assert line.endswith(".")
