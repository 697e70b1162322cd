"""The messages that somebody has saved for themselves."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import limits
from accounts.http import AuthenticatedRequest
from config.pages import page_of
from rooms.forms import SavedMessageForm
from rooms.models import ChangeRefused, Message, SavedMessage

SAVED_PER_PAGE = 20


@require_safe
def saved_message_list(request: AuthenticatedRequest) -> HttpResponse:
    found = Message.objects.saved_by(request.user).with_looks()
    found = found.select_related("room__low_user", "room__high_user")
    messages, next_page = page_of(found, request, SAVED_PER_PAGE)
    rows = [(message, message.room.title_for(request.user)) for message in messages]
    return render(request, "rooms/saved_message_list.html", {"rows": rows, "next_page": next_page})


@require_http_methods(["GET", "HEAD", "POST"])
def saved_message_update(request: AuthenticatedRequest, message_id: int) -> HttpResponse:
    """Save a message, or change the note on it."""
    messages = Message.objects.readable_by(request.user).filter(deleted_at=None)
    message = get_object_or_404(
        messages.select_related("room__low_user", "room__high_user", "sender"), pk=message_id
    )
    saved = SavedMessage.objects.filter(user=request.user, message=message).first()
    form = SavedMessageForm.bound_to(request, saved)
    if form.is_valid():
        try:
            message.save_for(request.user, **form.cleaned_data)
            return redirect("rooms:saved_message_list")
        except ChangeRefused as refusal:
            form.refuse("note", str(refusal), 409)
    context = {
        "message": message,
        "title": message.room.title_for(request.user),
        "saved": saved,
        "form": form,
    }
    return form.mark(render(request, "rooms/saved_message_update.html", context))


@require_POST
def saved_message_delete(request: AuthenticatedRequest, message_id: int) -> HttpResponse:
    """Save it no longer, also where one may not read it any more."""
    limits.take("settings_per_user", request.user.pk)
    SavedMessage.objects.filter(user=request.user, message=message_id).delete()
    return redirect("rooms:saved_message_list")
