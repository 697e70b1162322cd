from typing import Any

from django.http import HttpRequest


def reader(request: HttpRequest) -> dict[str, Any]:
    """Give all templates `reader`, whose settings say how the page looks; None before the login."""
    return {"reader": getattr(request, "reader", None)}
