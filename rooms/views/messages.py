import logging
from collections.abc import Callable
from itertools import chain, repeat

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import limits
from accounts.avatars import Busy, PictureRefused
from accounts.http import AuthenticatedRequest
from accounts.models import User
from config.pages import page_number
from config.scanning import Infected, ScannerFailed, TooLargeToScan
from config.text import is_utf8
from rooms.forms import (
    NO_SPACE,
    ForwardForm,
    MessageEditForm,
    MessageForm,
    ReactionForm,
    about_file,
)
from rooms.models import (
    Archived,
    Blocked,
    ChangeRefused,
    ChatRoom,
    Membership,
    Message,
    NotAllowed,
    Pin,
    QuotaReached,
    Report,
    SavedMessage,
    StoredFile,
    TokenReused,
    TooSoon,
    joined_room,
)
from rooms.receipts import marks_for, receipts_of
from rooms.replies import reply_ids
from rooms.uploads import DiskFull, stored, storing
from rooms.views.chat_rooms import chat_room_response, membership_in

logger = logging.getLogger(__name__)

RECEIPTS_PER_PAGE = 50


@require_POST
def message_create(request: AuthenticatedRequest, room_id: int) -> HttpResponse:
    room = joined_room(request.user, room_id)
    form = MessageForm.bound_to(request, files=request.FILES, is_utf8=is_utf8(request), room=room)
    if not form.is_valid():
        return refused(request, room, form)
    if form.is_preview:
        return previewed(request, room, form)
    sent = form.cleaned_data
    with storing() as files:
        if take_files(request.user, form, files) and (
            message := saved(
                request.user,
                room,
                form,
                lambda: room.post_message(request.user, sent["content"], sent["token"], sent["reply"], files),
            )
        ):
            return posted(request, room, message)
    return refused(request, room, form)


def take_files(user: User, form: MessageForm, files: list[StoredFile]) -> bool:
    """Store what a valid form sends, into `files`; with False, the form says which is refused, and why."""
    descriptions = chain(form.cleaned_data["description"], repeat(""))
    for place, (upload, description) in enumerate(zip(form.cleaned_data["file"], descriptions, strict=False)):
        try:
            file = stored(user, upload)
        except PictureRefused as refusal:
            form.refuse("file", about_file(place, upload, str(refusal.reason)))
        except Infected:
            form.refuse(
                "file", about_file(place, upload, _("the virus scanner has found something in this file."))
            )
        except TooLargeToScan as failure:
            logger.error("The virus scanner refuses a file: %s", failure)
            sentence = _("this file is larger than the virus scanner of this site can check.")
            form.refuse("file", about_file(place, upload, sentence))
        except ScannerFailed as failure:
            logger.error("The virus scanner failed: %s", failure)
            sentence = _("the virus scanner does not answer, so this can’t be sent now. Try again later.")
            form.refuse("file", about_file(place, upload, sentence), 503)
        except Busy as reached:
            form.refuse_for_now(reached)
        except DiskFull:
            form.refuse("file", about_file(place, upload, str(NO_SPACE)), 507)
        else:
            file.description = description
            files.append(file)
    return not form.errors


def saved(
    user: User, room: ChatRoom, form: MessageForm | ForwardForm, post: Callable[[], Message]
) -> Message | None:
    """Post what a valid form says; None where that is refused, and the form says why."""
    try:
        return post()
    except Archived:
        form.refuse(form.limit_field, room.why_closed)
    except NotAllowed as refusal:
        form.refuse(form.limit_field, str(refusal), 403)
    except TooSoon as reached:
        form.refuse_for_now(reached)
    except QuotaReached as reached:
        form.refuse("file", str(reached), 507)
    except Blocked:
        form.refuse(form.limit_field, blocked_sentence(user, room), 403)
    except TokenReused:
        sentence = _("Another message was already sent from this form. Send again to send this one as well.")
        form.refuse(None, sentence, 409)
        form.renew_token()
    return None


