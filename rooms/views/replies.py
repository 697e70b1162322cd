from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from accounts.http import AuthenticatedRequest
from config.text import is_utf8
from rooms.forms import ReplyForm
from rooms.models import Message
from rooms.models.message import with_all_drawn
from rooms.receipts import show_ticks
from rooms.replies import before_last_page, reply_page
from rooms.uploads import storing
from rooms.views.messages import saved, take_files


@require_http_methods(["GET", "HEAD", "POST"])
def reply_list(request: AuthenticatedRequest, message_id: int) -> HttpResponse:
    """Show what followed a message as replies to it, and post another one. Looking at them reads none."""
    messages = Message.objects.readable_by(request.user)
    message = get_object_or_404(
        messages.select_related("room__low_user", "room__high_user", "sender"), pk=message_id
    )
    room = message.room
    form = ReplyForm.bound_to(request, files=request.FILES or None, is_utf8=is_utf8(request))
    if not request.user.enter_sends:
        form.fields["content"].widget.attrs["enterkeyhint"] = "enter"
    preview = None
    if form.is_valid():
        if form.is_preview:
            preview = room.preview(request.user, form.cleaned_data["content"])
        elif reply := posted_reply(request, message, form):
            return redirect(f"{last_page_url(message)}#message-{reply.pk}")
    page = reply_page(message, request.GET.get("after"))
    show_ticks(with_all_drawn([message, *page.messages]), room, request.user)
    context = {
        "message": message,
        "title": room.title_for(request.user),
        "page": page,
        "may_write": room.lets_write(request.user, is_reply=True),
        "form": form,
        "preview": preview,
    }
    return form.mark(render(request, "rooms/reply_list.html", context))


def posted_reply(request: AuthenticatedRequest, message: Message, form: ReplyForm) -> Message | None:
    """Post what a valid form says; None where that is refused, and the form says why."""
    sender, sent = request.user, form.cleaned_data
    with storing() as files:
        if not take_files(sender, form, files):
            return None
        return saved(
            sender,
            message.room,
            form,
            lambda: message.room.post_message(sender, sent["content"], sent["token"], message, files),
        )


def last_page_url(message: Message) -> str:
    url = reverse("rooms:reply_list", args=[message.pk])
    after = before_last_page(message)
    return f"{url}?after={after}" if after else url
