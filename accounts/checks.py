"""Deployments that let strangers in."""

from ipaddress import ip_address
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register

_PRIVATE_ENDINGS = (".localhost", ".local", ".lan", ".home", ".internal", ".home.arpa", ".test")


@register(Tags.security)
def open_to_strangers(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    public = [host for host in settings.ALLOWED_HOSTS if is_public(host)]
    if settings.ENTERING != "open" or not public:
        return []
    return [
        Warning(
            f"Anybody who reaches {', '.join(public)} can enter with any name that has no password.",
            hint="Set ENTERING to claimed or closed, unless only people you trust can reach it.",
            id="accounts.W001",
        )
    ]


def is_public(host: str) -> bool:
    """Whether a name or address of ALLOWED_HOSTS may be reached from everywhere."""
    name = host.lower().strip("[]").removeprefix(".")
    try:
        return ip_address(name).is_global
    except ValueError:
        return name == "*" or ("." in name and not f".{name}".endswith(_PRIVATE_ENDINGS))
