from typing import Any

from django.db import IntegrityError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts import limits
from accounts.http import AuthenticatedRequest
from accounts.models import User
from config import release
from config.pages import number
from rooms.chats import as_of, chats_digest, chats_of, newest_in, unread_in
from rooms.forms import ChatRoomForm, MessageForm, empty_message_form
from rooms.history import page_before, unread_line
from rooms.models import Ban, ChatRoom, Membership, Report, TooManyRooms
from rooms.receipts import show_ticks
from rooms.unread import Unread, unread_label
from rooms.views.read_receipts import can_undo


@require_safe
def lobby(request: AuthenticatedRequest) -> HttpResponse:
    return lobby_response(request, ChatRoomForm())


@require_POST
def chat_room_create(request: AuthenticatedRequest) -> HttpResponse:
    form = ChatRoomForm.bound_to(request)
    if form.is_valid():
        try:
            return redirect(ChatRoom.objects.create_group(creator=request.user, **form.cleaned_data))
        except TooManyRooms as refusal:
            limits.give_back("room_per_user", request.user.pk)
            form.refuse("name", str(refusal))
        except IntegrityError:
            form.refuse("name", _("A room with this name already exists."))
    return lobby_response(request, form)


def lobby_response(request: AuthenticatedRequest, form: ChatRoomForm) -> HttpResponse:
    chats = chats_context(request.user)
    context = {
        "room_form": form,
        "unread_label": unread_label(chats["total_unread"]),
        "can_undo": can_undo(request),
        **chats,
    }
    return form.mark(render(request, "rooms/lobby.html", context))


def chats_context(user: User) -> dict[str, Any]:
    now = as_of(timezone.now())  # first, so that changes during this request are told again
    chats = chats_of(user)
    Membership.objects.mark_lists_delivered([user], newest_in(chats))
    return {
        "chats": chats,
        "chats_digest": chats_digest(chats, user),
        "as_of": now,
        "release": release.current(),
        "total_unread": unread_in(chats),
        "staff_report_count": Report.objects.open_for(user).count() if user.is_staff else 0,
    }


@require_safe
def chat_room_detail(request: AuthenticatedRequest, room_id: int) -> HttpResponse:
    room = ChatRoom.objects.visible_to(request.user).filter(pk=room_id).first()
    if room is None:
        if ban := ban_of(request, room_id):
            return banned(request, ban)
        raise Http404
    membership = joined(request, room)
    if request.htmx and (before := number(request.GET.get("before"))):
        page = page_before(room, before, number(request.GET.get("unread")))
        show_ticks(page.messages, room, request.user)
        return render(request, "rooms/_older_messages.html", {"page": page})
    return chat_room_response(request, room, membership, empty_message_form())


def joined(request: AuthenticatedRequest, room: ChatRoom) -> Membership:
    """Return the membership of the user, who joins an open room by visiting it. Raises LimitReached."""
    if membership := Membership.objects.filter(room=room, user=request.user).first():
        return membership
    limits.take("join_per_user", request.user.pk)
    return room.join(request.user)


def chat_room_response(
    request: AuthenticatedRequest,
    room: ChatRoom,
    membership: Membership,
    form: MessageForm,
) -> HttpResponse:
    """Show the room with `form` as its composer: the newest messages, or those before `?before=`."""
    before = number(request.GET.get("before"))
    # An older page keeps the line where the newest one had it. The newest one is as long as really is unread.
    unread = (before and number(request.GET.get("unread"))) or unread_line(membership)
    page = page_before(room, before, unread)
    chats = chats_context(request.user)
    other = room.other_person(request.user)
    here = next((chat.unread for chat in chats["chats"] if chat.room and chat.room.pk == room.pk), Unread())
    context = {
        "unread_label": here.label,
        "room": room,
        "membership": membership,
        "title": room.title_for(request.user),
        "other": other,
        "page": page,
        "marks": show_ticks(page.messages, room, request.user),
        "read_interval": read_interval(room),
        "form": form,
        "is_blocked": other is not None and other.pk in request.user.blocked_ids(),
        "report_count": Report.objects.open_for(request.user).filter(message__room=room).count()
        if membership.may_moderate
        else 0,
        "room_form": ChatRoomForm(),
        **chats,
    }
    return form.mark(render(request, "rooms/chat_room_detail.html", context))


def ban_of(request: AuthenticatedRequest, room_id: int) -> Ban | None:
    # room__pk finds nothing for a number that no database could hold; room would raise.
    bans = Ban.objects.active().select_related("room")
    return bans.filter(room__pk=room_id, user=request.user).first()


def banned(request: AuthenticatedRequest, ban: Ban) -> HttpResponse:
    """Say why, and until when, but not the name of the room if only its members may know it."""
    is_hidden = ban.room.is_by_invitation
    context = {"ban": ban, "room_name": "" if is_hidden else ban.room.name}
    return render(request, "rooms/ban_detail.html", context, status=404 if is_hidden else 403)


def read_interval(room: ChatRoom) -> int:
    """Return how often a page of the room may report what was read, in milliseconds: rarer in large rooms."""
    return max(1000, 10 * Membership.objects.filter(room=room).count())
