"""Rooms and people, to be found."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from accounts.http import AuthenticatedRequest
from config.pages import page_number
from rooms.chats import joins_by_visit
from rooms.directory import AT_FIRST, PER_PAGE, Part, people_named_like, people_part, reach_of_all, rooms_part
from rooms.forms import FindForm
from rooms.models import joined_room

COMPLETIONS = 8  # people in the list from which a name is completed
KINDS: dict[str, Callable[..., Part[Any]]] = {"rooms": rooms_part, "people": people_part}


@require_safe
def find(request: AuthenticatedRequest) -> HttpResponse:
    """Show rooms and people with a text in their names: the first of both kinds, or a page of one of them."""
    form = FindForm.bound_to(request)
    kind = request.GET.get("kind", "")
    context: dict[str, Any] = {
        "form": form,
        "text": "",
        "said": "",
        "kind": kind if kind in KINDS else "",
        "joins_by_visit": joins_by_visit(),
        "rooms": None,
        "people": None,
    }
    if form.is_valid():
        parts = parts_for(request, form.cleaned_data["q"], kind)
        said = found_sentence(sum(part.count for part in parts.values()))
        context |= {"text": form.cleaned_data["q"], "said": said, **parts}
    if not request.htmx:
        return form.mark(render(request, "rooms/find.html", context))
    response = form.mark(render(request, "rooms/_find_answer.html", context))
    response["HX-Reswap"] = "none"
    return response


def parts_for(request: AuthenticatedRequest, text: str, kind: str) -> dict[str, Part[Any]]:
    if kind in KINDS:
        return {kind: KINDS[kind](request.user, text, page_number(request), PER_PAGE)}
    return {name: part_of(request.user, text, 0, AT_FIRST) for name, part_of in KINDS.items()}


def found_sentence(count: int) -> str:
    return (
        ngettext("%(count)d found", "%(count)d found", count) % {"count": count}
        if count
        else _("Nothing found.")
    )


@require_safe
def completion_list(request: AuthenticatedRequest, room_id: int) -> HttpResponse:
    """Show whom somebody may mean by the name that they are typing in a room.

    What is refused is silently dropped: nobody waits for its answer, and another one follows.
    """
    room = joined_room(request.user, room_id)
    form = FindForm.bound_to(request)
    if not form.is_valid():
        return HttpResponse(status=204)
    text = form.cleaned_data["q"]
    people = people_named_like(request.user, text, COMPLETIONS, room)
    reach = reach_of_all(request.user, text, room)
    all_sentence = ngettext("@all reaches %(count)d person", "@all reaches %(count)d people", reach)
    count_sentence = ngettext("%(count)d person", "%(count)d people", len(people))
    said = [count_sentence % {"count": len(people)}] if people else []
    reaches = all_sentence % {"count": reach} if reach else ""
    context = {"people": people, "reaches": reaches, "said": ", ".join([*said, *filter(None, [reaches])])}
    return render(request, "rooms/_completions.html", context)


@require_safe
def chat_room_list(request: HttpRequest) -> HttpResponse:
    """Lead to the same list: this is where pages of release 0.2.0 look for it."""
    return redirect("rooms:find")
