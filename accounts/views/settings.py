from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts.forms import SettingsForm
from accounts.http import AuthenticatedRequest
from rooms.live import doorbell


@require_http_methods(["GET", "HEAD", "POST"])
def settings_update(request: AuthenticatedRequest) -> HttpResponse:
    form = SettingsForm(request.POST if request.method == "POST" else None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        form.save()
        doorbell.ring("settings", user=request.user.pk)
        return redirect("rooms:lobby")
    return render(request, "accounts/settings.html", {"form": form}, status=422 if form.is_bound else 200)
