"""Pages for requests that failed; htmx requests get a fragment from `config.middleware.worded_failures`."""

import logging

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

logger = logging.getLogger(__name__)


def error_page(request: HttpRequest, status: int, heading: str, explanation: str) -> HttpResponse:
    return render(request, "error.html", {"heading": heading, "explanation": explanation}, status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error_page(request, 400, _("Request not understood"), _("Go back, reload the page and try again."))


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error_page(request, 403, _("Not allowed"), _("You may not do this."))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return error_page(
        request,
        403,
        _("This page has expired"),
        _("You have logged in or out since it was opened, or cookies are blocked. Reload it and try again."),
    )


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error_page(request, 404, _("Not found"), _("This page does not exist, or is not for you."))


def server_error(request: HttpRequest) -> HttpResponse:
    # Without the request, whose user may be what cannot be read.
    page = {"heading": _("Something went wrong"), "explanation": _("The fault was logged. Try again.")}
    return HttpResponse(render_to_string("error.html", page), status=500)
