from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from accounts.http import AuthenticatedRequest
from rooms.forms import FindForm
from rooms.models import emojis

COMPLETIONS = 8


@require_safe
def emoji_list(request: AuthenticatedRequest) -> HttpResponse:
    """Show which emoji somebody may mean by the name that they are typing, as people are shown for one.

    What is refused is silently dropped: nobody waits for its answer, and another one follows.
    """
    form = FindForm.bound_to(request)
    if not form.is_valid():
        return HttpResponse(status=204)
    found = emojis.named_like(form.cleaned_data["q"], COMPLETIONS)
    said = ngettext("%(count)d emoji", "%(count)d emoji", len(found)) % {"count": len(found)}
    named = [(emoji, emojis.name_of(emoji)) for emoji in found]
    return render(request, "rooms/_emoji_completions.html", {"emojis": named, "said": said})
