from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from accounts.http import AuthenticatedRequest
from rooms.forms import ReactionForm
from rooms.models import ChangeRefused
from rooms.views.messages import message_response, readable


@require_POST
def reaction_create(request: AuthenticatedRequest, message_id: int) -> HttpResponse:
    """React to a message, or take the same reaction back: the button is the same for all readers."""
    message = readable(request, message_id)
    form = ReactionForm.bound_to(request)
    if form.is_valid():
        try:
            message.react_as(request.user, form.cleaned_data["emoji"])
            return reacted(request, message_id)
        except ChangeRefused as refusal:
            form.refuse("emoji", str(refusal), 409)
    if request.htmx:
        sentences = " ".join(map(str, form.errors["emoji"]))
        headers = {"HX-Reswap": "none"}  # it is said already
        return form.mark(HttpResponse(sentences, content_type="text/plain; charset=utf-8", headers=headers))
    return message_response(request, message, form)


def reacted(request: AuthenticatedRequest, message_id: int) -> HttpResponse:
    """Answer with nothing where the stream brings what has changed."""
    if request.htmx:
        return HttpResponse(status=204)
    return redirect(f"{reverse('rooms:message_detail', args=[message_id])}#reactions")
