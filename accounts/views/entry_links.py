from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts import limits
from accounts.forms import InvitationForm
from accounts.http import AuthenticatedRequest
from accounts.models import EntryLink, User
from accounts.qr import qr_code
from accounts.views.entering import BACKEND
from config.errors import error_page


@require_http_methods(["GET", "HEAD", "POST"])
def entry_link_create(request: AuthenticatedRequest) -> HttpResponse:
    """Show a link and a QR code for another browser of the user."""
    if settings.ENTERING != "claimed" or not request.user.is_entered_by_name:
        raise Http404
    return link_page(request, "accounts/entry_link_create.html", "accounts:entry_link_detail", request.user)


@require_http_methods(["GET", "HEAD", "POST"])
def invitation_create(request: AuthenticatedRequest) -> HttpResponse:
    """Show a link with which somebody new can come in."""
    if settings.ENTERING != "closed" or not request.user.is_staff:
        raise Http404
    return link_page(request, "accounts/invitation_create.html", "accounts:invitation_detail", None)


def link_page(request: AuthenticatedRequest, template: str, address: str, user: User | None) -> HttpResponse:
    """Say what the link is for; when asked for it, make one, which is shown this once."""
    if request.method != "POST":
        return render(request, template)
    limits.take("invitation_per_user", request.user.pk)
    url = request.build_absolute_uri(reverse(address, args=[EntryLink.objects.issue(user)]))
    return render(request, template, {"url": url, "qr": qr_code(url)}, status=201)


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def entry_link_detail(request: HttpRequest, token: str) -> HttpResponse:
    """Enter in this browser. Looking at the link does not use it up: programs look at links, too."""
    link = EntryLink.objects.with_token(token)
    if settings.ENTERING != "claimed" or not (link and link.user and link.user.is_entered_by_name):
        return gone(request)
    if request.method != "POST":
        return render(request, "accounts/entry_link_detail.html", {"person": link.user})
    if not link.use():
        return gone(request)
    login(request, link.user, backend=BACKEND)
    return redirect("rooms:lobby")


@login_not_required
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def invitation_detail(request: HttpRequest, token: str) -> HttpResponse:
    """Become somebody, with a name and a password."""
    link = EntryLink.objects.with_token(token)
    if settings.ENTERING != "closed" or not link or link.user:
        return gone(request)
    form = InvitationForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid() and (user := form.join(link)):
        login(request, user, backend=BACKEND)
        return redirect("rooms:lobby")
    status = 422 if form.is_bound else 200
    return render(request, "accounts/invitation_detail.html", {"form": form}, status=status)


def gone(request: HttpRequest) -> HttpResponse:
    explanation = _("It was used already, or its time is over. Ask for another one.")
    return error_page(request, 404, _("This link does not work any more"), explanation)
