import zoneinfo
from collections.abc import Callable
from typing import Any

from django.contrib.auth import middleware
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone

from config.middleware import is_htmx

TIME_ZONE_COOKIE = "hearth_timezone"


class LoginRequiredMiddleware(middleware.LoginRequiredMiddleware):
    """Ask for a login, except of htmx: it would follow a redirect and show the login page inside another."""

    def handle_no_permission(  # type: ignore[override]  # the handler takes any response
        self, request: HttpRequest, view_func: Callable[..., Any]
    ) -> HttpResponseBase:
        if is_htmx(request):
            return HttpResponse(status=401)
        return super().handle_no_permission(request, view_func)


def time_zone(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Show times in the zone that the browser told in a cookie."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        try:
            zone = zoneinfo.ZoneInfo(request.COOKIES[TIME_ZONE_COOKIE])
        except (KeyError, ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
            return get_response(request)
        with timezone.override(zone):
            return get_response(request)

    return middleware
