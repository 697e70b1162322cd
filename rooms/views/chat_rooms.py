from django.db import IntegrityError
from django.db.models import Case, When
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import limits
from accounts.http import AuthenticatedRequest
from accounts.models import User
from config.pages import number, page_of
from rooms import moderation
from rooms.chats import ChatLists, chat_for, joins_by_visit
from rooms.forms import ChatRoomForm, ChatRoomUpdateForm, DayForm, MessageForm, empty_message_form
from rooms.history import (
    HistoryPage,
    first_since,
    page_after,
    page_around,
    page_before,
    unread_line,
    with_newer,
)
from rooms.models import ChatRoom, Membership, Message, Report, TooManyRooms
from rooms.models.chat_room import room_joined_by
from rooms.models.membership import membership_of, number_of_members
from rooms.models.tick import Marks
from rooms.receipts import show_ticks
from rooms.search import midnight
from rooms.unread import Unread, unread_of
from rooms.views.lobby import chats_context, lobby_response
from rooms.views.membership import ban_of, banned, member_of, moderator_of
from rooms.views.search import seeking_page

MEMBERS_PER_PAGE = 50
RANK = Case(When(role=Membership.Role.OWNER, then=0), When(role=Membership.Role.MODERATOR, then=1), default=2)


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


@require_safe
def chat_room_detail(request: AuthenticatedRequest, room_id: int) -> HttpResponse:
    room = room_joined_by.first(user=request.user.pk, room=room_id)
    room = room or ChatRoom.objects.visible_to(request.user).filter(pk=room_id).first()
    if room is None:
        if ban := ban_of(request, room_id):
            return banned(request, ban)
        raise Http404
    if "message" in request.GET:
        get_object_or_404(room.messages, pk=number(request.GET["message"]) or 0)
    membership = membership_in(request, room)
    if "date" in request.GET:
        return day_response(request, room, is_visit=membership is None)
    reply = number(request.GET.get("reply"))
    if request.htmx and reply:
        return render(request, "rooms/_reply.html", {"form": empty_message_form(room, reply), "room": room})
    if request.htmx and (fragment := more_messages(request, room)):
        return fragment
    draft_reply, draft = (membership.draft_reply, membership.draft) if membership else (None, "")
    form = empty_message_form(room, reply or draft_reply, draft)
    return chat_room_response(request, room, membership, form)


def day_response(request: AuthenticatedRequest, room: ChatRoom, is_visit: bool) -> HttpResponse:
    """Lead to the first message of the day that the address names, or say what is wrong with it."""
    form = DayForm(request.GET)
    if not form.is_valid():
        return seeking_page(request, room, form, is_visit)
    found = first_since(room, midnight(form.cleaned_data["date"]))
    return redirect(Message(pk=found, room=room) if found else room)


def more_messages(request: AuthenticatedRequest, room: ChatRoom) -> HttpResponse | None:
    """Return what a page puts above or below the messages that it has, where it asks for that."""
    unread = number(request.GET.get("unread"))
    if before := number(request.GET.get("before")):
        template, page, previous = "rooms/_older_messages.html", page_before(room, before, unread), None
    elif after := number(request.GET.get("after")):
        template, page = "rooms/_newer_messages.html", page_after(room, after, unread)
        previous = room.messages.filter(pk=after).first()
    else:
        return None
    show_ticks(page.messages, room, request.user)
    return render(request, template, {"page": page, "previous": previous})


def membership_in(request: AuthenticatedRequest, room: ChatRoom) -> Membership | None:
    """Return the membership of the user; None for somebody who looks at an open room.

    Where that is the rule, they join by visiting it. Raises LimitReached.
    """
    if membership := membership_of.first(room=room.pk, user=request.user.pk):
        return membership
    if not joins_by_visit():
        return None
    limits.take("join_per_user", request.user.pk)
    return room.join(request.user)


