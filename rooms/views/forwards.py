from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.http import AuthenticatedRequest
from rooms.directory import chats_like
from rooms.forms import FindForm, ForwardForm
from rooms.models import Message
from rooms.models.chat_room import room_joined_by
from rooms.views.messages import saved


@require_http_methods(["GET", "HEAD", "POST"])
def forward_create(request: AuthenticatedRequest, message_id: int) -> HttpResponse:
    """Post a copy of a message in another chat: the latest of the user are offered, or those found."""
    messages = Message.objects.forwardable_by(request.user).select_related(
        "room__low_user", "room__high_user", "sender"
    )
    message = get_object_or_404(messages, pk=message_id)
    find = FindForm.bound_to(request)
    found = chats_like(request.user, find.cleaned_data["q"]) if find.is_valid() else []
    form = ForwardForm.bound_to(request, rooms=[(room.pk, room.title_for(request.user)) for room in found])
    if form.is_valid():
        room = room_joined_by.first(user=request.user.pk, room=form.cleaned_data["room"])
        if room is None:
            form.refuse("room", _("You are not in this room any more."))
        elif copy := saved(
            request.user,
            room,
            form,
            lambda: room.forward(request.user, message, form.cleaned_data["token"]),
        ):
            return redirect(copy)
    context = {
        "message": message,
        "title": message.room.title_for(request.user),
        "find": find,
        "found": found,
        "form": form,
    }
    response = render(request, "rooms/forward_create.html", context)
    return form.mark(response) if form.is_bound else find.mark(response)
