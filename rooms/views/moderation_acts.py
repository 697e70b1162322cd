from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.http import AuthenticatedRequest
from config.pages import page_of
from rooms.views.membership import moderator_of

ACTS_PER_PAGE = 50


@require_safe
def moderation_act_list(request: AuthenticatedRequest, room_id: int) -> HttpResponse:
    """Show the moderators of a room what was done there, the newest first."""
    room = moderator_of(request, room_id).room
    acts, next_page = page_of(
        room.moderation_acts.select_related("actor", "person").order_by("-pk"), request, ACTS_PER_PAGE
    )
    context = {"room": room, "acts": acts, "next_page": next_page}
    return render(request, "rooms/moderation_act_list.html", context)
