from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from accounts.http import AuthenticatedRequest
from rooms.forms import ReadReceiptForm
from rooms.models import Membership, Message

UNDO_KEY = "read_markers_before"


@require_POST
def read_receipt_create(request: AuthenticatedRequest, room_id: int) -> HttpResponse:
    """Take note of what was seen. Repeated and late reports change nothing and are no error."""
    # room__pk finds nothing for a number that no database could hold; room would raise.
    memberships = Membership.objects.select_related("room")
    membership = get_object_or_404(memberships, room__pk=room_id, user=request.user)
    form = ReadReceiptForm(request.POST)
    if not form.is_valid():
        return HttpResponse(status=422)
    membership.mark_read(**form.cleaned_data)
    return HttpResponse(status=204) if request.htmx else redirect(membership.room)


@require_POST
def read_marker_reset(request: AuthenticatedRequest, message_id: int) -> HttpResponse:
    """Mark a message and what follows as unread, and go back to the list, where that shows."""
    message = get_object_or_404(Message, pk=message_id)
    membership = get_object_or_404(Membership, room=message.room_id, user=request.user)
    membership.mark_unread(message)
    return redirect("rooms:lobby")


@require_POST
def read_receipt_create_all(request: AuthenticatedRequest) -> HttpResponse:
    """Mark everything as read; the lobby then offers to undo it."""
    markers = Membership.objects.mark_all_read(request.user)
    request.session[UNDO_KEY] = {str(room_id): marker for room_id, marker in markers.items()}
    return redirect("rooms:lobby")


@require_POST
def read_receipt_undo_all(request: AuthenticatedRequest) -> HttpResponse:
    markers = request.session.pop(UNDO_KEY, {})
    Membership.objects.restore_read_markers(
        request.user, {int(room_id): mark for room_id, mark in markers.items()}
    )
    return redirect("rooms:lobby")