def chat_room_response(
    request: AuthenticatedRequest,
    room: ChatRoom,
    membership: Membership | None,
    form: MessageForm,
    preview: Message | None = None,
) -> HttpResponse:
    """Show the room with `form` as its composer: the newest messages, or those that the address asks for."""
    page = page_asked_for(request, room, membership)
    chats = chats_context(request.user)
    other = room.other_person(request.user)
    blocked = request.user.blocked_ids() if other or page.linked else set()
    here = unread_here(chats["chats"], room, request.user)
    context = {
        "unread_label": here.label,
        "room": room,
        "membership": membership,
        "title": room.title_for(request.user),
        "other": other,
        "open_chat": chat_for(request.user.pk, room, None).dom_id,
        "page": page,
        "marks": show_ticks(page.messages, room, request.user) if membership else Marks(),
        "read_interval": read_interval(room),
        "document": document_url(room, membership),
        "document_here": document_url(room, membership, page),
        "form": form,
        "preview": preview,
        "is_blocked": other is not None and other.pk in blocked,
        "is_linked_hidden": other is None and page.linked_sender in blocked,
        "report_count": Report.objects.open_for(request.user).filter(message__room=room).count()
        if membership and membership.may_moderate
        else 0,
        "room_form": ChatRoomForm(),
        **chats,
    }
    return form.mark(render(request, "rooms/chat_room_detail.html", context))


def page_asked_for(
    request: AuthenticatedRequest, room: ChatRoom, membership: Membership | None
) -> HistoryPage:
    """Return the page around `?message=`, the one before `?before=`, or the newest.

    With `?q=` what somebody has searched for is marked in that message.
    """
    line = unread_line(membership) if membership else None
    if message_id := number(request.GET.get("message")):
        page = page_around(room, message_id, line)
        page.mark(request.GET.get("q", ""))
        return page
    before = number(request.GET.get("before"))
    # An older page keeps the line where the newest one had it. The newest one is as long as really is unread.
    unread = (before and number(request.GET.get("unread"))) or line
    page = page_before(room, before, unread)
    return with_newer(page) if before else page


def document_url(room: ChatRoom, membership: Membership | None, page: HistoryPage | None = None) -> str:
    """Return where readers without scripts find the room live."""
    query: dict[str, str | int] = {} if membership else {"visit": 1}
    query |= page.linked_query if page else {}
    url = reverse("rooms:chat_room_live", args=[room.pk])
    return f"{url}?{urlencode(query)}" if query else url


def unread_here(chats: ChatLists, room: ChatRoom, user: User) -> Unread:
    """Return what is unread in a room, which may have fallen out of the list of its reader."""
    chat = next((chat for chat in chats.mine if chat.room == room), None)
    return chat.unread if chat else unread_of(user, room)


def read_interval(room: ChatRoom) -> int:
    """Return how often a page of the room may report what was read, in milliseconds: rarer in large rooms."""
    return max(1000, 10 * (number_of_members.first(room=room.pk) or 0))


@require_safe
def chat_room_about(request: AuthenticatedRequest, room_id: int) -> HttpResponse:
    mine = member_of(request, room_id)
    members = mine.room.memberships.filter(user__is_active=True).select_related("user")
    found, next_page = page_of(members.order_by(RANK, "user__canonical_name"), request, MEMBERS_PER_PAGE)
    context = {
        "room": mine.room,
        "mine": mine,
        "members": [(member, mine.may_act_on(member)) for member in found],
        "count": members.count(),
        "pinned": Message.objects.pinned_in(mine.room, request.user).count(),
        "next_page": next_page,
    }
    return render(request, "rooms/chat_room_about.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def chat_room_update(request: AuthenticatedRequest, room_id: int) -> HttpResponse:
    mine = moderator_of(request, room_id)
    form = ChatRoomUpdateForm.bound_to(request, mine.room)
    if form.is_valid():
        try:
            moderation.update(mine, **form.cleaned_data)
            return redirect("rooms:chat_room_about", room_id)
        except IntegrityError:
            form.refuse("name", _("A room with this name already exists."))
    context = {"room": mine.room, "form": form}
    return form.mark(render(request, "rooms/chat_room_update.html", context))


@require_POST
def archive_create(request: AuthenticatedRequest, room_id: int) -> HttpResponse:
    moderation.archive(moderator_of(request, room_id))
    return redirect("rooms:chat_room_about", room_id)


@require_POST
def archive_delete(request: AuthenticatedRequest, room_id: int) -> HttpResponse:
    moderation.unarchive(moderator_of(request, room_id))
    return redirect("rooms:chat_room_about", room_id)
