"""Read settings from the environment; a wrong value stops start-up and names its variable."""

import hashlib
import os
import secrets
from collections.abc import Collection, Sequence
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

from config import rates
from config.colors import BLACK, DARK, LIGHT, SHAPE, WHITE, Color, ratio

PICTURES = (".svg", ".png", ".webp")
PICTURE_MAX_BYTES = 256 * 1024  # every page loads it
_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off", ""}


def text(name: str, default: str = "") -> str:
    """Return the value of a variable, or what is in the file that the variable NAME_FILE names."""
    value = os.environ.get(name, "").strip()
    if not value and (file := os.environ.get(f"{name}_FILE", "").strip()):
        try:
            value = Path(file).read_text().strip()
        except (OSError, UnicodeDecodeError):
            raise ImproperlyConfigured(
                f"{name}_FILE must be a file with text, which {file} is not."
            ) from None
    return value or default


def line(name: str, default: str, most: int) -> str:
    """Return a text of one line."""
    value = text(name, default)
    if len(value) > most or not value.isprintable():
        raise ImproperlyConfigured(f"{name} must be one line of at most {most} characters.")
    return value


def accent(name: str) -> tuple[Color, Color] | None:
    """Return a colour for the light theme and one for the dark: "#066456 #00b892". None where none is set.

    Buttons have it: they stand out from what is around them. For text there are shades of it.
    """
    value = text(name)
    if not value:
        return None
    try:
        light, dark = map(Color.parse, value.split())
    except ValueError:
        raise ImproperlyConfigured(
            f"{name} must be a colour for light and one for dark, such as #066456 #00b892, not {value!r}."
        ) from None
    for color, word, other, toward, around in (
        (light, "light", "darker", BLACK, LIGHT),
        (dark, "dark", "lighter", WHITE, DARK),
    ):
        contrast, ground = min((ratio(color, ground), ground) for ground in around)
        if contrast < SHAPE:
            shade = color.against(*around, toward=toward, contrast=SHAPE)
            raise ImproperlyConfigured(
                f"{name}: in the {word} theme, buttons of {color} can hardly be seen on {ground}. Their "
                f"contrast is {contrast:.1f}:1, and WCAG asks for {SHAPE:.0f}:1. {shade} is {other} "
                "and has it."
            )
    return light, dark


def picture(name: str) -> Path | None:
    """Return a file with a picture; None where none is set."""
    if not (value := text(name)):
        return None
    path = Path(value).resolve()
    if path.suffix not in PICTURES or not path.is_file():
        raise ImproperlyConfigured(
            f"{name} must be a file of a kind of {', '.join(PICTURES)}, which {path} is not."
        )
    if path.stat().st_size > PICTURE_MAX_BYTES:
        raise ImproperlyConfigured(f"{name} has more than {PICTURE_MAX_BYTES // 1024} KiB.")
    return path


def words(name: str, default: list[str]) -> list[str]:
    """Return a comma-separated list; `default` when the variable is unset or empty."""
    value = text(name)
    return [word.strip() for word in value.split(",") if word.strip()] if value else default


def flag(name: str, default: bool) -> bool:
    if name in os.environ and not os.environ[name].strip():
        return False
    value = text(name, "1" if default else "0")
    if value.lower() in _TRUE:
        return True
    if value.lower() in _FALSE:
        return False
    raise ImproperlyConfigured(f"{name} must be 1 or 0, not {value!r}.")


def one_of(name: str, choices: Collection[str], default: str) -> str:
    """Return one of `choices`, which are in capitals, in whatever case it is written."""
    value = text(name, default).upper()
    if value not in choices:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(choices)}, not {value!r}.")
    return value


def folder(name: str, default: Path) -> Path:
    """Return a folder that can be written to, made if there is none."""
    path = Path(text(name, str(default))).resolve()
    try:
        path.mkdir(mode=0o750, parents=True, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(
            f"{name} must be a folder, which {path} is not: {error.strerror}."
        ) from None
    if not os.access(path, os.W_OK | os.X_OK):
        raise ImproperlyConfigured(f"{name} must be a folder that can be written to, which {path} is not.")
    return path


def optional_folder(name: str) -> Path | None:
    """Return a folder that is there; None where nothing is set."""
    path = Path(value).resolve() if (value := text(name)) else None
    if path and not path.is_dir():
        raise ImproperlyConfigured(f"{name} must be a folder, which {path} is not.")
    return path


def theme(name: str, default: Path, shipped: Path) -> Path | None:
    """Return a folder that is there, or the one of that name in `shipped`.

    None where nothing is set and `default` is not there.
    """
    if not (value := text(name)):
        return default if default.is_dir() else None
    path = shipped / value if value in names_in(shipped) else Path(value).resolve()
    if not path.is_dir():
        known = " or ".join(sorted(names_in(shipped)))
        raise ImproperlyConfigured(f"{name} must be {known}, or a folder, which {path} is not.")
    return path


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.is_dir()}


