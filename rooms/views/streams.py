from typing import Any

from django.http import HttpRequest, HttpResponse


def not_here(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    """Answer where only plain WSGI is served; the ASGI application takes streams before Django sees them."""
    return HttpResponse(
        "Streams need the ASGI application.", status=501, content_type="text/plain; charset=utf-8"
    )
