from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from accounts.http import AuthenticatedRequest
from rooms.models import ChatRoom, Membership


@require_POST
def membership_delete(request: AuthenticatedRequest, room_id: int) -> HttpResponse:
    """Leave a group room. A private chat cannot be left: the other person would talk to nobody."""
    room = get_object_or_404(ChatRoom.objects.visible_to(request.user).groups(), pk=room_id)
    for membership in Membership.objects.filter(room=room, user=request.user):
        membership.leave()
    return redirect("rooms:lobby")