def seconds(name: str, default: float) -> timedelta:
    """Return a duration of more than 0 seconds, given in seconds."""
    value = text(name, str(default))
    try:
        duration = timedelta(seconds=float(value))
    except (ValueError, OverflowError):
        duration = timedelta(0)
    if duration <= timedelta(0):
        raise ImproperlyConfigured(f"{name} must be a number of seconds, such as {default}, not {value!r}.")
    return duration


def count(name: str, default: int, least: int = 1) -> int:
    """Return a whole number from `least`."""
    value = text(name, str(default))
    if not (value.isascii() and value.isdigit() and len(value) < 10 and int(value) >= least):
        raise ImproperlyConfigured(f"{name} must be a whole number, such as {default}, not {value!r}.")
    return int(value)


def address(name: str, schemes: Sequence[str]) -> str:
    """Return a URL of one of `schemes`, or nothing. It may hold a password, so no error repeats it."""
    value = text(name)
    try:
        is_known = urlsplit(value).scheme in schemes
    except ValueError:
        is_known = False
    if value and not is_known:
        raise ImproperlyConfigured(f"{name} must be an address that begins with {schemes[0]}://.")
    return value


def postgresql(name: str, timeout: timedelta) -> dict[str, Any]:
    """Return Django's settings for the PostgreSQL server that a URL names; nothing without a URL.

    Anything that waits for the server or for a lock gives up after `timeout`.
    """
    url = address(name, ["postgresql", "postgres"])
    if not url:
        return {}
    try:
        database = dj_database_url.parse(url, conn_max_age=None, conn_health_checks=True)
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be like postgresql://user:password@host/name.") from None
    seconds = timeout.total_seconds()
    options = {
        "connect_timeout": max(2, round(seconds)),  # no less is possible
        "options": f"-c lock_timeout={round(1000 * seconds)}",
        # To notice a server that has silently gone.
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 2,
        "tcp_user_timeout": 20_000,
    }
    return {**database, "OPTIONS": options | database.get("OPTIONS", {})}


def channel_layer(name: str, secret: str) -> dict[str, Any]:
    """Return the channel layer on the Redis server that a URL names; without a URL the one in memory.

    All databases of a Redis share its channels, so those of another installation need other names: processes
    with one `secret` hear each other.
    """
    url = address(name, ["redis", "rediss", "unix"])
    if not url:
        return {"BACKEND": "channels.layers.InMemoryChannelLayer"}
    prefix = f"hearth-{hashlib.sha256(secret.encode()).hexdigest()[:16]}-"
    host = {"address": url, "socket_connect_timeout": 1, "socket_timeout": 2, "socket_keepalive": True}
    config = {"hosts": [host], "prefix": prefix}
    return {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", "CONFIG": config}


def secret_key(folder: Path) -> str:
    """Return SECRET_KEY, or the key kept in `folder`, made there on the first run.

    Two processes may start at once on a new machine: the first to link its file wins and both use that key.
    """
    if from_environment := text("SECRET_KEY"):
        return from_environment
    path = folder / "secret_key"
    if not path.exists():
        candidate = folder / f".secret_key-{secrets.token_hex(8)}"
        candidate.touch(mode=0o600)
        candidate.write_text(secrets.token_urlsafe(64))
        try:
            path.hardlink_to(candidate)
        except FileExistsError:
            pass
        finally:
            candidate.unlink()
    return path.read_text().strip()


def rate(name: str, default: str) -> rates.Rate | None:
    """Return how often something may be done, given as `10/3m`; None for no limit."""
    value = text(name, default)
    try:
        return rates.parse(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be like {default}, or off, not {value!r}.") from None


def networks(name: str, default: list[str]) -> list[IPv4Network | IPv6Network]:
    """Return addresses and networks, separated by commas; none for `none`."""
    value = text(name)
    if value.lower() == "none":
        return []
    try:
        return [ip_network(word) for word in words(name, default)]
    except ValueError:
        raise ImproperlyConfigured(
            f"{name} must be addresses or networks such as 192.0.2.0/24, not {value!r}."
        ) from None
