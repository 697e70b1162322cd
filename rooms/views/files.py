from typing import BinaryIO, cast

from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import limits
from accounts.http import AuthenticatedRequest
from config import file_answers
from rooms.forms import DescriptionForm
from rooms.models import ChangeRefused, Message, Report, StoredFile
from rooms.models.stored_file import ShownFile, storage
from rooms.views.messages import readable as readable_message


@require_http_methods(["GET", "HEAD", "POST"])
def message_file_detail(request: AuthenticatedRequest, message_id: int, position: int) -> HttpResponse:
    """Show one file of a message by itself. Its author says what a picture shows, at any time."""
    message, file = file_of(request, message_id, position)
    is_own = message.sender_id == request.user.pk and not message.is_forwarded
    form = DescriptionForm.bound_to(request, file)
    if request.method == "POST" and not is_own:
        raise Http404
    if form.is_valid():
        try:
            message.describe_as(request.user, position, form.cleaned_data["description"])
            return redirect("rooms:message_file_detail", message_id, position)
        except ChangeRefused as refusal:
            form.refuse("description", str(refusal), 409)
    places = [other.position for other in message.files]
    index = places.index(position)
    context = {
        "message": message,
        "file": file,
        "form": form if is_own else None,
        "title": message.room.title_for(request.user),
        "previous": places[index - 1] if index else None,
        "next": places[index + 1] if index + 1 < len(places) else None,
    }
    return form.mark(render(request, "rooms/message_file_detail.html", context))


@require_POST
def message_file_delete(request: AuthenticatedRequest, message_id: int, position: int) -> HttpResponse:
    """Delete one's own file from a message: the message goes with it if nothing else is in it."""
    message, _file = file_of(request, message_id, position)
    if message.sender_id != request.user.pk:
        raise Http404
    limits.take("edit_per_user", request.user.pk)
    try:
        message.remove_file_as(request.user, position)
    except ChangeRefused:
        return redirect("rooms:message_file_detail", message_id, position)
    return redirect(message)


def file_of(request: AuthenticatedRequest, message_id: int, position: int) -> tuple[Message, ShownFile]:
    """Return a message that the user may read, and one of its files. Raises Http404."""
    message = readable_message(request, message_id)
    file = next((file for file in message.files if file.position == position), None)
    if file is None:
        raise Http404
    return message, file


@require_safe
def file_content(request: AuthenticatedRequest, file_id: int) -> HttpResponseBase:
    """Answer with a file of a message: to be shown, where browsers show such files, or else to be saved."""
    return answer_with(request, readable(request, file_id), saves=False)


@require_safe
def file_download(request: AuthenticatedRequest, file_id: int) -> HttpResponseBase:
    return answer_with(request, readable(request, file_id), saves=True)


@require_safe
def file_thumbnail(request: AuthenticatedRequest, file_id: int) -> HttpResponseBase:
    """Answer with the small picture that stands in the message."""
    file = readable(request, file_id)
    if not file.small_as:
        raise Http404
    return file_answers.respond(
        request,
        opened(file.small_as),
        size=file.small_size,
        tag=file.tag_of(file.small_as),
        content_type="image/webp",
        name=f"{file.name}.webp",
        saves=False,
    )


def readable(request: AuthenticatedRequest, file_id: int) -> StoredFile:
    """Return a file that the user may read at this moment, also to decide on a report. Raises Http404."""
    if found := StoredFile.objects.readable_by(request.user).filter(pk=file_id).first():
        return found
    reports = Report.objects.open_for(request.user).filter(files=file_id)
    return get_object_or_404(StoredFile.objects.filter(reports__in=reports).distinct(), pk=file_id)


def answer_with(request: AuthenticatedRequest, file: StoredFile, *, saves: bool) -> HttpResponseBase:
    return file_answers.respond(
        request,
        opened(file.stored_as),
        size=file.size,
        tag=file.tag_of(file.stored_as),
        content_type=file.content_type,
        name=file.name,
        saves=saves,
    )


def opened(name: str) -> BinaryIO:
    """Open a file of the storage; Raises Http404 where it is gone."""
    try:
        return cast("BinaryIO", storage().open(name, "rb"))
    except FileNotFoundError:
        raise Http404 from None
