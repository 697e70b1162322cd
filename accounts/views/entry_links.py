from typing import Any, NamedTuple

from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts import limits
from accounts.forms import InvitationForm, LinkPasswordForm, StaffForm
from accounts.http import AuthenticatedRequest
from accounts.models import EntryLink, User
from accounts.qr import qr_code
from accounts.views.entering import BACKEND, let_in
from config.errors import error_page
from config.pages import page_of

INVITATIONS_PER_PAGE = 50
MADE_KEY = "made_link"  # in the session, until it is shown: the page that made a link, and its path


@require_http_methods(["GET", "HEAD", "POST"])
def entry_link_create(request: AuthenticatedRequest) -> HttpResponse:
    """Show a link and a QR code for another browser of the user."""
    if settings.ENTERING != "claimed" or not request.user.is_entered_by_name:
        raise Http404
    template = "accounts/entry_link_create.html"
    if request.method != "POST":
        return render(request, template, {"made": made_link(request)})
    limits.take("invitation_per_user", request.user.pk)
    return show_next(request, "accounts:entry_link_detail", EntryLink.objects.issue(request.user))


@require_http_methods(["GET", "HEAD", "POST"])
def invitation_list(request: AuthenticatedRequest) -> HttpResponse:
    """Show all invitations that work; when asked for another one, make it."""
    require_inviter(request)
    if request.method == "POST":
        limits.take("invitation_per_user", request.user.pk)
        return show_next(request, "accounts:invitation_detail", EntryLink.objects.invite(request.user))
    context: dict[str, Any] = {"made": made_link(request)}
    newest = EntryLink.objects.invitations().select_related("created_by").order_by("-pk")
    context["invitations"], context["next_page"] = page_of(newest, request, INVITATIONS_PER_PAGE)
    return render(request, "accounts/invitation_list.html", context)


@require_POST
def invitation_delete(request: AuthenticatedRequest, invitation_id: int) -> HttpResponse:
    """Revoke an invitation, whoever made it."""
    require_inviter(request)
    get_object_or_404(EntryLink.objects.invitations(), pk=invitation_id).delete()
    return redirect("accounts:invitation_list")


def require_inviter(request: AuthenticatedRequest) -> None:
    """Raise Http404 for people who may not invite, and where nobody needs an invitation."""
    if settings.ENTERING != "closed" or not request.user.is_staff:
        raise Http404


class MadeLink(NamedTuple):
    """What a page shows of a link."""

    url: str
    qr: dict[str, int | str]


def show_next(request: HttpRequest, address: str, token: str) -> HttpResponse:
    """Lead back to the page that made a link, so that reloading it makes no other one."""
    request.session[MADE_KEY] = [request.path, reverse(address, args=[token])]
    return redirect(request.path)


def made_link(request: HttpRequest) -> MadeLink | None:
    """Return the link that this page has just made, if it has, this once."""
    page, path = request.session.get(MADE_KEY, ("", ""))
    if request.method != "GET" or page != request.path:
        return None
    del request.session[MADE_KEY]
    url = request.build_absolute_uri(path)
    return MadeLink(url, qr_code(url))


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def entry_link_detail(request: HttpRequest, token: str) -> HttpResponse:
    """Enter in this browser. Looking at the link does not use it up: programs look at links, too."""
    link = EntryLink.objects.with_token(token)
    if settings.ENTERING != "claimed" or not (link and link.user and link.user.is_entered_by_name):
        return gone(request)
    if link.for_password:
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
    if settings.ENTERING != "closed" or not link or link.user or link.for_staff:
        return gone(request)
    form = InvitationForm.bound_to(request)
    if form.is_valid() and (user := form.join(link)):
        let_in(request, user)
        return redirect("rooms:lobby")
    context = {"form": form, "inviter": link.created_by}
    return form.mark(render(request, "accounts/invitation_detail.html", context))


@login_not_required
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def staff_link_detail(request: HttpRequest, token: str) -> HttpResponse:
    """Become staff, with a password: as who is logged in, or as somebody new."""
    link = EntryLink.objects.with_token(token)
    if not link or not link.for_staff:
        return gone(request)
    form: StaffForm | InvitationForm
    if isinstance(request.user, User):
        form = StaffForm.bound_to(request, user=request.user)
    else:
        form = InvitationForm.bound_to(request)
    if form.is_valid() and (user := form.join(link)):
        let_in(request, user)
        user.end_other_sessions(request.session.session_key)
        return redirect("rooms:lobby")
    return form.mark(render(request, "accounts/staff_link_detail.html", {"form": form}))


@login_not_required
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def password_link_detail(request: HttpRequest, token: str) -> HttpResponse:
    """Set a new password for one that was forgotten, and log in with it."""
    link = EntryLink.objects.with_token(token)
    if not link or not link.for_password or not link.user or not link.user.is_active:
        return gone(request)
    form = LinkPasswordForm.bound_to(request, user=link.user)
    if form.is_valid() and (user := form.join(link)):
        let_in(request, user)
        return redirect("rooms:lobby")
    context = {"form": form, "person": link.user}
    return form.mark(render(request, "accounts/password_link_detail.html", context))


def gone(request: HttpRequest) -> HttpResponse:
    explanation = _("It has already been used, or it has expired. Ask for a new one.")
    return error_page(request, 404, _("This link no longer works"), explanation)
