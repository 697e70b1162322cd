from collections.abc import Callable
from typing import Any

from django.contrib.auth import logout
from django.contrib.auth import middleware as auth_middleware
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts import claims, limits, sessions
from accounts.models import User
from accounts.time_zones import time_zone_name
from config.errors import error_page
from config.languages import chosen_language
from config.middleware import is_htmx


class LoginRequiredMiddleware(auth_middleware.LoginRequiredMiddleware):
    """Ask for a login. htmx gets 401: it would follow a redirect and put the login page into another page.

    After the login, the address a form was posted to cannot be opened; the page of the form can.
    """

    def process_view(self, request: HttpRequest, *view: Any) -> HttpResponseBase | None:
        if isinstance(request.user, User) and not request.user.may_stay:
            logout(request)
        return super().process_view(request, *view)

    def handle_no_permission(  # type: ignore[override]  # the handler takes any response
        self, request: HttpRequest, view_func: Callable[..., Any]
    ) -> HttpResponseBase:
        if is_htmx(request):
            return HttpResponse(status=401)
        if request.method not in ("GET", "HEAD"):
            return redirect_to_login(request.headers.get("Referer", ""))
        return super().handle_no_permission(request, view_func)


class WordedLimits:
    """Say on a page of its own that a limit was reached, unless the view has said so."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, limits.LimitReached):
            return None
        return exception.mark(error_page(request, 429, _("This didn’t work"), str(exception)))


def noted_sessions(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Note when a session was last used. Requests with an empty answer, such as typing, leave no trace."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        is_of_note = response.status_code not in (204, 500) and isinstance(request.user, User)
        if is_of_note and sessions.note(request):
            claims.keep(request, response)
        return response

    return middleware


def known_reader(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Use the reader's language. Keep the reader for pages that are rendered when users cannot be read."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        # Django's is lazy: each access goes through a wrapper, some hundred times per page.
        request.user = sessions.user_of(request)
        if isinstance(request.user, User) and (language := chosen_language(request.user.language)):
            translation.activate(language)  # until browser_language ends
        request.reader = request.user if isinstance(request.user, User) else None  # type: ignore[attr-defined]  # ours
        return get_response(request)

    return middleware


def time_zone(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Show times in the zone of the reader."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        with timezone.override(time_zone_name(request)):
            return get_response(request)

    return middleware
