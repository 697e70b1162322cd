"""Whom one wants to hear nothing of."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import limits
from accounts.forms import BlockForm
from accounts.http import AuthenticatedRequest
from accounts.models import User
from config.pages import page_of

BLOCKS_PER_PAGE = 50


@require_safe
def block_list(request: AuthenticatedRequest) -> HttpResponse:
    newest = request.user.blocks.select_related("blocked").order_by("-pk")
    blocks, next_page = page_of(newest, request, BLOCKS_PER_PAGE)
    context = {"people": [block.blocked for block in blocks], "next_page": next_page}
    return render(request, "accounts/block_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def block_create(request: AuthenticatedRequest, user_id: int) -> HttpResponse:
    """Say what blocking does, and do it."""
    person = get_object_or_404(User.objects.exclude(pk=request.user.pk), pk=user_id)
    form = BlockForm.bound_to(request, request.user)
    if form.is_valid():
        request.user.block(person)
        return redirect("accounts:block_list")
    context = {
        "person": person,
        "is_blocked": request.user.blocks.filter(blocked=person).exists(),
        "error": next(iter(form.non_field_errors()), ""),
    }
    return form.mark(render(request, "accounts/block_create.html", context))


@require_POST
def block_delete(request: AuthenticatedRequest, user_id: int) -> HttpResponse:
    """Unblock somebody. It is no error if they are not blocked."""
    limits.take("block_per_user", request.user.pk)
    request.user.unblock(get_object_or_404(User.objects.exclude(pk=request.user.pk), pk=user_id))
    return redirect("accounts:block_list")
