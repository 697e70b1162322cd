"""Searching messages."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from accounts.http import AuthenticatedRequest
from config.pages import number
from rooms.chats import joins_by_visit
from rooms.directory import people_part, rooms_part
from rooms.forms import DayForm, SearchForm
from rooms.models import ChatRoom, Message, NotAdmitted, joined_room
from rooms.search import Page, find, name_of, understood
from rooms.search_words import LONGEST, Fields, fields_of, marked_terms, text_of

NAMES_AT_FIRST = 3  # rooms, and people, before the messages


@require_http_methods(["GET", "HEAD", "POST"])
def message_search(request: AuthenticatedRequest) -> HttpResponse:
    """Show what somebody searches for. Posting it keeps it out of addresses, and changes nothing."""
    form = SearchForm.bound_to(request)
    is_private = request.method == "POST" or "private" in request.GET
    context: dict[str, Any] = {"form": form, "is_private": is_private}
    if form.is_valid():
        if form.is_filled_in and not is_private and not request.htmx:
            return redirect(f"{request.path}?{form.address}")
        context |= answer_to(request, form)
        context["form"] = form.filled_from_text()
    if not request.htmx:
        return form.mark(render(request, "rooms/search.html", context))
    context["changes"] = form.changes if form.is_valid() else ""
    response = form.mark(render(request, "rooms/_search_answer.html", context))
    response["HX-Reswap"] = "none"
    return response


@require_safe
def chat_room_search(request: AuthenticatedRequest, room_id: int) -> HttpResponse:
    """Show what searches a room, and what leads to a day in it: this to people who only look at it, too."""
    try:
        return seeking_page(request, joined_room(request.user, room_id), DayForm())
    except NotAdmitted:
        room = ChatRoom.objects.visible_to(request.user).filter(pk=room_id).first()
        if room is None or joins_by_visit():
            raise
    return seeking_page(request, room, DayForm(), is_visit=True)


def seeking_page(
    request: AuthenticatedRequest, room: ChatRoom, form: DayForm, is_visit: bool = False
) -> HttpResponse:
    context = {
        "room": room,
        "title": room.title_for(request.user),
        "name": "" if is_visit else name_of(room, request.user),
        "form": form,
        "longest": LONGEST,
    }
    status = 422 if form.errors else 200
    return render(request, "rooms/chat_room_search.html", context, status=status)


def answer_to(request: AuthenticatedRequest, form: SearchForm) -> dict[str, Any]:
    """Return what was found: on the first page also rooms and people who are called so."""
    user, below = request.user, number(form.data.get("below"))
    text, by_room = form.text, form.cleaned_data["by_room"]
    query = understood(user, text)
    page = find(user, query, below)
    fields, marks = fields_of(text), marked_terms(text)
    called = text_of(fields.words) if fields == Fields() and not below else ""
    for message in page.messages:
        message.marked = marks
    return {
        "rooms": rooms_part(user, called, 0, NAMES_AT_FIRST) if called else None,
        "people": people_part(user, called, 0, NAMES_AT_FIRST) if called else None,
        "page": page,
        "query": text,
        "by_room": by_room,
        "is_narrowed": by_room or fields != Fields(),
        "words": text_of(fields.words),
        "marked": "" if request.method == "POST" else text_of(fields.words),
        "groups": groups_of(request, page.messages, by_room),
        "said": "" if query.is_empty and not query.notes else said(page, query.notes),
    }


def groups_of(
    request: AuthenticatedRequest, messages: list[Message], by_room: bool
) -> list[tuple[str, list[tuple[Message, str]]]]:
    """Return messages with what their rooms are called: as one group, or one for each room."""
    groups: dict[str, list[tuple[Message, str]]] = {}
    for message in messages:
        title = message.room.title_for(request.user)
        groups.setdefault(title if by_room else "", []).append((message, title))
    return list(groups.items())


def said(page: Page, notes: tuple[str, ...]) -> str:
    """Return how much was found, and what else there is to say."""
    count = len(page.messages)
    if not count:
        sentence = _("No messages found.")
    elif page.below:
        sentence = ngettext(
            "More than %(count)d message found.", "More than %(count)d messages found.", count
        )
    else:
        sentence = ngettext("%(count)d message found.", "%(count)d messages found.", count)
    sentences = [sentence % {"count": count}, *notes]
    if page.is_cut:
        sentences.append(_("Not all messages have been prepared for searching yet: some may be missing."))
    return " ".join(sentences)
