"""Messages that somebody wants moderators to look at."""

from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import limits
from accounts.http import AuthenticatedRequest
from config.pages import page_of
from rooms.forms import ReportForm
from rooms.models import ChangeRefused, Membership, Message, Report
from rooms.models.report import Recipient, ReportQuerySet
from rooms.views.membership import moderator_of

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

REPORTS_PER_PAGE = 50
# What is said before and after somebody reports, by who gets the report.
BEFORE = {
    Recipient.MODERATORS: _(
        "Moderators will see the message and that you reported it. The author won’t be told."
    ),
    Recipient.STAFF: _("The staff will see the message and that you reported it. The author won’t be told."),
    Recipient.NOBODY: _(
        "Nobody gets reports at the moment, because there is no staff yet. Your report will be kept until "
        "there is. The author won’t be told."
    ),
}
OF_DIRECT_MESSAGE = _(
    "The staff, who can’t read direct messages, will see this message and that you reported it. The author "
    "won’t be told."
)
AFTER = {
    Recipient.MODERATORS: _(
        "You have reported this message. The moderators will look at it. The author won’t be told."
    ),
    Recipient.STAFF: _(
        "You have reported this message. The staff will look at it. The author won’t be told."
    ),
    Recipient.NOBODY: _(
        "You have reported this message. Nobody gets reports at the moment, because there is no staff yet. "
        "Your report is kept until there is. The author won’t be told."
    ),
}


@require_http_methods(["GET", "HEAD", "POST"])
def report_create(request: AuthenticatedRequest, message_id: int) -> HttpResponse:
    """Report a message of somebody else; from then on the page says that it was reported."""
    messages = Message.objects.readable_by(request.user).exclude(sender=request.user)
    message = get_object_or_404(
        messages.select_related("room__low_user", "room__high_user", "sender"), pk=message_id
    )
    form = ReportForm.bound_to(request)
    if message.is_reported_by(request.user) or message.is_deleted:
        return report_page(request, message)
    if not form.is_valid():
        return form.mark(report_page(request, message, form))
    try:
        message.report(request.user, **form.cleaned_data)
    except ChangeRefused:
        return report_page(request, message, status=409)
    return redirect("rooms:report_create", message.pk)


def report_page(
    request: AuthenticatedRequest, message: Message, form: ReportForm | None = None, status: int = 200
) -> HttpResponse:
    """Show the form; without one, that the message was reported or is gone."""
    context = {
        "message": message,
        "title": message.room.title_for(request.user),
        "form": form,
        "explanation": explanation(message, is_reported=form is None),
    }
    return render(request, "rooms/report_create.html", context, status=status)


def explanation(message: Message, *, is_reported: bool) -> "StrOrPromise":
    """Return what becomes of a report."""
    recipient = Report.recipient(message)
    if is_reported:
        return AFTER[recipient]
    is_direct = recipient == Recipient.STAFF and not message.room.is_group
    return OF_DIRECT_MESSAGE if is_direct else BEFORE[recipient]


@require_safe
def report_list(request: AuthenticatedRequest, room_id: int) -> HttpResponse:
    """Show the moderators of a room what was reported there."""
    mine = moderator_of(request, room_id)
    reports = Report.objects.open_for(request.user).filter(message__room=mine.room)
    return report_list_page(request, reports, mine)


@require_safe
def report_list_for_staff(request: AuthenticatedRequest) -> HttpResponse:
    """Show staff the reports that no moderator can decide on, and their own as moderators."""
    if not request.user.is_staff:
        raise PermissionDenied
    return report_list_page(request, Report.objects.open_for(request.user))


def report_list_page(
    request: AuthenticatedRequest, reports: ReportQuerySet, mine: Membership | None = None
) -> HttpResponse:
    found = reports.select_related("message__sender", "message__room", "reporter").prefetch_related("files")
    found = found.order_by("message", "pk")
    page, next_page = page_of(found, request, REPORTS_PER_PAGE)
    context: dict[str, Any] = {"reports": page, "next_page": next_page, "room": None}
    if mine:
        senders = mine.room.memberships.filter(user__in={report.message.sender_id for report in page})
        context |= {"room": mine.room, "removable": {it.user_id for it in senders if mine.may_act_on(it)}}
    return render(request, "rooms/report_list.html", context)


@require_POST
def report_dismiss(request: AuthenticatedRequest, message_id: int) -> HttpResponse:
    """Dismiss the reports of a message. It is no error if none is open any more."""
    reports = Report.objects.filter(message=message_id).open_for(request.user)
    message = get_object_or_404(reports.select_related("message__room", "message__sender")[:1]).message
    limits.take("moderation_per_user", request.user.pk)
    message.dismiss_reports_as(request.user)
    if request.user.is_staff:
        return redirect("rooms:report_list_for_staff")
    return redirect("rooms:report_list", message.room_id)
