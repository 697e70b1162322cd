from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from accounts.http import AuthenticatedRequest


@require_safe
@cache_control(private=True, max_age=0 if settings.DEBUG else 300)
def own_messages(request: AuthenticatedRequest, user_id: int) -> HttpResponse:
    """Make the messages of one person look like the reader's own, and hide those of people they have blocked.

    Messages are rendered once for all readers and name no viewer; every page asks for its reader's
    stylesheet.
    """
    is_own = user_id == request.user.pk  # nobody else learns whom somebody has blocked
    context = {"user_id": user_id, "blocked": sorted(request.user.blocked_ids()) if is_own else ()}
    return render(request, "rooms/own_messages.css", context, content_type="text/css; charset=utf-8")
