"""Other members of a room, and what moderators do with them."""

from django.core.exceptions import PermissionDenied
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.http import AuthenticatedRequest
from rooms import moderation
from rooms.forms import BanForm, NamedPersonForm, RemovalForm, RoleForm, RoomInvitationForm
from rooms.models import Blocked, Membership, NotAdmitted
from rooms.views.invitations import invitations_response
from rooms.views.membership import moderator_of


@require_POST
def member_create(request: AuthenticatedRequest, room_id: int) -> HttpResponse:
    """Make somebody a member by their name."""
    mine = moderator_of(request, room_id)
    form = NamedPersonForm.bound_to(request)
    if form.is_valid():
        try:
            moderation.add(mine, form.cleaned_data["name"])
            return redirect("rooms:chat_room_about", room_id)
        except NotAdmitted:
            form.refuse("name", _("This person is banned here. Lift the ban first."))
        except Blocked:
            form.refuse("name", _("You can’t add this person. Send them an invite link."))
    return form.mark(invitations_response(request, mine, RoomInvitationForm(), person_form=form))


@require_safe
def member_detail(request: AuthenticatedRequest, room_id: int, user_id: int) -> HttpResponse:
    return member_response(request, *pair(request, room_id, user_id))


@require_POST
def role_update(request: AuthenticatedRequest, room_id: int, user_id: int) -> HttpResponse:
    mine, other = pair(request, room_id, user_id)
    form = RoleForm(request.POST, mine, other)
    if not form.is_valid():
        return member_response(request, mine, other, role_form=form)
    moderation.set_role(mine, other.user, Membership.Role(form.cleaned_data["role"]))
    return redirect("rooms:chat_room_about", room_id)


@require_POST
def member_delete(request: AuthenticatedRequest, room_id: int, user_id: int) -> HttpResponse:
    mine, other = pair(request, room_id, user_id)
    form = RemovalForm(request.POST, auto_id="removal_%s")
    if not form.is_valid():
        return member_response(request, mine, other, removal_form=form)
    moderation.remove(mine, other.user, **form.cleaned_data)
    return redirect("rooms:chat_room_about", room_id)


def pair(request: AuthenticatedRequest, room_id: int, user_id: int) -> tuple[Membership, Membership]:
    """Return the memberships of the user and of a person on whom they may act."""
    mine = moderator_of(request, room_id)
    other = get_object_or_404(mine.room.memberships.select_related("user"), user__pk=user_id)
    if not mine.may_act_on(other):
        raise PermissionDenied
    return mine, other


def member_response(
    request: AuthenticatedRequest, mine: Membership, other: Membership, **bound: Form
) -> HttpResponse:
    """Show what may be done with somebody; `bound` is the form that was refused."""
    forms = {
        "role_form": RoleForm(None, mine, other),
        "removal_form": RemovalForm(auto_id="removal_%s"),
        "ban_form": BanForm(),
    }
    context = {"room": mine.room, "member": other, **forms, **bound}
    return render(request, "rooms/member_detail.html", context, status=422 if bound else 200)
