"""Links into a room. Their page also has a form to add somebody by name."""

from typing import cast

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from accounts import limits
from accounts.http import AuthenticatedRequest
from accounts.views.entry_links import gone, made_link, show_next
from config.pages import page_of
from rooms import moderation
from rooms.forms import NamedPersonForm, RoomInvitationForm
from rooms.models import Membership, RoomInvitation
from rooms.views.membership import ban_of, banned, moderator_of

INVITATIONS_PER_PAGE = 50


@require_http_methods(["GET", "HEAD", "POST"])
def room_invitation_list(request: AuthenticatedRequest, room_id: int) -> HttpResponse:
    """Show the links into a room; on request make another one."""
    mine = moderator_of(request, room_id)
    form = RoomInvitationForm.bound_to(request)
    if not form.is_valid():
        return form.mark(invitations_response(request, mine, form))
    token = moderation.invite(mine, **form.cleaned_data)
    return show_next(request, "rooms:room_invitation_detail", token)


def invitations_response(
    request: AuthenticatedRequest, mine: Membership, form: RoomInvitationForm, **context: object
) -> HttpResponse:
    valid = mine.room.invitations.all() & RoomInvitation.objects.valid()
    found, next_page = page_of(
        valid.select_related("created_by").order_by("-pk"), request, INVITATIONS_PER_PAGE
    )
    context = {
        "room": mine.room,
        "form": form,
        "person_form": NamedPersonForm(),
        "invitations": found,
        "next_page": next_page,
        "made": made_link(request),
        **context,
    }
    return render(request, "rooms/room_invitation_list.html", context)


@require_POST
def room_invitation_delete(request: AuthenticatedRequest, room_id: int, invitation_id: int) -> HttpResponse:
    mine = moderator_of(request, room_id)
    get_object_or_404(mine.room.invitations, pk=invitation_id)
    moderation.revoke(mine, invitation_id)
    return redirect("rooms:room_invitation_list", room_id)


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def room_invitation_detail(request: HttpRequest, token: str) -> HttpResponse:
    """Say who invites to which room, also before the login.

    Looking uses nothing up, since programs look at links, too.
    """
    invitation = RoomInvitation.objects.with_token(token)
    if not invitation:
        return gone(request)
    if request.user.is_authenticated:
        return invited(cast("AuthenticatedRequest", request), invitation)
    return render(request, "rooms/room_invitation_detail.html", {"invitation": invitation})


def invited(request: AuthenticatedRequest, invitation: RoomInvitation) -> HttpResponse:
    """Answer somebody who is logged in and has a link that works."""
    if ban := ban_of(request, invitation.room_id):
        return banned(request, ban)
    if request.method == "POST":
        limits.take("join_per_user", request.user.pk)
        return redirect(invitation.room) if invitation.accept(request.user) else gone(request)
    if Membership.objects.filter(room=invitation.room_id, user=request.user).exists():
        return redirect(invitation.room)
    return render(request, "rooms/room_invitation_detail.html", {"invitation": invitation})
