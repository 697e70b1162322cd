"""The end of an account."""

from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from accounts.forms import AccountDeletionForm
from accounts.http import AuthenticatedRequest
from rooms import leaving

ONLY_ONE = _("Nobody else administers this site. Give somebody else your rights first.")


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def account_delete(request: AuthenticatedRequest) -> HttpResponse:
    """Delete the account of the reader, after asking what becomes of their words."""
    form = AccountDeletionForm.bound_to(request, request=request)
    if form.is_valid():
        try:
            leaving.leave(request.user, erases=form.cleaned_data["words"] == "erase")
        except leaving.LastOfStaff:
            form.refuse(None, str(ONLY_ONE), 409)
        else:
            logout(request)
            return redirect("rooms:account_deleted")
    return form.mark(render(request, "rooms/account_delete.html", {"form": form}))


@login_not_required
@require_safe
def account_deleted(request: HttpRequest) -> HttpResponse:
    return render(request, "rooms/account_deleted.html")
