from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST

from accounts import sessions
from accounts.forms import LoginForm
from accounts.http import AuthenticatedRequest
from accounts.models import User

ADDRESS_MAX_LENGTH = 2048  # as Django's own for what it leads to
FIRST_STEPS_KEY = "first_steps"  # in the session, until they are dismissed
BACKEND = "django.contrib.auth.backends.ModelBackend"


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def login_view(request: HttpRequest) -> HttpResponse:
    next_page = local_address(request, request.POST.get("next") or request.GET.get("next", ""))
    if request.user.is_authenticated and request.method != "POST":
        return HttpResponseRedirect(next_page)
    form = LoginForm.bound_to(request, request=request)
    if form.is_valid() and form.user:
        let_in(request, form.user)
        return HttpResponseRedirect(next_page)
    context = {"form": form, "next": next_page, "entering": settings.ENTERING}
    return form.mark(render(request, "accounts/login.html", context))


def let_in(request: HttpRequest, user: User) -> None:
    """Begin a session of `user`; in their first one, the lobby shows what to do first."""
    is_first = user.last_login is None
    login(request, user, backend=BACKEND)
    if is_first:
        request.session[FIRST_STEPS_KEY] = True


@require_POST
def first_steps_delete(request: AuthenticatedRequest) -> HttpResponse:
    """Show no more what to do first."""
    request.session.pop(FIRST_STEPS_KEY, None)
    return redirect("rooms:lobby")


@login_not_required
@require_POST
def logout_view(request: HttpRequest) -> HttpResponse:
    sessions.log_out(request)
    return redirect("accounts:login")


def local_address(request: HttpRequest, address: str) -> str:
    """Return `address` if it belongs to this site, else the lobby's."""
    is_local = len(address) <= ADDRESS_MAX_LENGTH and url_has_allowed_host_and_scheme(
        address, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return address if is_local else resolve_url(settings.LOGIN_REDIRECT_URL)
