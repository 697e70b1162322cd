from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from accounts.http import AuthenticatedRequest
from rooms.forms import ReadReceiptForm
from rooms.models import Membership


@require_POST
def read_receipt_create(request: AuthenticatedRequest, room_id: int) -> HttpResponse:
    """Take note of what was seen. Repeated and late reports change nothing and are no error."""
    # room__pk finds nothing for a number that no database could hold; room would raise.
    memberships = Membership.objects.select_related("room")
    membership = get_object_or_404(memberships, room__pk=room_id, user=request.user)
    form = ReadReceiptForm(request.POST)
    if not form.is_valid():
        return HttpResponse(status=422)
    membership.mark_read(form.cleaned_data["upto"])
    return HttpResponse(status=204) if request.htmx else redirect(membership.room)
