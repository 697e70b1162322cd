from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.http import AuthenticatedRequest
from config.file_types import Kind
from config.pages import number, page_of
from rooms.file_lists import files_of_room, files_of_user
from rooms.models import StoredFile, joined_room

OWN_PER_PAGE = 30


@require_safe
def room_file_list(request: AuthenticatedRequest, room_id: int) -> HttpResponse:
    """Show the files of a room, all or those of one kind."""
    room = joined_room(request.user, room_id)
    kinds = {
        "": _("All"),
        Kind.PICTURE.value: _("Photos"),
        Kind.VIDEO.value: _("Videos"),
        Kind.SOUND.value: _("Audio"),
        Kind.OTHER.value: _("Other files"),
    }
    asked = request.GET.get("kind", "")
    kind = asked if asked in kinds else ""
    context = {
        "room": room,
        "title": room.title_for(request.user),
        "kinds": kinds.items(),
        "kind": kind,
        "page": files_of_room(room, request.user, kind, number(request.GET.get("before"))),
    }
    return render(request, "rooms/room_file_list.html", context)


@require_safe
def own_file_list(request: AuthenticatedRequest) -> HttpResponse:
    """Show the reader how much their files take, and these files, the largest first."""
    found, next_page = page_of(files_of_user(request.user), request, OWN_PER_PAGE)
    context = {
        "rows": [
            (row.shown, row.message, row.message.room.title_for(request.user) if row.is_here else None)
            for row in found
        ],
        "used": StoredFile.objects.used_by(request.user),
        "quota": settings.FILE_QUOTA_BYTES,
        "next_page": next_page,
    }
    return render(request, "rooms/own_file_list.html", context)
