"""The gallery: all templates in all their states, for people who edit templates, and for staff."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.csp import CSP
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.csp import csp_override
from django.views.decorators.http import require_safe

from accounts import limits
from accounts.http import AuthenticatedRequest
from rooms.gallery.heads import Source, pages_with, sources
from rooms.gallery.stage import LANGUAGES, staged
from rooms.gallery.states import STATES, State, states_of
from rooms.gallery.watch import Sight, watched

LOOKS: dict[str, tuple[Any, dict[str, str]]] = {
    "light": (_("Light"), {"theme": "light"}),
    "dark": (_("Dark"), {"theme": "dark"}),
    "contrast": (_("More contrast"), {"theme": "light", "contrast": "more"}),
    "german": (_("German"), {"theme": "light", "language": "de"}),
    "rtl": (_("Right to left"), {"theme": "light", "direction": "rtl"}),
}
WIDTHS = {"1280": "1280", "360": "360"}
CHOICES = {
    "theme": ("light", "dark", "system"),
    "contrast": ("more", "system"),
    "language": LANGUAGES[::-1],
    "direction": ("rtl", "ltr"),
}
OF_READERS = ("theme", "contrast")  # fields of User
OF_DJANGO = "SessionStorage"  # `messages`, where a template does not get its own
NOSCRIPT = re.compile(r"<noscript>.*?</noscript>", re.DOTALL)
AVATAR = re.compile(r"/avatars/[\w-]+/\d+\.webp")
POLICY: dict[str, Any] = {**settings.SECURE_CSP, "script-src": [CSP.NONE], "frame-ancestors": [CSP.SELF]}


def for_editors(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    @wraps(view)
    def guarded(request: AuthenticatedRequest, **kwargs: Any) -> HttpResponse:
        if not (settings.DEBUG or request.user.is_staff):
            raise Http404
        limits.memory.take("gallery_per_user", request.user.pk)
        return view(request, **kwargs)

    return guarded


@dataclass(frozen=True)
class Frame:
    """A state in one look, at one width."""

    state: State
    look: str
    width: str

    @property
    def title(self) -> str:
        return f"{self.state.title} · {LOOKS[self.look][0]} · {self.width}"

    @property
    def url(self) -> str:
        path = reverse("rooms:gallery_frame", args=[self.state.name, self.state.template])
        return f"{path}?{urlencode(LOOKS[self.look][1])}"

    @property
    def height(self) -> int:
        return 200 if self.state.place else 640


@require_safe
@for_editors
def gallery(request: AuthenticatedRequest) -> HttpResponse:
    """List all templates, with the number of states."""
    everything = sources()
    pages = pages_with(everything)
    rows = [(source, len(states_of(name)), len(pages[name])) for name, source in everything.items()]
    return render(request, "gallery/index.html", {"rows": rows})


@require_safe
@for_editors
def gallery_template(request: AuthenticatedRequest, template: str) -> HttpResponse:
    """Show one template: what it says about itself, and its states in one look, or one state in all looks."""
    everything = sources()
    source = everything.get(template)
    if source is None:
        raise Http404
    look = request.GET.get("look", "light")
    width = request.GET.get("width", "1280")
    if look not in LOOKS or width not in WIDTHS:
        raise Http404
    one = STATES.get((template, request.GET.get("state", "")))
    context = {
        "source": source,
        "kinds": list(kinds_of(source)),
        "pages": pages_with(everything)[template],
        "states": states_of(template),
        "frames": in_all_looks(one) if one else [Frame(it, look, width) for it in states_of(template)],
        "looks": [(name, label, name == look) for name, (label, _chosen) in LOOKS.items()],
        "widths": [(name, name == width) for name in WIDTHS],
    }
    return render(request, "gallery/template.html", context)


def in_all_looks(state: State) -> list[Frame]:
    return [Frame(state, look, width) for look in LOOKS for width in WIDTHS]


def kinds_of(source: Source) -> Iterator[tuple[str, str]]:
    """Return the names that a template gets, as its comment tells, with what they are in its states."""
    told = {name for head in source.heads for name in head.names}
    found: dict[str, str] = {}
    for state in states_of(source.name):
        sight = Sight()
        with watched(sight), staged() as stage:
            state.draw(stage)
        kinds = sight.drawn.get(source.name, {})
        found |= {name: kind for name, kind in kinds.items() if found.get(name) in (None, "None")}
    return ((name, kind) for name, kind in sorted(found.items()) if name in told and kind != OF_DJANGO)


def look_of(request: AuthenticatedRequest) -> dict[str, str]:
    """Return what the address chooses. Raises Http404 for what there is not."""
    chosen = {name: request.GET.get(name, choices[-1]) for name, choices in CHOICES.items()}
    if any(chosen[name] not in choices for name, choices in CHOICES.items()):
        raise Http404
    return chosen


@require_safe
@for_editors
@xframe_options_sameorigin
@csp_override(POLICY)
def gallery_frame(request: AuthenticatedRequest, state: str, template: str) -> HttpResponse:
    """Draw one state, as the product does. It stands in a frame without scripts."""
    shown = STATES.get((template, state))
    if shown is None:
        raise Http404
    chosen = look_of(request)
    reader = {name: chosen[name] for name in OF_READERS}
    with staged(reader, chosen["language"]) as stage:
        html = shown.draw(stage)
        if "<html" not in html:
            html = stage.page("gallery/frame.html", stage.ada, html=mark_safe(html), place=shown.place)  # noqa: S308 (what templates made)
    html = AVATAR.sub("/static/icon.svg", NOSCRIPT.sub("", html))
    if chosen["direction"] == "rtl":
        html = html.replace('dir="ltr"', 'dir="rtl"', 1)
    return HttpResponse(html)
