from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.http import AuthenticatedRequest
from config.pages import page_of
from rooms import moderation
from rooms.forms import BanForm, NamedBanForm
from rooms.views.members import member_response, pair
from rooms.views.membership import moderator_of

BANS_PER_PAGE = 50


@require_http_methods(["GET", "HEAD", "POST"])
def ban_list(request: AuthenticatedRequest, room_id: int) -> HttpResponse:
    """Show who is banned; ban somebody by name, who does not have to be in the room."""
    mine = moderator_of(request, room_id)
    form = NamedBanForm.bound_to(request)
    if form.is_valid():
        try:
            moderation.ban(mine, form.cleaned_data["name"], form.until, form.cleaned_data["reason"])
            return redirect("rooms:ban_list", room_id)
        except PermissionDenied:
            form.refuse("name", _("You can’t ban this person."))
    active = mine.room.bans.active().select_related("user", "by").order_by("-pk")
    bans, next_page = page_of(active, request, BANS_PER_PAGE)
    context = {"room": mine.room, "bans": bans, "next_page": next_page, "form": form}
    return form.mark(render(request, "rooms/ban_list.html", context))


@require_POST
def ban_delete(request: AuthenticatedRequest, room_id: int, user_id: int) -> HttpResponse:
    mine = moderator_of(request, room_id)
    # user__pk finds nothing for a number that no database could hold; user would raise.
    ban = get_object_or_404(mine.room.bans.select_related("user"), user__pk=user_id)
    moderation.unban(mine, ban.user)
    return redirect("rooms:ban_list", room_id)


@require_POST
def ban_create(request: AuthenticatedRequest, room_id: int, user_id: int) -> HttpResponse:
    mine, other = pair(request, room_id, user_id)
    form = BanForm.bound_to(request)
    if not form.is_valid():
        return member_response(request, mine, other, ban_form=form)
    moderation.ban(mine, other.user, form.until, form.cleaned_data["reason"])
    return redirect("rooms:ban_list", room_id)
