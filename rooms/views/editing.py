"""Editing and deleting messages."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from accounts import limits
from accounts.http import AuthenticatedRequest
from config.text import is_utf8
from rooms.forms import MessageEditForm
from rooms.models import ChangeRefused, Message, Report


@require_http_methods(["GET", "HEAD", "POST"])
def message_update(request: AuthenticatedRequest, message_id: int) -> HttpResponse:
    """Edit one's own message, at any time: everybody in the room can see that, and what it said before."""
    messages = Message.objects.editable_by(request.user).select_related("room", "sender")
    message = get_object_or_404(messages, pk=message_id)
    if request.method != "POST" and message.is_deleted:
        return redirect(message)
    form = MessageEditForm.bound_to(request, is_utf8=is_utf8(request), message=message)
    if form.is_valid():
        try:
            message.edit_as(request.user, **form.cleaned_data)
            return redirect(message)
        except ChangeRefused as refusal:
            form.refuse_change(refusal, message)
    if not request.user.enter_sends:
        form.fields["content"].widget.attrs["enterkeyhint"] = "enter"
    is_changed = form.status_code == 409 and not message.is_deleted
    context = {"message": message, "form": form, "is_changed": is_changed}
    return form.mark(render(request, "rooms/message_update.html", context))


@require_http_methods(["GET", "HEAD", "POST"])
def message_delete(request: AuthenticatedRequest, message_id: int) -> HttpResponse:
    """Delete one's own message, or another one as a moderator, after asking; a tombstone stays."""
    message, back = deletable(request, message_id)
    if request.method == "POST" and not message.is_deleted:
        is_own = message.sender_id == request.user.pk
        limits.take("edit_per_user" if is_own else "moderation_per_user", request.user.pk)
        message.erase_as(request.user)
    if message.is_deleted:
        return redirect(back or "rooms:report_list_for_staff")
    return render(request, "rooms/message_delete.html", {"message": message, "back": back})


def deletable(request: AuthenticatedRequest, message_id: int) -> tuple[Message, Message | None]:
    """Return a message that the user may delete, and where to return to: None if they cannot see the room."""
    messages = Message.objects.select_related("room", "sender")
    if message := messages.deletable_by(request.user).filter(pk=message_id).first():
        return message, message
    # Staff who are not in the room do not see it: only what somebody has reported to them.
    reported = Report.objects.open_for(request.user).values("message")
    return get_object_or_404(messages.filter(pk__in=reported), pk=message_id), None
