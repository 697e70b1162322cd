"""Pages for requests that failed; htmx requests get a fragment from `config.middleware.worded_failures`."""

import logging
import sys

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.context_processors import csrf
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from config.context_processors import reader, site
from config.database import is_unavailable
from config.middleware import error_sentence

RETRY_AFTER_SECONDS = 2

logger = logging.getLogger(__name__)


def error_page(request: HttpRequest, status: int, heading: str, explanation: str) -> HttpResponse:
    return render(request, "error.html", {"heading": heading, "explanation": explanation}, status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error_page(request, 400, _("Invalid request"), _("Go back, reload the page and try again."))


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error_page(request, 403, _("Not allowed"), _("You are not allowed to do this."))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return error_page(
        request,
        403,
        _("This page has expired"),
        _("You have logged in or out since it was opened, or cookies are blocked. Reload it and try again."),
    )


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error_page(
        request, 404, _("Not found"), _("This page doesn’t exist, or you don’t have access to it.")
    )


def server_error(request: HttpRequest) -> HttpResponse:
    if (error := sys.exception()) and is_unavailable(error):
        return database_unavailable(request)
    # Without the request: its user may be the very thing that cannot be read.
    page = {"heading": _("Something went wrong"), "explanation": _("The error has been logged. Try again.")}
    return HttpResponse(render_to_string("error.html", page | site() | reader(request)), status=500)


def database_unavailable(request: HttpRequest) -> HttpResponse:
    """Say so, with what was typed and a button that sends it again, with its token: it is saved once."""
    page = {
        "heading": _("This didn’t work"),
        "explanation": error_sentence(503),
        # Before the token is checked, it may come from another site.
        "unsent": request.POST if getattr(request, "csrf_processing_done", False) else {},
        "action": request.path,
    }
    # Without the request, whose user cannot be read.
    html = render_to_string("error.html", page | site() | reader(request) | csrf(request))
    return HttpResponse(html, status=503, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})
