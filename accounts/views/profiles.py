from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.csp import CSP
from django.views.decorators.cache import cache_control
from django.views.decorators.csp import csp_override
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import avatars, limits
from accounts.http import AuthenticatedRequest
from accounts.models import Avatar, User
from accounts.models.avatar import SIZES
from accounts.profile_form import AvatarForm, ProfileForm

A_YEAR = 365 * 24 * 60 * 60


@require_http_methods(["GET", "HEAD", "POST"])
def profile_update(request: AuthenticatedRequest) -> HttpResponse:
    """Change what others are shown."""
    # A copy, since a form that is refused leaves what it was about half changed.
    user = User.objects.get(pk=request.user.pk)
    form = ProfileForm.bound_to(request, user)
    if form.is_valid() and form.save():
        return redirect("rooms:profile_detail", user.username)
    return form.mark(profile_response(request, form))


@require_POST
def avatar_update(request: AuthenticatedRequest) -> HttpResponse:
    """Take a picture for an avatar."""
    form = AvatarForm(request.POST, request.FILES)
    try:
        with avatars.turn_of(request.user.pk):
            limits.take("upload_per_user", request.user.pk)  # before it is decoded, which is what takes time
            is_valid = form.is_valid()
    except limits.LimitReached as refusal:
        return refusal.mark(profile_response(request, refusal=str(refusal)))
    if is_valid:
        request.user.change_avatar(*form.cleaned_data["picture"])
        return redirect("rooms:profile_detail", request.user.username)
    return form.mark(profile_response(request, avatar_form=form))


@require_POST
def avatar_delete(request: AuthenticatedRequest) -> HttpResponse:
    limits.take("profile_per_user", request.user.pk)
    request.user.remove_avatar()
    return redirect("accounts:profile_update")


@require_safe
@cache_control(private=True, immutable=True, max_age=A_YEAR)
@csp_override({"default-src": [CSP.NONE], "frame-ancestors": [CSP.NONE]})
def avatar_detail(request: AuthenticatedRequest, digest: str, size: int) -> HttpResponse:
    """Answer with a picture, which is another one never: a changed avatar has another address."""
    if size not in SIZES:
        raise Http404
    avatar = Avatar.objects.filter(digest=digest).only("small" if size == SIZES[0] else "large").first()
    if avatar is None:
        raise Http404
    picture = avatar.small if size == SIZES[0] else avatar.large
    return HttpResponse(bytes(picture), content_type="image/webp")


def profile_response(
    request: AuthenticatedRequest,
    form: ProfileForm | None = None,
    avatar_form: AvatarForm | None = None,
    refusal: str = "",
) -> HttpResponse:
    context = {
        "form": form or ProfileForm(None, request.user),
        "avatar_form": avatar_form or AvatarForm(),
        "refusal": refusal,
    }
    return render(request, "accounts/profile_update.html", context)
