"""Links into a room. Their page also has a form to add somebody by name."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from accounts import limits
from accounts.http import AuthenticatedRequest
from accounts.qr import qr_code
from accounts.views.entry_links import gone
from config.pages import page_of
from rooms import moderation
from rooms.forms import NamedPersonForm, RoomInvitationForm
from rooms.models import Membership, RoomInvitation
from rooms.views.membership import ban_of, banned, moderator_of

INVITATIONS_PER_PAGE = 50


@require_http_methods(["GET", "HEAD", "POST"])
def room_invitation_list(request: AuthenticatedRequest, room_id: int) -> HttpResponse:
    """Show the links into a room; on request make another one, which is shown only once."""
    mine = moderator_of(request, room_id)
    form = RoomInvitationForm.bound_to(request)
    if not form.is_valid():
        return form.mark(invitations_response(request, mine, form))
    token = moderation.invite(mine, **form.cleaned_data)
    url = request.build_absolute_uri(reverse("rooms:room_invitation_detail", args=[token]))
    return invitations_response(request, mine, RoomInvitationForm(), status=201, url=url, qr=qr_code(url))


def invitations_response(
    request: AuthenticatedRequest,
    mine: Membership,
    form: RoomInvitationForm,
    status: int = 200,
    **context: object,
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
        **context,
    }
    return render(request, "rooms/room_invitation_list.html", context, status=status)


@require_POST
def room_invitation_delete(request: AuthenticatedRequest, room_id: int, invitation_id: int) -> HttpResponse:
    mine = moderator_of(request, room_id)
    get_object_or_404(mine.room.invitations, pk=invitation_id)
    moderation.revoke(mine, invitation_id)
    return redirect("rooms:room_invitation_list", room_id)


@require_http_methods(["GET", "HEAD", "POST"])
def room_invitation_detail(request: AuthenticatedRequest, token: str) -> HttpResponse:
    """Say who invites to which room. Looking uses nothing up, since programs look at links, too."""
    invitation = RoomInvitation.objects.with_token(token)
    if not invitation:
        return gone(request)
    if ban := ban_of(request, invitation.room_id):
        return banned(request, ban)
    if request.method == "POST":
        limits.take("join_per_user", request.user.pk)
        return redirect(invitation.room) if invitation.accept(request.user) else gone(request)
    if Membership.objects.filter(room=invitation.room_id, user=request.user).exists():
        return redirect(invitation.room)
    return render(request, "rooms/room_invitation_detail.html", {"invitation": invitation})
