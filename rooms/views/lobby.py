"""The first page: all chats, and what else pages beside the list of chats need."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.http import AuthenticatedRequest
from accounts.models import User
from accounts.views.entering import FIRST_STEPS_KEY
from config import release
from config.pages import page_number
from rooms.chats import ChatLists, as_of, chats_digest, chats_of, newest_in, own_chats_of, unread_in
from rooms.forms import ChatRoomForm
from rooms.models import Membership, Report
from rooms.unread import total_unread, unread_label
from rooms.views.read_receipts import can_undo


@require_safe
def lobby(request: AuthenticatedRequest) -> HttpResponse:
    return lobby_response(request, ChatRoomForm())


def lobby_response(request: AuthenticatedRequest, form: ChatRoomForm) -> HttpResponse:
    chats = chats_context(request.user)
    context = {
        "room_form": form,
        "unread_label": unread_label(total_of(request.user, chats["chats"])),
        "can_undo": can_undo(request),
        "first_steps": request.session.get(FIRST_STEPS_KEY, False),
        **chats,
    }
    return form.mark(render(request, "rooms/lobby.html", context))


@require_safe
def chat_list(request: AuthenticatedRequest) -> HttpResponse:
    """Show a page of all chats that the reader is in, the latest first. It is not live."""
    page = page_number(request)
    chats = own_chats_of([request.user], page)[request.user.pk]
    Membership.objects.mark_lists_delivered(chats.undelivered, newest_in(chats.mine))
    context = {"chats": chats, "next_page": page + 1 if chats.has_older else None}
    return render(request, "rooms/chat_list.html", context)


def total_of(user: User, chats: ChatLists) -> int:
    """Return the number of all unread messages."""
    return total_unread([user.pk])[user.pk] if chats.has_older else unread_in(chats)


def chats_context(user: User) -> dict[str, Any]:
    now = as_of(timezone.now())  # first, so that changes during this request are told again
    chats = chats_of(user)
    Membership.objects.mark_lists_delivered(chats.undelivered, newest_in(chats.mine))
    return {
        "chats": chats,
        "chats_digest": chats_digest(chats, user),
        "as_of": now,
        "release": release.current(),
        "staff_report_count": Report.objects.open_for(user).count() if user.is_staff else 0,
    }
