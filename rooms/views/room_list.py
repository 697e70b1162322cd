"""All rooms, a page at a time: the list of chats has no more than those used last."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.http import AuthenticatedRequest
from config.pages import page_of
from rooms.models import ChatRoom

ROOMS_PER_PAGE = 50


@require_safe
def chat_room_list(request: AuthenticatedRequest) -> HttpResponse:
    """Show the rooms that the reader may open, by name, archived ones among them."""
    rooms = ChatRoom.objects.visible_to(request.user).groups().order_by("canonical_name")
    page, next_page = page_of(rooms, request, ROOMS_PER_PAGE)
    return render(request, "rooms/chat_room_list.html", {"rooms": page, "next_page": next_page})