def blocked_sentence(user: User, room: ChatRoom) -> str:
    other = room.other_person(user)
    if other and other.pk in user.blocked_ids():
        return _("You have blocked %(name)s. Unblock them to write here.") % {"name": other.shown_name}
    return _("You can’t write to %(name)s.") % {"name": room.title_for(user)}


def posted(request: AuthenticatedRequest, room: ChatRoom, message: Message) -> HttpResponse:
    if request.htmx:
        with timezone.override(None):  # as streams bring it: drawn once, and a script shows the time
            # Without a request: context processors take half as long as the message, which needs none.
            html = render_to_string("rooms/_posted_message.html", {"message": message})
        return HttpResponse(html, status=201)
    if "has_frame" in request.POST:  # nothing else reports what it has shown until now
        for membership in Membership.objects.filter(room=room, user=request.user):
            membership.mark_read(message.pk)
    return redirect(f"{room.get_absolute_url()}#content")


def previewed(request: AuthenticatedRequest, room: ChatRoom, form: MessageForm) -> HttpResponse:
    """Show the message as it would stand, above the box, which keeps what was typed."""
    preview = room.preview(request.user, form.cleaned_data["content"])
    if request.htmx:
        return render(request, "rooms/_previewed.html", {"preview": preview})
    return chat_room_response(request, room, membership_in(request, room), form, preview)


def refused(request: AuthenticatedRequest, room: ChatRoom, form: MessageForm) -> HttpResponse:
    """Say what is wrong beside the message box, which keeps what was typed."""
    if request.htmx:
        response = form.mark(render(request, "rooms/_composer_errors.html", {"form": form}))
        response["HX-Reswap"] = "none"
        return response
    return chat_room_response(request, room, membership_in(request, room), form)


@require_safe
def message_detail(request: AuthenticatedRequest, message_id: int) -> HttpResponse:
    """Show one message; its author sees whom it has reached and who has read it.

    Whoever only looks at its room is led to the place of the message, where they can join.
    """
    try:
        return message_response(request, readable(request, message_id), ReactionForm())
    except Http404:
        looked_at = Message.objects.filter(room__in=ChatRoom.objects.visible_to(request.user).groups())
        return redirect(get_object_or_404(looked_at, pk=message_id))


def readable(request: AuthenticatedRequest, message_id: int) -> Message:
    messages = Message.objects.readable_by(request.user)
    return get_object_or_404(
        messages.select_related(
            "room__low_user", "room__high_user", "sender", "reply_to__sender", "forwarded_from"
        ),
        pk=message_id,
    )


def message_response(request: AuthenticatedRequest, message: Message, form: ReactionForm) -> HttpResponse:
    context = {
        "form": form,
        "message": message,
        "link": request.build_absolute_uri(message.get_absolute_url()),
        "title": message.room.title_for(request.user),
        "may_delete": Message.objects.deletable_by(request.user).filter(pk=message.pk).exists(),
        "pin": Pin.objects.filter(message=message).select_related("by").first(),
        "may_pin": message.room.lets_pin(request.user),
        "saved": SavedMessage.objects.filter(message=message, user=request.user).first(),
        "is_blocked": message.sender_id in request.user.blocked_ids(),
        "is_own": message.sender_id == request.user.pk,
    }
    if request.htmx:
        return render(request, "rooms/_message_entries.html", {**context, "is_menu": True})
    context["versions"] = message.versions.all() if message.edited_at else ()
    context["reply_count"] = len(reply_ids(message))
    if message.sender_id == request.user.pk and not message.is_deleted:
        page = page_number(request)
        receipts, has_more = receipts_of(message, page, RECEIPTS_PER_PAGE)
        message.tick = marks_for(message.room_id, [request.user.pk])[request.user.pk].tick(message.pk)
        context |= {"receipts": receipts, "next_page": page + 1 if has_more else None}
    return form.mark(render(request, "rooms/message_detail.html", context))


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
