import copy

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts.forms import SettingsForm
from accounts.http import AuthenticatedRequest

SAVED_KEY = "settings_saved"


@require_http_methods(["GET", "HEAD", "POST"])
def settings_update(request: AuthenticatedRequest) -> HttpResponse:
    # A copy, so that a page with errors looks and reads as what is saved.
    form = SettingsForm.bound_to(request, instance=copy.copy(request.user))
    if form.is_valid():
        request.user.change_settings(**form.cleaned_data)
        request.session[SAVED_KEY] = True
        return redirect("accounts:settings_update")
    context = {
        "form": form,
        "is_saved": not form.is_bound and request.session.pop(SAVED_KEY, False),
        "offers_link": settings.ENTERING == "claimed" and request.user.is_entered_by_name,
        "offers_invitation": settings.ENTERING == "closed" and request.user.is_staff,
    }
    return form.mark(render(request, "accounts/settings_update.html", context))
