"""Django's admin for staff, under the rules that all pages of Hearth follow."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import BadRequest
from django.db import DataError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csp import csp_override

from accounts.views.entering import logout_view

# The admin's scripts put HTML into pages as text, which Trusted Types forbid. The rest of the policy stays.
POLICY: dict[str, Any] = {
    directive: sources
    for directive, sources in settings.SECURE_CSP.items()
    if directive not in ("trusted-types", "require-trusted-types-for")
}


class AdminSite(admin.AdminSite):
    """The admin exists for staff only. Login and passwords are those of the chat."""

    site_title = site_header = settings.SITE_NAME
    index_title = _("Administration")
    site_url = "/"

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        shown = csp_override(POLICY)(super().admin_view(view, cacheable))

        def for_staff(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not self.has_permission(request):
                raise Http404
            try:
                response: HttpResponseBase = shown(request, *args, **kwargs)
            except (OverflowError, DataError):  # a filter names a moment that UTC or PostgreSQL does not have
                raise BadRequest from None
            return response

        return for_staff

    @method_decorator(login_not_required)
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if request.user.is_authenticated:
            raise Http404  # staff are logged in already
        return redirect_to_login(request.GET.get("next", ""))

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:  # type: ignore[override]
        return logout_view(request)

    def password_change(  # type: ignore[override]
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return redirect("accounts:password_update")

    def password_change_done(  # type: ignore[override]
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return redirect("accounts:password_update")
