from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts.http import AuthenticatedRequest
from rooms import moderation
from rooms.views.memberships import moderator_of
from rooms.views.pages import page_of

BANS_PER_PAGE = 50


@require_safe
def ban_list(request: AuthenticatedRequest, room_id: int) -> HttpResponse:
    room = moderator_of(request, room_id).room
    active = room.bans.active().select_related("user", "by").order_by("-pk")
    bans, next_page = page_of(active, request, BANS_PER_PAGE)
    return render(request, "rooms/ban_list.html", {"room": room, "bans": bans, "next_page": next_page})


@require_POST
def ban_delete(request: AuthenticatedRequest, room_id: int, user_id: int) -> HttpResponse:
    mine = moderator_of(request, room_id)
    # user__pk finds nothing for a number that no database could hold; user would raise.
    ban = get_object_or_404(mine.room.bans.select_related("user"), user__pk=user_id)
    moderation.unban(mine, ban.user)
    return redirect("rooms:ban_list", room_id)
