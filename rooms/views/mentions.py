from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.http import AuthenticatedRequest
from config.pages import number
from rooms.mentions import mention_page


@require_safe
def mention_list(request: AuthenticatedRequest) -> HttpResponse:
    """Show a page of the messages that mention the reader or reply to them. Looking at them reads none."""
    page = mention_page(request.user, number(request.GET.get("before")))
    return render(request, "rooms/mention_list.html", {"page": page})
