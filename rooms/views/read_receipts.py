import time

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_GET, require_POST

from accounts import limits
from accounts.http import AuthenticatedRequest
from rooms.forms import ReadReceiptForm
from rooms.models import Membership, Message

UNDO_KEY = "marked_all_read"
UNDO_SECONDS = 600


@require_POST
def read_receipt_create(request: AuthenticatedRequest, room_id: int) -> HttpResponse:
    """Note what was seen. Repeated and late reports change nothing and are no error."""
    # room__pk finds nothing for a number that no database could hold; room would raise.
    memberships = Membership.objects.select_related("room")
    membership = get_object_or_404(memberships, room__pk=room_id, user=request.user)
    form = ReadReceiptForm(request.POST)
    if not form.is_valid():
        return HttpResponse(status=422)
    limits.memory.take("read_per_user", request.user.pk)
    membership.mark_read(**form.cleaned_data)
    return HttpResponse(status=204) if request.htmx else redirect(membership.room)


@require_GET
def read_receipt_create_by_style(
    request: AuthenticatedRequest, room_id: int, message_id: int, version: int
) -> HttpResponse:
    """Note what was seen in a document without scripts, whose style asks for this as for a picture.

    Nothing but a style or an element of our own pages can: messages show no pictures of an address.
    """
    asked = request.headers.get("Sec-Fetch-Site"), request.headers.get("Sec-Fetch-Dest")
    if asked != ("same-origin", "image"):
        raise PermissionDenied
    # room__pk finds nothing for a number that no database could hold; room would raise.
    membership = get_object_or_404(Membership, room__pk=room_id, user=request.user)
    limits.memory.take("read_per_user", request.user.pk)
    membership.mark_read(message_id, version)
    return HttpResponse(status=204)


@require_POST
def read_marker_reset(request: AuthenticatedRequest, message_id: int) -> HttpResponse:
    """Mark a message and what follows as unread, and go back to the list, where this is visible."""
    message = get_object_or_404(Message, pk=message_id)
    membership = get_object_or_404(Membership, room=message.room_id, user=request.user)
    limits.memory.take("read_per_user", request.user.pk)
    membership.mark_unread(message)
    return redirect("rooms:lobby")


@require_POST
def read_receipt_create_all(request: AuthenticatedRequest) -> HttpResponse:
    """Mark everything as read; the lobby then offers to undo it."""
    limits.memory.take("read_per_user", request.user.pk)
    if markers := Membership.objects.mark_all_read(request.user):
        request.session[UNDO_KEY] = {"at": time.time(), "markers": list(markers.items())}
    return redirect("rooms:lobby")


@require_POST
def read_receipt_undo_all(request: AuthenticatedRequest) -> HttpResponse:
    if can_undo(request):
        limits.memory.take("read_per_user", request.user.pk)
        markers = request.session.pop(UNDO_KEY)["markers"]
        Membership.objects.restore_read_markers(
            request.user, {room_id: tuple(ids) for room_id, ids in markers}
        )
    return redirect("rooms:lobby")


def can_undo(request: AuthenticatedRequest) -> bool:
    """Whether everything was marked as read some minutes ago at most."""
    at: float = request.session.get(UNDO_KEY, {"at": 0})["at"]
    return abs(time.time() - at) < UNDO_SECONDS
