"""The first page: all chats, and what else pages beside the list of chats need."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.http import AuthenticatedRequest
from accounts.models import User
from config import release
from rooms.chats import as_of, chats_digest, chats_of, newest_in, unread_in
from rooms.forms import ChatRoomForm
from rooms.models import Membership, Report
from rooms.unread import unread_label
from rooms.views.read_receipts import can_undo


@require_safe
def lobby(request: AuthenticatedRequest) -> HttpResponse:
    return lobby_response(request, ChatRoomForm())


def lobby_response(request: AuthenticatedRequest, form: ChatRoomForm) -> HttpResponse:
    chats = chats_context(request.user)
    context = {
        "room_form": form,
        "unread_label": unread_label(chats["total_unread"]),
        "can_undo": can_undo(request),
        **chats,
    }
    return form.mark(render(request, "rooms/lobby.html", context))


def chats_context(user: User) -> dict[str, Any]:
    now = as_of(timezone.now())  # first, so that changes during this request are told again
    chats = chats_of(user)
    Membership.objects.mark_lists_delivered([user], newest_in(chats))
    return {
        "chats": chats,
        "chats_digest": chats_digest(chats, user),
        "as_of": now,
        "release": release.current(),
        "total_unread": unread_in(chats),
        "staff_report_count": Report.objects.open_for(user).count() if user.is_staff else 0,
    }
