"""Group rooms in the admin: what is said in open ones, what was reported, and what moderators did.

Private chats are not there, for nobody, but for texts that one of the two reported.
"""

from django.contrib import admin, messages
from django.db.models import Count, Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from rooms.models import ChatRoom, Message, ModerationAct, Report


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # generic for type checkers only
    """To look at and search; what may be done are actions, which follow the rules of the chat."""

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
        text = ngettext("Done for %(count)d message.", "Done for %(count)d messages.", count)
        self.message_user(request, text % {"count": count}, messages.SUCCESS)


@admin.register(ChatRoom)
class ChatRoomAdmin(ReadOnlyAdmin):
    list_display = ("name", "people", "is_by_invitation", "archived_at")
    list_filter = ("is_by_invitation", ("archived_at", admin.EmptyFieldListFilter))
    search_fields = ("name", "canonical_name")
    ordering = ("name",)
    fields = ("name", "description", "people", "is_by_invitation", "archived_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ChatRoom]:
        return ChatRoom.objects.groups().annotate(people_count=Count("participants"))

    @admin.display(description=_("people"), ordering="people_count")
    def people(self, room: ChatRoom) -> int:
        return room.people_count  # type: ignore[attr-defined,no-any-return]  # annotated


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

    @admin.action(description=_("Delete: a tombstone stays"), permissions=["moderate"])
    def erase(self, request: HttpRequest, queryset: QuerySet[Message]) -> None:
        self.report_done(request, sum(message.erase(moderator=request.user) for message in queryset))


@admin.register(Report)
class ReportAdmin(ReadOnlyAdmin):
    """All reports, also of private chats. The text that was reported is kept while one is open."""

    list_display = ("created_at", "where", "writer", "reporter", "reason", "content", "closed_at")
    list_select_related = ("message__room", "message__sender", "reporter")
    list_filter = ("reason", ("closed_at", admin.EmptyFieldListFilter))
    search_fields = ("details", "message__sender__canonical_name", "reporter__canonical_name")
    ordering = ("-pk",)
    fields = ("created_at", "where", "writer", "reporter", "reason", "details", "content", "closed_at")
    actions = ("erase", "dismiss")

    @admin.display(description=_("room"))
    def where(self, report: Report) -> str:
        return report.message.room.name or gettext("private chat")

    @admin.display(description=_("sender"))
    def writer(self, report: Report) -> str:
        return report.message.sender.username

    @admin.action(description=_("Delete the messages: tombstones stay"), permissions=["moderate"])
    def erase(self, request: HttpRequest, queryset: QuerySet[Report]) -> None:
        found = _messages_of(queryset)
        self.report_done(request, sum(message.erase(moderator=request.user) for message in found))

    @admin.action(description=_("Dismiss: leave the messages"), permissions=["moderate"])
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


def _messages_of(reports: QuerySet[Report]) -> list[Message]:
    """Return the messages whose reports are open among `reports`, each once."""
    return list(Message.objects.filter(reports__in=reports.filter(closed_at=None)).distinct())
