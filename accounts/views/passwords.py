from django.contrib.auth import update_session_auth_hash
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts import limits
from accounts.forms import PasswordForm, PasswordRemovalForm
from accounts.http import AuthenticatedRequest


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def password_update(request: AuthenticatedRequest) -> HttpResponse:
    """Set or change the password, which ends all other sessions of the user."""
    form = PasswordForm.bound_to(request, request=request)
    if form.is_valid():
        return changed(request, form.cleaned_data["new_password"])
    return form.mark(password_page(request, form, PasswordRemovalForm(request=request)))


@sensitive_post_parameters()
@require_POST
def password_delete(request: AuthenticatedRequest) -> HttpResponse:
    """Let the name be entered without a password again."""
    form = PasswordRemovalForm.bound_to(request, request=request)
    if form.is_valid():
        return changed(request, None)
    return form.mark(password_page(request, PasswordForm(request=request), form))


def changed(request: AuthenticatedRequest, password: str | None) -> HttpResponse:
    limits.take("settings_per_user", request.user.pk)
    request.user.change_password(password)
    update_session_auth_hash(request, request.user)
    request.user.end_other_sessions(request.session.session_key)
    return redirect("accounts:settings_update")


def password_page(
    request: AuthenticatedRequest, form: PasswordForm, removal: PasswordRemovalForm
) -> HttpResponse:
    return render(request, "accounts/password_update.html", {"form": form, "removal": removal})
