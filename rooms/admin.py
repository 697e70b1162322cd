"""Group rooms in the admin: what is said in open ones, what was reported, and what moderators did.

Nobody sees direct messages there, except texts that one of the two people reported.
"""

import time
from collections.abc import Callable

from django.contrib import admin, messages
from django.contrib.admin.models import LogEntry
from django.core.exceptions import PermissionDenied
from django.db.models import Count, F, Model, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.defaultfilters import filesizeformat
from django.template.response import TemplateResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.admin import UserAdmin
from accounts.models import User
from rooms import moderation, raids, removal
from rooms.models import Attachment, Ban, ChatRoom, Message, ModerationAct, Raid, Report, StoredFile
from rooms.raid_form import RaidForm

AT_ONCE = 100  # rooms that are hidden or deleted with one press of a button
SECONDS = 5.0  # that a request takes for it; then somebody has to ask again


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # generic for type checkers only
    """To look at and search. Changes are actions, which follow the rules of the chat."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_moderate_permission(self, request: HttpRequest) -> bool:
        """Whether they may do to messages what moderators of rooms do."""
        return request.user.has_perm("rooms.delete_message")

    def report_done(self, request: HttpRequest, count: int) -> None:
        text = gettext("Done: %(count)d") % {"count": count}
        self.message_user(request, text, messages.SUCCESS)


admin.site.unregister(User)


@admin.register(User)
class PersonAdmin(UserAdmin):
    """People, with how much their files take."""

    list_display = (*UserAdmin.list_display, "file_use")  # type: ignore[assignment]  # one more

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        files = StoredFile.objects.filter(sender=OuterRef("pk")).values("sender")
        sizes = files.annotate(sum=Sum(F("size") + F("small_size"))).values("sum")
        people: QuerySet[User] = super().get_queryset(request)
        return people.annotate(file_bytes=Coalesce(Subquery(sizes), 0))

    @admin.display(description=_("size of their files"), ordering="file_bytes")
    def file_use(self, user: User) -> str:
        return filesizeformat(user.file_bytes)  # type: ignore[attr-defined]  # annotated


@admin.register(ChatRoom)
class ChatRoomAdmin(ReadOnlyAdmin):
    list_display = (
        "name",
        "people",
        "is_by_invitation",
        "archived_at",
        "hidden_at",
        "made_by",
        "made_at",
        "file_use",
    )
    list_select_related = ("hidden", "made_by")
    list_filter = (
        "is_by_invitation",
        ("archived_at", admin.EmptyFieldListFilter),
        ("hidden", admin.EmptyFieldListFilter),
    )
    search_fields = ("name", "canonical_name", "made_by__canonical_name")
    ordering = ("name",)
    fields = (
        "name",
        "description",
        "people",
        "is_by_invitation",
        "archived_at",
        "hidden_at",
        "made_by",
        "made_at",
        "file_use",
    )
    actions = ("archive", "unarchive", "hide", "show", "remove")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ChatRoom]:
        files = Attachment.objects.filter(room=OuterRef("pk")).values("room")
        sizes = files.annotate(sum=Sum(F("file__size") + F("file__small_size"))).values("sum")
        rooms = ChatRoom.objects.groups().annotate(people_count=Count("participants"))
        return rooms.annotate(file_bytes=Coalesce(Subquery(sizes), 0))

    def has_remove_permission(self, request: HttpRequest) -> bool:
        """Whether they may hide rooms, show them again, and delete them."""
        return request.user.has_perm("rooms.delete_chatroom")

    @admin.display(description=_("hidden"), ordering="hidden__at")
    def hidden_at(self, room: ChatRoom) -> object:
        return room.hidden.at if hasattr(room, "hidden") else None

    @admin.display(description=_("people"), ordering="people_count")
    def people(self, room: ChatRoom) -> int:
        return room.people_count  # type: ignore[attr-defined,no-any-return]  # annotated

    @admin.display(description=_("size of its files"), ordering="file_bytes")
    def file_use(self, room: ChatRoom) -> str:
        return filesizeformat(room.file_bytes)  # type: ignore[attr-defined]  # annotated

    @admin.action(description=_("Archive: no one can write there any more"), permissions=["moderate"])
    def archive(self, request: HttpRequest, queryset: QuerySet[ChatRoom]) -> None:
        self._set_archived(request, queryset, True)

    @admin.action(description=_("Unarchive"), permissions=["moderate"])
    def unarchive(self, request: HttpRequest, queryset: QuerySet[ChatRoom]) -> None:
        self._set_archived(request, queryset, False)

    @admin.action(description=_("Hide: no one can find it until it is shown again"), permissions=["remove"])
    def hide(self, request: HttpRequest, queryset: QuerySet[ChatRoom]) -> HttpResponse | None:
        return self._after_asking(request, queryset, "hide", removal.hide)

    @admin.action(description=_("Show again"), permissions=["remove"])
    def show(self, request: HttpRequest, queryset: QuerySet[ChatRoom]) -> None:
        self.report_done(request, sum(removal.show(room, user_of(request)) for room in queryset[:AT_ONCE]))

    @admin.action(description=_("Delete permanently, with everything in it"), permissions=["remove"])
    def remove(self, request: HttpRequest, queryset: QuerySet[ChatRoom]) -> HttpResponse | None:
        until = time.monotonic() + SECONDS

        def delete(room: ChatRoom, by: User) -> bool:
            return removal.delete(room, by, until - time.monotonic())

        answer = self._after_asking(request, queryset, "remove", delete)
        if answer is None and not removal.finish(0):
            text = gettext(
                "Not everything could be deleted at once. No one can see it any more. The rest will be "
                "deleted over the next hours; choose Delete again to continue now."
            )
            self.message_user(request, text, messages.WARNING)
        return answer

    def _after_asking(
        self,
        request: HttpRequest,
        rooms: QuerySet[ChatRoom],
        action: str,
        act: Callable[[ChatRoom, User], bool],
    ) -> HttpResponse | None:
        """Say what is concerned and ask; act on the answer."""
        chosen = list(rooms[: AT_ONCE + 1])
        if len(chosen) > AT_ONCE:
            text = gettext("Choose at most %(count)d rooms at once.") % {"count": AT_ONCE}
            self.message_user(request, text, messages.ERROR)
            return None
        if "sure" in request.POST:
            self.report_done(request, sum(act(room, user_of(request)) for room in chosen))
            return None
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "action": action,
            "title": getattr(self, action).short_description,
            "found": [removal.contents(room) for room in chosen],
        }
        return TemplateResponse(request, "admin/rooms/chatroom/removal.html", context)

    def _set_archived(self, request: HttpRequest, rooms: QuerySet[ChatRoom], is_archived: bool) -> None:
        done = sum(moderation.set_archived(room, user_of(request), is_archived) for room in rooms)
        self.report_done(request, done)


@admin.register(Ban)
class BanAdmin(ReadOnlyAdmin):
    list_display = ("room", "user", "until", "reason", "by", "at")
    list_select_related = ("room", "user", "by")
    list_filter = (("until", admin.EmptyFieldListFilter),)
    search_fields = ("room__canonical_name", "user__canonical_name", "reason")
    ordering = ("-pk",)
    fields = ("room", "user", "until", "reason", "by", "at")
    actions = ("lift",)

    @admin.action(description=_("Lift: they can come back"), permissions=["moderate"])
    def lift(self, request: HttpRequest, queryset: QuerySet[Ban]) -> None:
        bans = queryset.select_related("room", "user")
        self.report_done(
            request, sum(moderation.lift_ban(ban.room, ban.user, user_of(request)) for ban in bans)
        )


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin):
    list_display = ("timestamp", "room", "sender", "content")
    list_select_related = ("room", "sender")
    list_filter = (("timestamp", admin.DateFieldListFilter),)
    search_fields = ("content", "sender__canonical_name", "room__canonical_name")
    ordering = ("-pk",)
    fields = ("room", "sender", "timestamp", "edited_at", "content")
    actions = ("erase",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Message]:
        """Messages that everybody could read by visiting the room."""
        open_rooms = {"room__type": ChatRoom.Type.GROUP, "room__is_by_invitation": False}
        return Message.objects.filter(**open_rooms, deleted_at=None)

    @admin.action(description=_("Delete: a note that there was a message stays"), permissions=["moderate"])
    def erase(self, request: HttpRequest, queryset: QuerySet[Message]) -> None:
        self.report_done(request, sum(message.erase(moderator=request.user) for message in queryset))


@admin.register(Report)
class ReportAdmin(ReadOnlyAdmin):
    """All reports, also of direct messages, but for those of one's own messages.

    The text that was reported is kept while a report is open.
    """

    list_display = ("created_at", "where", "writer", "reporter", "reason", "content", "closed_at")
    list_select_related = ("message__room", "message__sender", "reporter")
    list_filter = ("reason", ("closed_at", admin.EmptyFieldListFilter))
    search_fields = ("details", "message__sender__canonical_name", "reporter__canonical_name")
    ordering = ("-pk",)
    fields = ("created_at", "where", "writer", "reporter", "reason", "details", "content", "closed_at")
    actions = ("erase", "dismiss")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Report]:
        return Report.objects.exclude(message__sender=user_of(request))

    @admin.display(description=_("room"))
    def where(self, report: Report) -> str:
        return report.message.room.name or gettext("direct message")

    @admin.display(description=_("sender"))
    def writer(self, report: Report) -> str:
        return report.message.sender.username

    @admin.action(
        description=_("Delete the messages: notes that there were messages stay"), permissions=["moderate"]
    )
    def erase(self, request: HttpRequest, queryset: QuerySet[Report]) -> None:
        found = _messages_of(queryset)
        self.report_done(request, sum(message.erase(moderator=request.user) for message in found))

    @admin.action(description=_("Dismiss: keep the messages"), permissions=["moderate"])
    def dismiss(self, request: HttpRequest, queryset: QuerySet[Report]) -> None:
        found = _messages_of(queryset)
        for message in found:
            message.dismiss_reports(request.user)
        self.report_done(request, len(found))


@admin.register(ModerationAct)
class ModerationActAdmin(ReadOnlyAdmin):
    list_display = ("at", "room", "actor", "act", "person", "reason")
    list_select_related = ("room", "actor", "person")
    list_filter = ("act", ("at", admin.DateFieldListFilter))
    search_fields = ("room__canonical_name", "actor__canonical_name", "person__canonical_name", "reason")
    ordering = ("-pk",)
    fields = ("at", "room", "actor", "act", "person", "message_id", "reason")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ModerationAct]:
        return ModerationAct.objects.filter(room__type=ChatRoom.Type.GROUP)


@admin.register(Raid)
class RaidAdmin(ReadOnlyAdmin):
    """Raids that were undone; adding one is undoing one, in two steps: look, then do."""

    list_display = (
        "at",
        "by",
        "since",
        "until",
        "rooms_hidden",
        "messages_deleted",
        "people_deactivated",
        "finished_at",
    )
    list_select_related = ("by",)
    ordering = ("-pk",)
    fields = (*list_display, "is_of_everybody", "deactivates", "concerned")
    actions = ("go_on",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("rooms.add_raid")

    @admin.display(description=_("people"))
    def concerned(self, raid: Raid) -> str:
        names = list(raid.people.order_by("canonical_name").values_list("username", flat=True)[: raids.NAMED])
        rest = raid.people.count() - len(names)
        return ", ".join([*names, *([f"+ {rest}"] if rest else [])])

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, object] | None = None
    ) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = RaidForm(request.POST if request.method == "POST" else None)
        if not request.user.has_perm("accounts.change_user"):
            del form.fields["deactivates"]
        is_valid = form.is_valid()
        if is_valid and "sure" in request.POST:
            raid = raids.begin(form.choice, user_of(request), form.cleaned_data.get("deactivates", False))
            self._go_on(request, [raid])
            return redirect("admin:rooms_raid_changelist")
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": gettext("Undo a raid"),
            "form": form,
            "look": raids.look(form.choice) if is_valid else None,
        }
        status = 422 if form.is_bound and not is_valid else 200
        return TemplateResponse(request, "admin/rooms/raid/add.html", context, status=status)

    @admin.action(description=_("Continue what is not finished"), permissions=["add"])
    def go_on(self, request: HttpRequest, queryset: QuerySet[Raid]) -> None:
        self._go_on(request, list(queryset.filter(finished_at=None)))

    def _go_on(self, request: HttpRequest, chosen: list[Raid]) -> None:
        until = time.monotonic() + SECONDS
        left = [raid for raid in chosen if not raids.go_on(raid, until - time.monotonic())]
        if left:
            text = gettext("Not everything could be undone at once. Choose the action again to continue.")
            self.message_user(request, text, messages.WARNING)
        else:
            self.message_user(request, gettext("Everything is done."), messages.SUCCESS)


@admin.register(LogEntry)
class LogEntryAdmin(ReadOnlyAdmin):
    """What was done in the admin, and by whom. It outlives what it was done to."""

    list_display = ("action_time", "user", "content_type", "object_repr", "change_message")
    list_select_related = ("user", "content_type")
    list_filter = ("content_type", ("action_time", admin.DateFieldListFilter))
    search_fields = ("object_repr", "user__canonical_name", "change_message")
    ordering = ("-pk",)
    fields = ("action_time", "user", "content_type", "object_repr", "change_message")


def user_of(request: HttpRequest) -> User:
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def _messages_of(reports: QuerySet[Report]) -> list[Message]:
    """Return the messages whose reports are open among `reports`, each once."""
    return list(Message.objects.filter(reports__in=reports.filter(closed_at=None)).distinct())
