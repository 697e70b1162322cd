from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from accounts.http import AuthenticatedRequest
from accounts.models import User
from rooms.models import ChatRoom


@require_safe
def person_detail(request: AuthenticatedRequest, username: str) -> HttpResponse:
    """Open the private chat with a person."""
    person = User.objects.named(username)
    if person is None or not person.is_active or person == request.user:
        raise Http404
    return redirect(ChatRoom.objects.private_between(request.user, person))
