"""What the reader is in a room: a member, a moderator, or banned."""

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from accounts import limits
from accounts.http import AuthenticatedRequest
from config.pages import number
from rooms.forms import DraftForm, FavouriteForm, HiddenForm, NotificationForm
from rooms.models import Ban, ChatRoom, Membership


def member_of(request: AuthenticatedRequest, room_id: int) -> Membership:
    """Return the membership of the user in a group; for others it does not exist."""
    # room__pk finds nothing for a number that no database could hold; room would raise.
    memberships = Membership.objects.filter(room__type="group").select_related("room", "user")
    return get_object_or_404(memberships, room__pk=room_id, user=request.user)


def moderator_of(request: AuthenticatedRequest, room_id: int) -> Membership:
    """Return the membership of the user, who moderates the room. What they change is counted."""
    membership = member_of(request, room_id)
    if not membership.may_moderate:
        raise PermissionDenied
    if request.method == "POST":
        limits.take("moderation_per_user", request.user.pk)
    return membership


@require_http_methods(["GET", "HEAD", "POST"])
def membership_delete(request: AuthenticatedRequest, room_id: int) -> HttpResponse:
    """Leave a room, after asking. A direct message cannot be left: the other person would write to nobody."""
    room = get_object_or_404(ChatRoom.objects.visible_to(request.user).groups(), pk=room_id)
    membership = Membership.objects.filter(room=room, user=request.user).first()
    if membership and request.method != "POST":
        return render(request, "rooms/membership_delete.html", {"room": room})
    if membership:
        limits.take("join_per_user", request.user.pk)
        membership.leave()
    return redirect("rooms:lobby")


@require_http_methods(["GET", "HEAD", "POST"])
def membership_update(request: AuthenticatedRequest, room_id: int) -> HttpResponse:
    """What to be notified of in one room."""
    membership = get_object_or_404(
        Membership.objects.select_related("room__low_user", "room__high_user"),
        room__pk=room_id,  # finds nothing for a number that no database could hold; room would raise
        user=request.user,
    )
    form = NotificationForm.bound_to(request, membership)
    if form.is_valid():
        membership.choose_notifications(form.cleaned_data["notify"], form.muted_until)
        return redirect(membership.room)
    context = {
        "room": membership.room,
        "membership": membership,
        "title": membership.room.title_for(request.user),
        "form": form,
    }
    return form.mark(render(request, "rooms/membership_update.html", context))


@require_http_methods(["GET", "HEAD", "POST"])
def draft_update(request: AuthenticatedRequest, room_id: int) -> HttpResponse:
    """Keep what the reader has typed in a room and not sent; nothing, to forget it.

    Scripts are answered with the draft that another page has saved, if their page does not know it.
    """
    memberships = Membership.objects.select_related("room")
    # room__pk finds nothing for a number that no database could hold; room would raise.
    membership = get_object_or_404(memberships, room__pk=room_id, user=request.user)
    if request.method != "POST":
        other = membership.draft_unknown_to(number(request.GET.get("base")) or 0)
        return JsonResponse({"base": membership.draft_base, "text": other})
    form = DraftForm.bound_to(request)
    if not form.is_valid():
        return form.mark(HttpResponse())
    kept = form.cleaned_data
    other = membership.keep_draft(kept["content"], kept["token"], kept["reply"], kept["base"])
    if request.htmx:
        return JsonResponse({"base": membership.draft_base, "text": other})
    return redirect(f"{membership.room.get_absolute_url()}#content")


@require_POST
def favourite_update(request: AuthenticatedRequest, room_id: int) -> HttpResponse:
    """Put a chat on top of the list, or take it down."""
    memberships = Membership.objects.select_related("room")
    # room__pk finds nothing for a number that no database could hold; room would raise.
    membership = get_object_or_404(memberships, room__pk=room_id, user=request.user)
    form = FavouriteForm(request.POST)
    if not form.is_valid():
        return HttpResponse(status=422)
    limits.take("settings_per_user", request.user.pk)
    membership.choose_favourite(**form.cleaned_data)
    if not request.htmx:
        return redirect(membership.room)
    return render(request, "rooms/_favourite.html", {"is_favourite": membership.favourite_at})


@require_POST
def membership_create(request: AuthenticatedRequest, room_id: int) -> HttpResponse:
    """Join an open room that one has looked at."""
    room = get_object_or_404(ChatRoom.objects.visible_to(request.user).groups(), pk=room_id)
    limits.take("join_per_user", request.user.pk)
    if not Membership.objects.filter(room=room, user=request.user).exists():
        room.join(request.user)
    return redirect(room)


@require_POST
def hidden_update(request: AuthenticatedRequest, room_id: int) -> HttpResponse:
    """Take a chat out of the list until somebody writes there, or bring it back."""
    memberships = Membership.objects.select_related("room")
    # room__pk finds nothing for a number that no database could hold; room would raise.
    membership = get_object_or_404(memberships, room__pk=room_id, user=request.user)
    form = HiddenForm(request.POST)
    if not form.is_valid():
        return HttpResponse(status=422)
    limits.take("settings_per_user", request.user.pk)
    membership.choose_hidden(**form.cleaned_data)
    return redirect("rooms:lobby" if form.cleaned_data["is_hidden"] else membership.room)


def ban_of(request: AuthenticatedRequest, room_id: int) -> Ban | None:
    # room__pk finds nothing for a number that no database could hold; room would raise.
    bans = Ban.objects.active().select_related("room")
    return bans.filter(room__pk=room_id, user=request.user).first()


def banned(request: AuthenticatedRequest, ban: Ban) -> HttpResponse:
    """Say why, and until when, but not the name of the room if only its members may know it."""
    is_hidden = ban.room.is_by_invitation
    context = {"ban": ban, "room_name": "" if is_hidden else ban.room.name}
    return render(request, "rooms/ban_detail.html", context, status=404 if is_hidden else 403)
