"""Downloads of what somebody has written, and of rooms."""

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accounts import limits
from accounts.http import AuthenticatedRequest
from config import file_answers, file_names
from rooms import exports
from rooms.models import ChatRoom, Export, Membership
from rooms.views.membership import member_of


@require_http_methods(["GET", "HEAD", "POST"])
def export_detail(request: AuthenticatedRequest) -> HttpResponse:
    """Show how far a download is; have one of everything of the reader made."""
    if request.method == "POST":
        return asked(request, None)
    export = Export.objects.filter(person=request.user).select_related("job", "room").first()
    if request.htmx and export and export.is_being_made:
        return HttpResponse(status=204)  # what is there stays, and is not read aloud again
    template = "rooms/_export.html" if request.htmx else "rooms/export_detail.html"
    return render(request, template, {"export": export})


@require_http_methods(["GET", "HEAD", "POST"])
def room_export_create(request: AuthenticatedRequest, room_id: int) -> HttpResponse:
    """Have a download of a room made, as its owner."""
    mine = member_of(request, room_id)
    if mine.role != Membership.Role.OWNER:
        raise PermissionDenied
    if request.method == "POST":
        return asked(request, mine.room)
    return render(request, "rooms/room_export_create.html", {"room": mine.room})


def asked(request: AuthenticatedRequest, room: ChatRoom | None) -> HttpResponse:
    """Have it made, unless another one is being made; the next page says which."""
    limits.take("export_per_user", request.user.pk)
    try:
        exports.ask(request.user, room)
    except exports.AlreadyBeingMade:
        limits.give_back("export_per_user", request.user.pk)
    return redirect("rooms:export_detail")


@require_safe
def export_content(request: AuthenticatedRequest) -> HttpResponseBase:
    """Answer with the file, to its person alone; that of a room, as long as they own it."""
    export = get_object_or_404(Export.objects.select_related("room"), person=request.user)
    if not export.is_there or (export.room_id and not exports.owns(request.user, export.room)):
        raise Http404
    day = timezone.localtime(export.asked_at).date().isoformat()
    return file_answers.respond(
        request,
        export.path.open("rb"),
        size=export.size,
        tag=f'"{export.name[:32]}"',
        content_type="application/zip",
        name=file_names.cleaned(f"{export.room or request.user.username} {day}", ".zip"),
        saves=True,
    )
