from typing import Any

from django.conf import settings
from django.http import HttpRequest


def reader(request: HttpRequest) -> dict[str, Any]:
    """Give all templates `reader`, whose settings say how the page looks; None before the login."""
    return {"reader": getattr(request, "reader", None)}


def site(request: HttpRequest | None = None) -> dict[str, Any]:
    """Give all templates what this Hearth is called, and what is said below its login."""
    return {"site_name": settings.SITE_NAME, "site_line": settings.SITE_LINE}
