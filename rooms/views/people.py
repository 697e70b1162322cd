from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from accounts import limits
from accounts.http import AuthenticatedRequest
from accounts.models import User
from rooms.forms import ChatRoomForm
from rooms.models import ChatRoom
from rooms.unread import unread_label
from rooms.views.lobby import chats_context, total_of


@require_safe
def person_detail(request: AuthenticatedRequest, username: str) -> HttpResponse:
    """Open the direct message with a person, making it if needed. New ones are limited."""
    person = User.objects.named(username)
    if person is None or not person.is_active or person == request.user:
        raise Http404
    if room := ChatRoom.objects.between(request.user, person):
        return redirect(room)
    limits.take("chat_per_user", request.user.pk)
    return redirect(ChatRoom.objects.private_between(request.user, person))


@require_safe
def profile_detail(request: AuthenticatedRequest, username: str) -> HttpResponse:
    """Show a person's profile."""
    person = User.objects.named(username)
    if person is None or not person.is_active:
        raise Http404
    if request.htmx:
        return render(request, "rooms/profile_detail.html#local-time", {"person": person})
    is_blocked = person.pk in request.user.blocked_ids()
    context = {
        "person": person,
        "is_blocked": is_blocked,
        "private_room": None if person == request.user else ChatRoom.objects.between(request.user, person),
        "room_form": ChatRoomForm(),
        **chats_context(request.user),
    }
    context["unread_label"] = unread_label(total_of(request.user, context["chats"]))
    return render(request, "rooms/profile_detail.html", context)
