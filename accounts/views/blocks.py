"""Whom one wants to hear nothing of."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import limits
from accounts.http import AuthenticatedRequest
from accounts.models import User


@require_safe
def block_list(request: AuthenticatedRequest) -> HttpResponse:
    people = [block.blocked for block in request.user.blocks.select_related("blocked").order_by("-pk")]
    return render(request, "accounts/blocks.html", {"people": people})


@require_http_methods(["GET", "HEAD", "POST"])
def block_create(request: AuthenticatedRequest, user_id: int) -> HttpResponse:
    """Say what blocking does, and do it."""
    person = get_object_or_404(User.objects.exclude(pk=request.user.pk), pk=user_id)
    context = {"person": person, "is_blocked": request.user.blocks.filter(blocked=person).exists()}
    if request.method != "POST":
        return render(request, "accounts/block.html", context)
    try:
        limits.take("block_per_user", request.user.pk)
    except limits.LimitReached as reached:
        return reached.mark(render(request, "accounts/block.html", context | {"error": str(reached)}))
    request.user.block(person)
    return redirect("accounts:block_list")


@require_POST
def block_delete(request: AuthenticatedRequest, user_id: int) -> HttpResponse:
    """Undo it. Somebody who is not blocked is no error."""
    limits.take("block_per_user", request.user.pk)
    request.user.unblock(get_object_or_404(User.objects.exclude(pk=request.user.pk), pk=user_id))
    return redirect("accounts:block_list")
