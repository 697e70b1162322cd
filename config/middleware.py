"""What every answer has in common."""

from collections.abc import Callable

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, HttpResponseBase, UnreadablePostError
from django.middleware.gzip import GZipMiddleware
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from config import addresses
from config.serving import bodies
from config.serving.headers import SAFE

GetResponse = Callable[[HttpRequest], HttpResponseBase]

# Set on answers whose body already is the fragment that explains the error.
FRAGMENT_HEADER = "HX-Reswap"


class Compression(GZipMiddleware):
    """Compresses pages. Files are sent as they are: compressing would read them into memory."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if response.has_header("Accept-Ranges"):
            return response
        return super().process_response(request, response)


def known_address(get_response: GetResponse) -> GetResponse:
    """Put the client's address into REMOTE_ADDR; remove headers that only a trusted proxy may send."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        peer = request.META.get("REMOTE_ADDR", "")
        if not addresses.is_proxy(peer):
            request.META.pop("HTTP_X_FORWARDED_PROTO", None)
        request.META["REMOTE_ADDR"] = addresses.client_address(
            peer, request.META.get("HTTP_X_FORWARDED_FOR", "")
        )
        return get_response(request)

    return middleware


def browser_language(get_response: GetResponse) -> GetResponse:
    """Use the browser's language until the reader is known; name it in the answer."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        with translation.override(translation.get_language_from_request(request)):
            response = get_response(request)
            response.headers.setdefault("Content-Language", translation.get_language() or "")
            return response

    return middleware


def private_pages(get_response: GetResponse) -> GetResponse:
    """Keep pages out of shared caches, and fragments and whole pages of one address apart."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if not response.has_header("Cache-Control"):
            response["Cache-Control"] = "private, no-store"
        response["Vary"] = "Accept-Language, Cookie, HX-Request"
        for name in ("Permissions-Policy", "Cross-Origin-Resource-Policy"):
            response[name] = SAFE[name]
        return response

    return middleware


def whole_bodies(get_response: GetResponse) -> GetResponse:
    """Keep the bytes of each form: its fields no longer show which bytes were not UTF-8.

    An upload is left to whoever reads it, once it is known that the sender may upload.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        try:
            bodies.is_large_upload(request) or request.body
        except RequestDataTooBig:
            return HttpResponse(status=413)
        except UnreadablePostError:
            return HttpResponse(status=400)  # nobody is left to read it
        return get_response(request)

    return middleware


def worded_failures(get_response: GetResponse) -> GetResponse:
    """Say what failed: for htmx in a sentence for the page's notice, never a page; otherwise in a page."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if response.status_code < 400 or not isinstance(response, HttpResponse):
            return response
        if is_htmx(request) and not response.has_header(FRAGMENT_HEADER):
            make_fragment(response)
        elif not response.content:
            explanation = error_sentence(response.status_code)
            context = {"heading": _("This didn’t work"), "explanation": explanation}
            put_html(response, render_to_string("error.html", context, request))
        return response

    return middleware


def is_htmx(request: HttpRequest) -> bool:
    return request.headers.get("HX-Request") == "true"


def error_sentence(status: int) -> str:
    sentences = {
        400: _("The request was not understood."),
        401: _("Your session has ended. Log in again to continue."),
        403: _("This was refused. Reload the page and try again."),
        404: _("This is no longer here."),
        405: _("This can’t be done here."),
        408: _("This took too long to arrive. Try again."),
        413: _("This is too large."),
        422: _("This was not accepted. Check it and try again."),
        429: _("Too many requests. Wait a moment and try again."),
        503: _("The database isn’t responding. Try again in a moment."),
    }
    return sentences.get(status, _("Something went wrong on the server. Try again."))


def make_fragment(response: HttpResponse, sentence: str = "") -> None:
    """Replace the page with a sentence for the element with the id `notice`, which every page has."""
    notice = sentence or error_sentence(response.status_code)
    put_html(response, render_to_string("_notice.html", {"notice": notice}))
    response[FRAGMENT_HEADER] = "none"


def put_html(response: HttpResponse, html: str) -> None:
    response.content = html.encode()
    response["Content-Type"] = "text/html; charset=utf-8"
    response["Content-Length"] = len(response.content)
