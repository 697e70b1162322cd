"""The page about a room, and what moderators can change there."""

from django.db import IntegrityError
from django.db.models import Case, When
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.http import AuthenticatedRequest
from config.pages import page_of
from rooms import moderation
from rooms.forms import ChatRoomUpdateForm
from rooms.models import Membership
from rooms.views.memberships import member_of, moderator_of

MEMBERS_PER_PAGE = 50
RANK = Case(When(role=Membership.Role.OWNER, then=0), When(role=Membership.Role.MODERATOR, then=1), default=2)


@require_safe
def chat_room_about(request: AuthenticatedRequest, room_id: int) -> HttpResponse:
    mine = member_of(request, room_id)
    members = mine.room.memberships.filter(user__is_active=True).select_related("user")
    found, next_page = page_of(members.order_by(RANK, "user__canonical_name"), request, MEMBERS_PER_PAGE)
    context = {
        "room": mine.room,
        "mine": mine,
        "members": [(member, mine.may_act_on(member)) for member in found],
        "count": members.count(),
        "next_page": next_page,
    }
    return render(request, "rooms/chat_room_about.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def chat_room_update(request: AuthenticatedRequest, room_id: int) -> HttpResponse:
    mine = moderator_of(request, room_id)
    form = ChatRoomUpdateForm.bound_to(request, mine.room)
    if form.is_valid():
        try:
            moderation.update(mine, **form.cleaned_data)
            return redirect("rooms:chat_room_about", room_id)
        except IntegrityError:
            form.refuse("name", _("A room with this name already exists."))
    context = {"room": mine.room, "form": form}
    return form.mark(render(request, "rooms/chat_room_update.html", context))


@require_POST
def archive_create(request: AuthenticatedRequest, room_id: int) -> HttpResponse:
    moderation.archive(moderator_of(request, room_id))
    return redirect("rooms:chat_room_about", room_id)


@require_POST
def archive_delete(request: AuthenticatedRequest, room_id: int) -> HttpResponse:
    moderation.unarchive(moderator_of(request, room_id))
    return redirect("rooms:chat_room_about", room_id)
