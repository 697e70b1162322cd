"""The pinned messages of a room."""

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import limits
from accounts.http import AuthenticatedRequest
from rooms.forms import PinForm
from rooms.models import ChangeRefused, Message, Pin
from rooms.views.membership import member_of


@require_safe
def pin_list(request: AuthenticatedRequest, room_id: int) -> HttpResponse:
    mine = member_of(request, room_id)
    found = Message.objects.pinned_in(mine.room, request.user).select_related("pin__by")
    context = {"room": mine.room, "messages": found.with_looks().order_by("-pin__at", "-pin")}
    return render(request, "rooms/pin_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def pin_update(request: AuthenticatedRequest, message_id: int) -> HttpResponse:
    """Pin a message, or say anew why it is pinned."""
    message = pinnable(request, message_id)
    pin = Pin.objects.filter(message=message).first()
    form = PinForm.bound_to(request, pin)
    if form.is_valid():
        try:
            message.pin_as(request.user, **form.cleaned_data)
            return redirect("rooms:pin_list", message.room_id)
        except ChangeRefused as refusal:
            form.refuse("reason", str(refusal), 409)
    return form.mark(render(request, "rooms/pin_update.html", {"message": message, "pin": pin, "form": form}))


@require_POST
def pin_delete(request: AuthenticatedRequest, message_id: int) -> HttpResponse:
    message = pinnable(request, message_id)
    limits.take("moderation_per_user", request.user.pk)
    message.unpin_as(request.user)
    return redirect("rooms:message_detail", message.pk)


def pinnable(request: AuthenticatedRequest, message_id: int) -> Message:
    """Return a message that the user may pin: of a room, where they may."""
    messages = Message.objects.readable_by(request.user).select_related("room", "sender")
    message = get_object_or_404(messages, pk=message_id)
    if not message.room.is_group or message.is_deleted:
        raise Http404
    if not message.room.lets_pin(request.user):
        raise PermissionDenied
    return message
