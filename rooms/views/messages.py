from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.http import AuthenticatedRequest
from accounts.models import User
from config.pages import page_number
from config.text import is_utf8
from rooms.forms import MessageForm
from rooms.models import Archived, Blocked, ChatRoom, Message, TokenReused
from rooms.receipts import marks_for, receipts_of
from rooms.views.rooms import chat_room_response, joined

RECEIPTS_PER_PAGE = 50


@require_POST
def message_create(request: AuthenticatedRequest, room_id: int) -> HttpResponse:
    room = get_object_or_404(ChatRoom.objects.joined_by(request.user), pk=room_id)
    form = MessageForm.bound_to(request, is_utf8=is_utf8(request))
    if not form.is_valid():
        return refused(request, room, form)
    try:
        return posted(request, room, room.post_message(request.user, **form.cleaned_data))
    except Archived:
        form.refuse("content", _("This room is archived: no one can write here."))
    except Blocked:
        form.refuse("content", blocked_sentence(request.user, room), 403)
    except TokenReused:
        sentence = _("Another message was already sent from this form. Send again to send this one as well.")
        form.refuse(None, sentence, 409)
        form = form.with_new_token()
    return refused(request, room, form)


def blocked_sentence(user: User, room: ChatRoom) -> str:
    other = room.other_person(user)
    if other and other.pk in user.blocked_ids():
        return _("You have blocked %(name)s. Unblock them to write here.") % {"name": other.shown_name}
    return _("You can’t write to %(name)s.") % {"name": room.title_for(user)}


def posted(request: AuthenticatedRequest, room: ChatRoom, message: Message) -> HttpResponse:
    if request.htmx:
        return render(request, "rooms/_posted_message.html", {"message": message}, status=201)
    return redirect(f"{room.get_absolute_url()}#content")


def refused(request: AuthenticatedRequest, room: ChatRoom, form: MessageForm) -> HttpResponse:
    """Say what is wrong beside the message box, which keeps what was typed."""
    if request.htmx:
        response = form.mark(render(request, "rooms/_composer_errors.html", {"form": form}))
        response["HX-Reswap"] = "none"
        return response
    return chat_room_response(request, room, joined(request, room), form)


@require_safe
def message_detail(request: AuthenticatedRequest, message_id: int) -> HttpResponse:
    """Show one message; its author sees whom it has reached and who has read it."""
    messages = Message.objects.readable_by(request.user)
    message = get_object_or_404(
        messages.select_related("room__low_user", "room__high_user", "sender"), pk=message_id
    )
    context = {
        "message": message,
        "title": message.room.title_for(request.user),
        "may_delete": Message.objects.deletable_by(request.user).filter(pk=message.pk).exists(),
        "versions": message.versions.all() if message.edited_at else (),
    }
    if message.sender_id == request.user.pk and not message.is_deleted:
        page = page_number(request)
        receipts, has_more = receipts_of(message, page, RECEIPTS_PER_PAGE)
        message.tick = marks_for(message.room_id, [request.user.pk])[request.user.pk].tick(message.pk)
        context |= {"receipts": receipts, "next_page": page + 1 if has_more else None}
    return render(request, "rooms/message_detail.html", context)
