"""Deployments that are dangerous or slower than they need be: `manage.py check --deploy` says what to set."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

from config import environment

LOCAL = {"localhost", "127.0.0.1", "[::1]", "::1", ""}
# Pages give up after 30 seconds of silence.
LONGEST_HEARTBEAT = 20
LONGEST_POLL = 5
SHORTEST_TOKEN = 16
ENCRYPTED = {"require", "verify-ca", "verify-full"}


@register(Tags.security, deploy=True)
def check_deployment(app_configs: Sequence[AppConfig] | None, **_options: Any) -> list[CheckMessage]:
    messages = {**_dangers(), **_processes(), **_times()}
    return [
        (Error if name.startswith("E") else Warning)(sentence, id=f"hearth.{name}")
        for name, (is_so, sentence) in messages.items()
        if is_so
    ]


def _dangers() -> dict[str, tuple[bool, str]]:
    return {
        "E001": (
            settings.DEBUG and not set(settings.ALLOWED_HOSTS) <= LOCAL,
            "Errors show settings and data to everybody: set DEBUG=0.",
        ),
        "W001": (
            "*" in settings.ALLOWED_HOSTS,
            "Any site can pass for Hearth: set ALLOWED_HOSTS to the names it is reached by.",
        ),
        "W002": (
            0 < len(settings.METRICS_TOKEN) < SHORTEST_TOKEN,
            f"METRICS_TOKEN can be guessed: set one of {SHORTEST_TOKEN} characters or more.",
        ),
        "W003": (
            _is_remote(settings.DATABASES["default"]),
            "Messages go to the database unencrypted: add ?sslmode=verify-full to DATABASE_URL.",
        ),
    }


def _processes() -> dict[str, tuple[bool, str]]:
    has_redis = "redis" in settings.CHANNEL_LAYERS["default"]["BACKEND"]
    return {
        "W004": (
            not has_redis and (_is_postgresql() or settings.WEB_CONCURRENCY > 1),
            "Several processes show each other's messages only after POLL_INTERVAL: set REDIS_URL for all.",
        ),
        "W005": (
            _is_postgresql() and not environment.text("SECRET_KEY"),
            "Each machine signs sessions with a key of its own: set the same SECRET_KEY for all.",
        ),
    }


def _times() -> dict[str, tuple[bool, str]]:
    return {
        "E002": (
            settings.HEARTBEAT_INTERVAL.total_seconds() > LONGEST_HEARTBEAT,
            f"Pages take such silence for a fault: set HEARTBEAT_INTERVAL to {LONGEST_HEARTBEAT} or less.",
        ),
        "W006": (
            settings.POLL_INTERVAL.total_seconds() > LONGEST_POLL,
            f"What no doorbell tells of is shown late: set POLL_INTERVAL to {LONGEST_POLL} or less.",
        ),
    }


def _is_postgresql() -> bool:
    return bool(settings.DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql")


def _is_remote(database: dict[str, Any]) -> bool:
    """Whether a PostgreSQL is reached over a network, in the clear."""
    options = database["OPTIONS"]
    host = str(options.get("host", database.get("HOST", "")))
    is_far = _is_postgresql() and host not in LOCAL and not host.startswith("/")
    return is_far and options.get("sslmode") not in ENCRYPTED
