from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts import limits
from accounts.http import AuthenticatedRequest
from accounts.models import User
from accounts.profile_form import ProfileForm


@require_http_methods(["GET", "HEAD", "POST"])
def profile_update(request: AuthenticatedRequest) -> HttpResponse:
    """Change what others are shown."""
    # Of its own, since a form that is refused leaves what it was about half changed.
    user = User.objects.get(pk=request.user.pk)
    form = ProfileForm(request.POST if request.method == "POST" else None, user)
    if form.is_valid():
        try:
            limits.take("profile_per_user", user.pk)
        except limits.LimitReached as reached:
            form.add_error(None, str(reached))
            return reached.mark(profile_response(request, form))
        if form.save():
            return redirect("rooms:profile_detail", user.username)
    return profile_response(request, form, status=422 if form.is_bound else 200)


def profile_response(request: AuthenticatedRequest, form: ProfileForm, status: int = 200) -> HttpResponse:
    return render(request, "accounts/profile.html", {"form": form}, status=status)
