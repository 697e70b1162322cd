from django.http import HttpResponse
from django.views.decorators.http import require_POST

from accounts import limits
from accounts.http import AuthenticatedRequest
from rooms.models import joined_room


@require_POST
def typing_indicator_create(request: AuthenticatedRequest, room_id: int) -> HttpResponse:
    """Tell others that the user is typing, or with `stop` no longer is. Nothing is stored.

    A signal over the limit is silently dropped: nobody waits for its answer, and another one follows.
    """
    try:
        limits.memory.take("typing_per_user", request.user.pk)
    except limits.LimitReached:
        return HttpResponse(status=204)
    room = joined_room(request.user, room_id)
    if not room.lets_write(request.user, is_reply=True):
        return HttpResponse(status=403)
    room.signal_typing(request.user, is_typing="stop" not in request.POST)
    return HttpResponse(status=204)
